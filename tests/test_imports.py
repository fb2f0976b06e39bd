"""Importing transferkit and asking for help is quick: no heavy package is touched."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("torch", "ase", "chgnet", "mace", "pandas", "sklearn", "matplotlib", "wandb", "numpy", "scipy", "pymatgen")
LOADED = f"import sys; print([m for m in {HEAVY!r} if m in sys.modules])"
HELP = "import sys; sys.argv = ['transferkit', '--help']\nfrom transferkit.cli import app\ntry: app()\nexcept SystemExit: pass\n"


def heavy_after(code):
    done = subprocess.run([sys.executable, "-c", f"{code}\n{LOADED}"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "code",
    ["import transferkit", "import transferkit; dir(transferkit)", "import transferkit.recipe_file", HELP],
    ids=["import", "dir", "recipe", "help"],
)
def test_nothing_heavy_is_imported(code):
    assert heavy_after(code) == "[]"


@pytest.mark.parametrize("module", ["data.split", "data.store", "reference.fit", "reference.transfer", "reference.gap"])
def test_rooms_of_plain_arrays_do_without_torch(module):
    found = heavy_after(f"import transferkit.{module}")
    assert not {"torch", "chgnet", "mace", "wandb", "matplotlib"} & set(eval(found))  # noqa: S307


def test_help_takes_less_than_half_a_second():
    def seconds():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime  # processor time: other tests run beside this one

    times = []
    for _ in range(3):
        before = seconds()
        subprocess.run([sys.executable, "-m", "transferkit", "--help"], capture_output=True, check=True)
        times.append(seconds() - before)
    assert min(times) < 0.5


def test_public_names_resolve_and_unknown_ones_do_not():
    import transferkit

    assert all(getattr(transferkit, name) is not None for name in transferkit.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = transferkit.lod


def test_no_module_hides_a_public_name():
    # Importing transferkit.x sets the attribute x of transferkit: a verb of that name would turn into a module.
    import transferkit

    folder = Path(transferkit.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.iterdir() if path.is_dir()}
    assert not modules & set(transferkit.__all__)
