"""Pieces of a benchmark: what is finished is read from its file and not run again."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

HERE = Path(__file__).parent
RUNS = HERE / "runs"


def piece(folder: Path, name: str, setting: Mapping[str, Any], compute: Callable[[], dict]) -> dict:
    """The result of one run, as a JSON object with ``name`` and ``setting``; computed where its file is missing.

    Args:
        folder: of the pieces
        name: of the file
        setting: everything that the result depends on, JSON values
        compute: runs it

    Raises:
        SystemExit: the file was made with another setting.
    """
    path = folder / f"{name}.json"
    setting = json.loads(json.dumps(setting))
    if path.is_file():
        found = json.loads(path.read_text())
        if found["setting"] != setting:
            raise SystemExit(f"{path} was made with {found['setting']}, and now {setting} is asked for. Remove it.")
        print(f"{name}: there already", flush=True)
        return found
    print(f"{name}: begins", flush=True)
    clock = perf_counter()
    result = {"name": name, "setting": setting, **compute()}
    folder.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(result, indent=1) + "\n")
    draft.rename(path)
    print(f"{name}: done in {perf_counter() - clock:.0f} s", flush=True)
    return result


def finished(folder: Path) -> list[dict]:
    """All pieces that are there, by name."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
