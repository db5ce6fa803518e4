"""The truth about demand: which series exist, what they sell without activities, how they scatter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from generator.numbers import day, stream
from generator.weeks import feasts, working_days_of_weeks

YEAR = 365.25
MID_YEAR = pd.Timestamp("2025-07-01")


# ---------------------------------------------------------------- series
def series(numbers: dict[str, Any], goods: pd.DataFrame, markets: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per product and market in use: weekly quantity of mid 2025, growth, noise, kind."""
    draw = stream(seed, "series")
    old_of = {s["successor"]: s for s in numbers["successors"]}
    table = goods.merge(
        markets[["market", "region", "channel", "location"]], how="cross", suffixes=("_made", "")
    )
    table["appeal"] = table["weight"] * _pack_appeal(numbers, table)
    table["appeal"] *= np.exp(draw.normal(0, numbers["demand"]["sister_noise"], len(table)))
    table = table[~table["product"].isin(old_of)]
    table = table[_in_assortment(numbers, table)].copy()
    table["base_qty"] = _share_out(numbers, table)
    growth = {p: draw.normal(0, numbers["demand"]["growth_spread"]) for p in goods["product"]}
    table["growth"] = table["family"].map({f: x["growth"] for f, x in numbers["families"].items()})
    table["growth"] += table["product"].map(growth)
    table["is_intermittent"] = _intermittent(numbers, table)
    table["chance"] = np.where(table["is_intermittent"], draw.uniform(0.2, 0.5, len(table)), 1.0)
    table["noise_sigma"] = _noise_sigma(numbers, table)
    new = [_successor_rows(table, goods, s) for s in numbers["successors"]]
    table = pd.concat([table, *new], ignore_index=True)
    keep = [
        "product",
        "market",
        "family",
        "taste",
        "pack",
        "region",
        "channel",
        "location",
        "line",
        "base_qty",
        "growth",
        "is_intermittent",
        "chance",
        "noise_sigma",
    ]
    return table.sort_values(["product", "market"], ignore_index=True)[keep]


def _pack_appeal(numbers: dict[str, Any], table: pd.DataFrame) -> np.ndarray:
    appeal = numbers["pack_appeal"]
    return np.array([appeal[c].get(p, 1.0) for c, p in zip(table["channel"], table["pack"], strict=True)])


def _in_assortment(numbers: dict[str, Any], table: pd.DataFrame) -> pd.Series:
    limit = table["market"].map({m: f["products"] for m, f in numbers["markets"].items()})
    rank = table.groupby("market")["appeal"].rank(ascending=False)
    must = table["product"].isin(numbers["seasonal"]) & (table["channel"] == "grocery")
    must |= table["product"].isin([s["product"] for s in numbers["successors"]]) & (
        table["channel"] == "grocery"
    )
    return (rank <= limit) | must


def _share_out(numbers: dict[str, Any], table: pd.DataFrame) -> pd.Series:
    market_share = table["market"].map({m: f["share"] for m, f in numbers["markets"].items()})
    family_share = table["family"].map({f: x["share"] for f, x in numbers["families"].items()})
    listed = table.groupby(["market", "family"])["appeal"].transform("sum")
    return numbers["cases_per_week"] * market_share * family_share * table["appeal"] / listed


def _intermittent(numbers: dict[str, Any], table: pd.DataFrame) -> pd.Series:
    count = round(numbers["demand"]["intermittent_share"] * len(table))
    eligible = ~table["product"].isin(numbers["seasonal"]) & ~table["product"].isin(
        [s["product"] for s in numbers["successors"]]
    )
    return table["base_qty"].where(eligible).rank() <= count


def _noise_sigma(numbers: dict[str, Any], table: pd.DataFrame) -> pd.Series:
    large, small = numbers["demand"]["noise_large"], numbers["demand"]["noise_small"]
    return small + (large - small) * table["base_qty"].rank(pct=True) ** 0.7


def _successor_rows(table: pd.DataFrame, goods: pd.DataFrame, pair: dict[str, Any]) -> pd.DataFrame:
    new = goods[goods["product"] == pair["successor"]].iloc[0]
    rows = table[table["product"] == pair["product"]].copy()
    rows["product"], rows["taste"] = new["product"], new["taste"]
    rows["base_qty"] *= pair["factor"]
    return rows


# ---------------------------------------------------------------- baseline
def baseline(numbers: dict[str, Any], table: pd.DataFrame, weeks: pd.DatetimeIndex) -> np.ndarray:
    """The expected quantity of each series (rows) and week (columns) without any activity."""
    years = np.asarray((weeks - MID_YEAR).days) / YEAR
    trend = np.power(1 + table["growth"].to_numpy()[:, None], years[None, :])
    calendar = (feasts(weeks), working_days_of_weeks(weeks))
    curves = {
        (f, c): _season(numbers, f, c, weeks, *calendar)
        for f in numbers["families"]
        for c in numbers["summer_strength"]
    }
    season = np.vstack([curves[pair] for pair in zip(table["family"], table["channel"], strict=True)])
    for product_code, facts in numbers["seasonal"].items():
        season[(table["product"] == product_code).to_numpy()] = _feast_season(facts, weeks)
    found = table["base_qty"].to_numpy()[:, None] * trend * season
    return np.round(found * _life(numbers, table, weeks), 1)


def _season(
    numbers: dict[str, Any],
    family: str,
    channel: str,
    weeks: pd.DatetimeIndex,
    feast_marks: dict[str, np.ndarray],
    working_days: np.ndarray,
) -> np.ndarray:
    facts, demand = numbers["families"][family], numbers["demand"]
    day_of_year = np.asarray((weeks + pd.Timedelta(days=3)).dayofyear, dtype=float)
    strength = numbers["summer_strength"][channel]
    curve = facts["summer"] * strength * np.cos(2 * np.pi * (day_of_year - 174) / YEAR)
    curve += facts["heat"] * strength * np.exp(-(((day_of_year - 180) / 26) ** 2))
    curve += facts["christmas"] * np.exp(-(((day_of_year - 347) / 10) ** 2))
    for feast, marks in feast_marks.items():
        effects = demand["holidays"][feast]
        curve += effects.get(family, effects["all"]) * marks
    weight = demand["working_day_weight"]
    found = np.exp(curve) * (1 - weight + weight * working_days / 4.83)
    return found / found[(weeks.year == 2025)].mean()


def _feast_season(facts: dict[str, Any], weeks: pd.DatetimeIndex) -> np.ndarray:
    middle = weeks + pd.Timedelta(days=3)
    peaks = pd.DatetimeIndex([pd.Timestamp(f"{y}-{facts['peak']}") for y in middle.year])
    away = np.asarray((middle - peaks).days) / facts["spread_days"]
    return np.where((away < 1.0) & (away > -3.0), facts["times"] * np.exp(-0.5 * away**2), 0.0)


def _life(numbers: dict[str, Any], table: pd.DataFrame, weeks: pd.DatetimeIndex) -> np.ndarray:
    alive = np.ones((len(table), len(weeks)))
    ends = np.asarray(weeks)
    for pair in numbers["successors"]:
        start, stop = day(pair["start"]), day(pair["phase_out"])
        since = np.asarray((weeks - start).days) / 7
        ramp = np.where(since < 0, 0.0, np.minimum((since + 1) / 9, 1.0))
        last = np.asarray((weeks - start).days) / max((stop - start).days, 1)
        fade = np.where(ends > np.datetime64(stop), 0.0, np.clip(1 - np.maximum(last, 0) * 0.9, 0.1, 1.0))
        alive[(table["product"] == pair["successor"]).to_numpy()] = ramp
        alive[(table["product"] == pair["product"]).to_numpy()] = fade
    return alive


# ---------------------------------------------------------------- scatter
def noise(
    numbers: dict[str, Any], table: pd.DataFrame, weeks: pd.DatetimeIndex, seed: int
) -> tuple[np.ndarray, pd.DataFrame]:
    """The factor of chance of each series and week, mean one, and the list of outliers in it."""
    draw = stream(seed, "noise")
    shape = (len(table), len(weeks))
    sigma = table["noise_sigma"].to_numpy()[:, None]
    factor = np.exp(draw.normal(0, 1, shape) * sigma - sigma**2 / 2)
    factor *= _weather(numbers, table, weeks, draw)
    chance = table["chance"].to_numpy()[:, None]
    size = np.exp(draw.normal(0, 0.35, shape) - 0.35**2 / 2)
    bought = draw.uniform(0, 1, shape) < chance
    factor = np.where(table["is_intermittent"].to_numpy()[:, None], bought / chance * size, factor)
    outliers = _outliers(numbers, table, weeks, draw)
    for row in outliers.itertuples():
        factor[row.series, row.week] *= row.factor
    return np.round(factor, 3), outliers


def _weather(
    numbers: dict[str, Any], table: pd.DataFrame, weeks: pd.DatetimeIndex, draw: np.random.Generator
) -> np.ndarray:
    sigma, memory = numbers["demand"]["weather_sigma"], numbers["demand"]["weather_memory"]
    summer = 0.35 + 0.65 * np.clip(np.cos(2 * np.pi * (np.asarray(weeks.dayofyear) - 190) / YEAR), 0, 1)
    found = {}
    for region in sorted(table["region"].unique()):
        shocks = draw.normal(0, sigma * np.sqrt(1 - memory**2), len(weeks))
        path = np.zeros(len(weeks))
        for t in range(1, len(weeks)):
            path[t] = memory * path[t - 1] + shocks[t]
        found[region] = np.exp(path * summer - (sigma * summer) ** 2 / 2)
    return np.vstack([found[r] for r in table["region"]])


def _outliers(
    numbers: dict[str, Any], table: pd.DataFrame, weeks: pd.DatetimeIndex, draw: np.random.Generator
) -> pd.DataFrame:
    count = numbers["demand"]["outliers"]
    regular = np.flatnonzero(~table["is_intermittent"] & (table["base_qty"] > 50))
    history = int((weeks <= day(numbers["dates"]["as_of"])).sum())
    found = pd.DataFrame(
        {
            "series": draw.choice(regular, count, replace=False),
            "week": draw.integers(10, history - 6, count),
            "factor": np.where(draw.uniform(0, 1, count) < 0.8, draw.uniform(2.2, 4.0, count), 0.1).round(2),
        }
    )
    return found.sort_values(["series", "week"], ignore_index=True)
