import json

import pytest

from transferkit.adapters.mace.architecture import CONFIGS, DEFAULTS, heads_of, of_config, of_model
from transferkit.adapters.mace.upstream import build, contained, modules
from transferkit.errors import CheckpointError

from .conftest import arguments, upstream_model
from .test_network import VARIANTS


@pytest.mark.parametrize("name", ["plain", "non-linear"])
def test_what_is_read_from_a_model_builds_it_again(name):
    wanted = arguments(**VARIANTS[name])
    found = of_model(upstream_model(wanted))
    assert json.loads(json.dumps(found)) == found
    one, two = (build(a).state_dict() for a in (wanted, found))
    assert {k: v.shape for k, v in one.items()} == {k: v.shape for k, v in two.items()}


def test_configurations_have_all_arguments():
    assert all(of_config(name).keys() == DEFAULTS.keys() for name in CONFIGS)


def test_models_of_other_properties_are_refused():
    class AtomicDipolesMACE(modules.ScaleShiftMACE):
        pass

    with contained():
        model = upstream_model(arguments())
        model.__class__ = AtomicDipolesMACE
    with pytest.raises(CheckpointError, match="AtomicDipolesMACE; the mace adapter supports ScaleShiftMACE and MACE"):
        of_model(model)


def test_parts_that_need_more_than_positions_are_refused():
    model = upstream_model(arguments())
    model.embedding_specs = {"total_charge": {}}
    with pytest.raises(CheckpointError, match="embedding_specs"):
        of_model(model)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: setattr(m.readouts[-1].non_linearity.acts[0], "f", len), "gate"),
        (lambda m: m.interactions.__setitem__(0, m.products[0]), "interaction EquivariantProductBasisBlock"),
        (lambda m: m.readouts.__setitem__(-1, m.readouts[0]), "last readout LinearReadoutBlock"),
        (lambda m: setattr(m.radial_embedding, "distance_transform", m.products[0]), "distance transform"),
    ],
)
def test_unknown_parts_are_refused_by_name(change, message):
    model = upstream_model(arguments())
    change(model)
    with pytest.raises(CheckpointError, match=message):
        of_model(model)


def test_early_models_have_one_head_without_a_name():
    model = upstream_model(arguments())
    del model.heads
    assert heads_of(model) == ("default",)
