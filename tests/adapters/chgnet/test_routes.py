"""Sums of rows of several tables equal gathers and additions, with both derivatives."""

import pytest
import torch

from transferkit.adapters.chgnet.routes import Collect, Deliver, routes


@pytest.fixture
def case():
    g = torch.Generator().manual_seed(0)
    terms = [torch.randint(n, (9,), generator=g) for n in (4, 3)]
    tables = [torch.randn(n, 5, generator=g, dtype=torch.float64) for n in (4, 3)]
    return terms, tables, torch.randn(9, 5, generator=g, dtype=torch.float64), routes(terms, [4, 3])


@pytest.mark.parametrize("with_own", [False, True])
def test_sums_as_gathers_and_additions(case, with_own):
    terms, tables, own, along = case
    expected = sum(t.index_select(0, i) for t, i in zip(tables, terms, strict=True)) + (own if with_own else 0)
    before = own.clone()
    torch.testing.assert_close(Collect.apply(torch.cat(tables), own if with_own else None, along), expected)
    assert torch.equal(own, before)


def test_derivatives(case):
    _, tables, own, along = case
    inputs = torch.cat(tables).requires_grad_(), own.requires_grad_()
    assert torch.autograd.gradcheck(lambda t, o: Collect.apply(t, o, along), inputs)
    assert torch.autograd.gradgradcheck(lambda t, o: Collect.apply(t, o, along), inputs)
    assert torch.autograd.gradgradcheck(lambda o: Deliver.apply(o, along), (inputs[1],))


def test_no_messages():
    nothing = torch.zeros(0, dtype=torch.int64)
    table = torch.ones(3, 2, requires_grad=True)
    out = Collect.apply(table, None, routes([nothing, nothing], [2, 1]))
    out.sum().backward()
    assert out.shape == (0, 2)
    assert not table.grad.any()
