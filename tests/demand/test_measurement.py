"""A simulated panel whose elasticities, dips and cannibalisation are known, taken apart."""

import numpy as np
import pandas as pd
import pytest

from sopwb.config.demand import ActivitySettings, DemandSettings
from sopwb.demand.activity_plan import activity_effect
from sopwb.demand.activity_review import activity_result
from sopwb.demand.answers import activity_response
from sopwb.demand.past import past_of
from tests.demand.conftest import activity_row, built_in_parts, market_table, product_table

KINDS = built_in_parts().activity_kinds
WEEKS = pd.date_range("2022-01-03", periods=156, freq="W-MON")
AS_OF = WEEKS[-1] + pd.Timedelta(days=6)
ELASTICITY = {"cola": -3.0, "juice": -1.2}
DECLARED, TRUE_FEATURE, DIP, TAKEN, NOISE = -2.0, 0.20, 0.30, 0.25, 0.08
SETTINGS = DemandSettings(price_elasticity=DECLARED)
NO_STOCK_OUT = pd.DataFrame({"product": [], "location": [], "date": [], "out_of_stock_days": []})


def simulated(seed):
    """Two families of four products in three markets, each promoted now and then for two weeks."""
    draw = np.random.default_rng(seed)
    products = {f"{family}_{n}": family for family in ELASTICITY for n in range(4)}
    keys = [(name, market) for name in products for market in ("east", "north", "west")]
    season = 1 + 0.25 * np.sin(2 * np.pi * np.arange(156) / 52)
    base = {key: draw.uniform(300, 900) * season for key in keys}
    factor = {key: np.ones(156) for key in keys}
    rows, true = [], {}
    for number, (name, market) in enumerate(keys * 2):
        start = 10 + 5 * number % 130 + int(draw.integers(0, 3))
        weeks = np.arange(start, start + 2)
        is_price = number % 3 > 0
        cut = float(draw.choice([-0.1, -0.2, -0.3]))
        uplift = (1 + cut) ** ELASTICITY[products[name]] - 1 if is_price else TRUE_FEATURE
        extra = base[name, market][weeks] * uplift
        factor[name, market][weeks] *= 1 + uplift
        after = base[name, market][weeks + 2]
        factor[name, market][weeks + 2] *= 1 - DIP * extra.sum() / after.sum()
        sisters = [
            key for key in keys if key[1] == market and products[key[0]] == products[name] and key[0] != name
        ]
        volume = sum(base[key][weeks] for key in sisters)
        for key in sisters:
            factor[key][weeks] *= 1 - TAKEN * extra / volume
        code = f"A{number:03d}"
        true[code] = extra.sum()
        rows.append(
            activity_row(
                activity=code,
                product=name,
                market=market,
                family=products[name],
                start_date=WEEKS[start],
                end_date=WEEKS[start] + pd.Timedelta(days=13),
                effect_type="price" if is_price else "percent",
                effect=cut if is_price else 0.4,
                after_effect_rate=0.1,
                cost_value=100.0,
            )
        )
    chance = {key: np.exp(draw.normal(0, NOISE, 156) - NOISE**2 / 2) for key in keys}
    sales = pd.concat(
        pd.DataFrame(
            {
                "product": name,
                "market": market,
                "date": WEEKS,
                "sold_qty": np.round(base[name, market] * factor[name, market] * chance[name, market]),
                "returned_qty": 0.0,
                "net_sales_value": 0.0,
            }
        )
        for name, market in keys
    ).assign(net_sales_value=lambda table: 10 * table["sold_qty"])
    return products, sales, pd.DataFrame(rows), pd.Series(true, name="true_qty")


def taken_apart(products, sales, activity, settings=SETTINGS):
    return past_of(
        sales,
        NO_STOCK_OUT,
        activity,
        product_table(products),
        market_table(["east", "north", "west"]),
        KINDS,
        settings,
        as_of=AS_OF,
        bucket="week",
    )


@pytest.fixture(scope="module")
def company():
    products, sales, activity, true = simulated(5)
    return products, activity, true, taken_apart(products, sales, activity)


@pytest.fixture(scope="module")
def answers(company):
    return activity_response(company[-1], SETTINGS)


def of(answers, **wanted):
    chosen = answers
    for name, value in ({"family": "*", "product": "*"} | wanted).items():
        chosen = chosen[chosen[name] == value]
    (row,) = chosen.to_dict("records")
    return row


@pytest.mark.parametrize("family", ELASTICITY)
def test_the_elasticity_of_a_family_lies_inside_its_interval(answers, family):
    row = of(answers, answer="ratio", group="price", family=family)
    assert row["elasticity"] == pytest.approx(ELASTICITY[family], rel=0.15)
    width = 2 * (row["upper"] - row["lower"])
    assert abs(row["value"] - ELASTICITY[family] / DECLARED) < width


def test_a_feature_declared_twice_as_strong_is_found_half_as_strong(answers):
    row = of(answers, answer="ratio", group="promotion by percent")
    true = np.log1p(TRUE_FEATURE) / np.log1p(0.4)
    assert row["lower"] < true < row["upper"]
    assert row["value"] < (1 + true) / 2


def test_dips_larger_than_declared_and_what_sisters_lose_are_found(answers):
    assert of(answers, answer="after", group="price")["value"] == pytest.approx(DIP - 0.1, abs=0.06)
    assert of(answers, answer="cross")["value"] == pytest.approx(TAKEN, abs=0.1)


def test_effects_that_are_factors_are_not_taken_for_quantities(answers):
    assert of(answers, answer="additive", group="*")["value"] < 0.3


def test_true_effects_lie_inside_the_intervals_and_add_up(company):
    _, _, true, past = company
    costs = pd.DataFrame({"product": [], "variable_cost_per_unit": []})
    result = activity_result(past, costs).set_index("activity").join(true)
    inside = result["true_qty"].between(result["lower_qty"], result["upper_qty"])
    assert 0.7 <= inside.mean() <= 0.95
    assert result["measured_qty"].sum() == pytest.approx(result["true_qty"].sum(), rel=0.04)


def test_the_return_counts_the_discount_on_what_would_have_been_sold_anyway(company):
    _, activity, _, past = company
    costs = pd.DataFrame({"product": list(company[0]), "variable_cost_per_unit": 4.0})
    result = activity_result(past, costs).set_index("activity")
    price = activity.set_index("activity")["effect_type"] == "price"
    row = result[price.reindex(result.index)].iloc[0]
    change = activity.set_index("activity")["effect"][row.name]
    lost = (row["after_qty"] + row["cross_qty"]) * 6
    margin = row["measured_qty"] * (10 * (1 + change) - 4) + row["baseline_qty"] * 10 * change + lost
    assert row["margin_value"] == pytest.approx(margin, rel=1e-6)
    assert row["return_rate"] == pytest.approx((margin - 100) / 100, rel=1e-6)


def test_with_firm_belief_effects_are_as_declared(company):
    products, sales, activity, _ = simulated(5)
    firm = dict.fromkeys(("belief_spread", "trend_spread", "additive_spread", "after_spread"), 1e-4)
    settings = DemandSettings(price_elasticity=DECLARED, activities=ActivitySettings(**firm))
    found = of(
        activity_response(taken_apart(products, sales, activity, settings), settings),
        answer="ratio",
        group="price",
    )
    assert found["value"] == pytest.approx(1.0, abs=0.01)


def test_activities_ahead_are_planned_as_such_activities_were_measured(company, answers):
    products = company[0]
    period = pd.DataFrame(
        {"period": [AS_OF + pd.Timedelta(days=1)], "end_date": [AS_OF + pd.Timedelta(days=28)]}
    )
    series = pd.DataFrame({"product": list(products), "market": "east", "family": list(products.values())})
    baseline = series.assign(period=period["period"].iloc[0], baseline_qty=400.0)
    row = activity_row(
        product="cola_1",
        family="cola",
        market="east",
        effect_type="price",
        effect=-0.2,
        start_date=period["period"].iloc[0],
        end_date=period["end_date"].iloc[0],
    )
    effect = activity_effect(pd.DataFrame([row]), baseline, series, period, KINDS, SETTINGS, answers)
    own = effect.set_index("product")
    true = 400 * (0.8 ** ELASTICITY["cola"] - 1)
    assert own.loc["cola_1", "full_qty"] == pytest.approx(true, rel=0.2)
    assert own.loc["cola_1", "full_lower_qty"] < true < own.loc["cola_1", "full_upper_qty"]
    sisters = effect[effect["product"] != "cola_1"]
    assert set(sisters["product"]) == {"cola_0", "cola_2", "cola_3"}
    assert sisters["full_qty"].sum() == pytest.approx(-TAKEN * true, rel=0.5)
