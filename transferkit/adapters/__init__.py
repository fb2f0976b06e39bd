"""Potentials behind one face; the only heavy imports of the package."""
