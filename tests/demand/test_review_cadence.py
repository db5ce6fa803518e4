"""Classes of products decide how often the demand review looks at them."""

import pandas as pd
import pytest
from pydantic import ValidationError

from sopwb.config.demand import ReviewSettings
from sopwb.demand.review_cadence import review_cadence

WORTH = pd.DataFrame({"product": ["cola", "tea", "water", "new"], "abc_class": ["A", "C", "C", "C"]})
JUDGED = pd.DataFrame({"product": ["cola", "tea", "water"], "xyz_class": ["X", "X", "Z"]})


def cadence(day, **settings):
    rows = review_cadence(WORTH, JUDGED, ReviewSettings(**settings), pd.Timestamp(day))
    return rows.set_index("product")


def test_small_products_that_are_easy_to_forecast_are_looked_at_each_quarter():
    found = cadence("2026-02-28")
    assert found["every_months"].to_dict() == {"cola": 1, "new": 1, "tea": 3, "water": 1}
    assert found.index[~found["is_due"]].tolist() == ["tea"]
    assert found.loc["tea", "next_review_date"] == pd.Timestamp("2026-03-31")
    assert found.loc["cola", "next_review_date"] == pd.Timestamp("2026-02-28")
    assert found.loc["new", "xyz_class"] == "Z"
    assert cadence("2026-03-31")["is_due"].all()


def test_the_pair_says_more_than_the_class_and_the_year_turns_without_a_gap():
    found = cadence("2026-11-30", every_months_by_class={"X": 2, "CX": 6})
    assert found["every_months"].to_dict() == {"cola": 2, "new": 1, "tea": 6, "water": 1}
    assert found.loc["cola", "next_review_date"] == pd.Timestamp("2026-12-31")
    assert cadence("2026-12-31", every_months_by_class={"X": 6})["is_due"].all()


def test_without_an_entry_every_product_is_due_each_month():
    assert cadence("2026-02-28", every_months_by_class={})["is_due"].all()


@pytest.mark.parametrize("classes", [{"XC": 3}, {"CX": 0}, {"A": 2}])
def test_a_class_that_does_not_exist_or_no_month_is_refused(classes):
    with pytest.raises(ValidationError):
        ReviewSettings(every_months_by_class=classes)
