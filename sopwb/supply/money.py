"""Money of the plan by fiscal month, each figure a sum over the decisions of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.config.finance import FinanceSettings
from sopwb.config.model import Model
from sopwb.extend import Tables
from sopwb.supply.buckets import Floats, Ints, day_numbers
from sopwb.supply.investments import BLOCK
from sopwb.supply.network import segments
from sopwb.supply.options import Option

if TYPE_CHECKING:
    from sopwb.supply.data import PlanData

__all__ = ["Books", "Flow"]

OWN_RECEIPTS = ("production", "transfer")


@dataclass(frozen=True)
class Flow:
    """A figure of each month: weights of the variables by block, and what it is without any decision."""

    by_block: Mapping[str, sp.csr_array]
    known: Floats

    def __add__(self, other: Flow) -> Flow:
        joined = dict(self.by_block)
        for name, matrix in other.by_block.items():
            joined[name] = sp.csr_array(joined[name] + matrix) if name in joined else matrix
        return Flow(joined, self.known + other.known)

    def __sub__(self, other: Flow) -> Flow:
        return self + other.times(-1.0)

    def times(self, factor: float | Floats) -> Flow:
        """The figure of each month times a factor, one for all or one a month."""
        size = len(self.known)
        each = np.broadcast_to(np.asarray(factor, float), size).copy()
        return self.through(sp.csr_array(sp.diags_array(each)))

    def through(self, rows: sp.csr_array) -> Flow:
        """Other rows that are weighted sums of the months."""
        joined = {name: sp.csr_array(rows @ part) for name, part in self.by_block.items()}
        return Flow(joined, np.asarray(rows @ self.known, dtype=np.float64))

    def so_far(self) -> Flow:
        """The sum from the first month up to each month."""
        size = len(self.known)
        return self.through(sp.csr_array(np.tril(np.ones((size, size)))))


@dataclass(frozen=True)
class Books:
    """The figures of the financial plan as the supply plan decides them.

    They are those of the finance room, and exact but for three simplifications: goods on the way
    through production at a month end are worth their standard, a market that is pooled with others
    pays after their mean term, and losses are set off against tax at once.
    """

    data: PlanData
    tables: Tables
    finance: FinanceSettings

    @staticmethod
    def of(data: PlanData, tables: Tables, model: Model) -> Books:
        """Books of the numbers of a plan."""
        return Books(data, tables, model.finance)

    @property
    def months(self) -> pd.DatetimeIndex:
        """First days of the fiscal months of the plan."""
        return pd.DatetimeIndex(sorted(self.tables["period"]["fiscal_period"].unique()))

    @property
    def month(self) -> Ints:
        """Month of each bucket."""
        period = self.tables["period"].sort_values("period")
        return np.asarray(self.months.get_indexer(pd.Index(period["fiscal_period"])), dtype=np.int64)

    @property
    def last_bucket(self) -> Ints:
        """Last bucket of each month."""
        return np.searchsorted(self.month, np.arange(len(self.months)), side="right") - 1

    def outside(self, item: str, subject: str = "*") -> Floats:
        """An item of the table ``outside_plan`` by month; zero where it says nothing."""
        table = self.tables["outside_plan"]
        rows = table[(table["item"] == item) & (table["subject"] == subject)]
        amounts = rows.set_index("period")["amount"].reindex(self.months, fill_value=0.0)
        return amounts.to_numpy(float)

    def in_scope(self, things: pd.DataFrame, scope: str) -> Floats:
        """One for each stream or class inside a scope, zero for others."""
        if scope == "*":
            return np.ones(len(things))
        dimension, _, value = (part.strip() for part in scope.partition("="))
        if dimension in {"product", "market"}:
            known = things[{"product": "product", "market": "segment"}[dimension]]
        elif dimension == "family":
            known = things["product"].map(self.tables["product"].set_index("product")["family"])
        else:
            known = things["segment"].map(self.tables["market"].set_index("market")[dimension])
        return np.asarray(known.eq(value), dtype=np.float64)

    def revenue(self, scope: str = "*") -> Flow:
        """Net price of what is shipped."""
        return self._of_streams(self.data.demand.price, scope)

    def margin_at_standard(self, scope: str) -> Flow:
        """Net price less standard cost of what is shipped."""
        return self._of_streams(self.data.demand.price - self._stream_cost(), scope)

    def gross_margin(self) -> Flow:
        """Revenue less cost of sales and what production and purchasing cost beyond standard."""
        return self.revenue() - self.purchases() - self.conversion() + self.into_stock()

    def ebit(self) -> Flow:
        """Gross margin less freight and all lines of cost that are known outside the plan."""
        going = self.revenue().times(self.outside("cost_per_revenue"))
        own = self._of_investments("running") + self._of_investments("depreciation")
        return self.gross_margin() - self.freight() - going - self._by_pallet() - self._known("cost") - own

    def purchases(self, scope: str = "*") -> Flow:
        """What arrives from suppliers at its price, and purchases on order at standard."""
        buy = self.data.options.get("buy")
        coming = self._known_months(self._scheduled(scope, own=False))
        if buy is None:
            return coming
        wanted = self._node_scope(scope)
        price = self._brought(buy) if self.finance.production_at == "standard" else buy.unit_cost
        arrives = self._arriving(buy, wanted) @ sp.diags_array(price)
        return Flow({"option.buy": sp.csr_array(self._month_sums() @ arrives)}, coming.known)

    def conversion(self) -> Flow:
        """Hours, set-ups, orders, crews and charges of recipes, as they are paid."""
        data, hours = self.data, self.data.hours
        fixed = self._fixed_rates()
        paid = hours.paid > 0
        by_use = fixed * (paid | (self.finance.normal_utilisation_rate == 0))
        parts: dict[str, sp.csr_array] = {}
        for name, option in data.options.items():
            if name in {"buy", "move"}:
                continue
            spent = option.unit_cost + option.hours.T @ by_use
            if self.finance.production_at == "standard":
                spent = self._brought(option) - self._used(option)
            parts[f"option.{name}"] = self._by_month(spent)
        for name, block in data.blocks.items():
            if block.is_told:
                parts[name] = self._by_month(block.charge + block.hours.T @ by_use)
        count = data.buckets.count
        rate = np.repeat(hours.variable_cost, count) + fixed
        parts["overtime"] = self._by_month(np.repeat(hours.overtime_cost, count))
        parts["prepaid"] = self._by_month(-rate)
        kept = np.where(paid, hours.paid * rate, hours.regular * self.finance.normal_utilisation_rate * fixed)
        known = np.bincount(np.tile(self.month, len(kept) // count), kept, len(self.months))
        return Flow(parts, known.astype(float))

    def freight(self) -> Flow:
        """Cost of moves between locations."""
        move = self.data.options.get("move")
        parts = {"option.move": self._by_month(move.unit_cost)} if move is not None else {}
        return Flow(parts, np.zeros(len(self.months)))

    def into_stock(self) -> Flow:
        """Change of stock at standard: on hand, on the way and in process."""
        data, standard = self.data, self.data.stock.standard_cost
        parts: dict[str, sp.csr_array] = {}
        for name, option in data.options.items():
            if name == "buy":
                whole = self._arriving(option, standard)
                parts["option.buy"] = sp.csr_array(self._month_sums() @ whole)
            else:
                parts[f"option.{name}"] = self._by_month(self._brought(option) - self._used(option))
        parts["shipped"] = self._by_month(-self._stream_cost())
        life = data.shelf_life
        each = np.arange(len(life.scrap_node))
        parts["scrapped"] = sp.csr_array(
            (-standard[life.scrap_node], (self.month[life.scrap_bucket], each)),
            shape=(len(self.months), len(each)),
        )
        return Flow(parts, self._scheduled("*", own=False))

    def receivables(self) -> Flow:
        """What customers owe at each month end, counted back through revenue."""
        days = self._customer_days()
        owed = self._open(self.data.demand.price, np.repeat(days, self.data.buckets.count), self.month)
        return Flow({"shipped": owed}, self.outside("old_receivables"))

    def payables(self) -> Flow:
        """What is owed to suppliers at each month end, counted back through purchases."""
        buy = self.data.options.get("buy")
        product, month, value = self._on_order("*", own=False)
        ordered = self._weights(self._days_of_products(product), month) @ value
        known = np.asarray(ordered, dtype=np.float64) + self.outside("old_payables")
        if buy is None:
            return Flow({}, known)
        days = self._payment_days("supplier", buy.keys["source"], self.finance.supplier_days)
        arrives = sp.coo_array(self._arriving(buy, np.ones(len(self.data.network.nodes))))
        bucket = np.zeros(arrives.shape[1], dtype=np.int64)
        bucket[arrives.col] = arrives.row
        price = np.zeros(arrives.shape[1])
        price[arrives.col] = buy.unit_cost[arrives.col] * arrives.data
        each = np.repeat(days, self.data.buckets.count)
        return Flow({"option.buy": self._open(price, each, self.month[bucket], is_own=True)}, known)

    def working_capital(self) -> Flow:
        """Stock, receivables and payables at each month end."""
        stock = self.into_stock().so_far() + self._known_months(np.full(len(self.months), self._opening()))
        return stock + self.receivables() - self.payables()

    def cash(self) -> Flow:
        """Cash at each month end, by terms of payment, after interest, tax and items outside operations."""
        spent = self._known("cost") - self._known("cost_without_cash") + self._known("interest")
        profit = self.ebit() - self._known("interest")
        tax = profit.times(self.outside("tax_rate"))
        going = self.revenue().times(self.outside("cost_per_revenue")) + self._by_pallet()
        earned = self.revenue() - self.purchases() - self.conversion() - self.freight() - going - spent - tax
        invested = self._of_investments("paid") + self._of_investments("running")
        flow = (earned + self._known("cash_items") - invested).so_far()
        start = self._known_months(np.full(len(self.months), self.outside("opening_cash")[0]))
        owed, owing = self.receivables(), self.payables()
        before = self._before("opening_receivables", owed) - self._before("opening_payables", owing)
        return flow + start + before - owed + owing

    def capex(self) -> Flow:
        """Capital spending that is paid: what is given, and what the plan decides."""
        return self._known("capex") + self._of_investments("paid")

    def _of_investments(self, what: str) -> Flow:
        """Money of the investments the plan may make: ``paid``, ``running`` or ``depreciation``."""
        investments, size = self.data.investments, len(self.months)
        parts = {BLOCK: getattr(investments, what)} if investments.count else {}
        return Flow(parts, np.zeros(size))

    def _before(self, item: str, balance: Flow) -> Flow:
        """A balance before the plan, for each month: of the ledger, else that of the first month."""
        table = self.tables["outside_plan"]
        size = len(self.months)
        if (table["item"] == item).any():
            return self._known_months(np.full(size, self.outside(item)[0]))
        first = sp.csr_array((np.ones(size), (np.arange(size), np.zeros(size, dtype=np.int64))), (size, size))
        return balance.through(first)

    def served(self, scope: str) -> Flow:
        """Demand neither lost nor waiting at the end of its bucket."""
        demand, count = self.data.demand, self.data.buckets.count
        known = self._of_streams(np.ones(len(demand.demand)), scope, block="late")
        wanted = known.by_block["late"] @ demand.demand
        lost = np.repeat(self.in_scope(self.data.network.classes, scope), count)
        parts = {"late": -known.by_block["late"], "lost": self._by_month(-lost)}
        return Flow({name: sp.csr_array(part) for name, part in parts.items()}, np.asarray(wanted, float))

    def demand(self, scope: str) -> Floats:
        """Demand of each month."""
        return self.served(scope).known

    def _known(self, item: str) -> Flow:
        return self._known_months(self.outside(item))

    def _known_months(self, amounts: Floats) -> Flow:
        return Flow({}, np.asarray(amounts, dtype=np.float64))

    def _by_pallet(self) -> Flow:
        network = self.data.network
        node = network.node(network.streams["product"], network.streams["location"])
        pallets = np.repeat(self.data.stock.pallets[node], self.data.buckets.count)
        return self._of_streams(pallets, "*").times(self.outside("cost_per_pallet"))

    def _month_sums(self) -> sp.csr_array:
        count = self.data.buckets.count
        return sp.csr_array((np.ones(count), (self.month, np.arange(count))), shape=(len(self.months), count))

    def _by_month(self, weights: Floats) -> sp.csr_array:
        """Weights of decisions, by thing and bucket, in the month of their bucket."""
        size = len(weights)
        month = np.tile(self.month, size // max(self.data.buckets.count, 1))
        matrix = sp.csr_array((weights, (month, np.arange(size))), shape=(len(self.months), size))
        matrix.eliminate_zeros()
        return matrix

    def _of_streams(self, weights: Floats, scope: str, block: str = "shipped") -> Flow:
        inside = np.repeat(self.in_scope(self.data.network.streams, scope), self.data.buckets.count)
        return Flow({block: self._by_month(weights * inside)}, np.zeros(len(self.months)))

    def _stream_cost(self) -> Floats:
        network = self.data.network
        node = network.node(network.streams["product"], network.streams["location"])
        return np.repeat(self.data.stock.standard_cost[node], self.data.buckets.count)

    def _node_scope(self, scope: str) -> Floats:
        return self.in_scope(self.data.network.nodes.assign(segment=""), scope)

    def _arriving(self, option: Option, weight: Floats) -> sp.csr_array:
        """Weighted quantity that one unit of each decision brings in each bucket."""
        count = self.data.buckets.count
        adds = sp.kron(sp.csr_array(weight[None, :]), sp.eye_array(count), format="csr")
        return sp.csr_array(adds @ option.arrivals)

    def _brought(self, option: Option) -> Floats:
        """Standard cost of what one unit of each decision brings, also after the horizon."""
        count = self.data.buckets.count
        value = option.arrivals.T @ np.repeat(self.data.stock.standard_cost, count)
        each = value.reshape(-1, count)
        return np.asarray(np.where(each > 0, each, each.max(axis=1, initial=0.0)[:, None]).ravel())

    def _used(self, option: Option) -> Floats:
        return np.asarray(option.uses.T @ np.repeat(self.data.stock.standard_cost, self.data.buckets.count))

    def _fixed_rates(self) -> Floats:
        """Rate of an hour that is paid whatever is made, by resource and bucket."""
        rates = self.tables["cost_rate"]
        fixed = rates[~rates["is_variable"].astype(bool)].groupby("resource")["rate_per_hour"].sum()
        each = self.data.network.resources["resource"].map(fixed).fillna(0.0).to_numpy(float)
        return np.repeat(each, self.data.buckets.count)

    def _scheduled(self, scope: str, *, own: bool) -> Floats:
        """Standard cost of what is on order, purchases or our own, by month of its arrival."""
        _, month, value = self._on_order(scope, own=own)
        return np.bincount(month, value, len(self.months)).astype(float)

    def _on_order(self, scope: str, *, own: bool) -> tuple[pd.Series[str], Ints, Floats]:
        """Product, month of arrival and standard cost of each order that is open."""
        due, buckets = self.tables["scheduled_receipt"], self.data.buckets
        rows = due[due["receipt_type"].isin(OWN_RECEIPTS) == own]
        bucket = np.maximum(buckets.holding(day_numbers(rows["due_date"])), 0)
        inside = self.in_scope(rows.assign(segment=""), scope) * (bucket < buckets.count)
        cost = rows["product"].map(self.tables["product_cost"].set_index("product")["standard_cost_per_unit"])
        value = rows["receipt_qty"].to_numpy(float) * cost.fillna(0.0).to_numpy(float) * inside
        return rows["product"], self.month[np.minimum(bucket, buckets.count - 1)], value

    def _days_of_products(self, product: pd.Series[str]) -> Floats:
        """Days until a purchase on order is paid: the mean of the suppliers who offer the product."""
        table = self.tables["outside_plan"]
        mean = table[table["item"] == "order_days"].set_index("subject")["amount"]
        usual = self._payment_days("supplier", pd.Series(["*"]), self.finance.supplier_days)
        return np.asarray(product.map(mean).fillna(float(usual[0])), dtype=np.float64)

    def _opening(self) -> float:
        """Stock before the plan at standard: on hand, and our own on the way."""
        stock = self.tables["stock_on_hand"]
        cost = stock["product"].map(
            self.tables["product_cost"].set_index("product")["standard_cost_per_unit"]
        )
        return float((stock["on_hand_qty"] * cost).sum()) + float(self._scheduled("*", own=True).sum())

    def _payment_days(self, party_type: str, parties: pd.Series[str], usual: int) -> Floats:
        table = self.tables["payment_term"]
        terms = table[table["party_type"] == party_type].set_index("party")["days"]
        other = float(terms.get("*", usual))
        return np.asarray(parties.map(terms).astype(float).fillna(other), dtype=np.float64)

    def _customer_days(self) -> Floats:
        """Days of payment of each stream: the mean of its markets by what they want."""
        streams = self.data.network.streams
        plan = self.tables["demand_plan"].merge(
            self.tables["market"][["market", "location"]], on="market", validate="many_to_one"
        )
        plan = plan.assign(
            segment=segments(plan, self.tables),
            days=self._payment_days("customer", plan["market"], self.finance.customer_days),
        )
        plan["weighed"] = plan["days"] * plan["consensus_qty"]
        key = ["product", "location", "segment"]
        sums = plan.groupby(key)[["weighed", "consensus_qty"]].sum()
        mean = (sums["weighed"] / sums["consensus_qty"]).reindex(pd.MultiIndex.from_frame(streams[key]))
        return np.asarray(mean.fillna(float(self.finance.customer_days)), dtype=np.float64)

    def _weights(self, days: Floats, month: Ints) -> sp.csr_array:
        """Share of what is invoiced in a month that is open at each month end; months by invoices."""
        back = self.finance.days_per_month
        deepest = int(np.ceil(days.max(initial=0.0) / back))
        rows, columns, shares = [], [], []
        for months in range(deepest):
            share = np.clip(days / back - months, 0.0, 1.0)
            inside = np.flatnonzero((month + months < len(self.months)) & (share > 0))
            rows.append(month[inside] + months)
            columns.append(inside)
            shares.append(share[inside])
        shape = (len(self.months), len(days))
        if not rows:
            return sp.csr_array(shape)
        return sp.csr_array(
            (np.concatenate(shares), (np.concatenate(rows), np.concatenate(columns))), shape=shape
        )

    def _open(self, money: Floats, days: Floats, month: Ints, *, is_own: bool = False) -> sp.csr_array:
        """Open money at month ends for one unit of each decision."""
        each = month if is_own else np.tile(month, len(money) // max(len(month), 1))
        return sp.csr_array(self._weights(days, each) @ sp.diags_array(money))
