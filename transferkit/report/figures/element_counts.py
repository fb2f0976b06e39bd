"""How often each element occurs in a data set, as a heat map of the periodic table."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from transferkit.report.figures.element_map import element_map


def element_counts(counts: Mapping[str, int], *, of: str) -> Figure:
    """Periodic table coloured by a count, on a logarithmic scale.

    Args:
        counts: by symbol
        of: what is counted, e.g. "compositions"

    >>> figure = element_counts({"O": 1200, "Mg": 3}, of="compositions")
    >>> "1,200" in [t.get_text() for t in figure.axes[0].texts], figure.axes[0].child_axes[0].get_xlabel()
    (True, 'compositions that hold the element')
    """
    values = {symbol: float(n) for symbol, n in counts.items()}
    return element_map(values, label=f"{of} that hold the element", write=count_text)


def count_text(value: float) -> str:
    """A count as a cell has room for.

    >>> count_text(42.0), count_text(12_345.0), count_text(1.26e6)
    ('42', '12k', '1.3M')
    """
    if value >= 1e6:
        return f"{value / 1e6:.1f}M"
    return f"{value / 1000:.0f}k" if value >= 10_000 else f"{value:,.0f}"
