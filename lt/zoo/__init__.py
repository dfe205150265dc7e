"""Models that the chapters train and join, and what they are compared with. None of them knows a bridge."""
