"""Scaling laws: curves of error against training size, what they say, and the table that they are drawn from."""
