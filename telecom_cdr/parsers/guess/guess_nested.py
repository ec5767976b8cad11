# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where the records are in JSON and XML."""

import io
import json
import re
from collections import Counter
from typing import Any

from lxml import etree

from ..layouts.nested import flatten
from ..lines import UNDECIDED
from .guess_names import field_of

MAX_BYTES = 4 * 1024**2
MAX_DEPTH = 3
MIN_VALUES = 3
MAX_PATHS = 50
ENCODED = re.compile(rb">[^<]*%[0-9A-F]{2}[^<]*<", re.I)


def guess_json(content: bytes, encoding: str) -> dict[str, Any] | None:
    """The path of the records; None where the text is no JSON."""
    codec = "utf-8" if encoding == UNDECIDED else encoding
    text = content[:MAX_BYTES].decode(codec, "replace").lstrip("\ufeff \t\r\n")
    try:
        value, _end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        # A large file is cut; its first list of objects is where the records are.
        match = re.match(r'\{.{0,2000}?"([^"\\.]+)"\s*:\s*\[\s*\{', text, re.S)
        return (
            {"record_path": match[1] if match else ""}
            if len(content) > MAX_BYTES
            else None
        )
    if isinstance(value, list):
        return (
            {"record_path": ""}
            if any(isinstance(v, dict | list) for v in value)
            else None
        )
    if not isinstance(value, dict):
        return None
    paths = [("", value), *_lists(value, "", MAX_DEPTH)]
    best = max(paths, key=lambda one: (_known(one[1]), -len(one[0])))
    return {"record_path": best[0]}


def _lists(value: dict[str, Any], path: str, depth: int) -> list[tuple[str, Any]]:
    """Paths of the lists of objects, each with its first object."""
    found = []
    for name, inner in value.items():
        here = f"{path}.{name}" if path else name
        if "." in name or "/" in name or not depth:
            continue
        if _is_records(inner):
            found.append((here, inner[0]))
        elif isinstance(inner, dict):
            found += _lists(inner, here, depth - 1)
    return found


def _known(record: Any) -> int:
    """How many kinds of facts the names of a record's values say."""
    if not isinstance(record, dict):
        return 0
    own = _without_records(record)
    paths = [path for path, value in flatten(own) if not isinstance(value, list | dict)]
    fields = {field_of(path.rpartition(".")[2]) for path in paths} - {""}
    return len(fields) + 2 * ("start" in fields)


def _without_records(value: dict[str, Any]) -> dict[str, Any]:
    """An object without the lists of objects in it."""
    return {
        name: _without_records(inner) if isinstance(inner, dict) else inner
        for name, inner in value.items()
        if not _is_records(inner)
    }


def _is_records(value: Any) -> bool:
    """Whether a value is a list of objects: records of their own."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def guess_xml(content: bytes) -> dict[str, Any] | None:
    """The path of the records; None where the text is no XML."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    try:
        root = etree.parse(io.BytesIO(content[:MAX_BYTES]), parser).getroot()
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None:
        return None
    keys: dict[str, Any] = {"url_encoded": bool(ENCODED.search(content[:MAX_BYTES]))}
    paths: Counter[str] = Counter()
    for element in root.iterdescendants(etree.Element):
        if len(element) >= MIN_VALUES:
            paths[_path(element)] += 1
    known = {path: _known_names(root, path) for path in list(paths)[:MAX_PATHS]}
    repeated = [p for p in known if paths[p] > 1 and known[p] >= MIN_VALUES]
    best = max(repeated, key=lambda path: (known[path], -path.count("/")), default="")
    return {"record_path": best, **keys}


def _path(element: Any) -> str:
    """Names from the root to an element."""
    names = [element.tag, *(one.tag for one in element.iterancestors())]
    return "/".join(reversed([str(name) for name in names]))


def _known_names(root: Any, path: str) -> int:
    """How many kinds of facts the first element at a path has."""
    parts = path.split("/")[1:]
    element = root
    for part in parts:
        element = next((child for child in element if child.tag == part), None)
        if element is None:
            return 0
    return len(
        {field_of(str(one.tag)) for one in element.iterdescendants(etree.Element)}
        - {""}
    )
