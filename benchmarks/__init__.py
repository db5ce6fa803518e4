"""What is promised about speed and accuracy, each a command."""
