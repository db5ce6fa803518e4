import pandas as pd
import pytest

from sopwb.demand.scope import matching_series

SERIES = pd.DataFrame(
    [("cola", "north", "drinks"), ("cola", "south", "drinks"), ("chips", "north", "snacks")],
    columns=["product", "market", "family"],
)


def rows(*scopes):
    frame = pd.DataFrame(scopes, columns=["family", "product", "market"])
    return frame.assign(code=[f"R{place}" for place in range(len(frame))])


@pytest.mark.parametrize(
    ("scope", "number"),
    [
        (("*", "*", "*"), 3),
        (("drinks", "*", "*"), 2),
        (("*", "cola", "*"), 2),
        (("*", "*", "north"), 2),
        (("drinks", "cola", "south"), 1),
        (("snacks", "cola", "*"), 0),
        (("*", "unknown", "*"), 0),
    ],
)
def test_a_star_matches_everything_and_a_name_only_itself(scope, number):
    assert len(matching_series(rows(scope), "code", SERIES)) == number
