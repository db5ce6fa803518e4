"""Key figures of plans side by side."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

__all__ = ["compare_kpi", "compare_runs", "scenario_kpi"]

COLUMNS = ["scenario", "kpi", "kpi_value", "base_value", "delta_value", "unit", "sense"]


def scenario_kpi(kpi: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Table ``scenario_kpi``: a row per scenario and key figure of the whole company.

    Parameters
    ----------
    kpi
        Table ``kpi`` of each scenario.
    """
    rows = [_whole(of).assign(scenario=name) for name, of in sorted(kpi.items())]
    columns = ["scenario", "kpi", "kpi_value", "unit", "sense"]
    return pd.concat(rows)[columns] if rows else pd.DataFrame(columns=columns)


def compare_kpi(base: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Key figures of each scenario beside those of the base.

    Parameters
    ----------
    base
        Table ``kpi`` of the base.
    others
        Table ``scenario_kpi``.

    Returns
    -------
    pandas.DataFrame
        Table ``scenario_comparison``: a row per scenario and key figure of the whole company.
    """
    reference = _whole(base)[["kpi", "kpi_value"]].rename(columns={"kpi_value": "base_value"})
    joined = others.merge(reference, on="kpi", how="left", validate="many_to_one")
    return joined.assign(delta_value=joined["kpi_value"] - joined["base_value"])[COLUMNS]


def compare_runs(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Key figures of two runs with their difference, second less first; all that either has.

    Parameters
    ----------
    first, second
        Tables ``kpi`` of the two runs.

    Returns
    -------
    pandas.DataFrame
        One row per key figure and scope: ``first_value``, ``second_value``, ``delta_value``, ``unit``.
    """
    keys = ["kpi", "scope"]
    left = first[[*keys, "kpi_value", "unit"]].rename(columns={"kpi_value": "first_value"})
    right = second[[*keys, "kpi_value", "unit"]].rename(columns={"kpi_value": "second_value"})
    joined = left.merge(right, on=keys, how="outer", validate="one_to_one", suffixes=("", "_second"))
    joined["unit"] = joined["unit"].fillna(joined["unit_second"])
    joined["delta_value"] = joined["second_value"] - joined["first_value"]
    ordered = joined.sort_values(keys, kind="stable", ignore_index=True)
    return ordered[[*keys, "first_value", "second_value", "delta_value", "unit"]]


def _whole(kpi: pd.DataFrame) -> pd.DataFrame:
    return kpi.loc[kpi["scope"] == "*", ["kpi", "kpi_value", "unit", "sense"]]
