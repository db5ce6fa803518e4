import numpy as np
import pandas as pd
import pytest

from sopwb.demand.eligible import exclusion_reasons
from sopwb.demand.launches import borrowed_history, handed_over_rate, heirs, live_rate
from tests.demand.conftest import AS_OF, product_table

MONTHS = pd.date_range("2023-03-01", "2026-02-01", freq="MS")
PERIOD = pd.DataFrame(
    {
        "period": pd.to_datetime(["2026-03-01", "2026-04-01"]),
        "end_date": pd.to_datetime(["2026-03-31", "2026-04-30"]),
    }
)


def successor(start="2026-01-01", factor=1.5):
    row = {"product": "old", "successor": "new", "start_date": pd.Timestamp(start), "factor_rate": factor}
    return pd.DataFrame([row])


def test_a_successor_borrows_its_predecessors_history_times_the_factor():
    series = pd.DataFrame({"product": ["old", "new"], "market": "shop"})
    values = np.array([[10.0, 10.0, 10.0, 10.0], [np.nan, np.nan, 4.0, 12.0]])
    inherits = heirs(series, successor())
    inherits = inherits[inherits["product"] == "new"]
    assert borrowed_history(values, series, inherits, 12)[1] == pytest.approx([15.0, 15.0, 4.0, 12.0])


def test_a_product_is_sold_from_its_launch_to_its_last_day():
    product = product_table({"new": "drinks", "old": "drinks"})
    product = product.assign(
        launch_date=pd.to_datetime(["2026-04-16", None]), phase_out_date=pd.to_datetime([None, "2026-04-15"])
    )
    cells = pd.DataFrame({"product": ["new", "new", "old", "old"], "period": list(PERIOD["period"]) * 2})
    assert live_rate(cells, product, PERIOD) == pytest.approx([0.0, 0.5, 1.0, 0.5])


def test_a_coming_successor_takes_its_share_from_its_first_day():
    cells = pd.DataFrame({"product": "old", "period": PERIOD["period"]})
    rate = handed_over_rate(cells, successor("2026-04-16", 0.6), PERIOD, AS_OF)
    assert rate == pytest.approx([0.0, 0.3])


def reason(values, **product):
    table = product_table({"cola": "drinks"}).assign(**product)
    series = pd.DataFrame({"product": ["cola"], "market": ["shop"]})
    return exclusion_reasons(np.array([values]), series, MONTHS, table, AS_OF, 6)[0]


def test_a_series_that_fell_silent_has_ended_and_one_out_of_season_has_not():
    assert "no sale since" in reason([50.0] * 28 + [0.0] * 8)
    assert reason([50.0] * 32 + [0.0] * 4) == ""
    # sold in March and April only
    assert reason(([40.0, 60.0] + [0.0] * 10) * 3) == ""


def test_a_product_past_its_last_day_is_excluded_with_that_day():
    assert reason([50.0] * 36, phase_out_date=pd.Timestamp("2026-01-31")) == "phased out on 2026-01-31"
