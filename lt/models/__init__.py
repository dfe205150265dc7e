"""What chapters train or load: base models, judges, and third-party models."""
