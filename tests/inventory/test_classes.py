"""Classes by planned sales and by forecast error, and the service that follows from both."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from sopwb.config.inventory import InventorySettings
from sopwb.inventory.classes import product_class
from sopwb.inventory.requirement import Requirement
from sopwb.inventory.targets import policy
from sopwb.schema import load_schema

SCHEMA = load_schema()
PRODUCT = pd.DataFrame(
    {
        "product": ["best", "good", "tail", "new", "sugar"],
        "family": "all",
        "product_type": ["finished"] * 4 + ["component"],
        "shelf_life_days": pd.array([pd.NA] * 5, dtype="Int64"),
    }
)
PLAN = pd.DataFrame(
    {"product": ["best", "best", "good", "tail"], "consensus_value": [500.0, 300.0, 150.0, 50.0]}
)
JUDGED = pd.DataFrame(
    {
        "product": ["best", "good", "tail"],
        "actual_qty": [100.0, 100.0, 10.0],
        "absolute_error_qty": [5.0, 30.0, 9.0],
        "error_rate": [0.05, 0.3, 0.9],
        "xyz_class": ["X", "Y", "Z"],
    }
)
STOCK = pd.DataFrame({"product": ["best", "best", "tail"], "on_hand_qty": [3.0, 4.0, 10.0]})
COST = pd.DataFrame({"product": ["best", "tail"], "standard_cost_per_unit": [2.0, 5.0]})


def classes(**settings):
    made = product_class(PRODUCT, PLAN, JUDGED, STOCK, COST, InventorySettings(**settings))
    return SCHEMA["product_class"].shape(made).set_index("product")


def test_every_finished_product_has_both_classes_and_what_stands_behind_them():
    table = classes()
    assert (table["abc_class"] + table["xyz_class"]).to_dict() == {
        "best": "AX",
        "good": "BY",
        "tail": "CZ",
        "new": "CZ",
    }
    assert table["planned_value"].to_dict() == {"best": 800.0, "good": 150.0, "tail": 50.0, "new": 0.0}
    assert table["stock_value"].to_dict() == {"best": 14.0, "good": 0.0, "tail": 50.0, "new": 0.0}
    assert np.isnan(table.loc["new", "error_rate"])


def test_service_is_that_of_the_value_class_unless_the_pair_says_else():
    assert classes()["service_level"].to_dict() == {"best": 0.98, "good": 0.95, "tail": 0.90, "new": 0.90}
    table = classes(service_level_by_class={"CZ": 0.8, "AX": 0.995})
    assert table["service_level"].to_dict() == {"best": 0.995, "good": 0.95, "tail": 0.8, "new": 0.8}


@pytest.mark.parametrize("pairs", [{"CZ": 0.3}, {"CZ": 1.0}, {"C": 0.9}, {"XA": 0.9}])
def test_a_pair_that_is_none_or_a_service_out_of_bounds_is_refused(pairs):
    with pytest.raises(ValidationError):
        InventorySettings(service_level_by_class=pairs)


def test_a_row_of_product_location_goes_before_the_pair_and_components_keep_their_own():
    nodes = pd.DataFrame({"product": ["best", "sugar", "tail"], "location": "hub"})
    need = Requirement.__new__(Requirement)
    object.__setattr__(need, "nodes", nodes)
    settings = InventorySettings(service_level_by_class={"CZ": 0.8, "AX": 0.995})
    own = SCHEMA["product_location"].empty().reindex(columns=list(SCHEMA["product_location"].columns))
    own = pd.concat([own, pd.DataFrame([{"product": "best", "location": "hub", "service_level": 0.7}])])
    sources = tuple(SCHEMA[name].empty() for name in ("routing", "purchase_term", "lane"))
    table = product_class(PRODUCT, PLAN, JUDGED, STOCK, COST, settings)
    wanted = policy(need, PRODUCT, own, table, sources, settings)
    assert wanted.service_level.tolist() == [0.7, settings.component_service_level, 0.8]
