"""Plans by rule: requirements exploded level by level, loaded or levelled, and then carried out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from sopwb.supply.buckets import Floats, Ints, overlap_days
from sopwb.supply.data import PlanData
from sopwb.supply.ways import Ways

__all__ = ["Outcome", "carried_out", "priority_starts", "requirement_starts"]

NOISE = 1e-9


@dataclass(frozen=True)
class Outcome:
    """What comes of a plan: nodes, or streams of demand, by buckets.

    Parameters
    ----------
    started, stock
        Quantity started, and stock at the end of the bucket; by node.
    shipped, late, lost
        By stream.
    """

    started: Floats
    stock: Floats
    shipped: Floats
    late: Floats
    lost: Floats


def _by_node(data: PlanData, of_stream: Floats) -> Floats:
    return np.asarray(data.demand.served_from @ of_stream.ravel()).reshape(-1, data.buckets.count)


def _net(gross: Floats, safety: Floats, inflow: Floats) -> tuple[Floats, Floats]:
    """What is lacking in each bucket beside stock and receipts, and the stock they leave unused."""
    lacking, left = np.zeros_like(gross), np.zeros_like(gross)
    there, own = np.zeros(len(gross)), np.zeros(len(gross))
    for now in range(gross.shape[1]):
        there = there + inflow[:, now]
        lacking[:, now] = np.maximum(gross[:, now] + safety[:, now] - there, 0.0)
        there = there + lacking[:, now] - gross[:, now]
        own = np.maximum(own + inflow[:, now] - gross[:, now], 0.0)
        left[:, now] = np.minimum(own, there)
    return lacking, left


def _unused(left: Floats) -> Floats:
    """Receipts that are still free when their stock may not be taken from who needs it later."""
    free = np.minimum.accumulate(left[:, ::-1], axis=1)[:, ::-1]
    return np.diff(free, axis=1, prepend=0.0)


def _started(lacking: Floats, nodes: Ints, ways: Ways) -> Floats:
    """Starts that cover what is lacking, at the last bucket that is in time."""
    starts = np.zeros_like(lacking)
    row = np.repeat(np.arange(len(nodes)), lacking.shape[1])
    np.add.at(starts, (row, ways.start[nodes].ravel()), (lacking / ways.good[nodes][:, None]).ravel())
    return np.asarray(starts * ways.is_brought[nodes][:, None])


def _level_rate(starts: Floats, days: Floats) -> Floats:
    """The least constant rate a working day at which no start comes later than wanted."""
    worked = np.maximum(days.cumsum(), NOISE)
    return np.asarray((starts.cumsum(axis=1) / worked[None, :]).max(axis=1)[:, None] * days[None, :])


def _fits(hours: Floats, wanted: Floats, left: Floats) -> Floats:
    """Share of each start for which all its resources have hours left, scaled alike where they have not."""
    load = hours @ wanted
    ratio = np.where(load > left, np.divide(left, load, out=np.ones_like(load), where=load > 0), 1.0)
    return np.asarray(np.where(hours > 0, ratio[:, None], 1.0).min(axis=0, initial=1.0))


def _loaded(starts: Floats, hours: Floats, limit: Floats, left: Floats) -> Floats:
    """Starts within hours and limits: what does not fit goes earlier, else as soon as there is room.

    The hours that are left become less by what is placed.
    """
    placed, over = np.zeros_like(starts), np.zeros(len(starts))
    last = starts.shape[1] - 1
    back, forth = range(last, -1, -1), range(1, last + 1)
    for step, now in enumerate([*back, *forth]):
        over = over + starts[:, now] * float(step <= last)
        fitting = np.minimum(over, np.maximum(limit[:, now] - placed[:, now], 0.0))
        fitting = fitting * _fits(hours, fitting, left[:, now])
        left[:, now] = np.maximum(left[:, now] - hours @ fitting, 0.0)
        placed[:, now] += fitting
        over = over - fitting
    return placed


def requirement_starts(data: PlanData, ways: Ways, *, is_level: bool = False) -> Floats:
    """Starts of a requirements explosion without any limit; nodes by buckets.

    Parameters
    ----------
    is_level
        Whether products that are sold are made at a constant rate a working day, the least one that is
        never late.
    """
    count = data.buckets.count
    gross = _by_node(data, data.demand.demand)
    safety, inflow = (part.reshape(-1, count) for part in (data.stock.safety, data.stock.inflow))
    sold = set(data.network.streams["product"])
    is_sold = data.network.nodes["product"].isin(sold).to_numpy() & (ways.option == "make")
    starts = np.zeros_like(gross)
    for nodes in ways.level:
        lacking, _ = _net(gross[nodes], safety[nodes], inflow[nodes])
        starts[nodes] = _started(lacking, nodes, ways)
        chosen = nodes[is_sold[nodes]]
        if is_level and len(chosen):
            starts[chosen] = _level_rate(starts[chosen], data.buckets.working_days)
        _explode(gross, starts, nodes, ways)
    return starts


def _explode(gross: Floats, starts: Floats, nodes: Ints, ways: Ways) -> None:
    """Add what starts of some nodes take of others to what is wanted of those."""
    for now, uses in enumerate(ways.uses):
        gross[:, now] += uses[:, nodes] @ starts[nodes, now]


def priority_starts(data: PlanData, ways: Ways) -> Floats:
    """Starts by the priority rule: class by class, by due date, within hours and limits that are left.

    Of each class the requirements are exploded; what does not fit into its bucket is built ahead, and
    what has no room before either comes as soon as there is room. The last class also brings safety stock.
    """
    count, classes = data.buckets.count, data.network.classes
    wanted = data.demand.class_demand.reshape(-1, count)
    inflow = data.stock.inflow.reshape(-1, count).copy()
    hours_left = (data.hours.regular + data.hours.overtime).reshape(-1, count).copy()
    limit_left = ways.limit.copy()
    stream = classes["stream"].to_numpy(np.int64)
    starts, ranks = np.zeros_like(inflow), np.unique(classes["priority"])
    for rank in ranks:
        chosen = np.flatnonzero(classes["priority"].to_numpy() == rank)
        of_stream = np.zeros((len(data.network.streams), count))
        np.add.at(of_stream, stream[chosen], wanted[chosen])
        gross = _by_node(data, of_stream)
        safety = data.stock.safety.reshape(-1, count) * float(rank == ranks[-1])
        for nodes in ways.level:
            lacking, left = _net(gross[nodes], safety[nodes], inflow[nodes])
            inflow[nodes] = _unused(left)
            asked = _started(lacking, nodes, ways)
            placed = _loaded(asked, ways.hours[:, nodes], limit_left[nodes], hours_left)
            limit_left[nodes] -= placed
            part = np.zeros_like(starts)
            part[nodes] = placed
            _explode(gross, part, nodes, ways)
            starts += part
    return starts


def _late_limits(data: PlanData) -> Floats:
    """Most that may wait of each class at the end of each bucket: what was wanted in the last days."""
    buckets = data.buckets
    wanted = data.demand.class_demand.reshape(-1, buckets.count)
    since = (buckets.ends - data.settings.late_days_maximum).astype(np.int64)
    window = overlap_days(buckets, since, buckets.ends)
    return np.asarray(wanted @ (window / buckets.days[None, :]).T)


def carried_out(
    data: PlanData, ways: Ways, starts: Floats, *, with_hours: bool, with_limits: bool
) -> Outcome:
    """What comes of starts when components must be there, and hours and limits where asked for.

    Bucket by bucket, components before what is made of them; who takes the same short thing is scaled
    alike, and what could not start waits. The better priority class is shipped first.
    """
    count, nodes = data.buckets.count, len(ways.option)
    coming = data.stock.inflow.reshape(-1, count).copy()
    there, waiting, no_limit = np.zeros(nodes), np.zeros(nodes), np.inf
    done, stock = np.zeros((nodes, count)), np.zeros((nodes, count))
    room = (data.hours.regular + data.hours.overtime).reshape(-1, count)
    desk = _Desk.of(data)
    for now in range(count):
        there = there + coming[:, now]
        waiting = waiting + starts[:, now]
        left = room[:, now].copy()
        for chosen in reversed(ways.level):
            wish = np.minimum(waiting[chosen], ways.limit[chosen, now] if with_limits else no_limit)
            if not wish.any():
                continue
            uses = ways.uses[now][:, chosen]
            begun = wish * _there_for(uses, wish, there)
            if with_hours:
                begun = begun * _fits(ways.hours[:, chosen], begun, left)
                left = np.maximum(left - ways.hours[:, chosen] @ begun, 0.0)
            there = np.maximum(there - uses @ begun, 0.0)
            waiting[chosen] -= begun
            done[chosen, now] = begun
            at = ways.arrives[chosen, now]
            at_once, later = at == now, (at > now) & (at < count)
            there[chosen[at_once]] += (ways.good[chosen] * begun)[at_once]
            np.add.at(coming, (chosen[later], at[later]), (ways.good[chosen] * begun)[later])
        there = desk.ship(there, now)
        stock[:, now] = there
    return Outcome(done, stock, desk.shipped, desk.late, desk.lost)


def _there_for(uses: sp.csc_array, wish: Floats, there: Floats) -> Floats:
    """Share of each start for which all components are there, scaled alike where they are short."""
    need = uses @ wish
    ratio = np.where(need > there, np.divide(there, need, out=np.ones_like(need), where=need > 0), 1.0)
    share = np.ones(len(wish))
    column = np.repeat(np.arange(len(wish)), np.diff(uses.indptr))
    np.minimum.at(share, column, ratio[uses.indices])
    return share


@dataclass
class _Desk:
    """Ships by class what is there, and keeps what waits and what is lost."""

    wanted: Floats
    late_limit: Floats
    node: Ints
    stream: Ints
    priority: Ints
    open: Floats
    shipped: Floats
    late: Floats
    lost: Floats

    @staticmethod
    def of(data: PlanData) -> _Desk:
        """Everything still open."""
        count, network = data.buckets.count, data.network
        streams = network.streams
        each = network.node(streams["product"], streams["location"])
        stream = network.classes["stream"].to_numpy(np.int64)
        empty = np.zeros((len(streams), count))
        return _Desk(
            data.demand.class_demand.reshape(-1, count), _late_limits(data), each[stream], stream,
            network.classes["priority"].to_numpy(np.int64), np.zeros(len(stream)),
            empty, empty.copy(), empty.copy(),
        )  # fmt: skip

    def ship(self, there: Floats, now: int) -> Floats:
        """Ship in one bucket; the stock that is left."""
        there = there.copy()
        self.open = self.open + self.wanted[:, now]
        for rank in np.unique(self.priority):
            chosen = np.flatnonzero(self.priority == rank)
            asked = np.bincount(self.node[chosen], weights=self.open[chosen], minlength=len(there))
            share = np.where(
                asked > there, np.divide(there, asked, out=np.ones_like(asked), where=asked > 0), 1.0
            )
            sent = self.open[chosen] * share[self.node[chosen]]
            there = np.maximum(there - np.minimum(asked, there), 0.0)
            self.open[chosen] -= sent
            np.add.at(self.shipped[:, now], self.stream[chosen], sent)
        waits = np.minimum(self.open, self.late_limit[:, now])
        np.add.at(self.lost[:, now], self.stream, self.open - waits)
        np.add.at(self.late[:, now], self.stream, waits)
        self.open = waits
        return there
