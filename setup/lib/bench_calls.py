# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The file of calls that the benchmark imports."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np

CUSTOMERS = 1_000
# As a carrier writes it: local, without a zone.
FIRST_SECOND = datetime(2026, 9, 1)  # noqa: DTZ001
SECONDS = 30 * 86_400
# Made so many at a time: the file may be larger than what memory should hold.
BLOCK = 1_000_000
HEADER = b"start,calling,called,duration,amount,description\n"


def call_blocks(calls: int, seed: int = 1) -> Iterator[bytes]:
    """A carrier's CSV of outgoing calls by 1,000 numbers, in the order of time."""
    yield HEADER
    blocks = -(-calls // BLOCK)
    for block in range(blocks):
        count = min(BLOCK, calls - block * BLOCK)
        first = SECONDS * block // blocks
        last = SECONDS * (block + 1) // blocks
        yield _lines(count, range(first, last), np.random.default_rng([seed, block]))


def _lines(count: int, span: range, random: np.random.Generator) -> bytes:
    starts = np.sort(random.integers(span.start, span.stop, count))
    callers = random.integers(0, CUSTOMERS, count)
    kinds = random.choice(
        ["346", "349", "4420", "331"], count, p=[0.5, 0.4, 0.07, 0.03]
    )
    called = random.integers(1_000_000, 9_999_999, count)
    durations = random.geometric(1 / 150, count)
    lines = [
        f"{FIRST_SECOND + timedelta(seconds=int(start))},+34910{caller:06},"
        f"+{kind}{number},{duration},{duration * 7 / 100000:.5f},bench\n"
        for start, caller, kind, number, duration in zip(
            starts, callers, kinds, called, durations, strict=True
        )
    ]
    return "".join(lines).encode()
