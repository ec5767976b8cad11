# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Many small files at once: what a reading costs is paid by the batch, not by the row.

Files that are written alike are read as one text, under their common head. Where that
might tell anything else than reading them one by one, they are read one by one.
"""

import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .exceptions import ParserError
from .facts import ReadContext
from .formats import FormatSpec
from .lines import BOMS, MAGIC, is_wide
from .reader import SEPARATOR_LINE, Batch, read
from .zones import FOLD

EVERYTHING = 10**9
# Bytes that a line of plain text has no use for: with them a file is read alone.
ODD = bytes(set(range(32)) - {9, 10, 13}) + b"\x7f"
STARTS = tuple(mark for mark, _name in (*BOMS, *MAGIC))
# What a format says of a file as a whole, not of a row.
OF_FILES = (
    "control_totals",
    "legs",
    "line_filters",
    "name_values",
    "page_values",
    "record_types",
    "row_calls",
    "wrapped",
)


@dataclass
class Together:
    """The rows of some files; arrays by file, in their order.

    :ivar facts: as in a batch, and `file`, the place of the file that a row is of
    :ivar rejections: the same
    :ivar rows: int64, as are skipped and merged
    :ivar errors: why a file cannot be read at all, by its place
    """

    facts: pd.DataFrame
    rejections: pd.DataFrame
    rows: np.ndarray
    skipped: np.ndarray
    merged: np.ndarray
    errors: dict[int, ParserError] = field(default_factory=dict)


@dataclass
class _Parts:
    """What was read so far."""

    facts: list[pd.DataFrame]
    rejections: list[pd.DataFrame]
    counts: np.ndarray
    errors: dict[int, ParserError]

    def add(self, batch: Batch, files: np.ndarray, refused: np.ndarray) -> None:
        """Take rows over; `files`, `refused`: whose the facts and rejections are."""
        self.facts.append(batch.facts.assign(file=files))
        self.rejections.append(batch.rejections.assign(file=refused))


def read_together(
    contents: Sequence[bytes], spec: FormatSpec, contexts: Sequence[ReadContext]
) -> Together:
    """The rows of files, each as `read` gives them.

    :param contents: small files, each read as a whole
    :param contexts: of each
    """
    parts = _Parts([], [], np.zeros((3, len(contents)), np.int64), {})
    for places in _alike(contents, spec, contexts):
        context = contexts[places[0]]
        is_read = len(places) > 1 and _read_joined(
            places, contents, spec, context, parts
        )
        for place in () if is_read else places:
            _read_alone(place, contents[place], spec, context, parts)
    return Together(
        _in_order(parts.facts), _in_order(parts.rejections), *parts.counts, parts.errors
    )


def _in_order(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Rows of all files, in the order of files and lines."""
    filled = [frame for frame in frames if len(frame)] or frames[:1]
    if not filled:
        return pd.DataFrame({"file": np.zeros(0, np.int64)})
    rows = filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)
    return rows.sort_values(["file", "line_number"], kind="stable", ignore_index=True)


def _alike(
    contents: Sequence[bytes], spec: FormatSpec, contexts: Sequence[ReadContext]
) -> Iterator[list[int]]:
    """Places of files that can be read as one, one group after another."""
    groups: dict[tuple, list[int]] = defaultdict(list)
    is_joinable = spec.layout == "delimited" and not any(
        getattr(spec, name, None) for name in OF_FILES
    )
    for place, content in enumerate(contents):
        head = _head(content, spec) if is_joinable else None
        key = (place,) if head is None else (head, contexts[place])
        groups[key].append(place)
    yield from groups.values()


def _head(content: bytes, spec: FormatSpec) -> bytes | None:
    """What stands ahead of the rows; None where the file has to be read alone."""
    if not _is_plain(content, spec):
        return None
    count = _head_lines(spec)
    lines = content.split(b"\n", count)
    if SEPARATOR_LINE.fullmatch(lines[0].decode("latin-1")):
        return None
    if not count:
        return b""
    header = lines[count - 1] if len(lines) > count else b""
    quotes = header.count(spec.quote.encode()) if spec.quote else 0
    # A header that goes on, or comes after blank lines, is the reader's to find.
    if not header.strip() or quotes % 2:
        return None
    return content[: len(content) - len(lines[count])]


def _head_lines(spec: FormatSpec) -> int:
    """Lines ahead of the rows."""
    return spec.skipped_lines + spec.has_header


def _is_plain(content: bytes, spec: FormatSpec) -> bool:
    """Whether nothing in a file asks for a closer look: its encoding, its bytes."""
    codec = "utf-8" if spec.encoding == "auto" else spec.encoding
    if content.startswith(STARTS) or len(content.translate(None, ODD)) < len(content):
        return False
    if is_wide(codec) or content.count(b"\r") != content.count(b"\r\n"):
        return False
    try:
        content.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _read_alone(
    place: int,
    content: bytes,
    spec: FormatSpec,
    context: ReadContext,
    parts: _Parts,
) -> None:
    """One file by itself, whatever it holds."""
    try:
        batches = list(read(io.BytesIO(content), spec, context, None, EVERYTHING))
    except ParserError as error:
        parts.errors[place] = error
        return
    for batch in batches:
        facts = np.full(len(batch.facts), place)
        parts.add(batch, facts, np.full(len(batch.rejections), place))
        parts.counts[:, place] += (batch.rows, batch.skipped, batch.merged)


def _read_joined(
    places: list[int],
    contents: Sequence[bytes],
    spec: FormatSpec,
    context: ReadContext,
    parts: _Parts,
) -> bool:
    """Files of one head as one text; False where one by one may tell otherwise."""
    count = _head_lines(spec)
    bodies = [contents[place].split(b"\n", count)[count] for place in places]
    bodies = [body if body[-1:] in (b"", b"\n") else body + b"\n" for body in bodies]
    head = contents[places[0]].split(b"\n", count)[:count]
    content = b"\n".join([*head, b"".join(bodies)])
    try:
        batches = list(read(io.BytesIO(content), spec, context, None, EVERYTHING))
    except ParserError:
        return False
    if len(batches) > 1:
        return False
    return not batches or _part(batches[0], np.array(places), bodies, count, parts)


def _part(
    batch: Batch, places: np.ndarray, bodies: list[bytes], count: int, parts: _Parts
) -> bool:
    """Give the rows of a joined text to their files; False where that is not sure.

    It is where every line with something in it is a row: then no quote has reached
    over the end of a file. And where no row lies in the double hour of autumn, which is
    told apart by the order of the rows in their file.
    """
    rows = np.array([sum(map(bool, map(bytes.strip, b.split(b"\n")))) for b in bodies])
    if rows.sum() != batch.rows or batch.merged or _has_fold(batch.facts):
        return False
    lines = np.array([body.count(b"\n") for body in bodies])
    ends = count + np.cumsum(lines)
    facts, facts_file = _own_lines(batch.facts, ends, lines, count)
    refused, refused_file = _own_lines(batch.rejections, ends, lines, count)
    skipped = rows - np.bincount(facts_file, minlength=len(rows))
    skipped -= np.bincount(refused_file, minlength=len(rows))
    if skipped.min() < 0 or skipped.sum() != batch.skipped:
        return False
    own = replace(batch, facts=facts, rejections=refused)
    parts.add(own, places[facts_file], places[refused_file])
    parts.counts[:2, places] += (rows, skipped)
    return True


def _own_lines(
    table: pd.DataFrame, ends: np.ndarray, lines: np.ndarray, count: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows with the number of their line in their own file, and which file that is."""
    number = table["line_number"].to_numpy(dtype=np.int64)
    file = np.searchsorted(ends, number)
    return table.assign(line_number=number - (ends - lines)[file] + count), file


def _has_fold(facts: pd.DataFrame) -> bool:
    """Whether a row lies in an hour that came twice."""
    extra = pa.array(facts["extra"], pa.string(), from_pandas=True)
    if isinstance(extra, pa.ChunkedArray):
        extra = extra.combine_chunks()
    found = pc.match_substring(extra, f'"time_note":"{FOLD}"')
    return bool(pc.any(found).as_py())
