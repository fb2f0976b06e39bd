"""Judge one test part: errors before and after training, with undetermined structures counted apart."""

import numpy as np

from transferkit.data.structures import Structures
from transferkit.evaluation.metrics import measure
from transferkit.evaluation.symmetry import free_components
from transferkit.evaluation.unusual import familiar
from transferkit.evaluation.worst import worst
from transferkit.reference.composition import estimable
from transferkit.typing import Json


def determined(train: Structures, test: Structures) -> np.ndarray:
    """Which test structures have a reference energy that the training data determine, bool, (structures,).

    The sum of E0 over a structure is determined when its element counts are a linear combination of those of the
    training structures with an energy, even where a single element's value is not.

    >>> import transferkit as tk
    >>> data = tk.bundled("gpaw-pbe-r2scan")
    >>> determined(data[:100], data[:100]).all().item()
    True
    """
    train = train[train.has("energy")]
    elements = np.union1d(train.elements, test.elements)
    return estimable(train.counts(elements), test.counts(elements))


def symmetry_free(data: Structures) -> np.ndarray:
    """Force components that symmetry does not make zero, bool, (atoms, 3)."""
    if not len(data):
        return np.zeros((0, 3), dtype=bool)
    return np.concatenate([free_components(s) for s in data])


def judge(
    train: Structures, test: Structures, step0: Structures, final: Structures, *, fitted_on: Structures | None = None
) -> Json:
    """Errors on one test part at step 0 and after training, over the structures whose reference is determined.

    Args:
        train: the training part
        test: labelled structures
        step0: the same structures with the predictions before training
        final: the same structures with the predictions after training
        fitted_on: what E0 was fitted on, which decides what is determined; the training part if not given

    Returns:
        ``step0`` and ``final`` as :func:`transferkit.evaluation.metrics.measure`, with ``n_train`` for each element: the
        training compositions that hold it; ``undetermined`` with the ids of the structures left out of both, and their
        own errors; ``worst`` as :func:`transferkit.evaluation.worst.worst`, of the structures that are in.
    """
    known = determined(train if fitted_on is None else fitted_on, test)
    free, training = symmetry_free(test), familiar(train)

    def errors(predicted: Structures, which: np.ndarray) -> Json:
        found = measure(predicted[which], test[which], free=free[which[test.owner]])
        for symbol, row in found["by_element"].items():
            row["n_train"] = training.elements.get(symbol, 0)
        return found

    apart: Json = {"ids": [str(i) for i in test.id[~known]], "step0": None, "final": None}
    if (~known).any():
        apart |= {"step0": errors(step0, ~known), "final": errors(final, ~known)}
    return {
        "step0": errors(step0, known),
        "final": errors(final, known),
        "undetermined": apart,
        "worst": worst(test[known], final[known], step0=step0[known], training=training),
    }
