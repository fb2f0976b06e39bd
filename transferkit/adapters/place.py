"""Where a network computes and in which numbers, by the words of a recipe."""

import torch

from transferkit.errors import RecipeError, nearest

DEVICES = ("auto", "cpu", "cuda", "cuda:0", "mps")
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def device_of(name: str) -> str:
    """The device that a word means: "auto" is CUDA where there is one, else the CPU; any other is taken as it is.

    Raises:
        RecipeError: no device is called so, or CUDA was asked for and is not there.

    >>> device_of("cpu")
    'cpu'
    """
    if name != "auto":
        try:
            torch.device(name)
        except RuntimeError:
            raise RecipeError(f"adapter.device: no device is called {name!r}. {nearest(name, DEVICES)}") from None
    there = torch.cuda.is_available()
    if name.startswith("cuda") and not there:
        raise RecipeError(f"adapter.device is {name!r}, and torch finds no CUDA device here. Write auto or cpu.")
    if name != "auto":
        return name
    return "cuda" if there else "cpu"


def dtype_of(name: str) -> torch.dtype:
    """The torch type of a name.

    Raises:
        RecipeError: no type is called so.

    >>> dtype_of("float64")
    torch.float64
    """
    if name not in DTYPES:
        raise RecipeError(f"adapter.dtype: no dtype is called {name!r}. {nearest(name, DTYPES)}")
    return DTYPES[name]
