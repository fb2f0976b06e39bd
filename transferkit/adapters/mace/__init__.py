"""MACE (Batatia et al., NeurIPS 2022, arXiv:2206.07697), evaluated by a forward pass of our own.

Weights are upstream's; graph, batch and forward pass are written here, and every file that is opened is compared.
"""

from transferkit.adapters.mace.adapter import MaceAdapter

__all__ = ["MaceAdapter"]
