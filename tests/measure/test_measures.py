"""Key figures, exceptions, promises and headlines of the example company."""

from __future__ import annotations

import pandas as pd
import pytest

from sopwb.errors import SopwbError
from sopwb.extend import Parts
from sopwb.measure.bridge import bridge, open_bridges
from sopwb.measure.exception import exceptions
from sopwb.measure.outlook import years_table
from sopwb.measure.stage import deliveries, executive, measures
from sopwb.schema import load_schema

SCHEMA = load_schema()


@pytest.fixture(scope="session")
def measured(planned, model, parts):
    """The example with its key figures, exceptions and promises."""
    made = measures(planned, model(), parts)
    return planned | {name: SCHEMA[name].shape(rows) for name, rows in made.items()}


def value(tables, name: str, column: str = "kpi_value"):
    rows = tables["kpi"].query("kpi == @name and scope == '*'")
    assert len(rows) == 1
    return rows[column].iloc[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("revenue", 6200.0),
        ("gross_margin", 2480.0),
        ("gross_margin_rate", 0.4),
        ("ebit", 740.0),
        ("closing_cash", 1477.0),
        ("minimum_cash", 1085.0),
        ("stock_value", 820.0),
        ("working_capital", 840 + 780 + 840 + 3000 + 3400 + 3000 - 770 - 805 - 665),
        ("service", 1.0),
        ("lost_value", 0.0),
        ("late_value", 0.0),
        ("utilisation", 320 / 480),
        ("overtime_hours", 0.0),
    ],
)
def test_key_figures_of_the_example(measured, name, expected):
    scale = 3.0 if name == "working_capital" else 1.0
    assert value(measured, name) == pytest.approx(expected / scale)


@pytest.mark.parametrize("name", ["wmape", "bias", "on_time_in_full"])
def test_a_key_figure_without_data_is_missing_not_zero(measured, name):
    assert pd.isna(value(measured, name))


def test_accuracy_comes_from_the_archive_before_the_backtest(planned, model, parts):
    row = {
        "family": "*",
        "lag": 1,
        "actual_qty": 1.0,
        "forecast_qty": 1.0,
        "absolute_error_qty": 0.0,
        "bias_rate": 0.05,
    }
    rows = [
        {**row, "source": "backtest", "stream": "automatic", "wmape_rate": 0.30},
        {**row, "source": "archive", "stream": "consensus", "wmape_rate": 0.20},
    ]
    accuracy = SCHEMA["forecast_accuracy"].shape(
        pd.DataFrame(rows).reindex(columns=list(SCHEMA["forecast_accuracy"].columns)).assign(judged=6)
    )
    made = measures(planned | {"forecast_accuracy": accuracy}, model(), parts)
    assert value(made, "wmape") == 0.20
    assert value(made, "bias") == 0.05


def test_otif_counts_lines_on_time_and_in_full(planned, model, parts):
    days = pd.to_datetime(["2025-12-01", "2025-12-01", "2025-12-01", "2024-06-01"])
    lines = pd.DataFrame(
        {
            "order_line": list("abcd"),
            "product": "F",
            "market": "home",
            "requested_date": days,
            "promised_date": days,
            "delivered_date": days + pd.to_timedelta([0, 1, 0, 9], unit="D"),
            "ordered_qty": 10.0,
            "delivered_qty": [10.0, 10.0, 9.0, 0.0],
        }
    )
    performance = deliveries(planned | {"delivery": lines}, model(), parts)
    made = measures(planned | performance, model(), parts)
    assert value(made, "on_time_in_full") == pytest.approx(1 / 3)


def test_a_target_stands_beside_its_figure_and_the_last_cycle_beside_the_rest(planned, model, parts):
    goal = {
        "target": "floor",
        "measure": "cash",
        "start_date": pd.Timestamp("2026-01-01"),
        "scope": "*",
        "end_date": pd.Timestamp("2026-12-31"),
        "sense": "minimum",
        "target_value": 900.0,
        "strength": "report",
        "price_per_unit": None,
        "owner": "cfo",
        "entered_at": pd.Timestamp("2025-12-01"),
    }
    past = pd.DataFrame(
        {
            "cycle": pd.to_datetime(["2025-10-31", "2025-11-30"]),
            "kpi": "closing_cash",
            "kpi_value": [1.0, 2.0],
        }
    )
    tables = planned | {"target": SCHEMA["target"].shape(pd.DataFrame([goal])), "past_kpi": past}
    made = measures(tables, model(), parts)
    assert value(made, "minimum_cash", "reference_value") == 900.0
    assert value(made, "minimum_cash", "reference") == "target"
    assert value(made, "closing_cash", "reference_value") == 2.0
    assert value(made, "closing_cash", "reference") == "last cycle"


def test_the_example_has_no_exceptions(measured):
    assert measured["exception"].empty


def test_exceptions_are_merged_over_time_and_ranked_by_money(planned, model):
    months = planned["period"]["period"]
    shortage = pd.DataFrame(
        {
            "product": "F",
            "market": "home",
            "period": months,
            "late_qty": 0.0,
            "lost_qty": 5.0,
            "short_value": 100.0,
            "reason": "capacity",
            "subject": "line",
        }
    )
    stock = planned["projected_inventory"].assign(safety_stock_qty=75.0)
    use = planned["capacity_use"].assign(overload_hours=[2.0, 0.0, 3.0], price_per_hour=10.0)
    health = pd.DataFrame(
        {"product": ["F"], "location": ["plant"], "excess_value": [7.0], "expiring_value": [9.0]}
    )
    gap = pd.DataFrame(
        {
            "target": ["ebit_2026", "old"],
            "measure": "ebit",
            "scope": "*",
            "start_date": pd.Timestamp("2026-01-01"),
            "end_date": pd.to_datetime(["2026-12-31", "2025-12-31"]),
            "sense": "minimum",
            "target_value": 1000.0,
            "outlook_value": 740.0,
            "gap_value": [-260.0, -999.0],
        }
    )
    tables = planned | {
        "shortage": shortage,
        "projected_inventory": stock,
        "capacity_use": use,
        "inventory_health": health,
        "target_gap": gap,
    }
    found = exceptions(tables, model())
    assert found["rank"].to_list() == [1, 2, 3, 4, 5]
    assert found["money_value"].to_list() == [300.0, 260.0, 120.0, 50.0, 9.0]
    assert found["subject"].to_list() == ["goods", "ebit_2026", "goods", "line", "goods"]
    assert "from 2026-01 to 2026-03" in found["message"].iloc[0]
    assert len(exceptions(tables, model(exception_limit=2))) == 2


def test_promises_of_closed_months_are_held_against_what_happened(planned, model, parts):
    past = pd.DataFrame(
        {
            "cycle": pd.Timestamp("2025-11-30"),
            "period": pd.to_datetime(["2025-12-01", "2026-01-01"]),
            "line": "revenue",
            "amount_value": [2500.0, 1.0],
        }
    )
    plan = pd.DataFrame(
        {
            "cycle": pd.Timestamp("2025-11-30"),
            "product": "F",
            "market": "home",
            "period": pd.Timestamp("2025-12-01"),
            "consensus_qty": [80.0],
        }
    )
    made = measures(planned | {"past_profit_and_loss": past, "past_demand_plan": plan}, model(), parts)[
        "promise"
    ]
    kept = made.set_index("measure")
    assert len(kept) == 2
    assert kept.loc["revenue", "attainment_rate"] == pytest.approx(0.8)
    assert kept.loc["volume", "happened_value"] == 100.0


def test_headlines_speak_of_what_is_known(measured, model):
    text = executive(measured, model(), Parts())["headline"]
    assert text["topic"].to_list()[:3] == ["result", "service", "capacity"]
    joined = " ".join(text["message"]).replace("\u202f", " ")
    assert "2026 is heading for 6.20 k€ of revenue and 740 € of EBIT." in joined
    assert "100.0 % of demand is shipped on time." in joined
    assert len(text) <= 8


def test_the_stock_is_judged_where_it_is_highest_and_the_service_beside_what_was_delivered(measured, model):
    cap = {"target": "stock_cap", "measure": "stock_value", "scope": "*", "sense": "maximum"}
    cap |= {"start_date": pd.Timestamp("2026-01-01"), "end_date": pd.Timestamp("2027-12-31")}
    cap |= {"target_value": 900.0, "outlook_value": 1000.0, "gap_value": -100.0}
    past = measured["kpi"].iloc[[0]].assign(kpi="on_time_in_full", scope="*", unit="rate", kpi_value=0.871)
    kpis = measured["kpi"][measured["kpi"]["kpi"] != "on_time_in_full"]
    tables = measured | {
        "target_gap": pd.DataFrame([cap]),
        "kpi": pd.concat([kpis, past], ignore_index=True),
    }
    said = (
        executive(tables, model(), Parts())["headline"]
        .set_index("topic")["message"]
        .str.replace("\u202f", " ")
    )
    assert said["stock"].endswith("at its highest month end it is 1.00 k€, 100 € above the cap.")
    assert said["service"].endswith("over 12 months 87.1 % came on time and in full.")
    assert said["targets"] == "1 of 1 target is missed: stock cap."


def test_a_limit_is_passed_and_a_target_missed(planned, model):
    one = {
        "target": "capex_2026",
        "measure": "capex",
        "scope": "*",
        "sense": "maximum",
        "target_value": 100.0,
    }
    one |= {"start_date": pd.Timestamp("2026-01-01"), "end_date": pd.Timestamp("2026-12-31")}
    one |= {"outlook_value": 140.0, "gap_value": -40.0}
    gaps = pd.DataFrame([one, {**one, "target": "ebit_2026", "measure": "ebit", "sense": "minimum"}])
    text = exceptions(planned | {"target_gap": gaps}, model())["message"].str.replace("\u202f", " ")
    assert text.str.contains("Capex passes its limit of 100 € by 40.0 €").any()
    assert text.str.contains("EBIT misses its target of 100 € by 40.0 €").any()


def test_the_outlook_of_a_year_is_actual_to_date_and_forecast(planned, model):
    rows = planned["profit_and_loss"]
    shifted = years_table(rows, model()).set_index(["fiscal_year", "line"])["outlook"]
    assert shifted[(2026, "revenue")] == 6200.0
    assert shifted[(2025, "revenue")] == 2000.0


def test_a_bridge_that_does_not_close_is_refused_and_found():
    with pytest.raises(SopwbError, match="lead to"):
        bridge("b", ("a", 1.0), {"x": 2.0}, ("z", 4.0), "line")
    sound = bridge("b", ("a", 1.0), {"x": 2.0}, ("z", 3.0), "line")
    assert open_bridges(sound).empty
    broken = sound.assign(amount_value=[1.0, 2.5, 3.0])
    assert open_bridges(broken)["residual_value"].to_list() == [0.5]
