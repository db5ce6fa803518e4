"""Statements of people: which still count, which goes before which, and what each is about."""

from __future__ import annotations

import pandas as pd

from sopwb.demand.scope import ALL, SCOPE
from sopwb.errors import Fault, InputError
from sopwb.schema.statement import node_conditions, node_owner

__all__ = ["MATTER", "SPAN_MONTHS", "by_precedence", "span_end", "standing_statements", "statement_series"]

SPAN_MONTHS = {"week": 0, "month": 1, "quarter": 3, "year": 12}
MATTER = [*SCOPE, "node", "period", "span"]
"""What a statement is about; its author's next statement on the same matter takes its place."""


def standing_statements(manual_forecast: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Statements that still count: the last of their author on the same matter, and not expired.

    A statement is carried forward from cycle to cycle until its ``expires_on``. Whoever wants to
    withdraw one enters the same matter with a day of expiry that has passed.

    Returns
    -------
    pandas.DataFrame
        Rows of ``manual_forecast`` in the order of :func:`by_precedence`.
    """
    known = manual_forecast[manual_forecast["entered_at"] < as_of + pd.Timedelta(days=1)]
    ordered = known.sort_values(["entered_at", "manual_forecast"], kind="stable")
    last = ordered.drop_duplicates(["author", "stream", *MATTER], keep="last")
    return by_precedence(last[last["expires_on"] >= as_of])


def by_precedence(statements: pd.DataFrame) -> pd.DataFrame:
    """Statements in the order in which they are heard: in a cell the first of a stream counts.

    1. the narrower in products (a product, then a family or an attribute, then all);
    2. the narrower in markets (a market, then an attribute, then all);
    3. the shorter in time (week, month, quarter, year);
    4. the younger, and of two entered at once the one with the later code.
    """
    conditions = statements["node"].map(lambda node: len(node_conditions(str(node))))
    product = 2 * (statements["product"] == ALL).astype(int)
    product -= ((product > 0) & ((statements["family"] != ALL) | (conditions > 0))).astype(int)
    market = 2 * (statements["market"] == ALL).astype(int)
    market -= ((market > 0) & (conditions > 0)).astype(int)
    ranked = statements.assign(_product=product, _market=market, _span=statements["span"].map(SPAN_MONTHS))
    ranked = ranked.sort_values(
        ["_product", "_market", "_span", "entered_at", "manual_forecast"],
        ascending=[True, True, True, False, False],
        kind="stable",
    )
    return ranked[statements.columns].reset_index(drop=True)


def span_end(statements: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """Last day that each statement is about."""
    ends = statements["period"] + pd.Timedelta(days=6)
    for span, count in SPAN_MONTHS.items():
        if count:
            of = (statements["span"] == span).to_numpy()
            begun = pd.DatetimeIndex(statements.loc[of, "period"])
            ends.loc[of] = begun + pd.DateOffset(months=count) - pd.Timedelta(days=1)
    return ends.astype("datetime64[ns]")


def statement_series(
    statements: pd.DataFrame, series: pd.DataFrame, product: pd.DataFrame, market: pd.DataFrame
) -> dict[str, list[int]]:
    """Places in ``series`` of the products and markets that each statement is about.

    Parameters
    ----------
    series
        Series with product, market and family.
    product, market
        Tables whose columns a node may name.

    Raises
    ------
    InputError
        A node names a column that neither product nor market has; its rows are named.
    """
    plain = series.reset_index(drop=True)
    nodes = statements["node"].astype(str)
    known = _attributes(statements, nodes, plain, product, market)
    places: dict[str, list[int]] = {}
    seen: dict[tuple[str, ...], list[int]] = {}
    rows = zip(statements["manual_forecast"], statements[SCOPE].to_numpy().tolist(), nodes, strict=True)
    for code, words, node in rows:
        scope = (*words, node)
        if scope not in seen:
            wanted = {name: value for name, value in zip(SCOPE, words, strict=True) if value != ALL}
            fits = pd.Series(data=True, index=plain.index)
            for name, value in wanted.items():
                fits &= plain[name] == value
            for name, value in node_conditions(node).items():
                fits &= known[name] == value
            seen[scope] = plain.index[fits].tolist()
        places[str(code)] = seen[scope]
    return places


def _attributes(
    statements: pd.DataFrame,
    nodes: pd.Series[str],
    series: pd.DataFrame,
    product: pd.DataFrame,
    market: pd.DataFrame,
) -> dict[str, pd.Series[str]]:
    """Every attribute that a node names, series by series."""
    frames = {"product": product, "market": market}
    known: dict[str, pd.Series[str]] = {}
    faults = []
    for node in nodes.unique():
        for name in node_conditions(node):
            owner = node_owner(name, product, market)
            if owner is None:
                code = statements.loc[nodes == node, "manual_forecast"].iloc[0]
                problem = f"neither product nor market has a column {name}"
                where = f"manual_forecast.node, manual_forecast={code}"
                faults.append(Fault(where, problem, remedy="use a column of product or market"))
                continue
            table, column = owner
            known[name] = series[table].map(frames[table].set_index(table)[column].astype(str))
    if faults:
        raise InputError(faults)
    return known
