# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several calls in one row: a row for each of them."""

import numpy as np

from .columns import Plan
from .tables import Derived, Places, Table


def split_calls(table: Table, plan: Plan) -> tuple[Table, np.ndarray]:
    """A row for each call of a row; a call is none where all columns are blank that
    no other call of the row has.

    :return: int64, the row that each call is in; a row without any stays one
    """
    if not plan.calls:
        return table, np.arange(len(table))
    is_there = np.array([_is_there(table, places) for places in _own(plan)]).T
    is_there[~is_there.any(axis=1), 0] = True
    row, call = np.nonzero(is_there)
    further = {}
    for name in {name for own in plan.calls for name in own}:
        for number, place in enumerate(plan.fields[name]):
            cells = [_cells(table, plan, own, name, number) for own in plan.calls]
            further[place] = np.array(cells, object)[call, row]
    return Derived(table, further, row), row


def _own(plan: Plan) -> list[Places]:
    """The columns that each call alone has."""
    used = [{p for places in call.values() for p in places} for call in plan.calls]
    shared = {p for places in plan.shared.values() for p in places}
    own = []
    for number, places in enumerate(used):
        others = shared.union(*used[:number], *used[number + 1 :])
        own.append(tuple(sorted(places - others)))
    return own


def _is_there(table: Table, places: Places) -> np.ndarray:
    """Which rows have one of the calls (bool array); `places`: of its own columns."""
    if not places:
        return np.ones(len(table), bool)
    return table.first(places) != ""


def _cells(
    table: Table, plan: Plan, call: dict[str, Places], name: str, number: int
) -> np.ndarray:
    """The cells of a field's column with that number, as one of the calls has it."""
    places = call.get(name, plan.shared.get(name, ()))
    return table.first(places[number : number + 1])
