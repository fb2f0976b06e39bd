"""Labelled structures: read, check, store, split, batch."""
