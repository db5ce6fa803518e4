import pandas as pd
import pytest

from sopwb.config.demand import ManualSettings
from sopwb.demand.stream_accuracy import past_streams, stream_accuracy
from tests.demand.conftest import AS_OF, market_table, monthly_sales, product_table, statement_row

PRODUCT = product_table({"cola": "drinks"})
MARKET = market_table(["shop"])
SALES = monthly_sales({("cola", "shop"): [100.0, 110.0, 120.0]})


def archive(*rows):
    frame = pd.DataFrame(rows, columns=["cycle", "period", "automatic_qty"])
    dates = {name: pd.to_datetime(frame[name]) for name in ("cycle", "period")}
    return frame.assign(
        **dates,
        product="cola",
        market="shop",
        baseline_qty=frame["automatic_qty"],
        manual_qty=float("nan"),
        consensus_qty=frame["automatic_qty"],
    )


PLANS = archive(
    ("2025-12-31", "2026-01-01", 90.0),
    ("2025-12-31", "2026-02-01", 90.0),
    ("2026-01-31", "2026-02-01", 100.0),
    ("2026-01-31", "2026-03-01", 100.0),
)


def said(*rows):
    return past_streams(
        PLANS,
        pd.DataFrame([statement_row(**row) for row in rows]),
        PRODUCT,
        MARKET,
        SALES,
        ManualSettings(),
        as_of=pd.Timestamp("2026-02-28"),
    )


def test_a_stream_of_a_past_cycle_is_heard_as_it_stood_then():
    past = said(
        {"manual_forecast": "old", "period": "2026-02-01", "amount": 10.0, "entered_at": "2025-12-20"},
        {"manual_forecast": "new", "period": "2026-02-01", "amount": 30.0, "entered_at": "2026-01-20"},
    )
    february = past[past["period"] == pd.Timestamp("2026-02-01")].set_index("lag")["sales"]
    assert february.to_dict() == {2: 100.0, 1: 130.0}
    assert past["period"].max() == pd.Timestamp("2026-02-01")
    assert past.loc[past["period"] == pd.Timestamp("2026-01-01"), "sales"].isna().all()


def test_a_stream_is_judged_beside_the_automatic_forecast_in_the_cells_it_spoke_about():
    past = said({"period": "2026-02-01", "amount": 30.0, "entered_at": "2025-12-20"})
    table = stream_accuracy(past, SALES, as_of=AS_OF).set_index("lag")
    assert table.loc[2, ["actual_qty", "stream_qty", "judged"]].tolist() == [120.0, 120.0, 1]
    assert table.loc[2, ["absolute_error_qty", "statistical_absolute_error_qty"]].tolist() == [0.0, 30.0]
    assert table.loc[2, "value_added_rate"] == pytest.approx(0.25)
    assert table.loc[1, "absolute_error_qty"] == pytest.approx(10.0)
    assert table.loc[1, "statistical_squared_error"] == pytest.approx(400.0)
    # it was off by 10 when sales were known to have moved by 10
    assert table.loc[1, ["mase", "rmsse"]].tolist() == [1.0, 1.0]
    assert abs(table.loc[1, "tracking_signal"]) == 1.0
