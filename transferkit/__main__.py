"""``python -m transferkit``."""

from transferkit.cli import app

app()
