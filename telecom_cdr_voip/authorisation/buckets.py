# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many requests a second somebody may make: buckets that fill as time goes by.

In the memory of one process. Where several answer, each fills at its share of the rate,
so that all of them together stay within it in the long run; a burst of a second's
requests may come to one of them.
"""

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock


class Buckets:
    """Buckets by key; of more than `most` the longest unused are forgotten."""

    def __init__(self, most: int = 10_000) -> None:
        """Begin with full buckets."""
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()
        self._most = most
        self._lock = Lock()

    def take(self, key: Hashable, rate: float, burst: float, now: float) -> bool:
        """Take one request out of a bucket; whether there was one.

        :param rate: requests that flow in each second
        :param burst: requests that it holds
        :param now: seconds of any clock that only goes on
        """
        with self._lock:
            level, then = self._levels.pop(key, (burst, now))
            level = min(burst, level + max(0.0, now - then) * rate)
            taken = level >= 1
            self._levels[key] = (level - 1 if taken else level, now)
            if len(self._levels) > self._most:
                self._levels.popitem(last=False)
        return taken

    def is_empty(self, key: Hashable, rate: float, now: float) -> bool:
        """Whether nothing is left in a bucket."""
        with self._lock:
            level, then = self._levels.get(key, (1.0, now))
        return level + max(0.0, now - then) * rate < 1
