"""What a recipe would do, found without doing it: nothing is trained to keep, and nothing is written."""
