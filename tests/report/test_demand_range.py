import pandas as pd
import pytest

from sopwb.report.sections import demand_range
from sopwb.report.sections.demand import demand_by_family
from sopwb.report.sections.demand_range import demand_total, years_ahead
from sopwb.report.sections.futures import band, futures
from tests.report.plan import AS_OF
from tests.report.plan import model as settings_of
from tests.report.plan import tables as whole_plan

MONTHS = pd.date_range(pd.Timestamp(AS_OF) + pd.Timedelta(days=1), periods=16, freq="MS")
PATHS = range(1, 11)


def product():
    return pd.DataFrame({"product": ["cola", "water"], "family": ["soft", "still"]})


def plan_of(value=100.0):
    keys = pd.MultiIndex.from_product([["cola", "water"], MONTHS], names=["product", "period"])
    return keys.to_frame(index=False).assign(
        market="fi", consensus_qty=value / 2, consensus_value=value, activity_qty=0.0
    )


def paths_of(step=2.0):
    """Cola is too high where water is too low, so that their total is surer than each."""
    keys = pd.MultiIndex.from_product([["cola", "water"], MONTHS, PATHS], names=["product", "period", "path"])
    rows = keys.to_frame(index=False)
    sign = rows["product"].map({"cola": 1.0, "water": -0.5})
    value = 100.0 + sign * step * (rows["path"] - 5.5)
    return rows.assign(demand_qty=value / 2, demand_value=value)


def sales():
    months = pd.date_range(end=pd.Timestamp(AS_OF).replace(day=1), periods=24, freq="MS")
    return pd.DataFrame(
        {"product": "cola", "market": "fi", "date": months, "sold_qty": 60.0, "returned_qty": 0.0}
    ).assign(net_sales_value=150.0)


@pytest.fixture
def model():
    return settings_of()


@pytest.fixture
def planned():
    return {
        **whole_plan(),
        "product": product(),
        "demand_plan": plan_of(),
        "sample_path": paths_of(),
        "sales_history": sales(),
    }


def test_the_band_of_a_sum_is_taken_in_every_future(planned):
    paths = futures(planned)
    both, cola = band(paths, ["month"], "demand_value"), paths[paths["product"] == "cola"]
    alone = band(cola, ["month"], "demand_value")
    assert (both["upper"] - both["lower"]).to_numpy() == pytest.approx(
        0.5 * (alone["upper"] - alone["lower"])
    )
    assert ((both["lower"] < 200) & (both["upper"] > 200)).all()


def test_a_band_by_family_has_a_row_for_each(planned):
    assert band(futures(planned), ["family"], "demand_qty")["family"].tolist() == ["soft", "still"]


def test_the_message_says_between_what_the_year_lands_and_the_odds_to_beat_the_one_before(planned, model):
    section = demand_total(planned, model)
    assert "in four cases out of five; the plan says" in section.message
    assert "odds to beat the year before are over 99" in section.message
    row = section.table.frame.iloc[0]
    assert row["lower_value"] < row["year_value"] < row["upper_value"]
    layers = section.chart.to_dict() if hasattr(section.chart, "to_dict") else section.chart
    assert "area" in str(layers)


def test_a_year_is_what_is_sold_and_what_is_planned_and_odds_count_the_futures_above_the_one_before():
    months = pd.date_range("2025-01-01", "2026-12-01", freq="MS")
    sold = pd.DataFrame({"month": months[:18], "net_sales_value": 100.0})
    plan = pd.DataFrame({"month": months[18:], "consensus_value": 101.0})
    keys = pd.MultiIndex.from_product([months[18:], range(4)], names=["month", "path"]).to_frame(index=False)
    paths = keys.assign(demand_value=99.0 + keys["path"] * 2)
    table = years_ahead(sold, plan, paths, 1)
    assert table["fiscal_year"].tolist() == [2026]
    row = table.iloc[0]
    assert row["sold_value"] == 600
    assert row["year_value"] == 1206
    assert row["before_value"] == 1200
    assert row["odds_rate"] == 0.75
    assert row["lower_value"] == pytest.approx(600 + 6 * 99.6)


def test_a_second_year_is_held_against_the_first_of_the_same_future():
    months = pd.date_range("2026-01-01", "2027-12-01", freq="MS")
    plan = pd.DataFrame({"month": months, "consensus_value": 10.0})
    keys = pd.MultiIndex.from_product([months, range(4)], names=["month", "path"]).to_frame(index=False)
    grown = keys["month"].dt.year.eq(2027) * 0.1
    paths = keys.assign(demand_value=10.0 + 5 * keys["path"] + grown)
    table = years_ahead(pd.DataFrame({"month": months[:0], "net_sales_value": []}), plan, paths, 1)
    assert table["odds_rate"].tolist()[1] == 1.0
    assert pd.isna(table["odds_rate"].iloc[0])


def test_without_a_whole_year_the_months_are_told(planned, model):
    short = planned["demand_plan"]
    short = short[short["period"] < MONTHS[2]]
    section = demand_total({**planned, "demand_plan": short, "sales_history": sales().iloc[-2:]}, model)
    assert section.message.startswith("The 2 months planned bring")
    assert section.table is None


def test_without_paths_there_is_no_band_and_the_note_says_why(planned, model):
    none = {**planned, "sample_path": planned["sample_path"].iloc[:0]}
    section = demand_total(none, model)
    assert "demand.paths.number" in section.note
    assert "between" not in section.message
    assert demand_by_family(none, model).table is not None


def test_nothing_planned_is_said(planned, model):
    none = {**planned, "demand_plan": plan_of().iloc[:0], "sample_path": paths_of().iloc[:0]}
    assert demand_total(none, model).message == "Nothing is planned"


@pytest.mark.parametrize(
    ("rate", "said"), [(1.0, "over 99"), (0.0, "under 1"), (0.5, "50"), (float("nan"), "")]
)
def test_odds_say_no_more_than_the_paths_can_tell(rate, said):
    assert demand_range._odds(rate).startswith(said)


def test_the_family_table_has_the_band_of_the_twelve_months_together(planned, model):
    frame = demand_by_family(planned, model).table.frame.set_index("family")
    cola = paths_of().query("product == 'cola' and period < @MONTHS[12]").groupby("path")["demand_qty"].sum()
    assert frame.loc["Soft", "lower_qty"] == pytest.approx(cola.quantile(0.1))
    assert frame.loc["Soft", "upper_qty"] == pytest.approx(cola.quantile(0.9))
