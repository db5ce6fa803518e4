"""Lines of the profit and loss: their order, their sign, and the subtotals between them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

__all__ = ["LINES", "OTHER_COST", "SIGN", "SUBTOTALS", "with_subtotals"]

OTHER_COST = "other_cost"

SIGN: Mapping[str, int] = MappingProxyType(
    {
        "revenue": 1,
        "cost_of_sales": -1,
        "production_variance": -1,
        "distribution": -1,
        "marketing": -1,
        "development": -1,
        "administration": -1,
        OTHER_COST: -1,
        "depreciation": -1,
        "interest": -1,
        "income_tax": -1,
    }
)
"""Every line that is booked or planned, and what it does to profit; costs are positive amounts."""

SUBTOTALS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "gross_margin": ("revenue", "cost_of_sales", "production_variance"),
        "ebitda": tuple(SIGN)[:8],
        "ebit": tuple(SIGN)[:9],
        "net_income": tuple(SIGN),
    }
)
"""The lines each subtotal rolls up."""

LINES: tuple[str, ...] = (
    "revenue",
    "cost_of_sales",
    "production_variance",
    "gross_margin",
    "distribution",
    "marketing",
    "development",
    "administration",
    OTHER_COST,
    "ebitda",
    "depreciation",
    "ebit",
    "interest",
    "income_tax",
    "net_income",
)
"""Lines and subtotals from top to bottom, as people read them."""


def with_subtotals(lines: pd.DataFrame) -> pd.DataFrame:
    """Profit and loss with every line and subtotal of each version and month; a line nobody books is zero.

    Parameters
    ----------
    lines
        version, period, line, amount_value; several rows of a line are added.

    Examples
    --------
    >>> one = pd.DataFrame(
    ...     {
    ...         "version": "forecast",
    ...         "period": pd.Timestamp("2026-01-01"),
    ...         "line": ["revenue", "cost_of_sales", "administration"],
    ...         "amount_value": [100.0, 60.0, 15.0],
    ...     }
    ... )
    >>> full = with_subtotals(one).set_index("line")["amount_value"]
    >>> float(full["gross_margin"]), float(full["ebit"])
    (40.0, 25.0)
    """
    wide = lines.pivot_table(
        index=["version", "period"], columns="line", values="amount_value", aggfunc="sum", fill_value=0.0
    ).reindex(columns=list(SIGN), fill_value=0.0)
    for subtotal, parts in SUBTOTALS.items():
        wide[subtotal] = sum(wide[part] * SIGN[part] for part in parts)
    tall = wide[list(LINES)].reset_index()
    tall = tall.melt(["version", "period"], var_name="line", value_name="amount_value")
    tall["line"] = tall["line"].astype(object)
    return tall.sort_values(["version", "period", "line"], ignore_index=True)
