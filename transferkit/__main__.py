"""``python -m transferkit``."""

from transferkit.cli import app

if __name__ == "__main__":
    app()
