"""Single authors, heard alone, against the automatic forecast and in money."""

import pandas as pd
import pytest

from sopwb.config.demand import ManualSettings
from sopwb.demand.author_accuracy import author_accuracy, voice_of, with_authors
from sopwb.demand.manual import STREAMS
from sopwb.demand.stream_accuracy import past_streams
from tests.demand.conftest import AS_OF, market_table, monthly_sales, product_table, statement_row
from tests.demand.test_stream_accuracy import PLANS

PRODUCT = product_table({"cola": "drinks"})
MARKET = market_table(["shop"])
SALES = monthly_sales({("cola", "shop"): [100.0, 110.0, 120.0]})
MARGIN = pd.DataFrame({"product": ["cola"], "market": ["shop"], "margin_per_unit": [2.0]})


def judged(*rows):
    said = pd.DataFrame([statement_row(manual_forecast=f"S{place}", **row) for place, row in enumerate(rows)])
    said = said.assign(entered_at=pd.to_datetime(said["entered_at"]))
    heard = (*STREAMS, *(voice_of(name) for name in said["author"].unique()))
    known = PRODUCT, MARKET, SALES, ManualSettings()
    as_of = pd.Timestamp("2026-02-28")
    past = past_streams(PLANS, with_authors(said), *known, as_of=as_of, streams=heard)
    plain = past_streams(PLANS, said, *known, as_of=as_of)
    pd.testing.assert_frame_equal(past[list(STREAMS)], plain[list(STREAMS)])
    table = author_accuracy(past, said, SALES, MARGIN, as_of=AS_OF)
    return table[table["family"] == "*"].set_index(["author", "lag"])


def test_each_author_is_heard_alone_even_where_another_had_the_last_word():
    february = {"period": "2026-02-01", "mode": "absolute", "expires_on": "2026-12-31"}
    table = judged(
        {**february, "author": "anna", "amount": 115.0, "entered_at": "2025-12-20"},
        {**february, "author": "erik", "amount": 150.0, "entered_at": "2025-12-21"},
    )
    assert table.loc[("anna", 2), ["actual_qty", "said_qty"]].tolist() == [120.0, 115.0]
    assert table.loc[("erik", 2), "bias_rate"] == pytest.approx(150 / 120 - 1)


def test_worth_is_the_error_taken_off_the_automatic_forecast_at_margin():
    row = {"period": "2026-02-01", "mode": "absolute", "expires_on": "2026-12-31", "entered_at": "2025-12-20"}
    table = judged({**row, "author": "anna", "amount": 115.0}, {**row, "author": "erik", "amount": 160.0})
    # the automatic forecast of then was 90 for 120 sold
    assert table.loc[("anna", 2), "value_added_value"] == pytest.approx((30 - 5) * 2.0)
    assert table.loc[("erik", 2), "value_added_value"] == pytest.approx((30 - 40) * 2.0)
    assert table.loc[("anna", 2), "value_added_rate"] == pytest.approx(25 / 120)


def test_a_word_that_still_counts_in_a_later_cycle_is_carried():
    row = {"period": "2026-02-01", "mode": "absolute", "expires_on": "2026-12-31", "entered_at": "2025-12-20"}
    table = judged({**row, "author": "anna", "amount": 115.0})
    assert table.loc[("anna", 2), ["judged", "carried"]].tolist() == [1, 0]
    assert table.loc[("anna", 1), ["judged", "carried"]].tolist() == [1, 1]
    # 115 for 120 sold, when sales were known to have moved from 100 to 110
    assert table.loc[("anna", 1), ["tracking_signal", "mase", "rmsse"]].tolist() == [-1.0, 0.5, 0.5]
    # in the cycle before, only one month was known
    assert table.loc[("anna", 2), "tracking_signal"] == -1.0
    assert table.loc[("anna", 2), ["mase", "rmsse"]].isna().all()
    assert (table["last_entered_on"] == pd.Timestamp("2025-12-20")).all()


def test_without_statements_there_is_nothing_to_judge():
    none = pd.DataFrame([statement_row()]).iloc[:0]
    none = none.assign(entered_at=pd.to_datetime(none["entered_at"]))
    known = PRODUCT, MARKET, SALES, ManualSettings()
    past = past_streams(PLANS, with_authors(none), *known, as_of=pd.Timestamp("2026-02-28"))
    assert author_accuracy(past, none, SALES, MARGIN, as_of=AS_OF).empty
