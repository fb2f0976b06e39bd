"""Several levels of theory: heads, data without a head, pairs that are none, and labels by two conventions."""

import transferkit as tk

from .case import Case, both, text

GOOD = """\
name: mine
data: {source: "bundled:gpaw-pbe-r2scan", fidelity: r2SCAN}
adapter: {name: toy, new_head: {name: r2SCAN}}
beside:
  - {source: "bundled:gpaw-pbe-r2scan@PBE", fidelity: PBE, head: default}
training: {steps: 1}
tracking: {wandb: null}
"""
RUN = ["run", "r.yaml", "--smoke"]
PRETRAIN_ENERGIES = (
    'pretrain: {source: "bundled:gpaw-pbe-r2scan@PBE", fidelity: PBE, labels: [energy], steps: 1, head: default}\n'
)


def wrong(*changes):
    """The good recipe with pairs of old and new text."""
    content = GOOD
    for old, new in changes:
        content = content.replace(old, new)
    return text("r.yaml", content)


def frames(name, change, rows=slice(None)):
    """Some PBE frames in a file, each changed."""

    def make(folder):
        from ase.io import write

        from transferkit.data.readers import to_ase

        found = to_ase(tk.bundled("gpaw-pbe-r2scan", fidelity="PBE")[rows])
        for atoms in found:
            atoms.info.pop("prototype", None)
            change(atoms)
        write(folder / name, found)

    return make


def shifted(atoms):
    atoms.positions[0] += [0.0, 0.0, 0.125]


def beside(options):
    return wrong(('{source: "bundled:gpaw-pbe-r2scan@PBE", fidelity: PBE, head: default}', options))


def only_tested(folder):
    """The frames of the tests alone, as the split of the recipe makes them."""
    from ase.io import read, write

    data = tk.bundled("gpaw-pbe-r2scan", fidelity="r2SCAN")
    parts = tk.split(data, by="composition", seed=0, fractions=(0.1, 0.1, 0.8))
    tested = {*map(str, parts.test.composition)}
    found = [a for a in read(folder / "all.extxyz", ":") if a.get_chemical_formula(empirical=True) in tested]
    ids = {*map(str, parts.test.id)}
    write(folder / "tested.extxyz", [a for a in found if a.info["id"] in ids])


FROM_FILE = beside("{source: pbe.extxyz, fidelity: PBE, head: default}")
MINUS = '{source: "bundled:gpaw-pbe-r2scan", fidelity: r2SCAN'

CASES = [
    Case(
        "two levels and one head",
        wrong((", new_head: {name: r2SCAN}", ""), (", head: default", "")),
        RUN,
        ("data (r2SCAN) and beside.0 (PBE) would both go through the head 'default'", "adapter.new_head: {name: r2SCAN}"),
    ),
    Case(
        "a level without a head",
        wrong((", head: default", "")),
        RUN,
        ("beside.0 holds PBE labels", "beside.0.new_head: {name: PBE}"),
    ),
    Case("a head misspelt", wrong(("head: default", "head: defualt")), RUN, ("'defualt'", "Did you mean 'default'?")),
    Case(
        "a head without data",
        wrong(("adapter: {name: toy,", "adapter: {name: toy, head: default,")),
        RUN,
        ("'r2SCAN' added for nothing: no data reach it", "leave one of them out"),
    ),
    Case(
        "one level and two conventions",
        both(
            frames("pbe.extxyz", lambda atoms: atoms.info.update(id=f"mine:{atoms.info['id']}")),
            beside(
                '{source: "bundled:gpaw-pbe-r2scan@PBE", fidelity: PBE, head: default}\n'
                "  - {source: pbe.extxyz, fidelity: PBE, head: default, label_convention: mp2020}"
            ),
        ),
        RUN,
        ("beside.0 and beside.1 are both PBE", "those of beside.1 mp2020", "beside.1.convert: {to: raw}"),
    ),
    Case(
        "a pair of two geometries",
        both(frames("pbe.extxyz", shifted), FROM_FILE),
        RUN,
        ("'AgBr-rocksalt-wideal' has another geometry in r2SCAN than in PBE", "by up to 0.125 Å", "different ids"),
    ),
    Case(
        "nothing left to train on",
        both(
            frames("pbe.extxyz", lambda _: None),
            wrong(
                ("fidelity: r2SCAN}", "fidelity: r2SCAN, split: {fractions: [0.1, 0.1, 0.8]}}"),
                ('"bundled:gpaw-pbe-r2scan@PBE"', "tested.extxyz"),
            ),
            lambda folder: (folder / "pbe.extxyz").rename(folder / "all.extxyz"),
            only_tested,
        ),
        RUN,
        ("beside.0 (tested.extxyz, PBE): nothing is left to train on", "data.split"),
    ),
    Case(
        "a label that the set lacks",
        wrong(("head: default", "head: default, labels: [energy, magmoms]")),
        RUN,
        ("beside.0.labels names magmoms", "they have energy, forces, stress"),
    ),
    Case(
        "a label that is none",
        wrong(("head: default", "head: default, labels: [enrgy]")),
        RUN,
        ("line 5, beside.0.labels", "Did you mean 'energy'?"),
    ),
    Case(
        "a ratio of zero",
        wrong(("head: default", "head: default, ratio: 0")),
        RUN,
        ("line 5, beside.0.ratio", "greater than 0"),
    ),
    Case(
        "a ratio without end",
        wrong(("head: default", "head: default, ratio: .inf")),
        RUN,
        ("line 5, beside.0.ratio", "finite number", "inf"),
    ),
    Case(
        "a ratio that fills the memory",
        wrong(("head: default", "head: default, ratio: 1.0e9")),
        RUN,
        ("line 5, beside.0.ratio", "less than or equal to 1000"),
    ),
    Case(
        "no label at all",
        wrong(("head: default", "head: default, labels: []")),
        RUN,
        ("line 5, beside.0.labels: is empty",),
    ),
    Case(
        "a negative weight",
        wrong(("head: default", "head: default, weight: -2")),
        RUN,
        ("line 5, beside.0.weight", "greater than 0", "-2"),
    ),
    Case(
        "a misspelt option of a set",
        wrong(("head: default", "head: default, raito: 2")),
        RUN,
        ("line 5, beside.0.raito: unknown option", "Did you mean 'ratio'?"),
    ),
    Case(
        "one set and no list",
        wrong(("  - {source", "  {source")),
        RUN,
        ("line 4, beside: should be a list",),
    ),
    Case(
        "predictions of random weights",
        wrong((", new_head: {name: r2SCAN}", ""), ("head: default", "pseudo: true"), ("tracking", "strategy: {kind: from-scratch}\ntracking")),
        RUN,
        ("random weights have learnt nothing that they could predict", "beside.0.pseudo"),
    ),
    Case(
        "predictions whose E0 is moved",
        wrong((", new_head: {name: r2SCAN}", ""), ("head: default", "head: default, pseudo: true")),
        RUN,
        ("beside.0.pseudo", "data would fit another one", "reference.policy: keep"),
    ),
    Case(
        "an anchor on random weights",
        wrong((", new_head: {name: r2SCAN}", ""), (", head: default", ""), ("tracking", "strategy: {kind: from-scratch}\nanchor: {}\ntracking")),
        RUN,
        ("random weights are nothing to hold on to", "with pretrain"),
    ),
    Case(
        "an anchor on nothing that trains",
        wrong(("tracking", "strategy: {kind: heads}\nanchor: {on: backbone}\ntracking")),
        RUN,
        ("anchor.on is 'backbone'", "nothing would be held"),
    ),
    Case(
        "pre-training on the level of the data",
        wrong(("tracking", "pretrain: {source: x.xyz, fidelity: r2SCAN, steps: 1}\ntracking")),
        RUN,
        ("pretrain holds r2SCAN labels, as the data themselves do", "another level of theory"),
    ),
    Case(
        "pre-training with adversarial steps aside and no forces",
        wrong(("beside:\n", ""), (GOOD.split("\n")[4] + "\n", ""), ("tracking", PRETRAIN_ENERGIES + "tracking")),
        [*RUN, "loss.consistency={pitc: 1, pisc: 0.1, direction: adversarial}"],
        ("loss.consistency.direction", "pretrain structures have no force labels", "Take uniform or random"),
    ),
    Case(
        "pre-training without an end",
        wrong(("tracking", "pretrain: {source: x.xyz, fidelity: PBE}\ntracking")),
        RUN,
        ("line 7, pretrain: give exactly one of epochs and steps",),
    ),
    Case(
        "differences to a level that lacks structures",
        both(
            frames("pbe.extxyz", lambda _: None, slice(0, 300)),
            wrong((f"data: {MINUS}", f"data: {MINUS}, minus: {{source: pbe.extxyz, fidelity: PBE}}"), (GOOD.split("\n")[4] + "\n", ""), ("beside:\n", "")),
        ),
        RUN,
        ("data.minus (PBE) lacks 67 of the 367 structures of the data (r2SCAN)", "Give a source that holds the same ids"),
    ),
    Case(
        "differences to structures without ids",
        both(
            frames("pbe.extxyz", lambda atoms: atoms.info.pop("id")),
            wrong((f"data: {MINUS}", f"data: {MINUS}, minus: {{source: pbe.extxyz, fidelity: PBE}}"), (GOOD.split("\n")[4] + "\n", ""), ("beside:\n", "")),
        ),
        RUN,
        ("lacks 367 of the 367 structures", "None of its ids is one of the data; its first is"),
    ),
    Case(
        "differences to the same level",
        wrong((f"data: {MINUS}", f"data: {MINUS}, minus: {{source: x.xyz, fidelity: r2SCAN}}")),
        RUN,
        ("line 2, data: minus holds r2SCAN labels", "nothing is left to learn"),
    ),
    Case(
        "differences and totals in one network",
        wrong((f"data: {MINUS}", f"data: {MINUS}, minus: {{source: x.xyz, fidelity: PBE}}")),
        RUN,
        ("data.minus learns differences", "leave minus out, or the others"),
    ),
    Case(
        "labels without energies",
        wrong((f"data: {MINUS}", f"data: {MINUS}, labels: [forces]")),
        RUN,
        ("data.labels has no energy, to which E0 is fitted", "add energy"),
    ),
    Case(
        "a head of a shape that there is not",
        wrong(("new_head: {name: r2SCAN}", "new_head: {name: r2SCAN, shape: last_linear}")),
        RUN,
        ("line 3, adapter.new_head.shape", "Did you mean 'last-linear'?"),
    ),
]  # fmt: skip
