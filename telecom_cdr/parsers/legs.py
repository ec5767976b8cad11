# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several rows for one call: one of them is the call, the others are merged into it.

Rows of one key belong together from the first of them on, as far as a window of rows
reaches, or up to the row that says that it is the last. So rows are held until their
window has passed, whatever their key: what comes out depends on the file alone, not on
how it is cut.
"""

import base64
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from .columns import Plan
from .leg_columns import END, KEY, LAST, OPEN, OPENER, OWN, PREFERRED, ROLE, ROW, VAIN
from .paired import pair
from .parties import matches
from .quantities import MAX_SECONDS
from .tables import Table, objects

# Between the parts of a key.
MARK = "\x1f"


@dataclass(frozen=True)
class Merged:
    """What became of rows.

    :ivar facts: the calls, in the order of their first rows
    :ivar merged: rows that belong to one of them, or to one that is rejected
    :ivar held: the rows that wait, for the next time
    :ivar unpaired: rows that are rejected: line_number and leg_columns.REJECTED
    """

    facts: pd.DataFrame
    merged: int
    held: str
    unpaired: pd.DataFrame


def leg_columns(table: Table, plan: Plan) -> dict[str, np.ndarray]:
    """KEY, PREFERRED and ROLE of the rows of a table."""
    legs = plan.spec.legs
    if legs is None:
        return {}
    parts = [table.first(plan.find((column,))).tolist() for column in legs.key]
    keys = [
        MARK.join(cells) if any(cells) else "" for cells in zip(*parts, strict=True)
    ]
    is_preferred = np.zeros(len(table), bool)
    if legs.prefer:
        is_preferred = matches(table, plan, legs.prefer)
    key, role = objects(keys), _roles(table, plan)
    if legs.start:
        # What is neither begin nor end stands alone, as a call of its own.
        key[(role == LAST)] = ""
    return {KEY: key, PREFERRED: is_preferred, ROLE: role}


def _roles(table: Table, plan: Plan) -> np.ndarray:
    """What each row is in its call (int8)."""
    legs = plan.spec.legs
    role = np.full(len(table), OPEN, np.int8)
    if legs is None:
        return role
    if legs.more and plan.applies(legs.more):
        role[~matches(table, plan, legs.more)] = LAST
    if legs.start and legs.end:
        is_start, is_end = (matches(table, plan, r) for r in (legs.start, legs.end))
        answered = plan.spec.answered_rule
        is_vain = np.zeros(len(table), bool)
        if answered and plan.applies(answered):
            is_vain = ~matches(table, plan, answered)
        cases = [is_start & ~is_vain, is_start, is_end]
        role = np.select(cases, [OPEN, VAIN, END], LAST).astype(np.int8)
    return role


def merge_legs(facts: pd.DataFrame | None, plan: Plan, held: str) -> Merged:
    """Take calls out of rows.

    :param facts: the next rows, with what `leg_columns` gives; None: the file is over
    :param held: what the last time has left
    """
    legs = plan.spec.legs
    if legs is None:
        raise ValueError("the format has no legs")
    waiting, seen = _unpack(held)
    if facts is not None:
        facts = facts.assign(**{ROW: np.arange(seen, seen + len(facts))})
        seen += len(facts)
        rows = _joined(waiting, facts)
    elif waiting is None:
        raise ValueError("nothing is held")
    else:
        rows = waiting
    opener, _is_over = _openers(rows, legs.window)
    is_done = opener + legs.window <= seen
    if facts is None:
        is_done[:] = True
    done = rows[is_done].assign(**{OPENER: opener[is_done]})
    calls, unpaired = _taken(done, plan)
    return Merged(
        calls.drop(columns=OWN, errors="ignore").reset_index(drop=True),
        len(done) - len(calls) - len(unpaired),
        "" if facts is None else _pack(rows[~is_done], seen),
        unpaired,
    )


def open_lines(plan: Plan, held: str, young: set[int]) -> set[int]:
    """The lines of calls that may have further rows.

    :param held: what the reading of all lines so far has left
    :param young: calls without a row in one of these lines are waited for no more
    """
    rows, _seen = _unpack(held)
    legs = plan.spec.legs
    if rows is None or legs is None or rows.empty:
        return set()
    opener, is_over = _openers(rows, legs.window)
    calls = pd.DataFrame(
        {"opener": opener, "line": rows["line_number"], "is_over": is_over}
    )
    calls = calls[(rows[KEY] != "").to_numpy(bool)]
    calls = calls.assign(is_young=calls["line"].isin(young))
    groups = calls.groupby("opener")
    is_over = groups["is_over"].transform("last").astype(bool)
    is_young = groups["is_young"].transform("any").astype(bool)
    return set(calls["line"][~is_over & is_young].tolist())


def _joined(waiting: pd.DataFrame | None, facts: pd.DataFrame) -> pd.DataFrame:
    """The rows that wait, then the new ones."""
    if waiting is None or waiting.empty:
        return facts
    if facts.empty:
        return waiting
    return pd.concat([waiting, facts], ignore_index=True)


def _openers(rows: pd.DataFrame, window: int) -> tuple[np.ndarray, np.ndarray]:
    """The number of the row that each row's call begins with; whether it ends there."""
    number = rows[ROW].to_numpy(np.int64)
    opener, is_over = number.copy(), np.zeros(len(number), bool)
    keyed = np.flatnonzero((rows[KEY] != "").to_numpy(bool))
    if not len(keyed):
        return opener, is_over
    role = rows[ROLE].to_numpy(np.int8)
    codes = pd.factorize(rows[KEY].to_numpy(object)[keyed])[0]
    order = keyed[np.lexsort((number[keyed], codes))]
    code = codes[np.searchsorted(keyed, order)]
    begins = np.flatnonzero(np.diff(code, prepend=-1))
    is_over[keyed] = role[keyed] != OPEN
    for first, last in zip(begins, [*begins[1:], len(order)], strict=True):
        if last - first > 1:
            group = order[first:last]
            opener[group], is_over[group] = _calls(number[group], role[group], window)
    return opener, is_over


def _calls(
    numbers: np.ndarray, roles: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same for rows of one key, in their order."""
    if not roles.any() and numbers[-1] - numbers[0] < window:
        return np.full(len(numbers), numbers[0]), np.zeros(len(numbers), bool)
    openers: list[int] = []
    overs: list[bool] = []
    for number, role in zip(numbers.tolist(), roles.tolist(), strict=True):
        is_new = not openers or number - openers[-1] >= window
        # An end belongs to what it ends, also when it is told twice.
        is_new = is_new or (overs[-1] and role != END)
        # A try that led to nothing within a call does not end it.
        overs.append(role != OPEN and (is_new or role != VAIN))
        openers.append(number if is_new else openers[-1])
    return np.array(openers), np.array(overs)


def _taken(rows: pd.DataFrame, plan: Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that are the calls, in their order, and those that are rejected."""
    legs = plan.spec.legs
    if legs and legs.start:
        return pair(rows, plan.spec.duration_rounding)
    return _billed(rows, plan), rows.iloc[:0]


def _billed(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """The rows that are the calls, in the order of their calls."""
    legs = plan.spec.legs
    if legs is None or rows.empty:
        return rows
    groups = rows.groupby("opener", sort=False)
    if legs.sum_duration:
        total = groups["duration"].transform("sum")
        rows = rows.assign(duration=total.clip(upper=MAX_SECONDS))
    has_preferred = groups[PREFERRED].transform("any")
    chosen = rows[rows[PREFERRED] | ~has_preferred]
    if legs.bill == "all":
        return chosen.sort_values(["opener", ROW])
    order = {"first": [ROW], "last": [ROW], "longest": ["duration", ROW]}[legs.bill]
    upward = {"first": [True], "last": [False], "longest": [False, True]}[legs.bill]
    ordered = chosen.sort_values(["opener", *order], ascending=[True, *upward])
    return ordered.drop_duplicates("opener")


# === Rows that wait === #


def _pack(rows: pd.DataFrame, seen: int) -> str:
    """Rows as a text."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    packed = base64.b64encode(zlib.compress(sink.getvalue().to_pybytes()))
    return f"{seen}:{packed.decode('ascii')}"


def _unpack(held: str) -> tuple[pd.DataFrame | None, int]:
    """What `_pack` was given."""
    if not held:
        return None, 0
    seen, _, packed = held.partition(":")
    with pa.ipc.open_stream(zlib.decompress(base64.b64decode(packed))) as reader:
        rows = reader.read_all().to_pandas()
    for name, column in rows.items():
        if isinstance(column.dtype, pd.StringDtype) or column.dtype == object:
            values = column.astype(object).to_numpy(object, copy=True)
            values[pd.isna(values)] = None
            rows[name] = pd.Series(values, dtype=object)
    return rows, int(seen)
