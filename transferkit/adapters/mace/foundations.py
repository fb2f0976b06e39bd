"""MACE's published models by name: where MACE keeps them, under which licence, and what their E0 are."""

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import numpy as np

from transferkit.adapters.mace.upstream import quiet
from transferkit.errors import CheckpointError, nearest
from transferkit.reference.elemental import Kind

MIT = "MIT (MACE-MP, Batatia et al., arXiv:2401.00096)"
ASL = "Academic Software License: academic, non-commercial use only (https://github.com/gabor1/ASL)"
UNRECORDED = "not recorded here: read the release page of MACE-MH before you use it"


@dataclass(frozen=True)
class Foundation:
    """A published model.

    Attributes:
        licence: of the weights, in words
        fidelity: level of theory; None where the heads have several
    """

    licence: str
    fidelity: str | None


FOUNDATIONS: dict[str, Foundation] = {
    **dict.fromkeys(
        [
            "small", "medium", "large", "small-0b", "medium-0b", "small-0b2", "medium-0b2", "large-0b2", "medium-0b3",
            "medium-mpa-0",
        ],
        Foundation(MIT, "PBE"),
    ),
    **dict.fromkeys(["small-omat-0", "medium-omat-0", "mace-matpes-pbe-0"], Foundation(ASL, "PBE")),
    "mace-matpes-r2scan-0": Foundation(ASL, "r2SCAN"),
    **dict.fromkeys(["mh-0", "mh-1"], Foundation(UNRECORDED, None)),
}  # fmt: skip

FINGERPRINTS: dict[Kind, dict[int, float]] = {
    "regression": {1: -3.667, 8: -7.285},
    "isolated-atom": {1: -1.117, 8: -1.548},
}
"""E0 of H and O, eV, in MACE's two families of tables: a regression on MPtrj energies, and isolated atoms in PBE"""


def url(name: str) -> str:
    """Where the authors publish a model.

    Raises:
        CheckpointError: the installed mace does not know the name.
    """
    with quiet():
        from mace.calculators.foundations_models import mace_mp_urls
    if name not in mace_mp_urls:
        raise CheckpointError(
            f"the installed mace-torch does not know the model {name!r}. {nearest(name, mace_mp_urls)}"
        )
    address: str = mace_mp_urls[name]
    return address


def cache_path(name: str) -> Path:
    """Where MACE keeps a model once it is downloaded: ``$XDG_CACHE_HOME/mace`` or ``~/.cache/mace``."""
    with quiet():
        from mace.tools.utils import get_cache_dir
    file = url(name).rsplit("/", 1)[-1]
    return Path(get_cache_dir()) / "".join(c for c in file if c.isalnum() or c == "_")


def cached() -> tuple[str, ...]:
    """Names of the models that lie in MACE's cache."""
    with quiet():
        from mace.calculators.foundations_models import mace_mp_urls
    return tuple(name for name in FOUNDATIONS if name in mace_mp_urls and cache_path(name).is_file())


def fetch(name: str) -> Path:
    """A model's file: from MACE's cache, else by MACE's own download.

    Raises:
        CheckpointError: it is not in the cache and cannot be downloaded; gives address and place.
    """
    path = cache_path(name)
    if path.is_file():
        return path
    try:
        with quiet():
            from mace.calculators.foundations_models import download_mace_mp_checkpoint
        # Upstream prints its progress; standard output may be somebody's JSON.
        with contextlib.redirect_stdout(sys.stderr):
            return Path(download_mace_mp_checkpoint(name))
    except (URLError, OSError, RuntimeError) as error:
        raise CheckpointError(
            f"mace's {name!r} is not in its cache and cannot be downloaded here ({error}). On a machine with a network run "
            f"curl -L --create-dirs -o {path} {url(name)} and copy the file to the same place here; or give the path of a .model file."
        ) from error


def licence_of(file: str) -> str:
    """Licence of a file that is called as the authors call one of theirs; else in words that it is not known.

    >>> licence_of("mine.model")
    'unknown: the file does not say'
    """
    with quiet():
        from mace.calculators.foundations_models import mace_mp_urls
    for name, known in FOUNDATIONS.items():
        if name in mace_mp_urls and file in {url(name).rsplit("/", 1)[-1], cache_path(name).name}:
            return f"{known.licence}, if it is the published {name}, whose name it has"
    return "unknown: the file does not say"


def kind_of(numbers: np.ndarray, energies: np.ndarray) -> Kind:
    """Kind of a table of E0 where its values tell, else "unknown".

    Interaction energies do not tell: with MACE's usual first layer an isolated atom has exactly zero.

    Args:
        numbers: atomic numbers, (elements,)
        energies: eV per atom, (elements,)

    >>> kind_of(np.array([1, 8]), np.array([-3.6672, -7.2849])), kind_of(np.array([6]), np.array([-1.3]))
    ('regression', 'unknown')
    """
    table = dict(zip(numbers.tolist(), energies.tolist(), strict=True))
    for kind, known in FINGERPRINTS.items():
        if all(abs(table.get(z, np.inf) - e) < 0.01 for z, e in known.items()):
            return kind
    return "unknown"
