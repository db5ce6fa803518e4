"""What a customer sets: the model, and how it is read."""
