# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who is the same call: (key, n) as 16 bytes, equal for the same call in any file.

Key: carrier, direction, calling and called number, start as written in the file, and
the format's unique id or else the duration.  n counts rows of equal key inside a file.
The bytes are the start's hour (4, keeps the unique index fast) and a keyed hash (12).
A file whose rows are new charges, though they look like known ones, has a salt of its
own in that hash.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from .exceptions import EngineError
from .tables import Array, Table, integers, joined, text

MARK = "\x1f"
ESCAPE = "\x1b"
HASH_BYTES = 12
SALT_BYTES = hashlib.blake2b.SALT_SIZE
# Spreads the numbers of files over all 64 bits, so that equal keys of two files differ.
SPREAD = np.uint64(0x9E3779B97F4A7C15)
HEX = np.array([f"{byte:02x}" for byte in range(256)], dtype="S2")
OTHER_FACTS = (
    "duration", "volume", "service", "redirecting_number", "carrier_amount_nano",
    "unique_id", "trunk", "account_code", "visited_country", "is_withheld", "extra",
)  # fmt: skip


class KeyCounter:
    """How often each key was seen in the earlier batches of one file.

    Give one object to all batches of a file, in their order; 8 bytes a row.  Runs of
    sorted keys are merged as they grow, so that a look-up asks only a few.
    """

    def __init__(self) -> None:
        """Start a file: nothing seen yet."""
        self._runs: list[Array] = []

    def __len__(self) -> int:
        """Count the rows seen."""
        return sum(len(run) for run in self._runs)

    def seen(self, keys: Array) -> Array:
        """Tell how often each key (uint64) was added before (int64 array)."""
        counts = np.zeros(len(keys), dtype=np.int64)
        for run in self._runs:
            counts += np.searchsorted(run, keys, "right")
            counts -= np.searchsorted(run, keys, "left")
        return counts

    def add(self, keys: Array) -> None:
        """Remember the keys (uint64) of one more batch."""
        run = np.sort(keys)
        while self._runs and len(self._runs[-1]) <= len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        self._runs.append(run)

    def count(self, facts: Table, keys: Array) -> Array:
        """Number rows behind those seen, from 1 for each key, and remember them."""
        count = occurrences(facts, keys) + self.seen(keys)
        self.add(keys)
        return count


def identities(
    facts: Table,
    carrier_id: int,
    secret: bytes,
    unique: bool = False,
    counter: KeyCounter | None = None,
    salt: bytes = b"",
    files: Array | None = None,
) -> Table:
    """Give each call its identity; the order of the rows does not change the set.

    Reads direction, calling_number, called_number, start_text, start_local, unique_id,
    duration, and the other facts to put rows of equal key in order.  Gives identity
    (str, 32 hex digits, fit for PostgreSQL's uuid), n (int64, from 1) and is_repeat
    (bool).  With `unique` n is always 1 and later rows of equal key are repeats.
    `counter` carries n over the batches of one file.  `salt` (up to 16 bytes) makes the
    calls of a file others than those of the same rows elsewhere.  `files` (int64) tells
    which file a row is of where several are read at once: n counts inside each.
    EngineError "secret" where the secret is not 1 to 64 bytes, "salt" where that is
    too long.
    """
    hasher = keyed_hasher(secret, salt)
    keys = key_texts(facts, carrier_id)
    digests = digest_array(hashes(hasher, keys))
    short = digests[:, :8].copy().view(">u8").ravel().astype(np.uint64)
    if files is not None:
        short += files.astype(np.uint64) * SPREAD
    if counter is None:
        count = occurrences(facts, short)
    else:
        count = counter.count(facts, short)
    repeats = np.flatnonzero(count > 1)
    if repeats.size and not unique:
        again = [keys[row] + f"{MARK}{count[row]}".encode() for row in repeats]
        digests[repeats] = digest_array(hashes(hasher, again))
    columns = {
        "identity": hexadecimal(np.hstack([hours(facts["start_local"]), digests])),
        "n": np.ones(len(facts), np.int64) if unique else count,
        "is_repeat": (count > 1) & unique,
    }
    return pd.DataFrame(columns, index=facts.index)


def keyed_hasher(secret: bytes, salt: bytes = b"") -> "hashlib._Hash":
    """Give the hash that identities are made with; EngineError "secret", "salt"."""
    if not 1 <= len(secret) <= hashlib.blake2b.MAX_KEY_SIZE:
        message = "the company's secret must have 1 to 64 bytes"
        raise EngineError("secret", message, f"{len(secret)} bytes")
    if len(salt) > SALT_BYTES:
        message = f"the salt of a file must have up to {SALT_BYTES} bytes"
        raise EngineError("salt", message, f"{len(salt)} bytes")
    return hashlib.blake2b(key=secret, digest_size=HASH_BYTES, salt=salt)


def key_texts(facts: Table, carrier_id: int) -> list[bytes]:
    """Give the key of each call, its parts told apart whatever they hold."""
    names = ("direction", "calling_number", "called_number", "start_text")
    parts = [text(facts[name]) for name in names]
    own = pc.fill_null(text(facts["unique_id"]), "")
    duration = pc.cast(pa.array(integers(facts, "duration")), pa.large_string())
    last = pc.if_else(pc.equal(own, ""), joined("d", duration), joined("u", own))
    keys = joined(str(carrier_id), *parts, last, between=MARK)
    if not is_plain(keys, marks=len(parts) + 1):
        parts = [escaped(part) for part in (*parts, last)]
        keys = joined(str(carrier_id), *parts, between=MARK)
    return pc.cast(keys, pa.large_binary()).to_pylist()


def is_plain(keys: pa.Array, marks: int) -> bool:
    """Tell whether no part of the keys holds a mark or an escape of its own."""
    letters = (keys.buffers()[2] or pa.py_buffer(b"")).to_pybytes()
    expected = marks * len(keys)
    return letters.count(MARK.encode()) == expected and ESCAPE.encode() not in letters


def escaped(values: pa.Array) -> pa.Array:
    """Write marks and escapes inside of texts as pairs, which can be read back."""
    values = pc.replace_substring(values, ESCAPE, ESCAPE + "0")
    return pc.replace_substring(values, MARK, ESCAPE + "1")


def hashes(hasher: "hashlib._Hash", keys: Iterable[bytes]) -> bytes:
    """Give the 12 byte hashes of keys, one after the other."""
    copy, digests = hasher.copy, []
    for key in keys:
        one = copy()
        one.update(key)
        digests.append(one.digest())
    return b"".join(digests)


def digest_array(digests: bytes) -> Array:
    """Give joined digests as a uint8 array of 12 columns that can be written to."""
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, HASH_BYTES).copy()


def occurrences(facts: Table, keys: Array) -> Array:
    """Number rows of equal key from 1, in the order of their other facts."""
    count = np.ones(len(keys), dtype=np.int64)
    doubled = pd.Series(keys).duplicated(keep=False).to_numpy()
    rows = np.flatnonzero(doubled)
    if not rows.size:
        return count
    names = [name for name in OTHER_FACTS if name in facts]
    others = facts.iloc[rows][names].astype(object)
    others = others.where(others.notna(), "").astype(str)
    others = others.assign(key_of_row=keys[rows]).reset_index(drop=True)
    order = others.sort_values(["key_of_row", *names], kind="stable").index.to_numpy()
    numbers = others["key_of_row"].iloc[order].groupby(keys[rows][order]).cumcount()
    count[rows[order]] = numbers.to_numpy() + 1
    return count


def hours(start_local: pd.Series) -> Array:
    """Give the hours since 1970 as 4 big-endian bytes each (uint8, 4 columns)."""
    whole = start_local.to_numpy().astype("datetime64[h]").astype(np.int64)
    return whole.astype(">u4").view(np.uint8).reshape(-1, 4)


def hexadecimal(table: Array) -> pd.api.extensions.ExtensionArray:
    """Give each row of 16 bytes as a text of 32 hex digits."""
    size = table.shape[1] * 2
    letters = HEX[table].tobytes()
    offsets = pa.py_buffer(np.arange(len(table) + 1, dtype=np.int64) * size)
    buffers = [None, offsets, pa.py_buffer(letters)]
    array = pa.Array.from_buffers(pa.large_string(), len(table), buffers)
    return array.to_pandas().array
