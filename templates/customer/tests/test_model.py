"""The company can be read, and what it sells can be supplied."""

from pathlib import Path

from sopwb.cycle.inputs import Request, load_inputs

FOLDER = Path(__file__).resolve().parents[1]


def test_settings_and_data_are_sound():
    inputs = load_inputs(Request(FOLDER))
    assert not inputs.tables["sales_history"].empty


def test_every_product_that_is_sold_can_be_made_or_bought():
    tables = load_inputs(Request(FOLDER)).tables
    sold = set(tables["sales_history"]["product"])
    supplied = set(tables["routing"]["product"]) | set(tables["purchase_term"]["product"])
    assert sold <= supplied
