"""What a page says about the data themselves: findings, what was taken out, and which entry became which label."""

from collections.abc import Mapping, Sequence

from transferkit.report.quantities import count, counted
from transferkit.typing import Json

NAMED = 5


def finding_text(finding: object) -> str:
    """One finding as a paragraph, whether it was stored as text or as the fields of a finding.

    >>> finding_text({"severity": "note", "what": "a", "where": ["x"], "evidence": "b", "mend": "c"})
    'note: a (x). Evidence: b. Mend: c.'
    """
    if not isinstance(finding, dict):
        return str(finding)
    where = [str(place) for place in finding.get("where") or []]
    more = f" and {count(len(where) - NAMED)} more" if len(where) > NAMED else ""
    places = f" ({', '.join(where[:NAMED])}{more})" if where else ""
    text = f"{finding.get('severity', 'note')}: {finding.get('what', '')}{places}."
    for word, key in (("Evidence", "evidence"), ("Mend", "mend")):
        text += f" {word}: {finding[key]}." if finding.get(key) else ""
    return text


def warnings_in(findings: Sequence[object]) -> int:
    """How many findings are warnings rather than notes."""
    return sum(finding_text(finding).startswith("warning") for finding in findings)


def findings_shown(findings: Sequence[object]) -> Json:
    """Findings as text, what needs looking at apart from what is only worth knowing.

    >>> findings_shown(["warning: a.", "note: b.", "a caution"])
    {'warnings': ['warning: a.', 'a caution'], 'notes': ['note: b.']}
    """
    texts = [finding_text(finding) for finding in findings]
    notes = [text for text in texts if text.startswith("note")]
    return {"warnings": [text for text in texts if text not in notes], "notes": notes}


def quarantine(data: Json) -> Json | None:
    """What was taken out before the run, by reason; None where a run stored nothing about it.

    Args:
        data: ``result.json["data"]`` or a description of a data set, with "quarantine": {"taken", "reasons", "file"}

    >>> quarantine({"quarantine": {"taken": 2, "reasons": {"no energy": 2}, "file": "q.jsonl"}})
    {'taken': 2, 'n': '2 structures', 'rows': [['no energy', '2']], 'file': 'q.jsonl'}
    """
    stored = data.get("quarantine")
    if not isinstance(stored, dict):
        return None
    reasons = sorted((stored.get("reasons") or {}).items(), key=lambda pair: (-pair[1], pair[0]))
    rows = [[str(reason), count(n)] for reason, n in reasons]
    taken = int(stored.get("taken") or 0)
    return {"taken": taken, "n": counted(taken, "structure"), "rows": rows, "file": stored.get("file") or ""}


def taken_out(runs: Mapping[str, Sequence[Json]], labels: Mapping[str, str]) -> list[str]:
    """What the runs of a comparison took out, once for all variants where it is the same; empty where nothing was.

    Args:
        runs: result.json of the runs of each variant
        labels: shown name of each variant

    >>> run = {"data": {"quarantine": {"taken": 2, "reasons": {"no energy": 2}, "file": "q.jsonl"}}}
    >>> taken_out({"a": [run], "b": [run]}, {"a": "A", "b": "B"})
    ['2 structures (2 with no energy); q.jsonl in the folder of each run names them']
    """
    by_text: dict[str, list[str]] = {}
    for name, several in runs.items():
        for stored in filter(None, (quarantine(run.get("data") or {}) for run in several)):
            reasons = "; ".join(f"{n} with {reason}" for reason, n in stored["rows"])
            files = f"; {stored['file']} in the folder of each run names them" if stored["file"] else ""
            text = f"{stored['n']} ({reasons}){files}" if stored["taken"] else ""
            if labels[name] not in by_text.setdefault(text, []):
                by_text[text].append(labels[name])
    one = len(by_text) == 1
    return [text if one else f"{text}, for {', '.join(names)}" for text, names in by_text.items() if text]


def key_rows(data: Json) -> list[list[str]]:
    """Label, entry of the file that became it, in how many frames; empty where it was not stored.

    Args:
        data: holds "keys" (a description) or "read_as" (a run): {"entries": {label: {entry: frames}}, "aside": {entry: frames}}

    >>> key_rows({"keys": {"entries": {"energy": {"REF_energy": 40}}, "aside": {"dft_energy": 2}}})
    [['energy', 'REF_energy', '40'], ['not used', 'dft_energy', '2']]
    """
    stored = data.get("keys") or data.get("read_as")
    if not isinstance(stored, dict):
        return []
    entries = {**(stored.get("entries") or {}), "not used": stored.get("aside") or {}}
    return [[str(label), str(entry), count(n)] for label, counts in entries.items() for entry, n in counts.items()]
