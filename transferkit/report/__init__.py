"""Figures and a self-contained page from what a run or a comparison wrote.

Reads JSON, JSON lines and Parquet from a folder; trains nothing and loads no potential.
"""
