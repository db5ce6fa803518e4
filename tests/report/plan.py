"""A small made-up company whose plan fills the tables the executive pages read."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from sopwb.config.model import Model
from sopwb.extend import mark_of
from sopwb.report.sections import evidence, executive, family, scenario, since
from sopwb.schema import load_schema

AS_OF = "2025-08-31"
FAMILIES = {"Cola": 3.0, "Lemonade": 2.0, "Water": 1.5, "Energy": 0.8}
HOSTILE = "<script>alert('x')</script>=cmd|' /C calc'!A0 ../../etc"


def model(**settings) -> Model:
    scenarios = {
        "strong_summer": {"title": "Strong summer", "description": "Demand is 12 percent above plan."},
        "outage": {"title": "Concentrates fail in spring", "description": "Nothing arrives for seven weeks."},
    }
    return Model(
        name="Kuura Drinks", currency="EUR", calendar={"as_of": AS_OF}, scenarios=scenarios, **settings
    )


def empty_tables() -> dict[str, pd.DataFrame]:
    schema = load_schema()
    return {name: schema[name].empty() for name in schema}


def _result(rng, months):
    season = 1 + 0.2 * np.sin(np.arange(len(months)) / 2)
    frames = []
    for line, size in {
        "revenue": 4.2e6,
        "cost_of_sales": 2.6e6,
        "administration": 6e5,
        "gross_margin": 1.6e6,
        "ebit": 4e5,
    }.items():
        amount = size * season * rng.normal(1, 0.04, len(months))
        closed = months <= pd.Timestamp(AS_OF)
        frames.append(
            pd.DataFrame(
                {
                    "version": np.where(closed, "actual", "forecast"),
                    "period": months,
                    "line": line,
                    "amount_value": amount,
                }
            )
        )
        frames.append(
            pd.DataFrame(
                {
                    "version": "budget",
                    "period": months[12:],
                    "line": line,
                    "amount_value": size * season[12:] * 1.03,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _families(rng, ahead, past):
    names = list(FAMILIES)
    product = pd.DataFrame(
        {
            "product": [f"{n.lower()}_can" for n in names],
            "description": names,
            "family": names,
            "product_type": "finished",
            "base_unit": "case",
        }
    )
    product = product.assign(
        shelf_life_days=pd.array([180] * 4, dtype="Int64"), launch_date=pd.NaT, phase_out_date=pd.NaT
    )
    sizes = dict(zip(product["product"], FAMILIES.values(), strict=True))

    def grid(months, **columns):
        rows = [(p, m) for p in product["product"] for m in months]
        frame = pd.DataFrame(rows, columns=["product", "period"])
        noise = rng.normal(1, 0.08, len(frame))
        return frame.assign(**{k: frame["product"].map(sizes) * v * noise for k, v in columns.items()})

    sales = (
        grid(past, net_sales_value=5e5, sold_qty=5e4)
        .rename(columns={"period": "date"})
        .assign(market="fi", returned_qty=0.0)
    )
    margin = grid(
        ahead, revenue_value=5e5, shipped_qty=5e4, standard_cost_value=3e5, margin_value=2e5
    ).assign(market="fi")
    made = grid(ahead, planned_qty=5e4).assign(option="make", location="lahti", source="main", cost_value=1.0)
    done = grid(past, made_qty=5e4).assign(location="lahti")
    stock = grid(ahead, closing_value=4e5).assign(
        location="lahti",
        opening_qty=0.0,
        receipt_qty=0.0,
        issue_qty=0.0,
        closing_qty=1.0,
        target_qty=1.0,
        safety_stock_qty=1.0,
        cover_days=20.0,
    )
    cost = product[["product"]].assign(
        standard_cost_per_unit=6.0,
        basis="roll_up",
        **{
            f"{k}_per_unit": 1.0
            for k in ("material", "labour", "machine", "overhead", "rolled_up", "variable_cost")
        },
    )
    return {
        "product": product,
        "sales_history": sales,
        "margin_plan": margin,
        "supply_plan": made,
        "production_history": done,
        "projected_inventory": stock,
        "product_cost": cost,
    }


def _kpi():
    rows = [
        ("revenue", 51.4e6, "currency", 52.6e6, "budget", "higher_better"),
        ("ebit", 4.21e6, "currency", 4.0e6, "budget", "higher_better"),
        ("service", 0.972, "rate", 0.98, "target", "higher_better"),
        ("stock_value", 8.3e6, "currency", 7.7e6, "target", "lower_better"),
        ("cash", 2.4e6, "currency", None, None, "higher_better"),
        ("days_inventory", 41.2, "days", None, None, "lower_better"),
    ]
    frame = pd.DataFrame(rows, columns=["kpi", "kpi_value", "unit", "reference_value", "reference", "sense"])
    return frame.assign(scope="*", reference_value=frame["reference_value"].astype(float))


def _people():
    entered = pd.Timestamp("2025-08-20")
    decision = pd.DataFrame(
        {
            "decision": ["D1", "D2", "D0"],
            "cycle": pd.to_datetime([AS_OF, AS_OF, "2025-07-31"]),
            "question": [
                "Run a third shift in Lahti from May to July?",
                f"Drop the tail of {HOSTILE}?",
                "Pre-build cola before the shutdown?",
            ],
            "options": ["third shift; co-packer; accept the gap", "drop; keep", "yes; no"],
            "choice": [None, None, "yes"],
            "default_choice": ["accept the gap", "keep", "no"],
            "owner": ["Head of plants", "CMO", "Head of plants"],
            "due_date": pd.to_datetime(["2025-09-15", "2025-10-01", "2025-08-05"]),
            "expected_value": [420000.0, 35000.0, 250000.0],
            "outcome_on": pd.to_datetime([None, None, "2025-08-20"]),
            "decided_on": pd.to_datetime([None, None, "2025-07-10"]),
            "outcome_value": [np.nan, np.nan, 231000.0],
            "delay_cost_per_week": [60000.0, 0.0, np.nan],
            "entered_at": entered,
        }
    )
    risk = pd.DataFrame(
        {
            "risk_opportunity": ["R1", "O1"],
            "kind": ["risk", "opportunity"],
            "description": ["Aluminium price rises by a tenth", "Listing in Sweden"],
            "family": "*",
            "probability": [0.4, 0.25],
            "impact_value": [-600000.0, 900000.0],
            "decision_date": pd.to_datetime(["2025-10-01", None]),
            "mitigation": ["hedge half", None],
            "owner": ["CFO", "CSO"],
            "entered_at": entered,
        }
    )
    assumption = pd.DataFrame(
        {
            "assumption": ["A1", "A2"],
            "subject": ["lead_time", "price"],
            "text": ["Lanes take two days", "Prices hold"],
            "is_default": [True, False],
            "owner": "planner",
            "entered_at": entered,
        }
    )
    return {"decision": decision, "risk_opportunity": risk, "assumption": assumption}


def _evidence(past):
    months = past[-12:]
    tie = pd.DataFrame(
        {
            "measure": "revenue",
            "period": months,
            "operations_value": 4.1e6,
            "ledger_value": np.linspace(3.3e6, 6e6, 12),
        }
    )
    tie = tie.assign(
        difference_value=tie["ledger_value"] - tie["operations_value"],
        ratio_rate=tie["ledger_value"] / tie["operations_value"],
    )
    check = pd.DataFrame(
        {
            "check": ["stock_balances", "bridges_close", "revenue_ties"],
            "area": ["supply", "finance", "finance"],
            "status": ["pass", "pass", "warn"],
            "offender_count": [0, 0, 2],
            "message": ["every stock balances", "every bridge closes", "2 months are off by more than 2 %"],
        }
    )
    profile = pd.DataFrame(
        {
            "table": ["sales_history", "delivery", "open_order"],
            "kind": "fact",
            "row_count": [121253, 40110, 0],
            "first_date": pd.to_datetime(["2021-09-01", "2024-01-01", None]),
            "last_date": pd.to_datetime([AS_OF, AS_OF, None]),
            "source": "data",
        }
    )
    log = pd.DataFrame(
        {
            "solve": [1, 2],
            "goal": ["service", "cost"],
            "status": "optimal",
            "objective": [12.0, 4.1e6],
            "row_count": 18204,
            "column_count": 22110,
            "nonzero_count": 90000,
            "gap_rate": 0.0,
        }
    )
    forecast = pd.DataFrame(
        {
            "product": ["cola_can", "water_can"],
            "market": "fi",
            "period": pd.Timestamp("2025-09-01"),
            "baseline_qty": 1.0,
            "normal_qty": 0.9,
            "calendar_qty": 0.1,
            "lower_qty": 0.5,
            "upper_qty": 2.0,
            "method": ["theta", "croston"],
        }
    )
    return {
        "reconciliation": tie,
        "check": check,
        "data_profile": profile,
        "solver_log": log,
        "statistical_forecast": forecast,
    }


def _scenarios():
    base = {
        "ebit": (4.21e6, "currency", "higher_better"),
        "service": (0.972, "rate", "higher_better"),
        "stock_value": (8.3e6, "currency", "lower_better"),
        "days_inventory": (41.2, "days", "lower_better"),
    }
    factors = {"baseline": 1.0, "strong_summer": 1.08, "outage": 0.9}
    rows = [
        (s, k, v * (f if k != "service" else 2 - f if f > 1 else f), v, u, sense)
        for s, f in factors.items()
        for k, (v, u, sense) in base.items()
    ]
    frame = pd.DataFrame(rows, columns=["scenario", "kpi", "kpi_value", "base_value", "unit", "sense"])
    return frame.assign(delta_value=frame["kpi_value"] - frame["base_value"])


@functools.cache
def tables() -> dict[str, pd.DataFrame]:
    """Tables of a whole plan, shaped as declared."""
    rng = np.random.default_rng(7)
    months = pd.date_range("2024-01-01", "2026-12-01", freq="MS")
    past = months[months <= pd.Timestamp(AS_OF)]
    ahead = months[months > pd.Timestamp(AS_OF)]
    exception = pd.DataFrame(
        {
            "rank": [1, 2],
            "area": ["supply", "demand"],
            "subject": ["lahti_line_1", HOSTILE],
            "start_period": pd.to_datetime(["2026-05-01", "2025-11-01"]),
            "end_period": pd.to_datetime(["2026-07-01", "2025-11-01"]),
            "message": [
                "Lahti line 1 is over its capacity in ten weeks.",
                f"{HOSTILE} sells 30 % below plan.",
            ],
            "money_value": [820000.0, 120000.0],
            "remedy": ["third shift", "ask the author"],
        }
    )
    promise = pd.DataFrame(
        {
            "cycle": pd.to_datetime(["2025-07-31"] * 2),
            "measure": ["revenue", "ebit"],
            "period": pd.Timestamp("2025-08-01"),
            "promised_value": [4.3e6, 4.1e5],
            "happened_value": [4.15e6, 4.4e5],
        }
    )
    promise = promise.assign(attainment_rate=promise["happened_value"] / promise["promised_value"])
    headline = pd.DataFrame(
        {
            "position": [1, 2, 3],
            "topic": ["result", "demand", "supply"],
            "message": [
                "Revenue lands at 51.4 M€, 1.20 M€ below budget: lines are short from May to July",
                "Demand grows 4 % and is biased high by 2 %",
                f"{HOSTILE} is short",
            ],
        }
    )
    past_kpi = pd.DataFrame(
        [
            (pd.Timestamp(c), k, v * f)
            for c, f in (("2025-06-30", 0.97), ("2025-07-31", 1.01))
            for k, v in (("revenue", 51e6), ("ebit", 4.2e6), ("service", 0.96))
        ],
        columns=["cycle", "kpi", "kpi_value"],
    )
    made = {
        "exception": exception,
        "promise": promise,
        "headline": headline,
        "past_kpi": past_kpi,
        "kpi": _kpi(),
        "profit_and_loss": _result(rng, months),
        "scenario_comparison": _scenarios(),
    }
    made |= _families(rng, ahead, past) | _people() | _evidence(past)
    months_ahead = pd.DataFrame(
        {"period": ahead, "end_date": ahead + pd.offsets.MonthEnd(0), "bucket": "month"}
    )
    made["period"] = months_ahead.assign(
        days=30, working_days=21, fiscal_period=ahead, fiscal_year=ahead.year
    )
    schema = load_schema()
    return empty_tables() | {name: schema[name].shape(frame) for name, frame in made.items()}


def sections():
    """Sections of the executive and the scenario page by name."""
    modules = (executive, family, evidence, scenario, since)
    return {mark_of(f).name: f for module in modules for f in vars(module).values() if mark_of(f)}


@functools.cache
def shown(name):
    """One of these sections, of the whole plan."""
    return sections()[name](tables(), model())
