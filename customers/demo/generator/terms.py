"""What Kuura can make and buy, at which terms: capacity, suppliers, rebates, days of payment."""

from __future__ import annotations

from typing import Any

import pandas as pd

from generator.catalogue import EVER
from generator.numbers import day


# ---------------------------------------------------------------- capacity
def resource(numbers: dict[str, Any]) -> pd.DataFrame:
    """Lines and the syrup room."""
    return pd.DataFrame(
        [
            {
                "resource": r,
                "description": f["name"],
                "location": f["location"],
                "hours_per_day": f["hours"],
                "days_basis": "working",
                "overtime_hours_per_day": f["overtime"],
                "overtime_cost_per_hour": f["overtime_cost"],
                "take_or_pay_hours_per_month": f.get("take_or_pay", 0),
            }
            for r, f in numbers["resources"].items()
        ]
    )


def resource_calendar(numbers: dict[str, Any]) -> pd.DataFrame:
    """Shutdowns and short weeks of the lines."""
    return pd.DataFrame(
        [
            {
                "resource": r,
                "start_date": day(c["start"]),
                "end_date": day(c["end"]),
                "capacity_rate": c["rate"],
                "reason": c["reason"],
            }
            for c in numbers["closed"]
            for r in numbers["resources"]
            if c["resource"] in ("*", r)
        ]
    )


def cost_rate(numbers: dict[str, Any]) -> pd.DataFrame:
    """What an hour costs; energy and co-packing fees are saved when it is not used, wages are not."""
    return pd.DataFrame(
        [
            {
                "resource": r,
                "cost_type": kind,
                "rate_per_hour": f[kind],
                "is_variable": kind in ("machine", "subcontract"),
            }
            for r, f in numbers["resources"].items()
            for kind in ("labour", "machine", "overhead", "subcontract")
            if kind in f
        ]
    )


# ---------------------------------------------------------------- suppliers
def supplier(numbers: dict[str, Any]) -> pd.DataFrame:
    """The suppliers."""
    return pd.DataFrame(
        [
            {"supplier": s, "description": f["name"], "currency": f["currency"]}
            for s, f in numbers["suppliers"].items()
        ]
    )


def supplier_calendar(numbers: dict[str, Any]) -> pd.DataFrame:
    """The spans in which a supplier delivers less."""
    return pd.DataFrame(
        [
            {
                "supplier": c["supplier"],
                "start_date": day(c["start"]),
                "end_date": day(c["end"]),
                "capacity_rate": c["rate"],
                "reason": c["reason"],
            }
            for c in numbers["supplier_calendar"]
        ]
    )


def standard_cost(numbers: dict[str, Any]) -> pd.DataFrame:
    """The standard purchase price of each component; everything made is rolled up from these."""
    return pd.DataFrame(
        [
            {"product": c, "valid_from": pd.Timestamp("2023-01-01"), "cost_per_unit": f["price"]}
            for c, f in numbers["components"].items()
        ]
    )


def purchase_term(numbers: dict[str, Any], places: pd.DataFrame) -> pd.DataFrame:
    """Who sells each component to each location, for how much, how fast."""
    where = places[places["product"].isin(numbers["components"])].groupby("product")["location"].agg(list)
    limits = {(x["component"], x["supplier"], x["location"]): x["month"] for x in numbers["supplier_limits"]}
    rows: list[dict[str, Any]] = []
    for component, facts in numbers["components"].items():
        offers = [_offer(facts["supplier"], facts)]
        offers += [
            _offer(facts["supplier"], facts, b["price"], from_qty=b["from"])
            for b in numbers["price_breaks"]
            if b["component"] == component
        ]
        offers += [
            _offer(facts["supplier"], facts, s["price"], valid_from=day(s["valid_from"]))
            for s in numbers["price_steps"]
            if s["component"] == component
        ]
        offers += [
            _offer(s["supplier"], s, s["price"])
            for s in numbers["second_sources"]
            if s["component"] == component
        ]
        for place in where[component]:
            for offer in offers:
                price = _purchase_price(numbers, component, offer)
                capacity = limits.get((component, offer["supplier"], place))
                rows.append(
                    {
                        "product": component,
                        "location": place,
                        **offer,
                        **price,
                        "capacity_qty_per_month": capacity,
                    }
                )
    return pd.DataFrame(rows)


def _offer(
    supplier_code: str,
    facts: dict[str, Any],
    price: float = 1.0,
    from_qty: float = 0.0,
    valid_from: pd.Timestamp = EVER,
) -> dict[str, Any]:
    return {
        "supplier": supplier_code,
        "from_qty": from_qty,
        "valid_from": valid_from,
        "price_per_unit": price,
        "lead_time_days": facts["lead"],
        "lead_time_std_days": facts["spread"],
        "minimum_order_qty": facts["least"],
    }


def _purchase_price(numbers: dict[str, Any], component: str, offer: dict[str, Any]) -> dict[str, Any]:
    currency = numbers["suppliers"][offer["supplier"]]["currency"]
    euro = numbers["components"][component]["price"] * offer["price_per_unit"]
    rate = 1.0 if currency == "EUR" else numbers["krona"]["plan"]
    return {"price_per_unit": round(euro / rate, 6), "currency": currency}


# ---------------------------------------------------------------- terms
def rebate(numbers: dict[str, Any]) -> pd.DataFrame:
    """The rebates by market, and by family where it has its own."""
    rows = [{"market": m, "family": "*", "rebate_rate": f["rebate"]} for m, f in numbers["markets"].items()]
    rows += [
        {"market": r["market"], "family": r["family"], "rebate_rate": r["rate"]}
        for r in numbers["family_rebates"]
    ]
    return pd.DataFrame(rows).assign(valid_from=EVER)


def payment_term(numbers: dict[str, Any]) -> pd.DataFrame:
    """Days of payment of markets and suppliers."""
    rows = [{"party_type": "customer", "party": m, "days": f["days"]} for m, f in numbers["markets"].items()]
    rows += [
        {"party_type": "supplier", "party": s, "days": f["days"]} for s, f in numbers["suppliers"].items()
    ]
    rows += [
        {"party_type": "customer", "party": "*", "days": 30},
        {"party_type": "supplier", "party": "*", "days": 30},
    ]
    return pd.DataFrame(rows)
