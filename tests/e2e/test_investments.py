"""A small company, weeks before months, that may buy a roaster: from its files to its books and its page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sopwb.cycle.inputs import Request, load_inputs
from sopwb.cycle.memory import run_cycle
from sopwb.cycle.skeleton import new_customer
from sopwb.errors import InputError

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

HEADER = (
    "investment,name,resource,hours_per_day,capex_value,lead_time_days,life_years,running_cost_per_month\n"
)
ROASTER = "roaster_2,Second roaster,roaster,{hours},{capex},60,8,400\n"


def company(place: Path, hours: float, capex: float) -> Path:
    """The skeleton with twice its sales, so that the roaster is too small for them."""
    folder = new_customer(place / "acme")
    sales = pd.read_csv(folder / "data" / "sales_history.csv")
    for column in ("sold_qty", "net_sales_value"):
        sales[column] = sales[column] * 2
    sales.to_csv(folder / "data" / "sales_history.csv", index=False)
    rows = HEADER + ROASTER.format(hours=hours, capex=capex)
    (folder / "data" / "investment_option.csv").write_text(rows, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    return run_cycle(company(tmp_path_factory.mktemp("cheap"), 8, 30000))


def test_it_is_built_and_used_once_it_is_there(plan):
    (found,) = plan["investment_decision"].to_dict("records")
    assert found["choice"] == "built"
    assert found["npv_value"] > 0
    use = plan["capacity_use"].query("resource == 'roaster'").set_index("period")["capacity_hours"]
    days = plan["period"].set_index("period")["working_days"]
    ends = plan["period"].set_index("period")["end_date"]
    before, after = ends < found["available_date"], days.index >= found["available_date"]
    assert (use[before] / days[before]).dropna().tolist() == pytest.approx([8.0] * int(before.sum()))
    assert (use[after] / days[after]).dropna().tolist() == pytest.approx([16.0] * int(after.sum()))


def test_the_books_tie_and_every_check_holds(plan):
    failed = plan["check"].query("status == 'fail'")
    assert failed.empty, failed.to_string()
    flow = plan["cash_flow"].query("method == 'direct' and line == 'capex'")
    assert flow["amount_value"].sum() == pytest.approx(-30000)


def test_at_a_price_no_year_can_earn_it_is_refused(tmp_path, plan):
    dear = run_cycle(company(tmp_path, 8, 1e8))
    (found,) = dear["investment_decision"].to_dict("records")
    assert found["choice"] == "not_built"
    assert dear["investment_spend"].empty
    lost = [tables["shipment_plan"]["lost_qty"].sum() for tables in (dear, plan)]
    assert lost[0] > lost[1]


def test_a_row_that_adds_nothing_is_told_when_it_is_read(tmp_path):
    with pytest.raises(InputError, match="add nothing to a resource or location"):
        load_inputs(Request(company(tmp_path, 0, 30000)))
