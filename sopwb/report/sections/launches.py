"""Message of the portfolio review about launches as a whole: what each earned after all that it cost."""

from __future__ import annotations

import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import Tables, report_section
from sopwb.measure.wording import named
from sopwb.report import charts
from sopwb.report.numbers import iso_date, percent, short
from sopwb.report.section import Section
from sopwb.report.sections.portfolio import NOTEBOOK
from sopwb.report.table import Table

__all__ = ["launch_scorecard"]

STEPS = {
    "margin_value": "Margin of the launch",
    "lost_margin_value": "Taken from own products",
    "development_value": "Development",
    "launch_value": "Launch spend",
    "write_off_value": "Write-off of the old",
}
MOST_BRIDGES = 4


def _bridge(row: dict[str, float]) -> pd.DataFrame:
    """From the margin a launch brought to what it has earned."""
    amounts = {label: float(row[name]) for name, label in STEPS.items() if pd.notna(row[name])}
    first, *costs = amounts.items()
    steps = [(label, -amount) for label, amount in costs if amount != 0]
    rows = [first, *steps, ("Earned so far", float(row["earned_value"]))]
    return pd.DataFrame(
        {
            "step": range(1, len(rows) + 1),
            "label": [label for label, _ in rows],
            "amount_value": [amount for _, amount in rows],
            "is_total": [True, *([False] * len(steps)), True],
            "code": "AC",
        }
    )


@report_section("launch_scorecard", notebook=NOTEBOOK)
def launch_scorecard(tables: Tables, model: Model) -> Section:
    """Each launch in one line, and the bridge from a launch's margin to what it earned."""
    rows = tables["launch_scorecard"]
    title = (
        f"{model.name}, launches since their first month, units and {model.currency} AC, as of "
        f"{iso_date(model.as_of)}"
    )
    source = ("launch_scorecard", "all rows")
    if rows.empty:
        return Section("No launch and no phase-out is recent or near", title, source=source)
    names = {code: named(code, tables["product"], "product") for code in rows["product"]}
    launches = rows[(rows["change"] == "launch") & (rows["sold_qty"] > 0)]
    launches = launches.sort_values("earned_value", ignore_index=True)
    shown = rows.assign(
        product=rows["product"].map(names),
        spent_value=rows["development_value"] + rows["launch_value"],
        own_rate=(rows["predecessor_qty"] + rows["sister_qty"])
        / rows["sold_qty"].where(rows["sold_qty"] > 0),
    )[rows["change"] == "launch"].sort_values(["earned_value", "product"], ignore_index=True)
    columns = {
        "product": "",
        "months": "months",
        "sold_qty": "sold (units)",
        "attainment_rate": "of plan",
        "margin_value": "margin",
        "own_rate": "taken from own",
        "lost_margin_value": "margin lost by it",
        "spent_value": "spent on it",
        "old_stock_value": "old stock",
        "run_out_months": "lasts, months",
        "write_off_value": "write-off",
        "earned_value": "earned so far",
    }
    unit = f"short:{model.currency}"
    money = [name for name in columns if name.endswith("_value")]
    return Section(
        _message(launches, rows, names, model.currency),
        title,
        chart=tuple(
            charts.waterfall(
                _bridge({str(key): value for key, value in row.items()}),
                unit=model.currency,
                heading=names[row["product"]],
                width=270,
            )
            for row in launches.head(MOST_BRIDGES).to_dict("records")
        ),
        table=Table(
            shown[list(columns)],
            headings=columns,
            units={**dict.fromkeys(money, unit), "months": "count", "run_out_months": "short:"},
            variances={"earned_value": "higher_better"},
            currency=model.currency,
        ),
        note=(
            "Taken from own: what the predecessor, and the family's other products after the growth of all "
            "other families, sell less than the year before. Spent on it: cost lines that name the product "
            "and its launch activities. Write-off: what the old one cannot sell before its last day at the "
            "pace of three months."
        ),
        source=source,
    )


def _message(launches: pd.DataFrame, rows: pd.DataFrame, names: dict[str, str], currency: str) -> str:
    left = rows.loc[rows["change"] == "phase_out", "write_off_value"].sum()
    rest = f"; {short(left, currency)} of old stock may have to be written off" if left > 0 else ""
    if launches.empty:
        spent = rows["development_value"].sum() + rows["launch_value"].sum()
        return f"No launch has a closed month yet; {short(spent, currency)} are spent on them{rest}"
    earned = launches["earned_value"].sum()
    worst = launches.iloc[0]
    taken = (launches["predecessor_qty"] + launches["sister_qty"]).sum() / launches["sold_qty"].sum()
    return (
        f"Launches with sales ({len(launches)}) have earned "
        f"{short(earned, currency, signed=True)} after all they cost; {percent(taken, 0)} of what they sold "
        f"came from own products; {names[worst['product']]} stands at "
        f"{short(worst['earned_value'], currency, signed=True)}{rest}"
    )
