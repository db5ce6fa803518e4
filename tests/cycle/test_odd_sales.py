"""Every product of a customer is planned or named with the reason, however odd its sales are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sopwb.cycle.inputs import Request, load_inputs
from sopwb.cycle.memory import run_stages
from sopwb.cycle.stages import flow
from tests.cycle.customer import acme, cells, write

MONTHS = pd.date_range("2023-07-01", "2025-12-01", freq="MS")
EVEN = np.full(len(MONTHS), 40.0)
ODD = {
    "constant": (MONTHS, EVEN, 0.0),
    "all_zero": (MONTHS, 0 * EVEN, 0.0),
    "one_observation": (MONTHS[-1:], EVEN[:1], 0.0),
    "one_long_ago": (MONTHS[:1], EVEN[:1], 0.0),
    "gappy": (MONTHS[::3], EVEN[::3], 0.0),
    "more_returned_than_sold": (MONTHS, EVEN, 90.0),
    "giant_once": (MONTHS, np.where(np.arange(len(MONTHS)) == 11, 1e9, EVEN), 0.0),
    "never_sold": (MONTHS[:0], EVEN[:0], 0.0),
}
STARTS = ("10_", "15_", "20_")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Tables of the demand review of a company with ordinary and odd products."""
    folder = acme(tmp_path_factory.mktemp("odd"))
    product, sales = cells(folder, "product"), cells(folder, "sales_history")
    like = product[product["product"] == "espresso_1kg"]
    rows = [
        pd.DataFrame({"date": dates.strftime("%Y-%m-%d"), "sold_qty": sold, "returned_qty": back}).assign(
            product=name, market="cafes", net_sales_value=10 * (sold - back)
        )
        for name, (dates, sold, back) in ODD.items()
    ]
    write(folder, "product", pd.concat([product, *(like.assign(product=name) for name in ODD)]))
    write(folder, "sales_history", pd.concat([sales, *rows]))
    inputs = load_inputs(Request(folder))
    stages = [stage for stage in flow(inputs.parts) if stage.notebook.startswith(STARTS)]
    return run_stages(inputs.tables, inputs.model, inputs.parts, inputs.schema, stages)


@pytest.mark.parametrize("name", list(ODD))
def test_an_odd_product_is_planned_or_named_with_its_reason(made, name):
    plan, excluded = made["demand_plan"], made["forecast_exclusion"]
    planned = plan[plan["product"] == name]
    reasons = excluded.loc[excluded["product"] == name, "reason"]
    assert len(planned) > 0 or len(reasons) > 0
    assert (reasons.str.len() > 5).all()
    numbers = planned[["lower_qty", "consensus_qty", "upper_qty"]].to_numpy()
    assert np.isfinite(numbers).all()
    assert (np.diff(numbers, axis=1) >= 0).all()


def test_what_can_be_forecast_is_near_what_sells(made):
    plan = made["demand_plan"]
    months = plan["period"].dt.to_period("M")
    for name in ("constant", "giant_once"):
        monthly = plan[plan["product"] == name].groupby(months)["consensus_qty"].sum()
        assert monthly.to_numpy() == pytest.approx(np.full(len(monthly), 40.0), rel=0.2)


def test_what_never_sold_or_only_came_back_waits_for_people(made):
    excluded = made["forecast_exclusion"].set_index("product")["reason"]
    for name in ("all_zero", "never_sold", "more_returned_than_sold"):
        assert excluded[name] == "no sale and no predecessor; needs a manual forecast"


def test_the_sample_paths_have_every_planned_product(made):
    paths, plan = made["sample_path"], made["demand_plan"]
    assert set(paths["product"]) == set(plan["product"])
    mean = (
        paths.groupby(["product", "period", "path"])["demand_qty"].sum().groupby(["product", "period"]).mean()
    )
    total = plan.groupby("product")["consensus_qty"].sum()
    assert mean.groupby("product").sum()["espresso_1kg"] == pytest.approx(total["espresso_1kg"], rel=0.01)
