"""The detailed plan of an instance as one linear programme, and which of it belongs to which family.

Decisions of a sold product and rows that speak of it alone are its family's. What families share are
*limits*: hours of resources, components at each location and storage. A *price* of a limit is a charge
for one scaled unit of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.data import PlanData
from sopwb.supply.elastic import Elastic, elastic_of
from sopwb.supply.goals import goals_of
from sopwb.supply.program import Program

__all__ = ["Whole", "component_cost", "whole_of"]

Tables = dict[str, pd.DataFrame]
Flags = np.ndarray
MOST_LEVELS = 10


@dataclass(frozen=True)
class Whole:
    """Rows ``row_lower <= matrix @ y <= row_upper`` of columns ``lower <= y <= upper`` at a charge each.

    Parameters
    ----------
    family, product
        Family and number of the sold product of each column; "" and -1 for all others.
    bucket
        Bucket of each column.
    rule, row_bucket, node
        Rule, bucket and, where it balances stock, product and location of each row.
    is_component, is_shared
        Rows that speak of components, and rows of which families share the limit.
    cost_price
        Price of each row that balances a component: its variable cost.
    stock, stock_beyond
        Column of the stock of each node and bucket, and of its part beyond the safety stock, -1 for none.
    constant
        What is added to the charges of all columns to get the objective.
    """

    elastic: Elastic
    cost: Floats
    matrix: sp.csr_array
    family: np.ndarray
    product: Ints
    products: int
    bucket: Ints
    buckets: int
    rule: np.ndarray
    row_bucket: Ints
    node: Ints
    is_component: Flags
    is_shared: Flags
    cost_price: Floats
    overload: Flags
    overtime: Flags
    stock: Ints
    stock_beyond: Ints
    constant: float

    @property
    def limit(self) -> Floats:
        """Limit of each row; what families share has no least but where it is the most as well."""
        return self.elastic.row_upper

    def touches(self, columns: Flags) -> Flags:
        """Which rows speak of some of the columns."""
        there = sp.csr_array((np.ones(self.matrix.nnz), self.matrix.indices, self.matrix.indptr),
                             shape=self.matrix.shape)  # fmt: skip
        return np.asarray(there @ columns.astype(float) > 0)

    def completed(self, values: Floats) -> Floats:
        """The plan with the overtime, overload and overflow that its decisions need."""
        whole = values.copy()
        loose = np.arange(self.matrix.shape[1] - len(self.elastic.loose), self.matrix.shape[1])
        whole[self.overtime | self.overload] = 0.0
        whole[loose] = 0.0
        beyond = np.maximum(self.matrix @ whole - self.limit, 0.0)
        whole[loose] = beyond[self.elastic.loose]
        columns = sp.csc_array(self.matrix)
        for chosen in (self.overtime, self.overload):
            for column in np.flatnonzero(chosen):
                part = slice(columns.indptr[column], columns.indptr[column + 1])
                capacity = np.flatnonzero(self.rule[columns.indices[part]] == "capacity")
                if len(capacity):
                    row = columns.indices[part][capacity[0]]
                    one = -columns.data[part][capacity[0]]
                    whole[column] = min(beyond[row] / one, self.elastic.upper[column])
                    beyond[row] -= one * whole[column]
        return whole

    def with_left_over(self, values: Floats, left: Floats) -> Floats:
        """The plan with what is left over of each row that balances stock kept in stock, from its bucket on.

        Parameters
        ----------
        left
            Of each row, in its scale, what comes and nobody uses; below zero, what is taken from stock.
        """
        whole, unit = values.copy(), self.elastic.unit[self.stock]
        rows = np.flatnonzero(self.rule == "stock_balance")
        more = np.zeros(len(self.stock))
        at = self.node[rows] * self.buckets + self.row_bucket[rows]
        more[at] = left[rows] / self.elastic.row_scale[rows]
        split = self.stock_beyond >= 0
        there = whole[self.stock] + np.where(split, whole[self.stock_beyond], 0.0)
        kept = np.maximum(there + more.reshape(-1, self.buckets).cumsum(axis=1).ravel() / unit, 0.0)
        first = np.where(split, np.minimum(kept, self.elastic.upper[self.stock]), kept)
        whole[self.stock] = first
        whole[self.stock_beyond[split]] = (kept - first)[split]
        return whole

    def balanced(self, values: Floats) -> Floats:
        """The plan with each stock as its balance makes it, free of what a solver leaves open."""
        off = np.where(self.rule == "stock_balance", self.elastic.row_lower - self.matrix @ values, 0.0)
        return self.with_left_over(values, off)

    def decisions(self, values: Floats) -> Floats:
        """Value of each variable of the programme."""
        return np.asarray(np.maximum(self.elastic.unit * (self.elastic.pick @ values), 0.0))


def component_cost(tables: Tables) -> pd.Series:
    """Variable cost of one unit of every product: the cheapest purchase, or its cheapest recipe."""
    cost = tables["purchase_term"].groupby("product")["price_per_unit"].min()
    key = ["product", "location", "recipe"]
    own = tables["recipe"].set_index(key)["cost_per_unit"]
    good = tables["routing"].groupby(key)["yield_rate"].prod()
    bill = tables["bill_of_material"]
    pairs = pd.MultiIndex.from_arrays([good.index.get_level_values(0), good.index.get_level_values(2)])
    for _ in range(MOST_LEVELS):
        value = bill.assign(value=bill["qty_per_unit"] * bill["component"].map(cost).fillna(0.0))
        needs = value.groupby(["product", "recipe"])["value"].sum()
        unit = own.reindex(good.index).fillna(0.0).to_numpy() + needs.reindex(pairs).fillna(0.0).to_numpy()
        made = pd.Series(unit / good.to_numpy(), index=good.index.get_level_values(0)).groupby(level=0).min()
        cost = pd.concat([made, cost]).groupby(level=0).min()
    return cost


def _column_products(data: PlanData, program: Program) -> np.ndarray:
    """Product of each variable of the programme; "" where it is of none."""
    nodes, streams = data.network.nodes, data.network.streams["product"].to_numpy(object)
    names = {
        f"option.{name}": option.keys["product"].to_numpy(object) for name, option in data.options.items()
    }
    names |= {
        "stock": nodes["product"].to_numpy(object), "shipped": streams, "late": streams,
        "lost": streams[data.network.classes["stream"]], "end_stock": nodes["product"].to_numpy(object),
    }  # fmt: skip
    label = np.full(program.matrix.shape[1], "", dtype=object)
    for name, products in names.items():
        block = program.blocks[name]
        size = block.stop - block.start
        if size:
            label[block] = np.repeat(products, size // len(products))
    return label


def whole_of(data: PlanData, program: Program, tables: Tables) -> Whole:
    """The programme of an instance's tables with its families."""
    elastic = elastic_of(program)
    _, goal = goals_of(data)
    own = elastic.pick.T @ (program.unit * program.spread(goal.charge))
    credit = elastic.slack_charge < 0
    label = _column_products(data, program)
    sold = sorted(set(tables["demand_plan"]["product"]))
    of_family = tables["product"].set_index("product")["family"].reindex(sold)
    loose, count = len(elastic.loose), data.buckets.count
    variable = np.concatenate([np.arange(len(label)), elastic.twin, np.full(loose, -1)])
    product = pd.Index(sold).get_indexer(np.where(variable >= 0, label[variable], ""))
    family = np.where(product >= 0, of_family.to_numpy(object)[product], "")
    other = np.where(variable >= 0, label[variable], "") != ""
    flags = {name: np.zeros(len(variable), dtype=bool) for name in ("overtime", "overload")}
    for name, flag in flags.items():
        block = program.blocks[name]
        flag[block.start : block.stop] = True
    rule, first = np.full(len(program.most), "", dtype=object), np.zeros(len(program.most), dtype=np.int64)
    for rows in program.rules:
        rule[rows.first : rows.last] = rows.name
        first[rows.first : rows.last] = rows.first
    stock = np.arange(program.blocks["stock"].start, program.blocks["stock"].stop)
    beyond = np.full(len(label), -1)
    beyond[elastic.twin] = len(label) + np.arange(len(elastic.twin))
    kept = elastic.row
    place = kept - first[kept]
    whole = Whole(
        elastic=elastic, cost=np.asarray(own + elastic.slack_charge), matrix=sp.csr_array(elastic.matrix),
        family=family, product=product, products=len(sold),
        bucket=np.where(variable >= 0, variable % count, 0),
        buckets=count, rule=rule[kept], row_bucket=place % count, node=place // count,
        stock=stock, stock_beyond=beyond[stock],
        is_component=np.empty(0), is_shared=np.empty(0), cost_price=np.empty(0),
        constant=-float(elastic.slack_charge[credit] @ elastic.upper[credit]), **flags,
    )  # fmt: skip
    below = whole.touches((product < 0) & other)
    shared = below | np.isin(whole.rule, ["capacity", "storage"])
    balance = below & (whole.rule == "stock_balance")
    unit = data.network.nodes["product"].map(component_cost(tables)).fillna(0.0).to_numpy()
    price = np.zeros(len(kept))
    price[balance] = unit[whole.node[balance]] / elastic.row_scale[balance]
    return Whole(**{**whole.__dict__, "is_component": below, "is_shared": shared, "cost_price": price})
