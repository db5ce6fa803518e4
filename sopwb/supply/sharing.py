"""Fair shares: what a stream ships, waits for and loses, split over classes and markets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sopwb.supply.buckets import Floats, Ints

__all__ = ["Met", "share_fairly"]


@dataclass(frozen=True)
class Met:
    """How demand is met, in quantities; members by buckets."""

    shipped: Floats
    late: Floats
    lost: Floats


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0))


def _adds(group: Ints, values: Floats, size: int) -> Floats:
    return np.bincount(group, weights=values, minlength=size)


def share_fairly(
    demand: Floats,
    klass: Ints,
    stream: Ints,
    rank: Ints,
    lost: Floats,
    shipped: Floats,
    least: Floats | float = 0.0,
) -> Met:
    """Shipped, waiting and lost quantity of each member of a stream.

    What a class loses is shared in proportion to what its members wait for and want. What is
    shipped serves the classes of a stream one after the other, and the members of a class in
    proportion. What is neither lost nor shipped waits. So for every member demand is shipped
    plus change of waiting plus lost, and members add up to their stream.

    Parameters
    ----------
    demand
        Demand of each member; members by buckets.
    klass, stream
        Class of each member, and stream of each class.
    rank
        Order of each class in its stream, best first, from 0.
    lost
        Lost quantity of each class; classes by buckets.
    shipped
        Shipped quantity of each stream; streams by buckets.
    least
        Quantity of each stream below which nothing waits or is lost: it is shipped.

    Examples
    --------
    Two markets of one class want 6 and 2; 4 are shipped and nothing is lost.

    >>> zero = np.zeros(1, dtype=int)
    >>> met = share_fairly(
    ...     np.array([[6.0], [2.0]]), np.array([0, 0]), zero, zero, np.zeros((1, 1)), np.array([[4.0]])
    ... )
    >>> met.shipped.ravel(), met.late.ravel()
    (array([3., 1.]), array([3., 1.]))
    """
    members, buckets = demand.shape
    classes, streams = len(stream), len(shipped)
    met = Met(np.zeros_like(demand), np.zeros_like(demand), np.zeros_like(demand))
    waiting = np.zeros(members)
    tiny = np.broadcast_to(least, (streams,))[stream]
    for bucket in range(buckets):
        wanted = waiting + demand[:, bucket]
        class_wanted = _adds(klass, wanted, classes)
        gone = np.where(lost[:, bucket] > tiny, np.minimum(lost[:, bucket], class_wanted), 0.0)
        open_ = class_wanted - gone
        left, sent = shipped[:, bucket].copy(), np.zeros(classes)
        for order in range(int(rank.max(initial=-1)) + 1):
            now = np.flatnonzero(rank == order)
            sent[now] = np.minimum(open_[now], np.maximum(left[stream[now]], 0.0))
            sent[now] = np.where(open_[now] - sent[now] <= tiny[now], open_[now], sent[now])
            left = left - _adds(stream[now], sent[now], streams)
        met.lost[:, bucket] = wanted * _ratio(gone, class_wanted)[klass]
        met.shipped[:, bucket] = wanted * _ratio(sent, class_wanted)[klass]
        waiting = np.maximum(wanted - met.lost[:, bucket] - met.shipped[:, bucket], 0.0)
        met.late[:, bucket] = waiting
    return met
