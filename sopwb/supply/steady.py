"""Of equally good plans the one nearest to an earlier plan, so that nothing is reshuffled for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.sparse as sp

from sopwb.extend import Tables
from sopwb.supply.buckets import Floats, Ints
from sopwb.supply.data import PlanData
from sopwb.supply.elastic import silent_highs
from sopwb.supply.fence import KEY, last_plan
from sopwb.supply.network import positions
from sopwb.supply.session import MONEY, Found, Session, Solved
from sopwb.supply.starts import BASIC, LOWER, PRIMAL, UPPER, Statuses, corner_of, statuses_of

if TYPE_CHECKING:
    import highspy

__all__ = ["Reference", "nearest", "reference_of"]

FREE = 1e-9
"""Price of a bound or row, scaled, up to which leaving it costs nothing."""
SAME = 1e-9
"""Share of the objective that the nearest plan may cost by rounding."""
BY_KEY = 1e-3
"""Weight of the order of decisions among plans equally near, as a share of that of nearness."""


@dataclass(frozen=True)
class Reference:
    """An earlier plan, by block of variables.

    Parameters
    ----------
    name
        What it is called in the solver's log.
    planned
        What it decides, not a number where it says nothing.
    weight
        What a unit of difference counts, in money; a little more with each place in the order by key,
        so that plans equally near differ, and less the later the bucket, so that nothing is early.
    """

    name: str
    planned: Mapping[str, Floats]
    weight: Mapping[str, Floats]


def reference_of(tables: Tables, data: PlanData) -> Reference | None:
    """The plan that a new one should not differ from without need; None where there is none.

    That of the base where tables hold it, as when a scenario is planned again; else what was
    decided in the last cycle. A difference counts at standard cost.
    """
    past, buckets = tables["past_supply_plan"], data.buckets
    base = tables.get("supply_plan")
    base = None if base is None or base.empty else base
    if base is None and past.empty:
        return None
    cost = tables["product_cost"].set_index("product")["standard_cost_per_unit"]
    planned: dict[str, Floats] = {}
    weight: dict[str, Floats] = {}
    place, places = 0, max(sum(option.count for option in data.options.values()), 1) * buckets.count
    for name, option in data.options.items():
        if base is not None:
            quantity = _decided(base[base["option"] == name], option.keys, data)
        else:
            quantity, known = last_plan(past, name, option.keys, buckets)
            silent = np.setdiff1d(np.arange(buckets.count), known)
            quantity[:, silent] = np.nan
        each = option.keys["product"].map(cost).fillna(0.0).to_numpy(float)
        rank = place + np.arange(option.count * buckets.count).reshape(option.count, buckets.count)[:, ::-1]
        place += rank.size
        planned[f"option.{name}"] = quantity.ravel()
        weight[f"option.{name}"] = (each[:, None] * (1.0 + BY_KEY * rank / places)).ravel()
    return Reference("base plan" if base is not None else "last cycle", planned, weight)


def _decided(rows: pd.DataFrame, keys: pd.DataFrame, data: PlanData) -> Floats:
    """Quantities of a plan of the same buckets; decisions by buckets."""
    quantity = np.zeros((len(keys), data.buckets.count))
    thing = positions(keys[KEY], rows[KEY])
    bucket = pd.Index(data.buckets.period).get_indexer(pd.Index(rows["period"]))
    inside = (thing >= 0) & (bucket >= 0)
    np.add.at(quantity, (thing[inside], bucket[inside]), rows["planned_qty"].to_numpy(float)[inside])
    return quantity


@dataclass(frozen=True)
class _Face:
    """All plans as good as the best one: columns and rows that have a price stay where they are."""

    matrix: sp.csc_array
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    column: Statuses
    row: Statuses


def _face(solver: highspy.Highs, found: Found) -> _Face | None:
    """The face of the last solve; None where it ended in no corner, or no other plan is as good."""
    if not solver.getBasis().valid:
        return None
    lp, (column, row) = solver.getLp(), statuses_of(solver)
    lower, upper = np.array(lp.col_lower_, float), np.array(lp.col_upper_, float)
    row_lower, row_upper = np.array(lp.row_lower_, float), np.array(lp.row_upper_, float)
    stays = (column != BASIC) & (np.abs(found.column_dual) > FREE)
    lower[stays] = upper[stays] = np.where(column == UPPER, upper, lower)[stays]
    binds = (row != BASIC) & (np.abs(found.row_dual) > FREE)
    ends = np.where(row == UPPER, row_upper, row_lower)
    row_lower[binds] = row_upper[binds] = ends[binds]
    is_free = ((column != BASIC) & (upper > lower)).any() or ((row != BASIC) & (row_upper > row_lower)).any()
    if not is_free:
        return None
    cells = lp.a_matrix_
    matrix = sp.csc_array((cells.value_, cells.index_, cells.start_), shape=(lp.num_row_, lp.num_col_))
    return _Face(matrix, lower, upper, row_lower, row_upper, column, row)


def _spread(session: Session, reference: Reference, columns: int) -> tuple[Floats, Floats]:
    """What the earlier plan decides of each column of the solver, and the weight of a scaled unit of it.

    A decision that a soft limit splits has a price and is left alone.
    """
    program = session.program
    planned, weight = np.full(columns, np.nan), np.zeros(columns)
    for name, place in program.blocks.items():
        if name in reference.planned:
            planned[place] = reference.planned[name] / program.unit[place]
            weight[place] = reference.weight[name] * program.unit[place]
    planned[session.elastic.twin] = np.nan
    usual = float(np.median(weight[weight > 0])) if (weight > 0).any() else 1.0
    return planned, weight / usual


def nearest(session: Session, found: Found, cost: Floats, reference: Reference) -> Found:
    """The plan nearest to an earlier one among those as good as the one found; its prices stay.

    What has a price in the solve stays where it is, which keeps every plan of what is left exactly
    as good. Among them the sum of differences is made least, from the corner that was found: a decision
    is split in the part up to the earlier quantity and the part beyond, and neither needs a row.

    Parameters
    ----------
    session
        The solver as it ended.
    found
        What it found last.
    cost
        What it made least.
    reference
        The earlier plan.
    """
    face = _face(session.solver, found) if found.is_best else None
    if face is None:
        return found
    planned, weight = _spread(session, reference, len(cost))
    is_known = np.isfinite(planned)
    split = np.flatnonzero(is_known & (planned > face.lower) & (face.upper > face.lower))
    charge = np.where(is_known, weight, BY_KEY * weight)
    charge[split] = -weight[split]
    values = _solved(session, face, found, (split, planned[split]), (charge, weight[split]))
    best = float(cost @ found.values)  # noqa: PD011 - no frame
    if values is None or float(cost @ values) - best > SAME * max(abs(best), MONEY):
        return found
    size = (*face.matrix.shape, face.matrix.nnz)
    session.log.append(
        Solved(f"nearest to the {reference.name}", "optimal", float(cost @ values) / MONEY, *size)
    )
    return Found(values, found.row_dual, found.column_dual)


def _solved(
    session: Session, face: _Face, found: Found, split: tuple[Ints, Floats], charge: tuple[Floats, Floats]
) -> Floats | None:
    """Values of the columns; None where the solver does not come to an end."""
    import highspy

    (place, until), (own, beyond) = split, charge
    is_over = found.values[place] > until  # noqa: PD011 - no frame
    solver = silent_highs()
    solver.setOptionValue("time_limit", session.seconds_left)
    solver.passModel(_split(face, place, until, np.concatenate([own, beyond])))
    solver.setBasis(_corner(face, place[is_over], np.flatnonzero(is_over), len(place)))
    solver.setOptionValue("solver", "simplex")
    solver.setOptionValue("simplex_strategy", PRIMAL)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    near = np.asarray(solver.getSolution().col_value, float)
    whole: Floats = near[: len(own)].copy()
    whole[place] += near[len(own) :]
    return whole


def _split(face: _Face, place: Ints, until: Floats, cost: Floats) -> highspy.HighsLp:
    """The face with some columns split at a value; the parts beyond come last."""
    import highspy

    upper = face.upper.copy()
    upper[place] = np.minimum(upper[place], until)
    matrix = sp.csc_array(sp.hstack([face.matrix, face.matrix[:, place]], format="csc"))
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = cost
    lp.col_lower_ = np.concatenate([face.lower, np.zeros(len(place))])
    lp.col_upper_ = np.concatenate([upper, np.maximum(face.upper[place] - until, 0.0)])
    lp.row_lower_, lp.row_upper_ = face.row_lower, face.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    return lp


def _corner(face: _Face, over: Ints, beyond: Ints, twins: int) -> highspy.HighsBasis:
    """The corner of the best plan when columns are split: where one is over, its second part stands for it.

    Parameters
    ----------
    over, beyond
        Columns that are over the value at which they are split, and the places of their second parts.
    twins
        How many columns are split.
    """
    column, twin = face.column.copy(), np.full(twins, LOWER, np.int8)
    twin[beyond] = column[over]
    column[over] = UPPER
    return corner_of(np.concatenate([column, twin]), face.row)
