# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which block a call falls under; plain values, no database."""

from collections.abc import Iterable
from typing import NamedTuple


class Block(NamedTuple):
    """Where somebody may not call.

    number_id: 0 for all numbers. kind: category, destination or prefix. A prefix with +
    stops international numbers alone, one without it short numbers, too.
    """

    id: int
    number_id: int
    kind: str
    category: str
    destination_id: int
    prefix: str

    def stops(self, called: str, destination_id: int, category: str) -> bool:
        """Whether a call to this number, destination and category is refused."""
        if self.kind == "category":
            return bool(category) and self.category == category
        if self.kind == "destination":
            return bool(destination_id) and self.destination_id == destination_id
        if self.prefix.startswith("+"):
            return called.startswith(self.prefix)
        return bool(self.prefix) and called.lstrip("+").startswith(self.prefix)


def blocking(
    blocks: Iterable[Block],
    number_id: int,
    called: str,
    destination_id: int,
    category: str,
) -> Block | None:
    """The first block that a call from a number falls under."""
    own = (block for block in blocks if block.number_id in (0, number_id))
    return next(
        (one for one in own if one.stops(called, destination_id, category)), None
    )
