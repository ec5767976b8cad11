# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Looking into JSON answers: values at paths, and what an error has to say."""

import json
from typing import Any

DEEPEST = 4
NOTHING: Any = object()
"""What is at a path that leads nowhere."""
TELLING = (
    "message",
    "error_description",
    "detail",
    "msg",
    "reason",
    "title",
    "error",
    "description",
    "status",
)
"""Where APIs tell what is wrong, the plainest first."""


def at_path(value: Any, path: str) -> Any:
    """What is at a path, such as ``meta.total`` or ``errors.0.detail``; the value
    itself where the path is empty.

    >>> at_path({"data": [{"id": 7}]}, "data.0.id")
    7
    """
    for name in path.strip().split(".") if path.strip() else []:
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return NOTHING
    return value


def text_of(value: Any) -> str:
    """A value in a few words: as it is, or what it tells, or else its JSON."""
    if value is NOTHING or value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return message_in(value) or json.dumps(value, ensure_ascii=False)


def message_in(value: Any, depth: int = DEEPEST) -> str:
    """The words of an error in an answer, wherever they stand; empty: none."""
    if isinstance(value, str) and depth < DEEPEST:
        return value.strip()
    if depth and isinstance(value, dict):
        inner = [value[name] for name in TELLING if name in value]
        inner += [v for v in value.values() if isinstance(v, dict | list)]
    elif depth and isinstance(value, list):
        inner = value[:DEEPEST]
    else:
        return ""
    return next((found for v in inner if (found := message_in(v, depth - 1))), "")


def message_of(body: bytes) -> str:
    """What a body tells that should be an error: its message, else its beginning."""
    try:
        found = message_in(json.loads(body))
    except (ValueError, RecursionError):
        found = ""
    return found or body[:200].decode("utf-8", "replace").strip()
