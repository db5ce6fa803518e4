"""Messages about stock: what is wanted, what is there, what it is for, and how targets were found."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import count, named, sentence, words
from sopwb.report import charts
from sopwb.report.numbers import iso_date, percent, short
from sopwb.report.section import Card, Section
from sopwb.report.table import Table, without_empty

__all__ = [
    "classes_of_products",
    "first_targets",
    "inventory_headline",
    "inventory_health",
    "on_hand_by_product",
    "stock_against_target",
    "targets_by_basis",
]

TARGETS = "30_inventory_targets"
SUPPLY = "40_supply_review"
MOST_FAMILIES = 12
MOST_PRODUCTS = 10
PLACE = ["product", "location"]
PAIRS = {"A": "most sales", "B": "some", "C": "the rest", "X": "easy", "Y": "fair", "Z": "hard to forecast"}
PARTS = {
    "safety_value": "safety",
    "cycle_value": "cycle",
    "anticipation_value": "anticipation",
    "excess_value": "excess",
}


def _unit_cost(tables: Tables) -> pd.Series[float]:
    cost = tables["product_cost"].set_index("product")["standard_cost_per_unit"]
    return cost.astype(float)


def on_hand_by_product(tables: Tables) -> pd.DataFrame:
    """Stock on hand of the last count by product and location, in money at standard cost."""
    stock = tables["stock_on_hand"]
    value = stock["on_hand_qty"] * stock["product"].map(_unit_cost(tables))
    return stock.assign(on_hand_value=value).groupby(PLACE, as_index=False)[["on_hand_value"]].sum()


def first_targets(tables: Tables) -> pd.DataFrame:
    """Target and safety stock of the first planning bucket by product and location, in money."""
    target = tables["inventory_target"]
    first = target[target["period"] == target["period"].min()]
    safety = (first["safety_stock_qty"] * first["product"].map(_unit_cost(tables))).fillna(0.0)
    kept: pd.DataFrame = first.assign(safety_value=safety).reset_index(drop=True)
    return kept[[*PLACE, "safety_value", "target_value", "basis"]]


def _family_sums(rows: pd.DataFrame, tables: Tables, columns: list[str]) -> pd.DataFrame:
    family = rows["product"].map(tables["product"].set_index("product")["family"]).rename("family")
    sums: pd.DataFrame = rows.groupby(family)[columns].sum()
    return sums


def _by_month(tables: Tables) -> list[float]:
    """Target in money, mean over the buckets of each month."""
    sums = tables["inventory_target"].groupby("period")["target_value"].sum()
    return [float(value) for value in sums.groupby(sums.index.to_period("M")).mean()]  # type: ignore[attr-defined]


@report_section("inventory_headline", notebook=TARGETS)
def inventory_headline(tables: Tables, model: Model) -> Section:
    """Stock on hand against the first bucket's target, in money, and the safety stock in it."""
    wanted = first_targets(tables)
    title = (
        f"{model.name}, stock at standard cost, {model.currency}, {iso_date(model.as_of)} AC against target"
    )
    source = ("inventory_target", "first bucket, beside stock_on_hand")
    if wanted.empty:
        return Section("No stock target has been set yet", title, source=source)
    target, safety = float(wanted["target_value"].sum()), float(wanted["safety_value"].sum())
    stock = float(on_hand_by_product(tables)["on_hand_value"].sum())
    gap = stock - target
    side = "above" if gap >= 0 else "below"
    message = (
        f"Stock of {short(stock, model.currency)} is {short(abs(gap), model.currency)} {side} the target of "
        f"{short(target, model.currency)}, of which {short(safety, model.currency)} is safety stock"
    )
    cards = (
        Card("Target", target, sense="neutral", course=_by_month(tables), currency=model.currency),
        Card("Stock on hand", stock, sense="neutral", currency=model.currency),
        Card("Stock less target", gap, sense="neutral", currency=model.currency),
        Card("Safety stock", safety, sense="neutral", currency=model.currency),
    )
    note = "Too much and too little in different products offset each other here; the families tell more."
    return Section(message, title, cards=cards, note=note, source=source)


def _stock_and_target(tables: Tables) -> pd.DataFrame:
    """On hand and target by family, the largest first; short and surplus by product and location."""
    wanted = first_targets(tables)[[*PLACE, "target_value"]]
    both = wanted.merge(on_hand_by_product(tables), on=PLACE, how="outer", validate="one_to_one")
    both = both.fillna({"target_value": 0.0, "on_hand_value": 0.0}).sort_values(PLACE)
    gap = both["on_hand_value"] - both["target_value"]
    both = both.assign(surplus_value=gap.clip(lower=0.0), short_value=(-gap).clip(lower=0.0))
    columns = ["on_hand_value", "target_value", "surplus_value", "short_value"]
    sums = _family_sums(both, tables, columns).reset_index()
    sums = sums[(sums["on_hand_value"] > 0) | (sums["target_value"] > 0)]
    return sums.sort_values("on_hand_value", ascending=False, ignore_index=True)


@report_section("stock_against_target", notebook=TARGETS)
def stock_against_target(tables: Tables, model: Model) -> Section:
    """Stock on hand beside the target of the first bucket, by family, in money."""
    title = f"{model.name}, stock by family, {model.currency}, {iso_date(model.as_of)} AC against target"
    source = ("inventory_target", "first bucket by family, beside stock_on_hand")
    data = _stock_and_target(tables)
    if tables["inventory_target"].empty or data.empty:
        return Section("There is neither stock nor a target for it yet", title, source=source)
    over, under = float(data["surplus_value"].sum()), float(data["short_value"].sum())
    worst = data.loc[data["surplus_value"].idxmax()]
    message = (
        f"{short(over, model.currency)} of stock is above target in some places and "
        f"{short(under, model.currency)} is missing in others; {words(str(worst['family']))} has most "
        f"above target with {short(worst['surplus_value'], model.currency)}"
    )
    shown = data.head(MOST_FAMILIES)
    bars = pd.DataFrame(
        {
            "label": [sentence(words(str(name))) for name in shown["family"]],
            "value": shown["on_hand_value"],
            "reference": shown["target_value"],
        }
    )
    chart = charts.bars_by_structure(
        bars, unit=model.currency, code="AC", reference="PL", sense="neutral", names=("on hand", "target")
    )
    left = len(data) - len(shown)
    note = "Target is the one of the first bucket, without stock built ahead of a peak."
    note += f" {count(left, 'smaller family is', 'smaller families are')} not drawn." if left else ""
    return Section(message, title, chart=chart, note=note, source=source)


def _products(tables: Tables, column: str) -> pd.DataFrame:
    """Places with most of a kind of stock."""
    rows = tables["inventory_health"]
    rows = rows[rows[column] > 0].sort_values([column, *PLACE], ascending=[False, True, True])
    return rows.head(MOST_PRODUCTS)


def _problem_table(tables: Tables, model: Model) -> Table | None:
    """Largest excess and expiring products, the most money first."""
    described = tables["product"][["product", "description"]]
    both = pd.concat([_products(tables, "excess_value"), _products(tables, "expiring_value")])
    both = both.drop_duplicates(PLACE)
    if both.empty:
        return None
    both = both.assign(most=both[["excess_value", "expiring_value"]].max(axis=1)).merge(
        described, on="product", how="left", validate="many_to_one"
    )
    both = both.assign(description=both["description"].fillna(both["product"]))
    both = both.sort_values(["most", *PLACE], ascending=[False, True, True], ignore_index=True)
    columns = ["description", "location", "on_hand_value", "excess_value", "expiring_value", "run_out_date"]
    shown = both[columns].assign(
        location=[named(code, tables["location"], "location") for code in both["location"]]
    )
    return Table(
        without_empty(shown, ["excess_value", "expiring_value"]),
        headings={"description": "product", "run_out_date": "used up"},
        max_rows=MOST_PRODUCTS,
        currency=model.currency,
    )


@report_section("inventory_health", notebook=SUPPLY)
def inventory_health(tables: Tables, model: Model) -> Section:
    """Stock on hand by family and what it is for, with the largest excess and expiring stock."""
    rows = tables["inventory_health"]
    title = f"{model.name}, stock by what it is for, {model.currency}, as of {iso_date(model.as_of)}"
    source = ("inventory_health", "all rows, by family")
    total = float(rows["on_hand_value"].sum())
    if rows.empty or total <= 0:
        return Section("There is no stock to judge", title, source=source)
    excess, expiring = (float(rows[name].sum()) for name in ("excess_value", "expiring_value"))
    parts = [
        f"{short(value, model.currency)} {what}"
        for value, what in (
            (excess, f"({percent(excess / total)}) is beyond all planned demand"),
            (expiring, "expires before it is used"),
        )
        if value >= 1
    ]
    on_hand = short(total, model.currency)
    message = f"Of {on_hand} on hand, {' and '.join(parts)}"
    if not parts:
        message = f"All of the {on_hand} on hand is used by planned demand, and in time"
    families = _family_sums(rows, tables, [*PARTS, "expiring_value"])
    order = families[list(PARTS)].sum(axis=1).sort_values(ascending=False).index[:MOST_FAMILIES]
    shown = families.loc[order].set_axis([*PARTS.values(), "expiring"], axis="columns")
    shown = without_empty(shown, ["excess", "expiring"])
    data = shown.rename_axis("row").reset_index().melt(id_vars="row", var_name="column")
    data = data.assign(row=[sentence(words(str(name))) for name in data["row"]])
    chart = charts.table_heat(data, unit=model.currency, width=400)
    note = "Anticipation is kept for demand in the plan; what expires is also in one of the other parts."
    return Section(message, title, chart=chart, table=_problem_table(tables, model), note=note, source=source)


@report_section("classes_of_products", notebook=TARGETS)
def classes_of_products(tables: Tables, model: Model) -> Section:
    """Products by class of value and class of forecast error, and what stands in each pair."""
    rows = tables["product_class"]
    title = (
        f"{model.name}, products by planned sales (A to C) and by forecast error (X to Z), {model.currency}"
    )
    source = ("product_class", "all finished products")
    if rows.empty:
        return Section("No finished product has a class", title, source=source)
    pairs = rows.assign(pair=rows["abc_class"] + rows["xyz_class"]).groupby("pair")
    sums = pairs.agg(
        products=("product", "size"),
        planned_value=("planned_value", "sum"),
        actual=("actual_qty", "sum"),
        error=("absolute_error_qty", "sum"),
        stock_value=("stock_value", "sum"),
        service_level=("service_level", "first"),
    )
    error = sums["error"] / sums["actual"].where(sums["actual"] > 0)
    table = sums.assign(wmape_rate=error)[
        ["products", "planned_value", "wmape_rate", "stock_value", "service_level"]
    ].reset_index()
    cells = [
        {
            "row": f"{abc}, {PAIRS[abc]}",
            "column": f"{xyz}, {PAIRS[xyz]}",
            "value": sums["planned_value"].get(abc + xyz, float("nan")),
        }
        for abc in "ABC"
        for xyz in "XYZ"
    ]
    hard = rows[rows["xyz_class"] == "Z"]
    total = float(rows["planned_value"].sum())
    share = float(hard["planned_value"].sum()) / total if total > 0 else 0.0
    message = (
        f"{count(len(hard), 'product')} of {len(rows)} are hard to forecast or were never judged: "
        f"{percent(share, 0)} of planned sales, {short(hard['stock_value'].sum(), model.currency)} of stock"
    )
    if hard.empty:
        message = f"No product of {len(rows)} is hard to forecast"
    rules, classes = model.demand.portfolio, model.inventory
    return Section(
        message,
        title,
        chart=charts.table_heat(pd.DataFrame(cells), unit=model.currency, heading="planned sales", width=400),
        table=Table(
            table,
            headings={
                "pair": "class",
                "planned_value": "planned sales",
                "wmape_rate": "error a month ahead",
                "stock_value": "stock",
                "service_level": "service wanted",
            },
            units={"products": "count", "service_level": "rate"},
            currency=model.currency,
        ),
        note=(
            f"A plans the first {percent(classes.class_a_share, 0)} of sales value, B goes to "
            f"{percent(classes.class_b_share, 0)}. X is forecast with an error of up to "
            f"{percent(rules.class_x_rate, 0)} a month ahead in the backtest, Y of up to "
            f"{percent(rules.class_y_rate, 0)}, Z of more, or has not been judged."
        ),
        source=source,
    )


@report_section("targets_by_basis", notebook=TARGETS)
def targets_by_basis(tables: Tables, model: Model) -> Section:
    """How the safety stocks were found: the basis, how many targets rest on it, and their money."""
    wanted = first_targets(tables)
    title = f"{model.name}, stock targets by how they were found, {model.currency}, first bucket"
    source = ("inventory_target", "first bucket, by basis")
    if wanted.empty:
        return Section("No stock target has been set yet", title, source=source)
    sums = wanted.groupby("basis").agg(
        targets=("product", "size"),
        safety_value=("safety_value", "sum"),
        target_value=("target_value", "sum"),
    )
    sums = sums.sort_values("target_value", ascending=False).reset_index()
    total = float(sums["target_value"].sum())
    sums = sums.assign(share_rate=sums["target_value"] / total if total else 0.0)
    top = sums.iloc[0]
    message = (
        f"{sentence(words(str(top['basis'])))} sets {int(top['targets'])} of {len(wanted)} targets and "
        f"{percent(top['share_rate'], 0)} of their money"
    )
    table = Table(
        sums,
        headings={"basis": "found by", "share_rate": "share of money"},
        units={"targets": "count"},
        currency=model.currency,
    )
    note = "A default rate stands in where history is too short for an error of the product's own."
    return Section(message, title, table=table, note=note, source=source)
