# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several rows for one call: one of them is the call, the others are merged into it.

Rows of one key belong together from the first of them on, as far as a window of rows
reaches. So rows are held until their window has passed, whatever their key: what comes
out depends on the file alone, not on how it is cut.
"""

import base64
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from .columns import Plan
from .parties import matches
from .quantities import MAX_SECONDS
from .tables import Table

# Columns that rows have beside their facts while they are held: their number in the
# file's good rows, from 0; what they share; whether they are to be preferred.
ROW, KEY, PREFERRED = "leg_row", "leg_key", "leg_preferred"
OWN = [ROW, KEY, PREFERRED]
# Between the parts of a key.
MARK = "\x1f"


@dataclass(frozen=True)
class Merged:
    """What became of rows.

    :ivar facts: the calls, in the order of their first rows
    :ivar merged: rows that belong to one of them
    :ivar held: the rows that wait, for the next time
    """

    facts: pd.DataFrame
    merged: int
    held: str


def leg_columns(table: Table, plan: Plan) -> dict[str, np.ndarray]:
    """KEY and PREFERRED of the rows of a table."""
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
    return {KEY: np.array([*keys, None], object)[:-1], PREFERRED: is_preferred}


def merge_legs(facts: pd.DataFrame | None, plan: Plan, held: str) -> Merged:
    """Take calls out of rows.

    :param facts: the next rows, with KEY and PREFERRED; None: the file is over
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
    opener = _openers(rows, legs.window)
    is_done = opener + legs.window <= seen
    if facts is None:
        is_done[:] = True
    done = rows[is_done].assign(opener=opener[is_done])
    calls = _billed(done, plan)
    return Merged(
        calls.drop(columns=[*OWN, "opener"]).reset_index(drop=True),
        len(done) - len(calls),
        "" if facts is None else _pack(rows[~is_done], seen),
    )


def _joined(waiting: pd.DataFrame | None, facts: pd.DataFrame) -> pd.DataFrame:
    """The rows that wait, then the new ones."""
    if waiting is None or waiting.empty:
        return facts
    if facts.empty:
        return waiting
    return pd.concat([waiting, facts], ignore_index=True)


def _openers(rows: pd.DataFrame, window: int) -> np.ndarray:
    """The number of the row that each row's call begins with."""
    number = rows[ROW].to_numpy(np.int64)
    opener = number.copy()
    keyed = np.flatnonzero((rows[KEY] != "").to_numpy(bool))
    if not len(keyed):
        return opener
    codes = pd.factorize(rows[KEY].to_numpy(object)[keyed])[0]
    order = keyed[np.lexsort((number[keyed], codes))]
    code = codes[np.searchsorted(keyed, order)]
    begins = np.flatnonzero(np.diff(code, prepend=-1))
    for first, last in zip(begins, [*begins[1:], len(order)], strict=True):
        if last - first > 1:
            group = order[first:last]
            opener[group] = _windows(number[group], window)
    return opener


def _windows(numbers: np.ndarray, window: int) -> np.ndarray:
    """The same for rows of one key, in their order."""
    if numbers[-1] - numbers[0] < window:
        return np.full(len(numbers), numbers[0])
    openers = []
    for number in numbers.tolist():
        is_new = not openers or number - openers[-1] >= window
        openers.append(number if is_new else openers[-1])
    return np.array(openers)


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
