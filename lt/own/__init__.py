"""For models of your own: inputs of any kind, checks before and after training, one more domain for a bridge."""
