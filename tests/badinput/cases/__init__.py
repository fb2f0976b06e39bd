"""Bad inputs, made by code: one table per kind of input. ``tests/badinput/test_messages.py`` runs them all."""
