"""Why revenue or margin changed: volume, mix, price, currency, cost, new and lost, without a residual."""

from __future__ import annotations

import pandas as pd

__all__ = ["STEPS", "price_volume_mix"]

STEPS = ("volume", "mix", "price", "fx", "cost", "new", "lost")


def price_volume_mix(
    base: pd.DataFrame, current: pd.DataFrame, key: list[str], *, margin: bool = False
) -> pd.Series[float]:
    """Volume, mix, price, currency, cost, new and lost effects; together they are exactly the change.

    With q quantity, p price in the currency of sale, f its rate, c unit cost in the reporting
    currency, 0 the base and 1 the current span, over products sold in both (Q their sum):
    volume = (Q1 - Q0) v0 / Q0 with v0 the base revenue; mix = sum (q1 - q0 Q1/Q0) p0 f0;
    price = sum q1 (p1 - p0) f0; fx = sum q1 p1 (f1 - f0); cost = -sum q1 (c1 - c0), and
    volume and mix at base margin p0 f0 - c0, when `margin` is asked. The mix is taken at the
    grain of `key`: a finer grain moves money from volume and price to mix.

    Parameters
    ----------
    base, current
        Columns of `key`, qty, price_per_unit, fx_rate and, for margin, cost_per_unit; one row per key.
    key
        Grain of the bridge.
    margin
        Explain margin instead of revenue.

    Returns
    -------
    pandas.Series
        Money by step, in the order of `STEPS`.

    Examples
    --------
    >>> base = pd.DataFrame(
    ...     {
    ...         "product": ["A", "B", "C"],
    ...         "qty": [100.0, 50, 30],
    ...         "price_per_unit": [20.0, 40, 60],
    ...         "fx_rate": [1, 1, 0.90],
    ...         "cost_per_unit": [12.0, 26, 30],
    ...     }
    ... )
    >>> current = pd.DataFrame(
    ...     {
    ...         "product": ["A", "B", "C"],
    ...         "qty": [110.0, 40, 45],
    ...         "price_per_unit": [21.0, 38, 66],
    ...         "fx_rate": [1, 1, 0.95],
    ...         "cost_per_unit": [12.5, 27, 30],
    ...     }
    ... )
    >>> price_volume_mix(base, current, ["product"]).round(4).to_list()
    [468.3333, 141.6667, 273.0, 148.5, 0.0, 0.0, 0.0]
    >>> price_volume_mix(base, current, ["product"], margin=True).round(4).to_list()
    [185.0, 115.0, 273.0, 148.5, -95.0, 0.0, 0.0]
    """
    both = _side_by_side(base, current, key, margin=margin)
    kept = both[(both["qty_0"] > 0) & (both["qty_1"] > 0)]
    fresh = both[both["qty_0"] <= 0]
    gone = both[(both["qty_0"] > 0) & (both["qty_1"] <= 0)]
    q0, q1, unit = kept["qty_0"], kept["qty_1"], kept["revenue_0"] / kept["qty_0"] - kept["cost_0"]
    scale = q1.sum() / q0.sum() if len(kept) else 0.0
    steps = {
        "volume": (scale - 1.0) * (q0 * unit).sum() if len(kept) else 0.0,
        "mix": ((q1 - q0 * scale) * unit).sum(),
        "price": (q1 * (kept["price_1"] - kept["price_0"]) * kept["fx_0"]).sum(),
        "fx": (q1 * kept["price_1"] * (kept["fx_1"] - kept["fx_0"])).sum(),
        "cost": (q1 * (kept["cost_0"] - kept["cost_1"])).sum(),
        "new": (_worth(fresh, 1) - _worth(fresh, 0)).sum(),
        "lost": (_worth(gone, 1) - _worth(gone, 0)).sum(),
    }
    return pd.Series(steps, index=list(STEPS), dtype=float)


def _side_by_side(base: pd.DataFrame, current: pd.DataFrame, key: list[str], *, margin: bool) -> pd.DataFrame:
    short = {"price_per_unit": "price", "fx_rate": "fx", "cost_per_unit": "cost"}
    columns = [*key, "qty", "price_per_unit", "fx_rate", *(["cost_per_unit"] if margin else [])]
    both = (
        base[columns]
        .rename(columns=short)
        .merge(
            current[columns].rename(columns=short), on=key, how="outer", suffixes=("_0", "_1"), validate="1:1"
        )
    )
    for side in ("0", "1"):
        if not margin:
            both[f"cost_{side}"] = 0.0
        both[f"qty_{side}"] = both[f"qty_{side}"].fillna(0.0)
        revenue = both[f"qty_{side}"] * both[f"price_{side}"] * both[f"fx_{side}"]
        both[f"revenue_{side}"] = revenue.fillna(0.0)
    return both.sort_values(key, ignore_index=True)


def _worth(rows: pd.DataFrame, side: int) -> pd.Series[float]:
    return rows[f"revenue_{side}"] - rows[f"qty_{side}"] * rows[f"cost_{side}"].fillna(0.0)
