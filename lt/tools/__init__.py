"""Around the bridge: checks before and after training, many trainings at once, one more domain, intervals."""
