import pandas as pd
import pytest

from sopwb.schema import load_schema
from sopwb.schema.statement import node_conditions, statement_faults

SCHEMA = load_schema()
PRODUCT = pd.DataFrame(
    {"product": ["cola", "chips"], "family": ["drinks", "snacks"], "brand": ["Kuura", "Halla"]}
)
MARKET = pd.DataFrame(
    {"market": ["shop", "pub"], "region": ["north", "south"], "channel": ["grocery", "horeca"]}
)
ROW = {
    "manual_forecast": "M1",
    "family": "*",
    "product": "*",
    "market": "*",
    "node": "*",
    "period": pd.Timestamp("2026-03-01"),
    "span": "month",
    "mode": "absolute",
    "amount": 5.0,
}


def faults(**changes):
    tables = {"manual_forecast": pd.DataFrame([ROW, ROW | changes]), "product": PRODUCT, "market": MARKET}
    return "\n".join(map(str, statement_faults(tables, SCHEMA)))


def test_a_sound_statement_has_no_fault():
    sound = {"node": "region=north, brand=Kuura", "family": "drinks", "product": "cola"}
    assert faults(**sound) == ""
    assert faults(span="week", period=pd.Timestamp("2026-03-09")) == ""
    assert statement_faults({}, SCHEMA) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"family": "drink"}, "manual_forecast.family: 1 row(s) name a family that no product has"),
        ({"family": "drink"}, "row 3 (manual_forecast=M1): 'drink'\n  → did you mean drinks?"),
        ({"family": "snacks", "product": "cola"}, "name a product of another family"),
        ({"period": pd.Timestamp("2026-03-02")}, "row 3 (manual_forecast=M1): 2026-03-02"),
        ({"amount": -1.0}, "manual_forecast.amount: 1 row(s) make the forecast negative"),
        ({"mode": "percent", "amount": -1.5}, "make the forecast negative"),
        ({"node": "regin=north"}, "neither product nor market has a column regin"),
        ({"node": "regin=north"}, "did you mean region?"),
        ({"node": "region=nort"}, "no market has the region nort"),
        ({"node": "region=north, channel=horeca"}, "holds no market"),
        ({"node": "north"}, "'north' is no condition; write region=Sweden"),
        ({"node": "region=north, region=south"}, "region stands twice"),
    ],
)
def test_what_is_wrong_is_named_with_table_row_and_remedy(changes, words):
    assert words in faults(**changes)


def test_a_delta_may_be_negative():
    assert faults(mode="delta", amount=-5.0) == ""
    assert node_conditions("market.description=Shop") == {"market.description": "Shop"}
