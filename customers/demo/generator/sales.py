"""Sales as they were booked: cut by stock-outs, returned in part, priced, in pieces of weeks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from generator.activities import scope, span
from generator.numbers import day, month_of, stream

REPORTING = "EUR"


# ---------------------------------------------------------------- prices
def price(
    numbers: dict[str, Any],
    table: pd.DataFrame,
    plan: pd.DataFrame,
    cost: pd.DataFrame,
    extra_series: pd.DataFrame,
) -> pd.DataFrame:
    """The price lists: list dates for all, and the days on which a price change of its own begins or ends."""
    everywhere = pd.concat([table[["product", "market", "family"]], extra_series], ignore_index=True)
    everywhere["list"] = _list_of_2026(numbers, everywhere, cost)
    lists = pd.DataFrame(numbers["price_lists"])
    lists["valid_from"] = pd.to_datetime(lists["valid_from"].astype(str))
    rows = everywhere.merge(lists, how="cross")
    rows["price"] = rows["list"] * rows["index"]
    found = [rows[["product", "market", "valid_from", "price"]]]
    for change in plan[plan["kind"] == "price_change"].itertuples():
        touched = rows.iloc[scope(rows, change)]
        current = touched[touched["valid_from"] <= change.start_date].sort_values("valid_from")
        current = current.groupby(["product", "market"], as_index=False).last()
        found.append(
            current.assign(valid_from=change.start_date, price=current["price"] * (1 + change.effect))
        )
    table_of_prices = pd.concat(found, ignore_index=True)
    table_of_prices["price_per_unit"] = _rounded(numbers, table_of_prices)
    return table_of_prices[["product", "market", "valid_from", "price_per_unit"]]


def _list_of_2026(numbers: dict[str, Any], rows: pd.DataFrame, cost: pd.DataFrame) -> pd.Series:
    unit = rows["product"].map(cost.set_index("product")["standard_cost"])
    margin = rows["family"].map({f: x["margin"] for f, x in numbers["families"].items()})
    level = rows["market"].map({m: f["price"] for m, f in numbers["markets"].items()})
    return unit / (1 - margin) / (1 - 0.065) * level


def _rounded(numbers: dict[str, Any], rows: pd.DataFrame) -> pd.Series:
    krona = rows["market"].map({m: f["currency"] for m, f in numbers["markets"].items()}) == "SEK"
    euro = (rows["price"] / 0.05).round() * 0.05
    sek = (rows["price"] / numbers["krona"]["plan"] / 0.5).round() * 0.5
    return euro.where(~krona, sek).round(2)


def currency_rate(numbers: dict[str, Any], seed: int) -> pd.DataFrame:
    """Actual, plan and budget rates of the krona."""
    facts, as_of = numbers["krona"], day(numbers["dates"]["as_of"])
    months = pd.date_range("2022-01-01", as_of, freq="MS")
    wander = np.cumsum(stream(seed, "krona").normal(0, facts["sigma"], len(months)))
    wander -= np.linspace(wander[0], wander[-1], len(months))
    actual = np.linspace(facts["start"], facts["end"], len(months)) * np.exp(wander)
    ahead = pd.date_range(as_of + pd.Timedelta(days=1), "2027-12-01", freq="MS")
    parts = [
        pd.DataFrame({"rate_type": "actual", "period": months, "rate": actual.round(5)}),
        pd.DataFrame({"rate_type": "plan", "period": ahead, "rate": facts["plan"]}),
    ]
    parts += [
        pd.DataFrame({"rate_type": "budget", "period": _months_of(year), "rate": facts[f"budget_{year}"]})
        for year in (2025, 2026, 2027)
    ]
    return pd.concat(parts, ignore_index=True).assign(currency="SEK")


def _months_of(year: int) -> pd.DatetimeIndex:
    return pd.date_range(f"{year}-01-01", periods=12, freq="MS")


def price_by_series(prices: pd.DataFrame, table: pd.DataFrame, dates: pd.DatetimeIndex) -> np.ndarray:
    """The list price of each series (rows) on each date (columns), in the currency of the market."""
    position = pd.Series(range(len(table)), index=pd.MultiIndex.from_frame(table[["product", "market"]]))
    ordered = prices.sort_values("valid_from")
    at = position.reindex(pd.MultiIndex.from_frame(ordered[["product", "market"]])).to_numpy()
    found = np.zeros((len(table), len(dates)))
    for i, first, amount in zip(at, ordered["valid_from"], ordered["price_per_unit"], strict=True):
        if not np.isnan(i):
            found[int(i), dates.searchsorted(first) :] = amount
    return found


def rebate_by_series(rebates: pd.DataFrame, table: pd.DataFrame) -> np.ndarray:
    """The rebate of each series: the family's own where it has one, else the market's."""
    own = table.merge(rebates, on=["market", "family"], how="left", validate="many_to_one")["rebate_rate"]
    general = table["market"].map(rebates[rebates["family"] == "*"].set_index("market")["rebate_rate"])
    return own.fillna(general).to_numpy()


def rate_by_series(
    rates: pd.DataFrame, table: pd.DataFrame, markets: pd.DataFrame, months: pd.DatetimeIndex, rate_type: str
) -> np.ndarray:
    """The exchange rate of each series (rows) in each month (columns)."""
    krona = rates[rates["rate_type"] == rate_type].set_index("period")["rate"].reindex(months).to_numpy()
    is_krona = table["market"].map(markets.set_index("market")["currency"]).to_numpy() != REPORTING
    return np.where(is_krona[:, None], krona[None, :], 1.0)


def promotion_price(table: pd.DataFrame, plan: pd.DataFrame, weeks: pd.DatetimeIndex) -> np.ndarray:
    """The factor of promotions on the invoiced price by series and week."""
    found = np.ones((len(table), len(weeks)))
    for row in plan[(plan["kind"] == "promotion") & (plan["effect_type"] == "price")].itertuples():
        found[np.ix_(scope(table, row), span(weeks, row))] *= 1 + row.effect
    return found


# ---------------------------------------------------------------- stock-outs
def stock_out(
    numbers: dict[str, Any],
    table: pd.DataFrame,
    pieces: pd.DataFrame,
    weeks: pd.DatetimeIndex,
    demand: np.ndarray,
    seed: int,
) -> pd.DataFrame:
    """Spells in which a product was not to be had at a location: whole weeks of one month, more in summer."""
    draw = stream(seed, "stock_out")
    whole = pieces.groupby("week")["share"].size()
    as_of = day(numbers["dates"]["as_of"])
    open_weeks = [
        int(w) for w in whole[whole == 1].index if w > 8 and weeks[w] + pd.Timedelta(days=6) < as_of
    ]
    weight = np.array([2.2 if weeks[w].month in (5, 6, 7) else 1.0 for w in open_weeks])
    pairs = table[["product", "location"]].drop_duplicates().reset_index(drop=True)
    rows: dict[tuple[str, str, int], float] = {}
    for _ in range(numbers["demand"]["stock_out_spells"]):
        pair = pairs.iloc[draw.integers(len(pairs))]
        week = int(draw.choice(open_weeks, p=weight / weight.sum()))
        touched = (table["product"] == pair["product"]) & (table["location"] == pair["location"])
        for step in range(int(draw.choice([1, 2, 3], p=[0.55, 0.3, 0.15]))):
            days = int(draw.integers(2, 8))
            if week + step in open_weeks and demand[touched.to_numpy(), week + step].sum() > 0:
                rows[(pair["product"], pair["location"], week + step)] = days
    return pd.DataFrame(
        [
            {"product": p, "location": c, "date": weeks[w], "week": w, "out_of_stock_days": d}
            for (p, c, w), d in rows.items()
        ]
    )


def availability(table: pd.DataFrame, outs: pd.DataFrame, shape: tuple[int, int]) -> np.ndarray:
    """The share of each week in which each series could be sold."""
    found = np.ones(shape)
    for row in outs.itertuples():
        touched = (table["product"] == row.product) & (table["location"] == row.location)
        found[touched.to_numpy(), row.week] = 1 - row.out_of_stock_days / 7
    return found


# ---------------------------------------------------------------- history
def sales_history(
    numbers: dict[str, Any],
    table: pd.DataFrame,
    pieces: pd.DataFrame,
    sold: np.ndarray,
    list_price: np.ndarray,
    discount: np.ndarray,
    rates: np.ndarray,
    seed: int,
) -> pd.DataFrame:
    """One row per series and piece of a week with sales; prices, rates and discounts are by piece."""
    draw = stream(seed, "returns")
    qty = _split(sold, pieces)
    returned = _returns(numbers, table, qty, draw)
    value = np.round((qty - returned) * list_price * discount * rates, 2)
    at, piece = np.nonzero(qty)
    return pd.DataFrame(
        {
            "product": table["product"].to_numpy()[at],
            "market": table["market"].to_numpy()[at],
            "date": pieces["date"].to_numpy()[piece],
            "sold_qty": qty[at, piece],
            "returned_qty": returned[at, piece],
            "net_sales_value": value[at, piece],
        }
    )


def _split(sold: np.ndarray, pieces: pd.DataFrame) -> np.ndarray:
    whole = sold[:, pieces["week"].to_numpy()]
    first = ~pieces["week"].duplicated().to_numpy()
    qty = np.where(first[None, :], np.round(whole * pieces["share"].to_numpy()[None, :]), 0.0)
    second = np.flatnonzero(~first)
    qty[:, second] = whole[:, second] - qty[:, second - 1]
    return qty.astype(np.int64)


def _returns(
    numbers: dict[str, Any], table: pd.DataFrame, qty: np.ndarray, draw: np.random.Generator
) -> np.ndarray:
    some = draw.uniform(0, 1, qty.shape) < numbers["demand"]["returns_share"]
    some &= (table["channel"] != "horeca").to_numpy()[:, None]
    return np.where(some, np.round(qty * draw.uniform(0.005, 0.06, qty.shape)), 0).astype(np.int64)


# ---------------------------------------------------------------- orders
def delivery(numbers: dict[str, Any], history: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Order lines of the last twelve months with requested, promised and delivered dates."""
    draw = stream(seed, "delivery")
    as_of = day(numbers["dates"]["as_of"])
    recent = history[
        (history["date"] > as_of - pd.DateOffset(years=1)) & (history["sold_qty"] > 3)
    ].reset_index(drop=True)
    wanted = numbers["deliveries"]["lines"]
    rows = recent.iloc[np.sort(draw.choice(len(recent), wanted, replace=False))].reset_index(drop=True)
    requested = rows["date"] + pd.to_timedelta(draw.integers(0, 3, wanted), unit="D")
    promised = requested + pd.to_timedelta((draw.uniform(0, 1, wanted) < 0.05).astype(int), unit="D")
    late = draw.uniform(0, 1, wanted) < numbers["deliveries"]["late"]
    delivered = promised + pd.to_timedelta(np.where(late, draw.integers(1, 6, wanted), 0), unit="D")
    ordered = np.maximum(np.round(rows["sold_qty"] * draw.uniform(0.15, 0.6, wanted)), 1)
    short = draw.uniform(0, 1, wanted) < numbers["deliveries"]["short"]
    found = pd.DataFrame(
        {
            "product": rows["product"],
            "market": rows["market"],
            "requested_date": requested,
            "promised_date": promised,
            "delivered_date": delivered,
            "ordered_qty": ordered,
            "delivered_qty": np.where(short, np.floor(ordered * draw.uniform(0.4, 0.95, wanted)), ordered),
        }
    )
    found = found[found["delivered_date"] <= as_of].sort_values(
        ["requested_date", "product", "market"], ignore_index=True
    )
    found["order_line"] = [f"SO{500000 + n // 3}-{n % 3 + 1}" for n in range(len(found))]
    return found


def open_order(
    numbers: dict[str, Any], table: pd.DataFrame, weeks: pd.DatetimeIndex, expected: np.ndarray, seed: int
) -> pd.DataFrame:
    """Customer orders not yet delivered at the as-of of this and the past cycles; a few are overdue."""
    draw = stream(seed, "open_order")
    parts = []
    for n, snapshot in enumerate(snapshots(numbers)):
        at = int(weeks.searchsorted(snapshot, side="right"))
        weekly = expected[:, at]
        rows = np.flatnonzero((weekly > 5) & (draw.uniform(0, 1, len(table)) < 0.55))
        days = np.where(
            draw.uniform(0, 1, len(rows)) < 0.05,
            -draw.integers(1, 5, len(rows)),
            draw.integers(2, 13, len(rows)),
        )
        due = snapshot + pd.to_timedelta(days, unit="D")
        due = due + pd.to_timedelta(
            np.where(due.dayofweek == 6, 1, np.where(due.dayofweek == 5, 2, 0)), unit="D"
        )
        parts.append(
            pd.DataFrame(
                {
                    "snapshot_date": snapshot,
                    "order_line": [f"SO{900000 + n * 1000 + i}-1" for i in range(len(rows))],
                    "product": table["product"].to_numpy()[rows],
                    "market": table["market"].to_numpy()[rows],
                    "due_date": due,
                    "open_qty": np.maximum(np.round(weekly[rows] * draw.uniform(0.1, 0.45, len(rows))), 1),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def snapshots(numbers: dict[str, Any]) -> list[pd.Timestamp]:
    """The as-of dates of the past cycles and of this one."""
    return [day(d) for d in numbers["dates"]["past_cycles"]] + [day(numbers["dates"]["as_of"])]


def month_sales(history: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Net quantity and value by month and the columns asked for."""
    rows = history.assign(
        period=month_of(history["date"]), net_qty=history["sold_qty"] - history["returned_qty"]
    )
    return rows.groupby([*by, "period"], as_index=False)[["sold_qty", "net_qty", "net_sales_value"]].sum()
