# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A table whose columns have gone through the steps of a format.

Fields with steps get a column of their own behind all others, so that what reads the
facts need not know of steps; each distinct cell is converted once.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from ..columns import Plan
from ..tables import Derived, Table, objects, search
from ..verdicts import Verdicts
from .catalogue import NamedStep, function
from .notation import format_steps

# Where the columns of converted fields are: no file has so many.
FIRST_PLACE = 1 << 24
# Fields whose columns are put together; of others the first that is not empty counts.
JOINED = {"start": " ", "answer": " ", "end": " ", "disposition": " ", "unique_id": "|"}


def convert(table: Table, plan: Plan, verdicts: Verdicts) -> tuple[Table, Plan]:
    """Apply checks and steps: the table with the converted columns, where they are.

    Rows with a cell that a check or a step refuses are rejected.
    """
    spec = plan.spec
    for name, pattern in spec.checks:
        if plan.places(name):
            _check(field_text(table, plan, name), pattern, verdicts)
    further, fields = {}, dict(plan.fields)
    for place, (name, steps) in enumerate(spec.steps, FIRST_PLACE):
        if plan.places(name):
            cells = field_text(table, plan, name)
            further[place] = _convert(cells, steps, spec.decimal_mark, verdicts)
            fields[name] = (place,)
    if not further:
        return table, plan
    return Derived(table, further), replace(plan, fields=fields)


def field_text(table: Table, plan: Plan, name: str) -> np.ndarray:
    """The cells of a field ahead of its steps: one text a row."""
    places = plan.places(name)
    if name in JOINED or name.startswith("extra."):
        return table.joined(places, JOINED.get(name, " "))
    return table.first(places)


def trace(table: Table, plan: Plan, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """What each step makes of a field: its words, and the cells after it.

    The first is the cells as they are, without words. A cell that a step refuses stays
    None from there on.
    """
    cells = field_text(table, plan, name)
    yield "", cells
    for step in dict(plan.spec.steps).get(name, ()):
        codes, distinct = pd.factorize(cells)
        known = [cell for cell in distinct if cell is not None]
        made = dict(
            zip(known, function(step, plan.spec.decimal_mark)(known), strict=True)
        )
        # pandas gives missing cells the code -1: the last place.
        cells = objects([*(made.get(cell) for cell in distinct), None])[codes]
        yield format_steps([step]), cells


def _check(cells: np.ndarray, pattern: str, verdicts: Verdicts) -> None:
    """Reject rows whose cell a pattern is not found in."""
    fits = search(cells, re.compile(pattern).search)
    verdicts.reject(~fits, "check", cells, pattern)


def _convert(
    cells: np.ndarray, steps: tuple[NamedStep, ...], mark: str, verdicts: Verdicts
) -> np.ndarray:
    """Cells after all steps; rows with a cell that a step refuses are rejected."""
    codes, distinct = pd.factorize(cells)
    made = list(distinct)
    refused: dict[str, list[int]] = {}
    for step in steps:
        converted = function(step, mark)(made)
        wrong = [place for place, cell in enumerate(converted) if cell is None]
        refused.setdefault(format_steps([step]), []).extend(wrong)
        made = ["" if cell is None else cell for cell in converted]
    for words, places in refused.items():
        verdicts.reject(np.isin(codes, places), "step", cells, words)
    return objects([cell.strip() for cell in made])[codes]
