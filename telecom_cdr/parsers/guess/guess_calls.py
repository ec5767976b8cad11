# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows of which two are one call, where the values tell that for sure."""

import re
from typing import Any

from .guess_columns import Columns
from .looks import Look

BEGIN, END = "INVITE", "BYE"
METHODS = {BEGIN, END, "ACK", "CANCEL", "PRACK", "UPDATE", "INFO", "OPTIONS"}
SIP_CODE = re.compile(r"[1-6]\d\d")
MOST = 0.5
REQUESTS = (
    "The rows are requests: a call lasts from the row of its %(begin)s to that of its "
    "%(end)s, found by the same '%(key)s'."
)


def guess_calls(state: Columns) -> dict[str, Any]:
    """Calls of which an INVITE tells the begin and a BYE the end; told in the notes."""
    if "duration" in state.chosen:
        return {}
    method = next((look for look in state.looks if _is_method(look)), None)
    key = _common_key(state, method) if method else None
    if method is None or key is None:
        return {}
    told = {"begin": BEGIN, "end": END, "key": str(key.column.key)}
    state.notes.append({"text": REQUESTS, "values": told})
    column = method.column.key
    keep = f"^({BEGIN}|{END})$"
    codes = next((look for look in state.looks if _is_code(look)), None)
    answered = {"column": codes.column.key, "pattern": "^2"} if codes else {}
    return {
        **({"answered_rule": answered} if codes else {}),
        "record_filters": [{"column": column, "pattern": keep, "action": "keep"}],
        "legs": {
            "key": [key.column.key],
            "start": {"column": column, "pattern": f"^{BEGIN}$"},
            "end": {"column": column, "pattern": f"^{END}$"},
            "window": 100_000,
        },
    }


def _is_method(look: Look) -> bool:
    """Whether a column says what a SIP request was."""
    cells = set(look.column.cells)
    return {BEGIN, END} <= cells <= METHODS


def _is_code(look: Look) -> bool:
    """Whether a column says how SIP requests were answered."""
    cells = look.column.cells
    return "200" in cells and all(map(SIP_CODE.fullmatch, cells))


def _common_key(state: Columns, method: Look) -> Look | None:
    """The column of values that most BYEs share with an INVITE, and no two calls.

    Tags may be such ones, too: a Call-ID is shared by more of them, or is longer.
    """
    taken = [
        id(look)
        for name, (looks, _confidence, _reason) in state.chosen.items()
        for look in looks
        if name != "unique_id"
    ]
    free = [look for look in state.looks if id(look) not in {*taken, id(method)}]
    sizes = [
        (_share(look, method), len("".join(look.filled)), -place)
        for place, look in enumerate(free)
    ]
    best = max(sizes, default=(0.0, 0, 0))
    return free[-best[2]] if best[0] > MOST else None


def _share(look: Look, method: Look) -> float:
    """The share of BYEs whose value an INVITE has; 0 where it tells no calls apart."""
    pairs = list(zip(method.column.cells, look.column.cells, strict=True))
    begins = {cell for kind, cell in pairs if kind == BEGIN}
    ends = [cell for kind, cell in pairs if kind == END]
    # The calls that end differ in it, but a BYE may come twice.
    is_own = len(set(ends)) > MOST * len(ends) and len(begins) > 1
    if not is_own or "" in {*begins, *ends}:
        return 0
    return len(begins & set(ends)) / len(set(ends))
