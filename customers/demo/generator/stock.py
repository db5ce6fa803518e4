"""Stock, making and buying of the past, month by month, so that quantities roll forward without a gap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from generator.numbers import day, stream
from generator.sales import snapshots
from generator.weeks import is_working

NEVER = pd.Timestamp("2199-12-31")
FORWARD_WEEKS = 5


def month_ends(numbers: dict[str, Any]) -> pd.DatetimeIndex:
    """The month ends from the opening of the ledger to the as-of."""
    first = day(numbers["dates"]["ledger_from"]) - pd.Timedelta(days=1)
    return pd.date_range(first, day(numbers["dates"]["as_of"]), freq="ME")


def forward_weekly(
    expected: np.ndarray, weeks: pd.DatetimeIndex, ends: pd.DatetimeIndex, skip: int = 0
) -> np.ndarray:
    """Expected weekly quantity after each month end: series by month end."""
    at = weeks.searchsorted(ends, side="right") + skip
    return np.stack([expected[:, a : a + FORWARD_WEEKS].mean(axis=1) for a in at], axis=1)


def by_product(table: pd.DataFrame, values: np.ndarray, products: pd.Index) -> np.ndarray:
    """Values of series summed to products, in the order given."""
    return (
        pd.DataFrame(values)
        .groupby(table["product"].to_numpy())
        .sum()
        .reindex(products, fill_value=0)
        .to_numpy()
    )


# ---------------------------------------------------------------- finished products
def finished_stock(
    numbers: dict[str, Any],
    products: pd.Index,
    ahead: np.ndarray,
    sold: np.ndarray,
    base: pd.Series,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Stock at each month end and quantity made in each month, by product.

    ahead: weekly quantity expected after each month end; sold: net quantity of each month; base: usual
    weekly quantity.
    """
    draw = stream(seed, "stock")
    ends = month_ends(numbers)
    cover = np.array([numbers["stock"]["cover_weeks"][m] for m in ends.month])
    spread = numbers["stock"]["spread"]
    wanted = (
        ahead
        * cover
        * np.exp(draw.normal(0, spread, ahead.shape) + draw.normal(0, spread, (len(products), 1)))
    )
    for product_code, factor in numbers["stock"]["excess"].items():
        wanted[products == product_code, -7:] *= factor
    for pair in numbers["successors"]:
        gone = ends >= day(pair["phase_out"])
        left = numbers["stock"]["obsolete_weeks"] * base[pair["product"]] * 0.5
        wanted[np.ix_(products == pair["product"], gone)] = left
    stock = np.round(wanted)
    made = np.zeros_like(sold)
    for t in range(1, len(ends)):
        need = sold[:, t - 1] + stock[:, t] - stock[:, t - 1]
        stock[:, t] += np.maximum(-need, 0)
        made[:, t - 1] = np.maximum(need, 0)
    return stock, made


def spread_to_locations(
    numbers: dict[str, Any],
    table: pd.DataFrame,
    products: pd.Index,
    stock: np.ndarray,
    ahead_series: np.ndarray,
    made_at: pd.Series,
    at: int,
) -> pd.DataFrame:
    """Finished stock of a month end by product and location: part at the plant, the rest by coming demand."""
    weekly = pd.DataFrame(
        {"product": table["product"], "location": table["location"], "ahead": ahead_series[:, at] + 1e-6}
    )
    weekly = weekly.groupby(["product", "location"], as_index=False)["ahead"].sum()
    weekly["total"] = weekly["product"].map(dict(zip(products, stock[:, at], strict=True)))
    weekly["share"] = weekly["ahead"] / weekly.groupby("product")["ahead"].transform("sum")
    weekly["qty"] = np.floor(weekly["total"] * (1 - numbers["stock"]["at_plant"]) * weekly["share"])
    rest = weekly.groupby("product").agg(total=("total", "first"), kept=("qty", "sum"))
    plant = pd.DataFrame(
        {
            "product": rest.index,
            "location": made_at.reindex(rest.index).to_numpy(),
            "qty": (rest["total"] - rest["kept"]).to_numpy(),
        }
    )
    found = pd.concat([weekly[["product", "location", "qty"]], plant], ignore_index=True)
    return found[found["qty"] > 0].sort_values(["product", "location"], ignore_index=True)


# ---------------------------------------------------------------- syrups and components
def usage(bom: pd.DataFrame, routes: pd.DataFrame, products: pd.Index, parts: pd.Index) -> np.ndarray:
    """Components (columns) in one good unit of each product (rows), one level down, with scrap and yield."""
    main = bom[bom["recipe"] == "main"]
    good = routes[routes["recipe"] == "main"].set_index("product")["yield_rate"]
    used = main["qty_per_unit"] / (1 - main["scrap_rate"]) / main["product"].map(good)
    wide = used.groupby([main["product"], main["component"]]).sum().unstack(fill_value=0.0)
    return wide.reindex(index=products, columns=parts, fill_value=0.0).to_numpy()


def roll_down(wanted: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Stock at month ends and quantity got in months, so that use is covered and nothing is negative."""
    stock = np.round(wanted)
    got = np.zeros_like(used)
    for t in range(1, stock.shape[1]):
        need = used[:, t - 1] + stock[:, t] - stock[:, t - 1]
        more = np.ceil(np.maximum(-need, 0))
        stock[:, t] += more
        got[:, t - 1] = need + more
    return stock, got


# ---------------------------------------------------------------- snapshots
def with_expiry(numbers: dict[str, Any], rows: pd.DataFrame, life: pd.Series, seed: int) -> pd.DataFrame:
    """Stock by expiry: what may spoil lies in two or three lots of different age."""
    draw = stream(seed, "expiry")
    kept = rows[rows["product"].map(life).isna()].assign(expiry_date=NEVER)
    spoils = rows[rows["product"].map(life).notna()].reset_index(drop=True)
    days = spoils["product"].map(life).to_numpy(dtype=int)
    old = np.isin(
        spoils["product"], [s["product"] for s in numbers["successors"]] + list(numbers["stock"]["excess"])
    )
    first = np.floor(spoils["qty"] * draw.uniform(0.3, 0.6, len(spoils)))
    parts = []
    for qty, fresh, stale in ((first, 0.02, 0.30), (spoils["qty"] - first, 0.12, 0.75)):
        age = np.where(old, stale, fresh) * days * draw.uniform(0.8, 1.25, len(spoils))
        age = np.minimum(np.round(age), days - 3)
        expiry = spoils["snapshot_date"] + pd.to_timedelta(days - age, unit="D")
        parts.append(spoils.assign(qty=qty, expiry_date=expiry))
    found = pd.concat([kept, *parts], ignore_index=True)
    found = found.groupby(["snapshot_date", "product", "location", "expiry_date"], as_index=False)[
        "qty"
    ].sum()
    return found[found["qty"] > 0].rename(columns={"qty": "on_hand_qty"})


def split_by_share(total: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Quantities of products split to locations by share, whole units, the largest place takes the rest."""
    rows = total.merge(shares, on="product", validate="one_to_many")
    rows["part"] = np.floor(rows["qty"] * rows["share"])
    rows["rank"] = rows.groupby("product")["share"].rank(method="first", ascending=False)
    missing = rows["qty"] - rows.groupby("product")["part"].transform("sum")
    rows["qty"] = rows["part"] + np.where(rows["rank"] == 1, missing, 0)
    return rows.loc[rows["qty"] > 0, ["product", "location", "qty"]]


def scheduled_receipt(
    numbers: dict[str, Any], finished_rows: pd.DataFrame, bought_rows: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """What is on its way at each snapshot: making of the next days, transfers, purchase orders.

    finished_rows: snapshot_date, product, location (plant), weekly, lot, to_location; bought_rows:
    snapshot_date, product, location, weekly, lead_time_days, least.
    """
    draw = stream(seed, "receipts")
    made = (
        finished_rows[finished_rows["weekly"] > 0]
        .drop_duplicates(["snapshot_date", "product"])
        .reset_index(drop=True)
    )
    soon = made["snapshot_date"] + pd.to_timedelta(draw.integers(2, 8, len(made)), unit="D")
    lots = np.maximum(np.round(made["weekly"] * 0.8 / made["lot"]), 0) * made["lot"]
    production = made.assign(due_date=soon, receipt_type="production", receipt_qty=lots)
    moved = finished_rows[finished_rows["weekly"] > 0].reset_index(drop=True)
    some = draw.uniform(0, 1, len(moved)) < 0.5
    arrive = moved["snapshot_date"] + pd.to_timedelta(draw.integers(2, 4, len(moved)), unit="D")
    transfer = moved.assign(
        location=moved["to_location"],
        due_date=arrive,
        receipt_type="transfer",
        receipt_qty=np.round(moved["weekly_there"] * 0.25),
    )[some]
    found = pd.concat([production, transfer, _purchase_orders(bought_rows, draw)], ignore_index=True)
    found["due_date"] = _next_working_day(found["due_date"])
    found = found[found["receipt_qty"] > 0]
    key = ["snapshot_date", "product", "location", "due_date", "receipt_type"]
    return found.groupby(key, as_index=False)["receipt_qty"].sum()


def _purchase_orders(rows: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    parts = []
    for row in rows.itertuples():
        weeks_out = max(int(np.ceil(row.lead_time_days / 7)), 1)
        per_order = max(row.weekly, row.least)
        every = max(round(per_order / max(row.weekly, 1e-9)), 1)
        offset = int(draw.integers(0, min(every, weeks_out)))
        for week in range(offset, weeks_out, every):
            due = row.snapshot_date + pd.Timedelta(days=7 * week + int(draw.integers(2, 7)))
            parts.append(
                {
                    "snapshot_date": row.snapshot_date,
                    "product": row.product,
                    "location": row.location,
                    "due_date": due,
                    "receipt_type": "purchase",
                    "receipt_qty": np.ceil(per_order),
                }
            )
    return pd.DataFrame(parts)


def _next_working_day(dates: pd.Series) -> pd.Series:
    days = pd.date_range(dates.min(), dates.max() + pd.Timedelta(days=14))
    working = pd.Series(np.where(is_working(days), days, np.datetime64("NaT")), index=days).bfill()
    return dates.map(working)


# ---------------------------------------------------------------- history of making and buying
def production_history(
    numbers: dict[str, Any],
    goods: pd.DataFrame,
    made: np.ndarray,
    products: pd.Index,
    ways: pd.DataFrame,
    syrups: pd.Index,
    syrup_made: np.ndarray,
) -> pd.DataFrame:
    """Quantities made by product, location and month; in summer a part runs on the alternative line."""
    months = month_ends(numbers)[1:].to_period("M").to_timestamp()
    home = goods.set_index("product")["location"]
    other = ways[(ways["recipe"] != "main")].drop_duplicates("product").set_index("product")["location"]
    summer = np.isin(months.month, [5, 6, 7, 8])
    rows = []
    for i, code in enumerate(products):
        away = (
            np.floor(made[i] * numbers["stock"]["alternative_share"] * summer)
            if code in other.index
            else np.zeros(len(months))
        )
        rows.append(
            pd.DataFrame(
                {"product": code, "location": home[code], "period": months, "made_qty": made[i] - away}
            )
        )
        if away.any():
            rows.append(
                pd.DataFrame({"product": code, "location": other[code], "period": months, "made_qty": away})
            )
    rows += [
        pd.DataFrame({"product": s, "location": "lahti", "period": months, "made_qty": syrup_made[i].round()})
        for i, s in enumerate(syrups)
    ]
    found = pd.concat(rows, ignore_index=True)
    found = found[(found["made_qty"] > 0) & (found["period"] >= day(numbers["dates"]["operations_from"]))]
    return found.groupby(["product", "location", "period"], as_index=False)["made_qty"].sum()


def resource_history(history: pd.DataFrame, routes: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Booked hours: those of the recipes, and a few per cent lost to stops."""
    draw = stream(seed, "hours")
    rows = history.merge(
        routes.drop_duplicates(["product", "location"]), on=["product", "location"], validate="many_to_one"
    )
    hours = (
        rows["made_qty"]
        * (rows["run_hours_per_unit"] + rows["setup_hours_per_lot"] / rows["lot_qty"])
        / rows["yield_rate"]
    )
    found = (
        rows.assign(booked_hours=hours).groupby(["resource", "period"], as_index=False)["booked_hours"].sum()
    )
    found["booked_hours"] = (found["booked_hours"] * draw.uniform(1.01, 1.05, len(found))).round(1)
    return found


def purchase_receipt(numbers: dict[str, Any], parts: pd.Index, bought: np.ndarray, seed: int) -> pd.DataFrame:
    """Received order lines: the month's purchases in one to four deliveries, some of them late."""
    draw = stream(seed, "purchase_receipt")
    months = month_ends(numbers)[1:].to_period("M").to_timestamp()
    rows: list[dict[str, Any]] = []
    for i, component in enumerate(parts):
        facts = numbers["components"][component]
        for t, month in enumerate(months):
            if month < day(numbers["dates"]["operations_from"]) or bought[i, t] < 1:
                continue
            count = int(np.clip(np.floor(bought[i, t] / facts["least"]), 1, 4))
            days = np.sort(draw.choice(np.arange(1, 27), count, replace=False))
            for n, qty in enumerate(_in_whole_parts(bought[i, t], count)):
                received = month + pd.Timedelta(days=int(days[n]))
                late = int(np.round(draw.normal(0.4, 0.6) * facts["spread"]))
                rows.append(
                    {
                        "product": component,
                        "supplier": facts["supplier"],
                        "received_date": received,
                        "promised_date": received - pd.Timedelta(days=max(late, -2)),
                        "received_qty": qty,
                    }
                )
    found = pd.DataFrame(rows).sort_values(["received_date", "product"], ignore_index=True)
    found["order_line"] = [f"PO{300000 + n}-1" for n in range(len(found))]
    return found


def _in_whole_parts(total: float, count: int) -> list[float]:
    each = np.floor(total / count)
    return [each] * (count - 1) + [float(np.round(total - each * (count - 1)))]


def stock_dates(numbers: dict[str, Any]) -> dict[pd.Timestamp, int]:
    """The position of each snapshot among the month ends."""
    ends = list(month_ends(numbers))
    return {s: ends.index(s) for s in snapshots(numbers)}
