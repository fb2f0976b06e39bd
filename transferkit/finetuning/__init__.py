"""What is allowed to change: blocks of parameters and strategies."""
