import pandas as pd
import pytest

from sopwb.demand.accuracy import archive_accuracy
from tests.demand.conftest import AS_OF, monthly_sales, product_table


def archived(**quantities):
    row = {
        "cycle": pd.Timestamp("2025-11-30"),
        "product": "cola",
        "market": "shop",
        "period": pd.Timestamp("2026-01-01"),
        "baseline_qty": 80.0,
        "automatic_qty": 90.0,
        "manual_qty": float("nan"),
        "consensus_qty": 110.0,
    }
    return pd.DataFrame([row | quantities])


def test_each_stream_of_a_past_cycle_is_held_against_what_was_sold():
    sales = monthly_sales({("cola", "shop"): [50.0] + [100.0] * 13})
    table = archive_accuracy(archived(), sales, product_table({"cola": "drinks"}), as_of=AS_OF)
    rows = table[table["family"] == "drinks"].set_index("stream")
    assert rows["lag"].unique().tolist() == [2]
    expected = {"seasonal_naive": 0.5, "statistical": 0.2, "automatic": 0.1, "manual": 0.1, "consensus": 0.1}
    # the same month a year before sold 50
    sales.loc[sales["date"] == pd.Timestamp("2025-01-01"), "sold_qty"] = 50.0
    rows = archive_accuracy(archived(), sales, product_table({"cola": "drinks"}), as_of=AS_OF)
    rows = rows[rows["family"] == "drinks"].set_index("stream")
    assert rows["wmape_rate"].to_dict() == pytest.approx(expected)
    assert rows.loc["statistical", "value_added_rate"] == pytest.approx(0.3)
    assert rows.loc["consensus", "bias_rate"] == pytest.approx(0.1)


def test_months_that_are_not_closed_are_not_judged():
    open_month = archived(period=pd.Timestamp("2026-03-01"))
    sales = monthly_sales({("cola", "shop"): [100.0] * 14})
    assert archive_accuracy(open_month, sales, product_table({"cola": "drinks"}), as_of=AS_OF).empty
