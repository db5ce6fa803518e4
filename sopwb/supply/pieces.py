"""A programme whose parts share no row: each part is solved apart, several at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from sopwb.config.supply import SupplySettings
from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.goals import Goal
from sopwb.supply.program import Program, RuleRows
from sopwb.supply.session import Basis, Solved
from sopwb.supply.solve import Solution, solve
from sopwb.supply.starts import BASIC, LOWER
from sopwb.supply.steady import Reference

__all__ = ["Piece", "pieces_of", "solve_apart"]

LEAST_NONZEROS = 20_000
"""Non-zeros up to which pieces are put together, so that each is worth a solver of its own."""
MOST_WORKERS = 8


@dataclass(frozen=True, eq=False)
class Piece:
    """Rows and columns of a programme that share nothing with the others."""

    rows: Ints
    columns: Ints


def pieces_of(program: Program, least: int = LEAST_NONZEROS) -> tuple[Piece, ...]:
    """Parts of a programme that no row joins, in the order of their columns; small ones put together.

    Parameters
    ----------
    least
        Non-zeros that each has at least, but for the last.
    """
    from scipy.sparse.csgraph import connected_components

    cells = sp.coo_array(program.matrix)
    rows, columns = program.matrix.shape
    row, column = cells.coords
    size = rows + columns
    graph = sp.coo_array((np.ones(len(row), np.int8), (row, column + rows)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    known, first = np.unique(label[rows:], return_index=True)
    place = np.full(int(label.max(initial=0)) + 1, 0, dtype=np.int64)
    place[known[np.argsort(first)]] = np.arange(len(known))
    nonzeros = np.bincount(place[label[row]], minlength=len(known))
    bundle = _bundles(nonzeros, least)[place[label]]
    return tuple(
        Piece(np.flatnonzero(bundle[:rows] == number), np.flatnonzero(bundle[rows:] == number))
        for number in range(int(bundle.max(initial=0)) + 1)
    )


def _bundles(nonzeros: Ints, least: int) -> Ints:
    """Number of the bundle of each part: one part after the other until a bundle is large enough."""
    bundle = np.zeros(max(len(nonzeros), 1), dtype=np.int64)
    number, size = 0, 0
    for part, count in enumerate(nonzeros):
        if size >= least:
            number, size = number + 1, 0
        bundle[part] = number
        size += int(count)
    if size < least and number:
        bundle[bundle == number] = number - 1
    return bundle


def _of_columns(piece: Piece, blocks: Mapping[str, slice]) -> dict[str, Ints]:
    """Entries of each block that are in the piece, counted from the block's start."""
    ends = {name: np.searchsorted(piece.columns, [place.start, place.stop]) for name, place in blocks.items()}
    return {name: piece.columns[slice(*ends[name])] - place.start for name, place in blocks.items()}


def _rules(piece: Piece, program: Program) -> tuple[RuleRows, ...]:
    rules = []
    for rule in program.rules:
        first, last = np.searchsorted(piece.rows, [rule.first, rule.last])
        own = piece.rows[first:last] - rule.first
        if last > first:
            flags = (rule.price[own], rule.is_soft[own], rule.is_elastic[own])
            rules.append(RuleRows(rule.name, rule.unit, int(first), int(last), *flags, None))
    return tuple(rules)


def _program(piece: Piece, program: Program) -> Program:
    """The piece as a programme of its own."""
    blocks = {}
    for name, place in program.blocks.items():
        start, stop = np.searchsorted(piece.columns, [place.start, place.stop])
        blocks[name] = slice(int(start), int(stop))
    return Program(
        sp.csr_array(program.matrix[piece.rows][:, piece.columns]),
        program.most[piece.rows],
        program.is_equal[piece.rows],
        blocks,
        program.unit[piece.columns],
        _rules(piece, program),
        program.whole_bucket[piece.columns],
    )


def _chosen(values: Mapping[str, Floats], own: Mapping[str, Ints]) -> dict[str, Floats]:
    return {name: np.asarray(given)[own[name]] for name, given in values.items()}


def _basis(piece: Piece, basis: Basis | None) -> Basis | None:
    if basis is None:
        return None
    columns, rows = piece.columns, piece.rows
    return Basis(basis.column[columns], basis.beyond[columns], basis.row[rows], basis.slack[rows])


def solve_apart(
    program: Program,
    goals: tuple[Goal, Goal],
    settings: SupplySettings,
    start: Basis | None = None,
    reference: Reference | None = None,
    least: int = LEAST_NONZEROS,
) -> Solution:
    """The best plan as in ``solve``, of a programme in pieces each piece for itself, several at a time.

    Where one row joins everything, as a limit on cash does, it is one piece and solved as such. The
    pieces do not depend on the machine, so neither does the plan.
    """
    pieces = pieces_of(program, least)
    if start is not None and not start.fits(program):
        start = None
    if len(pieces) == 1:
        return solve(program, *goals, settings, start, reference)

    def planned(piece: Piece) -> Solution:
        own = _of_columns(piece, program.blocks)
        service, contribution = (replace(goal, charge=_chosen(goal.charge, own)) for goal in goals)
        near = reference and replace(
            reference, planned=_chosen(reference.planned, own), weight=_chosen(reference.weight, own)
        )
        part = _program(piece, program)
        return solve(part, service, contribution, settings, _basis(piece, start), near)

    return _together(program, pieces, _beside(planned, pieces))


def _beside(planned: Callable[[Piece], Solution], pieces: Sequence[Piece]) -> list[Solution]:
    """Plans of the pieces in their order; the solver lets others run while it works."""
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_WORKERS)) as pool:
        return list(pool.map(planned, pieces))


def _together(program: Program, pieces: Sequence[Piece], plans: Sequence[Solution]) -> Solution:
    """The plans of the pieces as one plan of the whole programme."""
    rows, columns = program.matrix.shape
    values, price, service_price = np.zeros(columns), np.zeros(rows), np.zeros(rows)
    column, beyond = np.full(columns, LOWER, np.int8), np.full(columns, LOWER, np.int8)
    row, slack = np.full(rows, BASIC, np.int8), np.full(rows, LOWER, np.int8)
    for piece, plan in zip(pieces, plans, strict=True):
        values[piece.columns] = plan.values
        price[piece.rows], service_price[piece.rows] = plan.price, plan.service_price
        if plan.basis is not None:
            column[piece.columns], beyond[piece.columns] = plan.basis.column, plan.basis.beyond
            row[piece.rows], slack[piece.rows] = plan.basis.row, plan.basis.slack
    is_corner = all(plan.basis is not None for plan in plans)
    is_best = all(plan.is_best for plan in plans)
    if not is_best:
        price = np.zeros(rows)
    basis = Basis(column, beyond, row, slack) if is_corner else None
    return Solution(values, service_price, price, _log(plans), basis, is_best)


def _log(plans: Sequence[Solution]) -> tuple[Solved, ...]:
    """Solves of the same goal as one line: sums, and the status and gap of the worst."""
    lines = [line for plan in plans for line in plan.log]
    told = []
    for goal in dict.fromkeys(line.goal for line in lines):
        same = [line for line in lines if line.goal == goal]
        worst = next((line.status for line in same if line.status != "optimal"), "optimal")
        told.append(
            Solved(
                goal,
                worst,
                float(np.sum([line.objective for line in same])),
                sum(line.rows for line in same),
                sum(line.columns for line in same),
                sum(line.nonzeros for line in same),
                float(np.max([line.gap for line in same])),
            )
        )
    return tuple(told)
