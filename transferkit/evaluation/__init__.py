"""Predictions, errors with intervals, breakdowns."""
