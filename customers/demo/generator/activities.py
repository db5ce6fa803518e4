"""Activities as people entered them, and what they truly do to demand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from generator.numbers import day, read_yaml, stream

FAR_MARKETS = ["fi_south_grocery", "fi_north_grocery", "se_grocery", "ee_grocery", "fi_south_online"]
OWNERS = {
    "fi_south": "anna.virtanen",
    "fi_north": "anna.virtanen",
    "se": "erik.lindqvist",
    "ee": "anna.virtanen",
}


# ---------------------------------------------------------------- elasticities
def elasticity(
    numbers: dict[str, Any], table: pd.DataFrame, weeks: pd.DatetimeIndex, variant: str, seed: int
) -> np.ndarray:
    """The true price elasticity of each series and week; only the drifting variant changes over time."""
    draw = stream(seed, "elasticity")
    spread = numbers["demand"]["elasticity_spread"]
    by_product = {p: draw.normal(0, spread) for p in sorted(table["product"].unique())}
    mean = table["family"].map({f: x["elasticity"] for f, x in numbers["families"].items()})
    found = np.minimum(mean + table["product"].map(by_product), -0.6).round(2).to_numpy()
    drift = np.ones(len(weeks))
    if variant == "drifting":
        drift = np.clip(np.linspace(0.65, 1.35 + 0.35, len(weeks)), 0.65, 1.35)
    return found[:, None] * drift[None, :]


# ---------------------------------------------------------------- what people entered
def plan_activities(
    numbers: dict[str, Any], table: pd.DataFrame, weeks: pd.DatetimeIndex, seed: int
) -> pd.DataFrame:
    """All activities, past and future, with their true uplift beside what was planned."""
    draw = stream(seed, "activities")
    as_of = day(numbers["dates"]["as_of"])
    past = [i for i, w in enumerate(weeks) if w <= as_of][6:-3]
    ahead = [i for i, w in enumerate(weeks) if as_of < w <= as_of + pd.Timedelta(days=420)][2:]
    counts = numbers["activities"]
    taken: set[tuple[str, str, int]] = set()
    rows: list[dict[str, Any]] = []
    for span, tense in ((past, "past"), (ahead, "future")):
        rows += _campaigns(numbers, weeks, span, counts[f"{tense}_campaigns"], draw)
        rows += _promotions(
            numbers, table, weeks, span, counts[f"{tense}_price_family"], "family", draw, taken
        )
        rows += _promotions(numbers, table, weeks, span, counts[f"{tense}_price"], "price", draw, taken)
        rows += _promotions(numbers, table, weeks, span, counts[f"{tense}_feature"], "percent", draw, taken)
    rows += _named(as_of)
    found = pd.DataFrame(rows)
    found["entered_at"] = found["entered_at"].fillna(_entered(found["start_date"], as_of, draw))
    found = found.sort_values(["start_date", "kind", "family", "product", "market"], ignore_index=True)
    found["activity"] = [f"A{n:04d}" for n in range(1, len(found) + 1)]
    return found


def _entered(start: pd.Series, as_of: pd.Timestamp, draw: np.random.Generator) -> pd.Series:
    early = start - pd.to_timedelta(draw.integers(50, 110, len(start)), unit="D")
    known = early.where(early <= as_of, as_of - pd.to_timedelta(draw.integers(2, 25, len(start)), unit="D"))
    return known + pd.Timedelta(hours=10)


def _row(weeks: pd.DatetimeIndex, start: int, length: int, **facts: Any) -> dict[str, Any]:
    row = {
        "family": "*",
        "product": "*",
        "market": "*",
        "after_effect_rate": 0.0,
        "probability": 1.0,
        "inclusion": "expected",
        "start_date": weeks[start],
        "end_date": weeks[start] + pd.Timedelta(days=7 * length - 1),
        "entered_at": pd.NaT,
    }
    return row | facts


def _promotions(
    numbers: dict[str, Any],
    table: pd.DataFrame,
    weeks: pd.DatetimeIndex,
    span: list[int],
    count: int,
    how: str,
    draw: np.random.Generator,
    taken: set[tuple[str, str, int]],
) -> list[dict[str, Any]]:
    pool = table[table["market"].isin(FAR_MARKETS) & ~table["is_intermittent"] & (table["base_qty"] > 150)]
    pool = pool[~pool["product"].isin(numbers["seasonal"])]
    pool = pool[
        ~pool["product"].isin(
            [s["product"] for s in numbers["successors"]] + [s["successor"] for s in numbers["successors"]]
        )
    ]
    appeal = pool["base_qty"].to_numpy() ** 0.8
    chance = appeal / appeal.sum()
    rows: list[dict[str, Any]] = []
    while len(rows) < count:
        pick = pool.iloc[draw.choice(len(pool), p=chance)]
        start, length = int(draw.choice(span)), int(draw.choice([1, 2, 3], p=[0.1, 0.55, 0.35]))
        products = (
            pool["product"][(pool["family"] == pick["family"]) & (pool["market"] == pick["market"])]
            if how == "family"
            else [pick["product"]]
        )
        cells = {(p, pick["market"], w) for p in products for w in range(start - 3, start + 2 * length + 1)}
        if cells & taken:
            continue
        taken |= cells
        rows.append(_promotion(numbers, weeks, pick, start, length, how, draw))
    return rows


def _promotion(
    numbers: dict[str, Any],
    weeks: pd.DatetimeIndex,
    pick: pd.Series,
    start: int,
    length: int,
    how: str,
    draw: np.random.Generator,
) -> dict[str, Any]:
    scope = {
        "family": pick["family"],
        "product": "*" if how == "family" else pick["product"],
        "market": pick["market"],
    }
    facts = {"kind": "promotion", "owner": OWNERS[pick["market"].rsplit("_", 1)[0]], **scope}
    after = numbers["demand"]["after_effect_rate"]
    name = f"{pick['family']} range" if how == "family" else pick["product"].replace("_", " ")
    cost = float(np.round(draw.uniform(1.5, 9.0) * (2.2 if how == "family" else 1.0), 1) * 1000)
    if how == "percent":
        true = float(draw.uniform(*numbers["activities"]["feature_uplift"]))
        planned = round(true * float(np.exp(draw.normal(0.08, 0.22))) * 20) / 20
        facts |= {
            "description": f"Feature and display, {name}",
            "effect_type": "percent",
            "effect": max(planned, 0.05),
            "true_uplift": round(true, 4),
            "after_effect_rate": 0.1,
        }
    else:
        cut = float(draw.choice(numbers["activities"]["price_cuts"], p=[0.2, 0.25, 0.3, 0.15, 0.1]))
        facts |= {
            "description": f"Price cut {abs(cut):.0%}, {name}",
            "effect_type": "price",
            "effect": cut,
            "after_effect_rate": after,
        }
    return _row(weeks, start, length, cost_value=cost, **facts)


def _campaigns(
    numbers: dict[str, Any], weeks: pd.DatetimeIndex, span: list[int], count: int, draw: np.random.Generator
) -> list[dict[str, Any]]:
    summer = [w for w in span if weeks[w].month in (4, 5, 6, 7, 11)]
    families = ["cola", "lemonade", "energy", "water"]
    rows = []
    for n in range(count):
        true = float(draw.uniform(0.04, 0.10))
        rows.append(
            _row(
                weeks,
                int(draw.choice(summer)),
                4,
                kind="campaign",
                family=families[n % 4],
                description=f"Media campaign, {families[n % 4]}",
                effect_type="percent",
                effect=round(true * 1.15, 2),
                true_uplift=round(true, 4),
                owner="mikko.salo",
                cost_value=float(np.round(draw.uniform(40, 90)) * 1000),
            )
        )
    return rows


def _named(as_of: pd.Timestamp) -> list[dict[str, Any]]:
    rows = []
    for facts in read_yaml("people.yaml")["activities"]:
        row = {
            "family": "*",
            "product": "*",
            "market": "*",
            "after_effect_rate": 0.0,
            "probability": 1.0,
            "inclusion": "expected",
            "cost_value": 0.0,
        } | facts
        row |= {k: day(row[k]) for k in ("start_date", "end_date", "entered_at")}
        row.setdefault("true_uplift", row["effect"] if row["effect_type"] == "percent" else np.nan)
        rows.append(row)
    return rows


# ---------------------------------------------------------------- what they truly do
def true_effects(
    numbers: dict[str, Any],
    table: pd.DataFrame,
    plan: pd.DataFrame,
    weeks: pd.DatetimeIndex,
    base: np.ndarray,
    elastic: np.ndarray,
    variant: str,
) -> tuple[np.ndarray, pd.DataFrame]:
    """The joint factor of all activities by series and week, and each one's part: own, cross, after."""
    parts = [
        p
        for row in plan.itertuples()
        for p in _effects_of(numbers, table, row, weeks, base, elastic, variant)
    ]
    found = pd.DataFrame(parts, columns=["activity", "series", "week", "role", "factor"])
    found["factor"] = found["factor"].round(4)
    found = found[found["factor"] != 1.0].reset_index(drop=True)
    joint = np.ones(base.shape)
    if variant == "additive":
        np.add.at(joint, (found["series"], found["week"]), found["factor"] - 1)
    else:
        np.multiply.at(joint, (found["series"], found["week"]), found["factor"])
    return np.round(np.maximum(joint, 0.1), 4), found


def scope(table: pd.DataFrame, row: Any) -> np.ndarray:
    """The positions of the series an activity touches."""
    mask = np.ones(len(table), dtype=bool)
    for column in ("family", "product", "market"):
        wanted = getattr(row, column)
        if wanted != "*":
            mask &= table[column].to_numpy() == wanted
    return np.flatnonzero(mask)


def span(weeks: pd.DatetimeIndex, row: Any) -> np.ndarray:
    """The positions of the weeks whose Monday lies in an activity."""
    return np.flatnonzero((weeks >= row.start_date) & (weeks <= row.end_date))


def _effects_of(
    numbers: dict[str, Any],
    table: pd.DataFrame,
    row: Any,
    weeks: pd.DatetimeIndex,
    base: np.ndarray,
    elastic: np.ndarray,
    variant: str,
) -> list[tuple[str, int, int, str, float]]:
    series_at, weeks_at = scope(table, row), span(weeks, row)
    if not len(series_at) or not len(weeks_at):
        return []
    block = np.ix_(series_at, weeks_at)
    extra = _own_extra(row, base[block], elastic[block], base[series_at].mean(axis=1, keepdims=True), variant)
    found = _as_factors(row.activity, "own", series_at, weeks_at, extra, base)
    if row.kind == "promotion":
        found += _cross(numbers, table, row, series_at, weeks_at, extra, base)
        found += _after(row, series_at, weeks_at, extra, base)
    return found


def _own_extra(
    row: Any, base: np.ndarray, elastic: np.ndarray, level: np.ndarray, variant: str
) -> np.ndarray:
    if row.effect_type == "quantity":
        weight = base / base.sum() if base.sum() > 0 else np.full(base.shape, 1 / base.size)
        return row.effect * weight
    uplift = (
        (1 + row.effect) ** elastic - 1
        if row.effect_type == "price"
        else np.full(base.shape, row.true_uplift)
    )
    if variant == "additive" and uplift.mean() > 0:
        return uplift * np.where(base > 0, level, 0.0)
    return uplift * base


def _as_factors(
    code: str, role: str, series_at: np.ndarray, weeks_at: np.ndarray, extra: np.ndarray, base: np.ndarray
) -> list[tuple[str, int, int, str, float]]:
    found = []
    for i, s in enumerate(series_at):
        for j, w in enumerate(weeks_at):
            if base[s, w] > 0:
                found.append((code, int(s), int(w), role, 1 + extra[i, j] / base[s, w]))
    return found


def _cross(
    numbers: dict[str, Any],
    table: pd.DataFrame,
    row: Any,
    series_at: np.ndarray,
    weeks_at: np.ndarray,
    extra: np.ndarray,
    base: np.ndarray,
) -> list[tuple[str, int, int, str, float]]:
    family, is_rare = table["family"].to_numpy(), table["is_intermittent"].to_numpy()
    same = (family == family[series_at[0]]) & (table["market"].to_numpy() == row.market) & ~is_rare
    sisters = np.setdiff1d(np.flatnonzero(same), series_at)
    if not len(sisters):
        return []
    volume = base[np.ix_(sisters, weeks_at)]
    lost = numbers["demand"]["cannibalisation_rate"] * extra.sum(axis=0) / np.maximum(volume.sum(axis=0), 1)
    return _as_factors(row.activity, "cross", sisters, weeks_at, -volume * np.minimum(lost, 0.2), base)


def _after(
    row: Any, series_at: np.ndarray, weeks_at: np.ndarray, extra: np.ndarray, base: np.ndarray
) -> list[tuple[str, int, int, str, float]]:
    later = weeks_at + len(weeks_at)
    later = later[later < base.shape[1]]
    if row.after_effect_rate == 0 or not len(later):
        return []
    volume = base[np.ix_(series_at, later)]
    share = (
        row.after_effect_rate
        * extra.sum(axis=1, keepdims=True)
        / np.maximum(volume.sum(axis=1, keepdims=True), 1)
    )
    return _as_factors(row.activity, "after", series_at, later, -volume * np.minimum(share, 0.6), base)
