"""What Kuura sells, makes and buys: products, recipes, lines, lanes, suppliers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from generator.numbers import day

EVER = pd.Timestamp("1900-01-01")
MARKET_LOCATIONS = ["vantaa", "oulu", "stockholm"]


# ---------------------------------------------------------------- products
def finished(numbers: dict[str, Any]) -> pd.DataFrame:
    """The finished products with family, taste, pack, main line and place, weight in their family."""
    rows = [
        {
            "product": f"{family}_{taste}_{pack}",
            "family": family,
            "taste": taste,
            "pack": pack,
            "weight": facts["weight"] * numbers["packs"][pack]["weight"],
            "syrup": facts.get("syrup"),
            "line": _main_line(numbers, family, pack),
        }
        for family, tastes in numbers["tastes"].items()
        for taste, facts in tastes.items()
        for pack in facts["packs"]
    ]
    table = pd.DataFrame(rows)
    table["location"] = table["line"].map({r: f["location"] for r, f in numbers["resources"].items()})
    return table.sort_values("product", ignore_index=True)


def _main_line(numbers: dict[str, Any], family: str, pack: str) -> str:
    lines = numbers["main_line"][pack]
    return lines.get(family, lines["*"])


def product(numbers: dict[str, Any], goods: pd.DataFrame) -> pd.DataFrame:
    """The table product: finished products, syrups, components."""
    start = {s["successor"]: day(s["start"]) for s in numbers["successors"]}
    end = {s["product"]: day(s["phase_out"]) for s in numbers["successors"]}
    sold = pd.DataFrame(
        {
            "product": goods["product"],
            "description": [
                _title(t, f, p)
                for t, f, p in zip(goods["taste"], goods["family"], goods["pack"], strict=True)
            ],
            "family": goods["family"],
            "product_type": "finished",
            "base_unit": "case",
            "shelf_life_days": goods["pack"].map(
                {p: f["shelf_life_days"] for p, f in numbers["packs"].items()}
            ),
            "launch_date": goods["product"].map(start),
            "phase_out_date": goods["product"].map(end),
        }
    )
    syrups = pd.DataFrame(
        {
            "product": list(numbers["syrups"]),
            "description": [s.replace("_", " ").capitalize() for s in numbers["syrups"]],
            "family": "syrup",
            "product_type": "semi_finished",
            "base_unit": "litre",
            "shelf_life_days": numbers["syrup_shelf_life_days"],
        }
    )
    parts = pd.DataFrame(
        [
            {
                "product": c,
                "description": c.replace("_", " ").capitalize(),
                "family": _part_family(c),
                "product_type": "component",
                "base_unit": f["unit"],
                "shelf_life_days": f.get("shelf_life_days"),
            }
            for c, f in numbers["components"].items()
        ]
    )
    return pd.concat([sold, syrups, parts], ignore_index=True)


PACK_WORDS = {
    "can33": "24 × 0.33 l can",
    "can50": "24 × 0.5 l can",
    "can25": "24 × 0.25 l can",
    "pet50": "12 × 0.5 l bottle",
    "pet150": "6 × 1.5 l bottle",
    "glass33": "24 × 0.33 l glass",
    "carton100": "8 × 1 l carton",
}


def _title(taste: str, family: str, pack: str) -> str:
    word = "" if family in ("lemonade", "mixer") else f" {family}"
    return f"Kuura {taste.replace('_', ' ')}{word} {PACK_WORDS[pack]}"


def _part_family(component: str) -> str:
    packaging = (
        "can_",
        "lid",
        "preform",
        "cap",
        "bottle",
        "crown",
        "label",
        "carton",
        "tray",
        "box",
        "film",
        "sheet",
    )
    return "packaging" if component.startswith(packaging) else "ingredient"


def product_successor(numbers: dict[str, Any]) -> pd.DataFrame:
    """Which new product takes over from which old one."""
    return pd.DataFrame(
        [
            {
                "product": s["product"],
                "successor": s["successor"],
                "start_date": day(s["start"]),
                "factor_rate": s["factor"],
            }
            for s in numbers["successors"]
        ]
    )


def unit_conversion(numbers: dict[str, Any], goods: pd.DataFrame) -> pd.DataFrame:
    """Base units in a piece, litre, kilogram and pallet."""
    rows: list[dict[str, Any]] = []
    for product_code, pack in zip(goods["product"], goods["pack"], strict=True):
        facts = numbers["packs"][pack]
        for unit, qty in (
            ("piece", 1 / facts["pieces"]),
            ("litre", 1 / facts["litres"]),
            ("kg", 1 / facts["kg"]),
            ("pallet", facts["pallet"]),
        ):
            rows.append({"product": product_code, "unit": unit, "qty_per_unit": round(qty, 6)})
    for syrup in numbers["syrups"]:
        rows += [
            {"product": syrup, "unit": "kg", "qty_per_unit": 0.8},
            {"product": syrup, "unit": "pallet", "qty_per_unit": 1000},
        ]
    rows += [
        {"product": c, "unit": "pallet", "qty_per_unit": f["pallet"]}
        for c, f in numbers["components"].items()
        if "pallet" in f
    ]
    return pd.DataFrame(rows)


# ---------------------------------------------------------------- places
def market(numbers: dict[str, Any]) -> pd.DataFrame:
    """The nine markets in use."""
    return pd.DataFrame(
        [
            {
                "market": m,
                "description": f["name"],
                "region": f["region"],
                "channel": f["channel"],
                "customer_group": f["group"],
                "currency": f["currency"],
                "location": f["location"],
                "priority": f["priority"],
            }
            for m, f in numbers["markets"].items()
        ]
    )


def location(numbers: dict[str, Any]) -> pd.DataFrame:
    """Plants, warehouses and the co-packer."""
    return pd.DataFrame(
        [
            {
                "location": c,
                "description": f["name"],
                "location_type": f["type"],
                "storage_pallets": f["storage_pallets"],
            }
            for c, f in numbers["locations"].items()
        ]
    )


def lane(numbers: dict[str, Any]) -> pd.DataFrame:
    """The ways between locations."""
    return pd.DataFrame(
        [
            {
                "from_location": f["from"],
                "to_location": f["to"],
                "lead_time_days": f["days"],
                "cost_per_pallet": f["cost"],
                "capacity_pallets_per_week": f.get("capacity"),
            }
            for f in numbers["lanes"]
        ]
    )


def product_location(
    cover_days: dict[str, float], bom: pd.DataFrame, routes: pd.DataFrame, series: pd.DataFrame
) -> pd.DataFrame:
    """Where each product is kept: where it is made, used, and sold from."""
    made = routes[["product", "location"]]
    sold = series[["product", "location"]]
    used = bom.merge(routes[["product", "recipe", "location"]].drop_duplicates(), on=["product", "recipe"])
    used = used[["component", "location"]].rename(columns={"component": "product"})
    table = (
        pd.concat([made, sold, used])
        .drop_duplicates()
        .sort_values(["product", "location"], ignore_index=True)
    )
    volume = series.groupby("product")["base_qty"].sum()
    rank = table["product"].map(volume.rank(pct=True))
    is_sold = table["location"].isin(MARKET_LOCATIONS)
    table["service_level"] = np.select(
        [is_sold & (rank > 0.7), is_sold & (rank <= 0.3)], [0.98, 0.92], np.nan
    )
    table["review_days"] = None
    table["minimum_cover_days"] = np.where(
        rank.isna(), np.nan, np.where(is_sold, cover_days["sold"], cover_days["plant"])
    )
    is_syrup = table["product"].str.startswith("syrup")
    table.loc[is_syrup, "minimum_cover_days"] = cover_days["syrup"]
    table["maximum_cover_days"] = np.where(is_syrup, cover_days["syrup_maximum"], np.nan)
    return table


# ---------------------------------------------------------------- recipes
def recipes(numbers: dict[str, Any], goods: pd.DataFrame) -> pd.DataFrame:
    """Every recipe of every finished product with its line and location."""
    main = goods[["product", "family", "pack", "taste", "syrup", "line", "location"]].assign(recipe="main")
    place = {r: f["location"] for r, f in numbers["resources"].items()}
    others = [
        main[main["product"].isin(a["products"])].assign(
            recipe=a["recipe"], line=a["line"], location=place[a["line"]]
        )
        for a in numbers["alternatives"]
    ]
    return pd.concat([main, *others], ignore_index=True).sort_values(["product", "recipe"], ignore_index=True)


def bill_of_material(numbers: dict[str, Any], ways: pd.DataFrame) -> pd.DataFrame:
    """What goes into a case by recipe and into a litre of syrup."""
    rows = [
        {
            "product": way.product,
            "recipe": way.recipe,
            "component": c,
            "qty_per_unit": q,
            "scrap_rate": _scrap(numbers, c),
        }
        for way in ways.itertuples()
        for c, q in _case_parts(numbers, way).items()
    ]
    rows += [
        {
            "product": s,
            "recipe": "main",
            "component": c,
            "qty_per_unit": q,
            "scrap_rate": numbers["scrap"]["ingredient"],
        }
        for s, parts in numbers["syrups"].items()
        for c, q in parts.items()
    ]
    return pd.DataFrame(rows).assign(valid_from=EVER, valid_to=pd.NaT)


def _case_parts(numbers: dict[str, Any], way: Any) -> dict[str, float]:
    pack = numbers["packs"][way.pack]
    parts = dict(numbers["pack_parts"][way.pack])
    parts["sheet_pallet"] = round(1 / pack["pallet"], 5)
    if way.syrup:
        parts[way.syrup] = round(pack["litres"] / numbers["drink_per_syrup_litre"], 4)
    for ingredient, kg in numbers["tastes"][way.family][way.taste].get("add", {}).items():
        parts[ingredient] = round(kg * pack["litres"], 5)
    if way.family == "juice":
        parts.pop("co2", None)
    return parts


def _scrap(numbers: dict[str, Any], component: str) -> float:
    if component.startswith("syrup"):
        return numbers["scrap"]["syrup"]
    return numbers["scrap"][_part_family(component)]


def routing(numbers: dict[str, Any], ways: pd.DataFrame, series: pd.DataFrame) -> pd.DataFrame:
    """On which line each recipe runs, how fast, with what set-up and lot."""
    demand = series.groupby("product")["base_qty"].sum()
    rows = [_case_operation(numbers, way, demand.get(way.product, 0.0)) for way in ways.itertuples()]
    rows += [_syrup_operation(numbers, syrup) for syrup in numbers["syrups"]]
    return pd.DataFrame(rows).assign(operation=10)


def _syrup_operation(numbers: dict[str, Any], syrup: str) -> dict[str, Any]:
    return {
        "product": syrup,
        "location": "lahti",
        "recipe": "main",
        "resource": "lahti_syrup_room",
        "run_hours_per_unit": round(1 / numbers["speed"]["lahti_syrup_room"]["litre"], 9),
        "setup_hours_per_lot": numbers["setup_hours"]["lahti_syrup_room"],
        "lot_qty": numbers["lots"]["syrup_litres"],
        "yield_rate": 1.0,
        "lead_time_days": numbers["making_days"]["syrup"],
    }


def _case_operation(numbers: dict[str, Any], way: Any, weekly_qty: float) -> dict[str, Any]:
    lots, days = numbers["lots"], numbers["making_days"]
    lot = np.clip(weekly_qty * lots["weeks_of_demand"], lots["smallest_cases"], lots["largest_cases"])
    return {
        "product": way.product,
        "location": way.location,
        "recipe": way.recipe,
        "resource": way.line,
        "run_hours_per_unit": round(1 / numbers["speed"][way.line][way.pack], 8),
        "setup_hours_per_lot": numbers["setup_hours"][way.line],
        "lot_qty": float(np.round(lot / lots["round_to"]) * lots["round_to"]),
        "yield_rate": numbers["yield_rate"].get(way.line, 1.0),
        "lead_time_days": days["tallinn"]
        if way.location == "tallinn"
        else days.get(way.pack, days["finished"]),
    }
