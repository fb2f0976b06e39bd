"""CHGNet (Deng et al., Nat. Mach. Intell. 5, 1031 (2023)), evaluated as one flat batch.

The weights and their modules are upstream's; graph, batch and forward pass are written here, and tested for equality.
"""

from transferkit.adapters.chgnet.adapter import ChgnetAdapter

__all__ = ["ChgnetAdapter"]
