import numpy as np
import pytest

from sopwb.demand.drivers import driver_effects, mean_of_others, rivals_of, transformed


def company(seed=10, brands=4, shops=6, weeks=104, noise=0.1):
    """Price elasticities by brand, and a promotion that lifts all alike."""
    draw = np.random.default_rng(seed)
    brand = np.repeat(np.arange(brands), shops)
    elasticity = np.linspace(-1.0, -4.0, brands)[brand]
    price = draw.choice([1.0, 1.0, 1.0, 0.8], (len(brand), weeks + 4)) * draw.uniform(1, 3, (len(brand), 1))
    deal = (draw.random((len(brand), weeks + 4)) < 0.2).astype(float)
    lift = (price / price.mean(axis=1, keepdims=True)) ** elasticity[:, None] * np.exp(0.5 * deal)
    level = draw.uniform(10, 1000, (len(brand), 1)) * (1 + 0.004 * np.arange(weeks + 4))
    demand = level * lift * np.exp(draw.normal(0, noise, lift.shape))
    return brand, elasticity, price, deal, level, demand, weeks


def effects(price, deal, demand, weeks, groups):
    past = {"price": price[:, :weeks], "deal": deal[:, :weeks]}
    ahead = {"price": price[:, weeks:], "deal": deal[:, weeks:]}
    return driver_effects(demand[:, :weeks], past, ahead, groups, window=27)


def test_elasticities_and_lifts_are_found_and_their_effect_ahead():
    brand, elasticity, price, deal, _, demand, weeks = company()
    found = effects(price, deal, demand, weeks, [brand])
    assert found.names == ("price", "deal")
    assert found.slopes[:, 0] == pytest.approx(elasticity, abs=0.5)
    assert found.slopes[:, 1] == pytest.approx(np.full(len(brand), 0.5), abs=0.1)
    baseline = demand[:, :weeks] / found.past
    path = baseline[:, -13:].mean(axis=1, keepdims=True) * found.ahead
    with_drivers = np.abs(path - demand[:, weeks:]).sum()
    plain = np.abs(demand[:, weeks - 13 : weeks].mean(axis=1, keepdims=True) - demand[:, weeks:]).sum()
    assert with_drivers < plain / 2


def test_a_noisy_series_takes_the_slope_of_its_group():
    brand, elasticity, price, deal, _, demand, weeks = company(noise=0.05)
    noisy = demand.copy()
    noisy[0] *= np.exp(np.random.default_rng(11).normal(0, 1.5, demand.shape[1]))
    with_group = effects(price, deal, noisy, weeks, [brand]).slopes[0, 0]
    assert abs(with_group - elasticity[0]) < 0.8


def test_drivers_that_say_nothing_change_nothing():
    brand, _, price, deal, _, demand, weeks = company()
    still = effects(np.full_like(price, 2.0), np.zeros_like(deal), demand, weeks, [brand])
    assert still.past == pytest.approx(np.ones_like(still.past))
    unknown = effects(np.full_like(price, np.nan), deal, demand, weeks, [brand])
    assert np.isfinite(unknown.past).all()
    assert np.isfinite(unknown.ahead).all()


def test_series_of_zeros_have_no_effects_that_are_not_numbers():
    brand, _, price, deal, _, demand, weeks = company()
    found = effects(price, deal, np.zeros_like(demand), weeks, [brand])
    assert np.isfinite(found.past).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0, np.e], [0.0, 1.0]), ([0.0, 1.0], [0.0, 1.0]), ([0.0, 9.0], [0.0, np.log(10)])],
)
def test_a_price_is_taken_by_its_logarithm_and_a_flag_as_it_is(values, expected):
    assert transformed(np.array(values)) == pytest.approx(np.array(expected))


def test_the_mean_of_others_is_without_oneself():
    moved = np.array([[[1.0]], [[3.0]], [[np.nan]], [[7.0]]])
    assert mean_of_others(moved, np.array([0, 0, 0, 1]))[:, 0, 0] == pytest.approx([3.0, 1.0, 2.0, 0.0])


def rivalry(taken, seed=4, shops=12, brands=5, weeks=104):
    """Brands of a shop take demand from each other, by the mean price of the others; shops do not."""
    draw = np.random.default_rng(seed)
    shop, brand = np.repeat(np.arange(shops), brands), np.tile(np.arange(brands), shops)
    price = draw.choice([2.0, 2.0, 1.4], (len(shop), weeks + 4))
    log = np.log(price)
    others = (np.array([log[shop == own].sum(axis=0) for own in shop]) - log) / (brands - 1)
    level = draw.uniform(50, 500, (len(shop), 1))
    demand = level * np.exp(-2 * log + taken * others + draw.normal(0, 0.15, log.shape))
    return shop, brand, price, others, demand, weeks


def test_rivals_are_found_where_they_take_demand_and_nowhere_else():
    shop, brand, price, _, demand, weeks = rivalry(taken=1.0)
    past = {"price": price[:, :weeks]}
    assert rivals_of(demand[:, :weeks], past, [brand, shop], window=27) is shop
    _, _, _, _, alone, _ = rivalry(taken=0.0)
    assert rivals_of(alone[:, :weeks], past, [brand, shop], window=27) is None
    assert rivals_of(demand[:, :weeks], past, [], window=27) is None


def test_what_rivals_do_is_in_the_effects_of_the_past_and_ahead():
    shop, _, price, _, demand, weeks = rivalry(taken=1.0)
    past, ahead = {"price": price[:, :weeks]}, {"price": price[:, weeks:]}
    found = driver_effects(demand[:, :weeks], past, ahead, [shop], window=27, rivals=shop)
    assert found.names == ("price", "price of rivals")
    assert found.slopes.mean(axis=0) == pytest.approx([-2.0, 1.0], abs=0.15)
    without = driver_effects(demand[:, :weeks], past, ahead, [shop], window=27)

    def error(effects):
        level = (demand[:, :weeks] / effects.past).mean(axis=1, keepdims=True)
        return np.abs(level * effects.ahead - demand[:, weeks:]).sum()

    assert error(found) < 0.9 * error(without)
