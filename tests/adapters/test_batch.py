"""Graph, Batch and Prediction are one thing wherever they are imported from."""

from transferkit.adapters import base, batch
from transferkit.adapters.toy import Toy
from transferkit.testing import small_structures


def test_the_face_still_offers_them():
    assert (base.Graph, base.Batch, base.Prediction) == (batch.Graph, batch.Batch, batch.Prediction)


def test_a_moved_batch_is_the_same_batch():
    potential = Toy.load("demo")
    one = potential.collate([potential.graph(s) for s in small_structures().values()])
    two = one.to("cpu")
    assert all((getattr(one, n) == getattr(two, n)).all() for n in ("numbers", "positions", "edges", "image", "owner"))
    assert two.n_atoms.tolist() == one.n_atoms.tolist()
    assert two.n_structures == len(small_structures())
