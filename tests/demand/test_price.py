import pandas as pd
import pytest

from sopwb.demand.price import net_price
from sopwb.errors import InputError

AS_OF = pd.Timestamp("2026-02-28")
DAY = pd.Timestamp


def frame(columns, *rows):
    return pd.DataFrame(list(rows), columns=columns.split())


NO_PRICE = frame("product market valid_from price_per_unit").astype({"valid_from": "datetime64[ns]"})
NO_REBATE = frame("market family valid_from rebate_rate").astype({"valid_from": "datetime64[ns]"})
RATES = frame(
    "currency rate_type period rate",
    ("SEK", "plan", DAY("2026-01-01"), 0.1),
    ("SEK", "actual", DAY("2025-01-01"), 0.5),
)
SALES = frame(
    "product market date sold_qty returned_qty net_sales_value",
    ("cola", "north", DAY("2026-01-01"), 11.0, 1.0, 25.0),
    ("cola", "north", DAY("2024-01-01"), 100.0, 0.0, 9999.0),
)


def cells(currency="EUR", *periods, market="north"):
    days = [DAY(day) for day in periods or ("2026-03-01",)]
    return pd.DataFrame(
        {"product": "cola", "market": market, "period": days, "family": "drinks", "currency": currency}
    )


def price(asked, listed=NO_PRICE, rebate=NO_REBATE, rates=RATES):
    return net_price(asked, listed, rebate, rates, SALES, reporting="EUR", as_of=AS_OF).tolist()


def test_net_price_is_list_price_less_rebate_at_plan_rate():
    listed = frame("product market valid_from price_per_unit", ("cola", "north", DAY("2025-01-01"), 50.0))
    rebate = frame(
        "market family valid_from rebate_rate",
        ("north", "*", DAY("1900-01-01"), 0.2),
        ("north", "snacks", DAY("1900-01-01"), 0.9),
    )
    assert price(cells("SEK"), listed, rebate) == pytest.approx([50.0 * 0.8 * 0.1])


def test_a_new_price_holds_from_its_day_and_the_first_also_before():
    listed = frame(
        "product market valid_from price_per_unit",
        ("cola", "north", DAY("2026-03-01"), 5.0),
        ("cola", "north", DAY("2026-05-01"), 6.0),
    )
    assert price(cells("EUR", "2026-02-01", "2026-04-30", "2026-05-01"), listed) == [5.0, 5.0, 6.0]


def test_a_familys_rebate_goes_before_that_of_all():
    listed = frame("product market valid_from price_per_unit", ("cola", "north", DAY("2025-01-01"), 10.0))
    rebate = frame(
        "market family valid_from rebate_rate",
        ("north", "*", DAY("1900-01-01"), 0.2),
        ("north", "drinks", DAY("2026-04-01"), 0.5),
    )
    assert price(cells("EUR", "2026-03-01", "2026-04-01"), listed, rebate) == pytest.approx([8.0, 5.0])


def test_without_a_list_price_it_is_what_a_unit_brought_last_year():
    assert price(cells()) == [2.5]
    assert price(cells(market="south")) == [2.5]


def test_a_currency_without_a_rate_is_an_error_that_says_what_to_add():
    with pytest.raises(InputError, match=r"(?s)currency_rate: no rate for NOK.*rate_type plan"):
        price(cells("NOK"))
