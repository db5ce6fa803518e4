"""Investments the plan may decide on: when each can be made, what it adds, what it is charged.

The horizon does not see the life of a line. So the plan is charged the horizon's share of it: capital
spending less residual value as an equal amount a year over the life (its annuity), and running cost, both
for the days of the plan on which it can be used. With contribution of a year that stays as it is, the
plan is better with an investment exactly when its net present value over its life is above zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.errors import Fault, InputError
from sopwb.extend import Tables
from sopwb.supply.blocks import Block
from sopwb.supply.buckets import Buckets, Floats, Ints, day_numbers, overlap_days
from sopwb.supply.limits import Cap, incidence
from sopwb.supply.network import Network

__all__ = [
    "BLOCK",
    "Investments",
    "annuity_factor",
    "capital_per_year",
    "investment_blocks",
    "investments_of",
    "present_value",
]

BLOCK = "investment"
DAYS_PER_YEAR = 365.25
MONTHS_PER_YEAR = 12
EARLIEST, LATEST = pd.Timestamp("1900-01-01"), pd.Timestamp("2199-12-30")


@dataclass(frozen=True)
class Investments:
    """Investments by (investment, bucket of the decision), buckets fastest.

    Parameters
    ----------
    option
        Rows of ``investment_option``, sorted.
    months
        First days of the fiscal months of the plan.
    is_possible
        Whether the bucket begins a month in which it may be decided, in time to be used in the plan.
    available
        First day on which it can be used, as a day number.
    used_days
        Days of the plan on which it can be used.
    hours, places
        Regular hours of each resource and bucket, and pallet places of each limited location and bucket,
        that one adds.
    charge, capital
        What the plan is charged for it, and the part of it that is capital.
    paid, running, depreciation
        Capital spending that is paid, running cost and depreciation of each month.
    built
        One where it is made; nothing is made as long as it is open.
    """

    option: pd.DataFrame
    months: pd.DatetimeIndex
    is_possible: np.ndarray
    available: Ints
    used_days: Floats
    hours: sp.csr_array
    places: sp.csr_array
    charge: Floats
    capital: Floats
    paid: sp.csr_array
    running: sp.csr_array
    depreciation: sp.csr_array
    built: Floats

    @property
    def count(self) -> int:
        """Number of investments."""
        return len(self.option)

    @property
    def of_option(self) -> sp.csr_array:
        """Adds up the decisions of each investment; investments by decisions."""
        size = len(self.charge)
        return incidence(np.arange(size, dtype=np.int64) // max(size // max(self.count, 1), 1), self.count)

    def first_place(self) -> Ints:
        """First possible decision of each investment; -1 where there is none."""
        grid = self.is_possible.reshape(self.count, len(self.charge) // max(self.count, 1))
        if not grid.size:
            return np.zeros(0, dtype=np.int64)
        bucket = grid.argmax(axis=1)
        place = np.arange(self.count) * grid.shape[1] + bucket
        return np.where(grid.any(axis=1), place, -1).astype(np.int64)

    def most_hours(self) -> Floats:
        """Hours of each resource and bucket when everything is made as early as can be."""
        first = self.first_place()
        early = np.zeros(len(self.charge))
        early[first[first >= 0]] = 1.0
        return np.asarray(self.hours @ early, dtype=np.float64)


def annuity_factor(rate: float, years: Floats) -> Floats:
    """Present value of one at the end of each year over some years.

    Parameters
    ----------
    rate
        Cost of capital of a year.
    years
        Years of use; parts of a year count.

    Examples
    --------
    >>> float(annuity_factor(0.10, np.array([5.0]))[0].round(4))
    3.7908
    >>> float(annuity_factor(0.0, np.array([5.0]))[0])
    5.0
    """
    if rate <= 0:
        return np.asarray(years, dtype=np.float64)
    return np.asarray((1.0 - (1.0 + rate) ** -years) / rate, dtype=np.float64)


def _at_decision(option: pd.DataFrame, payment: pd.DataFrame, rate: float) -> Floats:
    """Capital spending seen from the day of the decision, each payment discounted by its months."""
    share = payment["payment_rate"] / (1.0 + rate) ** (payment["months_after"] / MONTHS_PER_YEAR)
    weight = option["investment"].map(share.groupby(payment["investment"]).sum()).fillna(1.0)
    return np.asarray(option["capex_value"] * weight.astype(float), dtype=np.float64)


def _wait(option: pd.DataFrame, rate: float) -> Floats:
    """Growth of money from the decision until the investment can be used."""
    return np.asarray((1.0 + rate) ** (option["lead_time_days"].to_numpy(float) / DAYS_PER_YEAR))


def capital_per_year(option: pd.DataFrame, payment: pd.DataFrame, rate: float) -> Floats:
    """Capital spending less residual value as an equal amount at the end of each year of use.

    Parameters
    ----------
    option, payment
        Tables ``investment_option`` and ``investment_payment``.
    rate
        Cost of capital of a year.

    Examples
    --------
    >>> line = pd.DataFrame(
    ...     {
    ...         "investment": ["line"],
    ...         "capex_value": [1000.0],
    ...         "lead_time_days": [0],
    ...         "life_years": [5.0],
    ...         "residual_value": [0.0],
    ...     }
    ... )
    >>> at_once = pd.DataFrame({"investment": [], "months_after": [], "payment_rate": []})
    >>> float(capital_per_year(line, at_once, 0.10)[0].round(2))
    263.8
    """
    life = option["life_years"].to_numpy(float)
    bound = _at_decision(option, payment, rate) * _wait(option, rate)
    left = option["residual_value"].to_numpy(float) / (1.0 + rate) ** life
    return np.asarray((bound - left) / annuity_factor(rate, life))


def present_value(option: pd.DataFrame, payment: pd.DataFrame, rate: float, earned: Floats) -> Floats:
    """Net present value seen from the decision, of what is earned a year of use after running cost.

    It is above zero exactly when a year earns more than ``capital_per_year``.
    """
    life = option["life_years"].to_numpy(float)
    over = earned - capital_per_year(option, payment, rate)
    return np.asarray(over * annuity_factor(rate, life) / _wait(option, rate))


def _possible(option: pd.DataFrame, month: Ints, buckets: Buckets, used: Floats) -> np.ndarray:
    """Investments by buckets: first buckets of months in which they may be decided and are still of use."""
    begins = np.append(True, month[1:] != month[:-1])
    earliest = day_numbers(option["earliest_date"].fillna(EARLIEST))
    latest = day_numbers(option["latest_date"].fillna(LATEST))
    inside = (buckets.starts >= earliest[:, None]) & (buckets.starts <= latest[:, None])
    # nothing is decided before the plan begins; what was to be decided earlier may be decided at once
    return np.asarray(inside & begins[None, :] & (used > 0))


def _paid(option: pd.DataFrame, payment: pd.DataFrame, month: Ints, months: int) -> sp.csr_array:
    """Capital spending of each month for each decision; what is paid after the plan is left out."""
    count, size = len(month), len(option) * len(month)
    silent = option.loc[~option["investment"].isin(payment["investment"]), ["investment"]]
    parts = [payment[["investment", "months_after", "payment_rate"]]]
    parts += [silent.assign(months_after=0, payment_rate=1.0)]
    every = pd.concat([part for part in parts if len(part)] or parts[:1])
    thing = pd.Index(option["investment"]).get_indexer(every["investment"])
    after = every["months_after"].to_numpy(np.int64)
    value = every["payment_rate"].to_numpy(float) * option["capex_value"].to_numpy(float)[thing]
    row = month[None, :] + after[:, None]
    column = thing[:, None] * count + np.arange(count)[None, :]
    inside = (row < months) & (thing >= 0)[:, None]
    worth = np.broadcast_to(value[:, None], row.shape)
    return sp.csr_array((worth[inside], (row[inside], column[inside])), shape=(months, size))


def _by_month(rate: Floats, shared: Floats, month: Ints, month_days: Floats) -> sp.csr_array:
    """Money of each month for each decision: a monthly rate by the share of the month's days of use.

    Parameters
    ----------
    rate
        Money of a month; one an investment.
    shared
        Days of use in each bucket; decisions by buckets.
    """
    adds = incidence(month, len(month_days))
    share = np.asarray(adds @ shared.T) / month_days[:, None]
    each = np.repeat(rate, shared.shape[0] // max(len(rate), 1))
    return sp.csr_array(share * each[None, :])


def investments_of(
    tables: Tables, network: Network, storage: Cap, run_days: Floats, capital_rate: float
) -> Investments:
    """Investments of the table ``investment_option``; without rows there is nothing to decide.

    Parameters
    ----------
    storage
        Limited locations, whose rows places are added to.
    run_days
        Days each resource runs; resources by buckets.
    capital_rate
        Cost of capital of a year.

    Raises
    ------
    InputError
        An investment has to be built and no month of the plan allows it in time to be used.
    """
    option = tables["investment_option"].sort_values("investment").reset_index(drop=True)
    payment = tables["investment_payment"]
    buckets, size = network.buckets, len(option) * network.buckets.count
    period = tables["period"].sort_values("period")
    months = pd.DatetimeIndex(sorted(period["fiscal_period"].unique()))
    month = months.get_indexer(pd.Index(period["fiscal_period"])).astype(np.int64)
    lead, life = option["lead_time_days"].to_numpy(np.int64), option["life_years"].to_numpy(float)
    available = (buckets.starts[None, :] + lead[:, None]).ravel().astype(np.int64)
    ends = available + np.repeat(np.round(life * DAYS_PER_YEAR).astype(np.int64), buckets.count)
    shared = overlap_days(buckets, available, ends)
    used = shared.sum(axis=1)
    month_days = np.asarray(incidence(month, len(months)) @ buckets.days, dtype=np.float64)
    running = _by_month(option["running_cost_per_month"].to_numpy(float), shared, month, month_days)
    lost = (option["capex_value"] - option["residual_value"]).to_numpy(float) / life / MONTHS_PER_YEAR
    capital = np.repeat(capital_per_year(option, payment, capital_rate), buckets.count) * used / DAYS_PER_YEAR
    found = Investments(
        option=option,
        months=months,
        is_possible=_possible(option, month, buckets, used.reshape(len(option), buckets.count)).ravel(),
        available=available,
        used_days=used,
        hours=_hours(option, shared / buckets.days[None, :], network, run_days),
        places=_places(option, _at_end(available, ends, buckets), storage),
        charge=capital + np.asarray(running.sum(axis=0)).ravel(),
        capital=capital,
        paid=_paid(option, payment, month, len(months)),
        running=running,
        depreciation=_by_month(lost, shared, month, month_days),
        built=np.zeros(size),
    )
    _refuse_late(found)
    return found


def _refuse_late(found: Investments) -> None:
    late = (found.first_place() < 0) & found.option["status"].eq("build").to_numpy()
    if late.any():
        names = tuple(found.option.loc[late, "investment"])
        problem = "an investment is to be built, and in no month of the plan it can be"
        remedy = "Let its dates and its lead time end within the plan, or let its status be open."
        raise InputError([Fault("investment_option", problem, names, remedy)])


def _hours(option: pd.DataFrame, share: Floats, network: Network, run_days: Floats) -> sp.csr_array:
    """Regular hours of each resource and bucket that each decision adds."""
    count = network.buckets.count
    row = np.repeat(pd.Index(network.resources["resource"]).get_indexer(option["resource"]), count)
    daily = np.repeat(option["hours_per_day"].to_numpy(float), count)
    known = np.flatnonzero((row >= 0) & (daily > 0))
    values = daily[known, None] * run_days[row[known]] * share[known]
    return _cells(row[known], known, values, (len(network.resources) * count, len(share)))


def _at_end(available: Ints, ends: Ints, buckets: Buckets) -> Floats:
    """One where it can be used at the end of a bucket, when stock is counted; decisions by buckets."""
    there = (available[:, None] < buckets.ends) & (ends[:, None] >= buckets.ends)
    return np.asarray(there, dtype=np.float64)


def _places(option: pd.DataFrame, there: Floats, storage: Cap) -> sp.csr_array:
    """Pallet places of each row of storage that each decision adds."""
    count = there.shape[1]
    places = pd.Index(storage.rows.subject[::count]) if len(storage.most) else pd.Index([])
    row = np.repeat(places.get_indexer(pd.Index(option["location"])), count)
    more = np.repeat(option["storage_pallets"].to_numpy(float), count)
    known = np.flatnonzero((row >= 0) & (more > 0))
    return _cells(row[known], known, more[known, None] * there[known], (len(storage.most), len(there)))


def _cells(row: Ints, column: Ints, values: Floats, shape: tuple[int, int]) -> sp.csr_array:
    """Matrix of values of things by bucket, each in its row and bucket and in its column."""
    count = values.shape[1]
    rows = (row[:, None] * count + np.arange(count)[None, :]).ravel()
    matrix = sp.csr_array((values.ravel(), (rows, np.repeat(column, count))), shape=shape)
    matrix.eliminate_zeros()
    return matrix


def investment_blocks(found: Investments, network: Network) -> dict[str, Block]:
    """Whether each investment is made in each bucket; no block where there are none."""
    if not found.count:
        return {}
    rows = len(network.resources) * network.buckets.count
    keys = pd.DataFrame({"subject": found.option["investment"], "detail": found.option["name"]})
    return {BLOCK: Block.of(keys, found.charge, rows, regular=found.hours, is_told=False)}
