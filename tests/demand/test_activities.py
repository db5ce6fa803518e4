import pandas as pd
import pytest

from sopwb.config.demand import DemandSettings
from sopwb.demand.activities import activity_cells, inclusion_rate, still_to_come
from sopwb.demand.activity_plan import activity_effect

SERIES = pd.DataFrame(
    [("cola", "north", "drinks"), ("cola", "south", "drinks")], columns=["product", "market", "family"]
)
PERIOD = pd.DataFrame(
    {
        "period": pd.to_datetime(["2026-03-01", "2026-04-01", "2026-05-01"]),
        "end_date": pd.to_datetime(["2026-03-31", "2026-04-30", "2026-05-31"]),
    }
)
BASELINE = SERIES.merge(PERIOD[["period"]], how="cross").assign(baseline_qty=[100.0] * 3 + [300.0] * 3)
SETTINGS = DemandSettings(price_elasticity=-2.0, price_elasticity_by_family={"water": -1.0})
AS_OF = pd.Timestamp("2026-02-28")


NOTHING_MEASURED = pd.DataFrame(
    {
        name: pd.Series(dtype=kind)
        for name, kind in {
            "answer": object,
            "group": object,
            "family": object,
            "product": object,
            "value": float,
            "lower": float,
            "upper": float,
            "elasticity": float,
            "spread": float,
            "activities": int,
        }.items()
    }
)


def effect(activity, parts, response=NOTHING_MEASURED):
    return activity_effect(activity, BASELINE, SERIES, PERIOD, parts.activity_kinds, SETTINGS, response)


def test_a_percent_of_a_whole_month_is_that_percent_of_the_baseline(activities, parts):
    table = effect(activities({}), parts)
    assert list(table["full_qty"]) == [50.0, 150.0]
    assert list(table["effect_qty"]) == [50.0, 150.0]


def test_half_a_month_has_half_the_effect(activities, parts):
    table = effect(
        activities({"start_date": "2026-04-01", "end_date": "2026-04-15", "market": "north"}), parts
    )
    assert list(table["full_qty"]) == [25.0]


def test_a_lower_price_works_through_the_elasticity(activities, parts):
    table = effect(activities({"effect_type": "price", "effect": -0.2, "market": "north"}), parts)
    assert table["full_qty"].iloc[0] == pytest.approx(100 * (0.8**-2 - 1))


def test_a_quantity_is_split_by_the_baseline_and_its_sum_is_exact(activities, parts):
    table = effect(activities({"effect_type": "quantity", "effect": 1000.0, "end_date": "2026-04-30"}), parts)
    assert table["full_qty"].sum() == pytest.approx(1000.0)
    by_market = table.groupby("market")["full_qty"].sum()
    assert by_market["south"] == pytest.approx(3 * by_market["north"])


def test_of_a_quantity_that_began_before_only_the_days_ahead_count(activities, parts):
    row = {"effect_type": "quantity", "effect": 590.0, "start_date": "2026-02-01", "end_date": "2026-03-31"}
    assert effect(activities(row), parts)["full_qty"].sum() == pytest.approx(310.0)


def test_what_was_pulled_forward_is_missing_in_the_equally_long_span_after(activities, parts):
    # 30 days from 2 March; the 30 days after it are 1 to 30 April
    row = {"start_date": "2026-03-02", "after_effect_rate": 0.4, "market": "north"}
    table = effect(activities(row), parts).set_index("period")["full_qty"]
    assert table[pd.Timestamp("2026-03-01")] == pytest.approx(50.0 * 30 / 31)
    assert table[pd.Timestamp("2026-04-01")] == pytest.approx(-0.4 * 50.0)


def test_a_customers_kind_goes_before_the_effect_type(activities, parts):
    kinds = dict(parts.activity_kinds) | {
        "promotion": lambda cells, settings: cells["baseline_qty"] * 0 + 7.0
    }
    table = activity_effect(activities({}), BASELINE, SERIES, PERIOD, kinds, SETTINGS, NOTHING_MEASURED)
    assert list(table["full_qty"]) == [7.0, 7.0]


@pytest.mark.parametrize(
    ("kind", "probability", "inclusion", "share"),
    [
        ("promotion", 0.5, "expected", 0.5),
        ("promotion", 0.5, "full", 1.0),
        ("promotion", 0.9, "out", 0.0),
        ("tender", 0.5, "expected", 0.0),
        ("tender", 0.7, "expected", 1.0),
        ("launch", 0.69, "expected", 0.0),
        ("tender", 0.5, "full", 1.0),
    ],
)
def test_what_happens_once_is_never_planned_at_half(activities, kind, probability, inclusion, share):
    row = {"kind": kind, "probability": probability, "inclusion": inclusion}
    assert inclusion_rate(activities(row), SETTINGS).tolist() == [share]


def test_a_lasting_change_that_has_begun_is_in_the_baseline_already(activities):
    begun = {"activity": "old", "kind": "price_change", "start_date": "2025-06-01", "end_date": "2027-06-01"}
    coming = {"activity": "new", "kind": "price_change", "start_date": "2026-06-01", "end_date": "2027-06-01"}
    passed = {"activity": "gone", "start_date": "2026-01-01", "end_date": "2026-01-31"}
    dip = {"activity": "dip", "start_date": "2026-02-01", "end_date": "2026-02-28", "after_effect_rate": 0.2}
    ahead = still_to_come(activities(begun, coming, passed, dip), AS_OF, 120)
    assert sorted(ahead["activity"]) == ["dip", "new"]


def test_no_activity_gives_an_empty_table(activities, parts):
    nothing = activities({}).iloc[:0]
    assert effect(nothing, parts).empty
    buckets = PERIOD.rename(columns={"period": "begin_date"})
    assert activity_cells(nothing, SERIES, buckets).empty
