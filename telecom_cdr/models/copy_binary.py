# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Columns as rows of PostgreSQL's binary COPY, whole tables at once.

The server takes binary rows with less work than text, and exact numbers go over without
becoming text on the way.  The format: https://www.postgresql.org/docs/current/sql-copy.html
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
# PostgreSQL counts time from here.
EPOCH_DAYS = np.datetime64("2000-01-01", "D")
EPOCH = np.datetime64("2000-01-01", "us")
# A numeric is sent in groups of four decimal digits.
GROUP = 10_000
GROUPS = 6
NEGATIVE = 0x4000
_NIBBLES = np.zeros(256, dtype=np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = range(16)


class Fixed(NamedTuple):
    """Values of equal width.

    :ivar data: bytes as they are sent, uint8 of shape (rows, width)
    :ivar missing: bool array, True where NULL; None where nothing is
    """

    data: np.ndarray
    missing: np.ndarray | None = None


class Text(NamedTuple):
    """Values of any length: an Arrow string array, and bytes that precede each."""

    data: pa.Array
    lead: bytes = b""


def numbers(values: np.ndarray, width: int, missing: np.ndarray | None = None) -> Fixed:
    """Integers as int4 or int8 (`width` bytes)."""
    return Fixed(_bytes_of(values.astype(f">i{width}")), missing)


def flags(values: np.ndarray) -> Fixed:
    """Booleans."""
    return Fixed(_bytes_of(values.astype(np.uint8)))


def moments(values: np.ndarray) -> Fixed:
    """Moments (datetime64) as timestamps without time zone."""
    return numbers((values.astype("datetime64[us]") - EPOCH).astype(np.int64), 8)


def days(values: np.ndarray) -> Fixed:
    """Days (datetime64) as dates."""
    return numbers((values.astype("datetime64[D]") - EPOCH_DAYS).astype(np.int64), 4)


def uuids(values: pa.Array) -> Fixed:
    """UUIDs, written as 32 hexadecimal digits in lower case."""
    texts = pa.concat_arrays([values.cast(pa.string())])
    codes = np.frombuffer(texts.buffers()[2] or b"", np.uint8)[: 32 * len(texts)]
    nibbles = _NIBBLES[codes].reshape(len(texts), 16, 2)
    return Fixed(nibbles[:, :, 0] << 4 | nibbles[:, :, 1])


def decimals(values: np.ndarray, digits: int, missing: np.ndarray) -> Fixed:
    """Integers of 10^-digits as numerics of as many decimals: exact.

    :param digits: 9 or 6
    """
    after = -(-digits // 4)
    magnitude = np.abs(values)
    scale = 10**digits
    whole, part = magnitude // scale, magnitude % scale * 10 ** (4 * after - digits)
    sent = np.empty((len(values), 4 + GROUPS), dtype=">i2")
    sent[:, 0] = GROUPS
    sent[:, 1] = GROUPS - after - 1
    sent[:, 2] = np.where(values < 0, NEGATIVE, 0)
    sent[:, 3] = digits
    _fill_groups(sent[:, 4 : 4 + GROUPS - after], whole)
    _fill_groups(sent[:, 4 + GROUPS - after :], part)
    return Fixed(_bytes_of(sent), missing)


def _fill_groups(target: np.ndarray, values: np.ndarray) -> None:
    """Write numbers as groups of four digits, the last group last."""
    for place in range(target.shape[1] - 1, 0, -1):
        target[:, place] = values % GROUP
        values = values // GROUP
    target[:, 0] = values


def _bytes_of(values: np.ndarray) -> np.ndarray:
    """Values of any type as uint8 of shape (rows, width)."""
    width = values.itemsize * math.prod(values.shape[1:])
    flat = np.ascontiguousarray(values).reshape(-1)
    return flat.view(np.uint8).reshape(len(values), width)


def encode(columns: Mapping[str, Fixed | Text]) -> tuple[list[str], bytes]:
    """Rows as ``COPY ... (FORMAT binary)`` takes them, and the order of the columns."""
    always = {n: c.data for n, c in columns.items() if _is_whole(c)}
    maybe = {n: c for n, c in columns.items() if n not in always}
    names = [*always, *maybe]
    rows = len(next(iter(columns.values())).data)
    count = np.full(rows, len(names), dtype=">i2")
    parts = [_packed([_bytes_of(count)], list(always.values()))]
    for column in maybe.values():
        parts += _fields(column)
    empty = pa.scalar(b"", pa.binary())
    joined = pc.binary_join_element_wise(*parts, empty)
    return names, b"".join([HEADER, _content(joined), TRAILER])


def _is_whole(column: Fixed | Text) -> bool:
    """Whether a column is of one width and has no NULL: then all such go as one."""
    return isinstance(column, Fixed) and (
        column.missing is None or not column.missing.any()
    )


def _packed(lead: list[np.ndarray], columns: list[np.ndarray]) -> pa.Array:
    """Fields of equal width side by side, each behind its length."""
    blocks = list(lead)
    for column in columns:
        length = np.array([column.shape[1]], dtype=">i4").view(np.uint8)
        blocks += [np.broadcast_to(length, (len(column), 4)), column]
    return _binary(np.concatenate(blocks, axis=1))


def _binary(block: np.ndarray) -> pa.Array:
    """The rows of a block of bytes as an Arrow array, without looking at them."""
    rows, width = block.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(block))]
    return pa.Array.from_buffers(pa.binary(), rows, buffers)


def _fields(column: Fixed | Text) -> list[pa.Array]:
    """A column with its lengths, as pieces to join row by row."""
    if isinstance(column, Fixed):
        there = pa.array(~column.missing)
        return [pc.if_else(there, _packed([], [column.data]), pa.scalar(NULL))]
    lengths = pc.binary_length(column.data)
    missing = pc.is_null(lengths)
    lengths = pc.add(pc.fill_null(lengths, 0), len(column.lead)).to_numpy()
    missing = missing.to_numpy(zero_copy_only=False)
    heads = _binary(_bytes_of(np.where(missing, -1, lengths).astype(">i4")))
    if column.lead:
        there = pa.array(~missing)
        lead = pa.scalar(column.lead, pa.binary())
        lead = pc.if_else(there, lead, pa.scalar(b"", pa.binary()))
        return [heads, lead, _or_nothing(column.data)]
    return [heads, _or_nothing(column.data)]


def _or_nothing(texts: pa.Array) -> pa.Array:
    return pc.fill_null(texts.cast(pa.binary()), b"")


def _content(joined: pa.Array) -> memoryview:
    """The bytes of all values of an array, one after the other."""
    if not len(joined):
        return memoryview(b"")
    _, offsets, data = joined.buffers()
    bounds = np.frombuffer(offsets, np.int32)
    first, last = bounds[joined.offset], bounds[joined.offset + len(joined)]
    return memoryview(data or b"")[first:last]
