"""The corner a plan stands in, as a table, so that a changed plan is solved from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from sopwb.supply.data import PlanData
from sopwb.supply.program import Program, RuleRows
from sopwb.supply.session import Basis
from sopwb.supply.starts import BASIC, LOWER

__all__ = ["basis_of", "plan_basis"]

LETTERS = "lbuzn"
"""Letter of each status of HiGHS, in its order."""
WHOLE = "*"
NODE = ["product", "location"]
COLUMNS = ["part", "block", "subject", "statuses"]

Labels = npt.NDArray[np.object_]
Statuses = npt.NDArray[np.int8]


def _joined(keys: pd.DataFrame) -> Labels:
    texts = keys.astype(str)
    return np.array([" | ".join(row) for row in texts.itertuples(index=False)], dtype=object)


def _column_labels(data: PlanData) -> dict[str, Labels]:
    """Subjects of each block of variables; blocks that are not named stand as a whole."""
    network = data.network
    streams = _joined(network.streams[NODE])
    resources = network.resources["resource"].to_numpy(object)
    nodes = _joined(network.nodes[NODE])
    options = {f"option.{name}": _joined(option.keys) for name, option in data.options.items()}
    return {
        **options,
        "stock": nodes,
        "shipped": streams,
        "late": streams,
        "lost": _joined(network.classes[[*NODE, "priority"]]),
        "overtime": resources,
        "overload": resources,
        "prepaid": resources,
        "end_stock": nodes,
    }


def _row_labels(data: PlanData) -> dict[str, list[Labels]]:
    """Subjects of the rows of each rule, in the sizes in which a rule may come."""
    network, count = data.network, data.buckets.count
    nodes, resources = _joined(network.nodes[NODE]), network.resources["resource"].to_numpy(object)
    paid = np.flatnonzero(data.hours.paid) // count
    labels = {name: [rows.subject] for name, rows in data.rows.items() if len(rows.subject)}
    labels["stock_balance"] = [np.repeat(nodes, count)]
    labels["demand_balance"] = [np.repeat(_joined(network.streams[NODE]), count)]
    labels["prepaid_hours"] = [np.repeat(resources, count), resources[paid]]
    labels["end_stock"] = [nodes]
    return labels


def _layout(size: int, labels: Labels | None) -> tuple[Labels, npt.NDArray[np.int64]]:
    """Subjects of a block in order, and the subject of each of its entries."""
    whole = np.array([WHOLE], dtype=object), np.zeros(size, dtype=np.int64)
    if labels is None or len(labels) == 0 or size % len(labels):
        return whole
    each = np.repeat(labels, size // len(labels))
    group, subjects = pd.factorize(each)
    return np.asarray(subjects, dtype=object), group.astype(np.int64)


def _blocks(data: PlanData, program: Program) -> Iterator[tuple[str, str, slice, Labels | None]]:
    """Part, block, place and labels of everything that has a status."""
    columns, rows = _column_labels(data), _row_labels(data)
    for part, other in (("column", "beyond"), ("row", "slack")):
        if part == "column":
            places = [(name, place, columns.get(name)) for name, place in program.blocks.items()]
        else:
            places = [
                (f"{rule.name} {number}", slice(rule.first, rule.last), _of_size(rows.get(rule.name), rule))
                for number, rule in enumerate(program.rules)
            ]
        for name, place, labels in places:
            if place.stop > place.start:
                yield part, name, place, labels
                yield other, name, place, labels


def _of_size(known: list[Labels] | None, rule: RuleRows) -> Labels | None:
    return next((labels for labels in known or [] if len(labels) == rule.last - rule.first), None)


def _usual(part: str) -> int:
    return BASIC if part == "row" else LOWER


def plan_basis(data: PlanData, program: Program, basis: Basis | None) -> pd.DataFrame:
    """Table ``plan_basis``; without rows where the plan stands in no corner. What is usual is left out."""
    rows: list[tuple[str, str, str, str]] = []
    letters = np.array(list(LETTERS), dtype="U1")
    for part, name, place, labels in _blocks(data, program) if basis is not None else ():
        statuses: Statuses = getattr(basis, part)[place]
        if (statuses == _usual(part)).all():
            continue
        subjects, group = _layout(len(statuses), labels)
        order = np.argsort(group, kind="stable")
        ends = np.searchsorted(group[order], np.arange(len(subjects) + 1))
        text = "".join(letters[statuses[order]])
        for number, subject in enumerate(subjects):
            rows.append((part, name, subject, text[ends[number] : ends[number + 1]]))
    return pd.DataFrame(rows, columns=COLUMNS)


def basis_of(table: pd.DataFrame, data: PlanData, program: Program) -> Basis | None:
    """The corner from the table, as far as it speaks of the same subjects; None where it says nothing.

    What the plan has beyond the table begins where it usually is: decisions at nothing, rules
    without binding.
    """
    if table.empty:
        return None
    keys = zip(table["part"], table["block"], table["subject"], strict=True)
    known: Mapping[tuple[str, str, str], str] = dict(zip(keys, table["statuses"], strict=True))
    rows, columns = program.matrix.shape
    found = {
        part: np.full(size, _usual(part), np.int8)
        for part, size in (("column", columns), ("beyond", columns), ("row", rows), ("slack", rows))
    }
    number = {letter: place for place, letter in enumerate(LETTERS)}
    for part, name, place, labels in _blocks(data, program):
        statuses = found[part][place]
        subjects, group = _layout(len(statuses), labels)
        order = np.argsort(group, kind="stable")
        ends = np.searchsorted(group[order], np.arange(len(subjects) + 1))
        for place_, subject in enumerate(subjects):
            text = known.get((part, name, str(subject)))
            entries = order[ends[place_] : ends[place_ + 1]]
            if text is not None and len(text) == len(entries):
                statuses[entries] = [number[letter] for letter in text]
    return Basis(**found)
