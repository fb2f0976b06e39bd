"""Elemental energies E0: fit them, move them between levels of theory, score the ways to do so."""
