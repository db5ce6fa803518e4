import pandas as pd
import pytest

from sopwb.calendar import plan_periods
from sopwb.config.demand import ManualSettings
from sopwb.demand.collection import asked_scopes, collection_form
from sopwb.errors import InputError
from tests.demand.conftest import (
    AS_OF,
    activity_row,
    market_table,
    monthly_sales,
    product_table,
    statement_row,
)

SCOPE = ["author", "stream", "family", "product", "market", "node"]


@pytest.fixture
def tables(schema):
    period = plan_periods(AS_OF, weeks=6, end=pd.Timestamp("2026-06-30"))
    series = pd.DataFrame(
        [("cola", "north"), ("cola", "south"), ("chips", "north")], columns=["product", "market"]
    )
    plan = series.merge(period[["period", "days"]], how="cross")
    plan = plan.assign(
        baseline_qty=plan["days"] * 2.0, activity_qty=0.5, automatic_qty=plan["days"] * 2 + 0.5
    )
    months = [0.0] * 11 + [30.0, 40.0, *[0.0] * 11]
    return {
        "author_scope": schema["author_scope"].empty(),
        "manual_forecast": pd.DataFrame([statement_row(family="drinks", amount=5.0)]),
        "demand_plan": plan,
        "period": period,
        "product": product_table({"cola": "drinks", "chips": "snacks"}),
        "market": market_table(["north", "south"]).assign(region=["n", "s"]),
        "sales_history": monthly_sales({("cola", "north"): months}),
        "activity": pd.DataFrame(
            [
                activity_row(activity="mine", family="drinks"),
                activity_row(activity="other", family="snacks"),
                activity_row(activity="late", start_date="2027-01-01", end_date="2027-02-01"),
            ]
        ).assign(description=lambda rows: rows["activity"]),
    }


def form(tables, author="anna", **settings):
    words = ManualSettings(**{"collect_months": 2} | settings)
    return collection_form(author, tables, customer="acme", title="Acme", as_of=AS_OF, settings=words)


def scopes(*rows):
    return pd.DataFrame(rows, columns=SCOPE)


def test_without_a_table_of_authors_each_is_asked_about_what_he_spoke_of_last(schema):
    said = pd.DataFrame(
        [
            statement_row(family="old", entered_at="2026-01-05 09:00"),
            statement_row(family="cola", entered_at="2026-02-05 09:00"),
            statement_row(family="water", entered_at="2026-02-05 17:00", period="2026-04-01"),
            statement_row(family="later", entered_at="2026-03-05"),
            statement_row(author="erik", stream="finance", entered_at="2025-11-05"),
        ]
    )
    found = asked_scopes(schema["author_scope"].empty(), said, AS_OF)
    assert found[["author", "stream", "family"]].to_numpy().tolist() == [
        ["anna", "sales", "cola"],
        ["anna", "sales", "water"],
        ["erik", "finance", "*"],
    ]
    declared = scopes(("anna", "sales", "*", "cola", "*", "*"))
    found = asked_scopes(declared, said, AS_OF)
    assert found[["author", "family", "product"]].to_numpy().tolist() == [
        ["anna", "*", "cola"],
        ["erik", "*", "*"],
    ]


def test_a_line_shows_the_sums_of_its_node_month_by_month(tables):
    asked = form(tables)
    assert asked.months == [pd.Timestamp("2026-03-01"), pd.Timestamp("2026-04-01")]
    march = asked.grid.iloc[0]
    buckets = (tables["period"]["fiscal_period"] == pd.Timestamp("2026-03-01")).sum()
    assert march["baseline_qty"] == pytest.approx(2 * 31 * 2.0)
    assert march["activity_qty"] == pytest.approx(2 * 0.5 * buckets)
    assert asked.grid["last_year_qty"].tolist() == [40.0, 0.0]
    assert asked.valid_until == pd.Timestamp("2026-03-31")
    assert asked.standing[["line", "mode", "amount"]].to_numpy().tolist() == [[1, "delta", 5.0]]
    assert asked.activities["description"].tolist() == ["mine"]


def test_a_node_of_attributes_is_a_line_and_what_is_not_planned_is_none(tables):
    tables["author_scope"] = scopes(
        ("anna", "sales", "*", "*", "*", "region=n"), ("anna", "sales", "*", "chips", "south", "*")
    )
    asked = form(tables)
    assert asked.lines["node"].tolist() == ["region=n"]
    assert asked.grid["baseline_qty"].iloc[0] == pytest.approx(2 * 31 * 2.0)
    tables["author_scope"] = tables["author_scope"].iloc[1:]
    with pytest.raises(InputError, match="nothing that anna is asked about is in the plan"):
        form(tables)
    with pytest.raises(InputError, match="'erik' is asked about nothing\n  → known are anna"):
        form(tables, author="erik")
