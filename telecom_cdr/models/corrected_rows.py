# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which of several equal rows a corrected one is.

Equal rows of different lines of a file are as many calls, also where they come back in
several files of corrections; the same line corrected twice is one call. So a corrected
row is numbered behind the good rows of the file it comes from, by when its line was
first corrected to such a row: later corrections change no number.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO

import numpy as np
import pandas as pd

from odoo import models
from odoo.fields import Domain

from ..engine.identity import KeyCounter, key_texts
from ..parsers.exceptions import ParserError
from ..parsers.reader import Batch

Read = Callable[[BinaryIO], Iterator[Batch]]


class CorrectedRows:
    """Numbers the rows of one file of corrections."""

    def __init__(self, file: models.BaseModel, read: Read, key: int) -> None:
        """Look at the files that corrected the same one before.

        :param read: gives the batches of a file of this format
        :param key: id of the carrier, which is part of each row's key
        """
        self.root = _root(file)
        self._read, self._carrier_id = read, key
        self._lines: dict[int, int] = {}
        self._maps: dict[int, dict[int, int]] = {}
        self._order: dict[bytes, dict[tuple[int, int], int]] = defaultdict(dict)
        self._seen: Counter[tuple[bytes, int]] = Counter()
        for other in self._corrections():
            if other.id <= file.id:
                self._lines = self._note(other)

    def good_rows(self) -> Iterator[pd.DataFrame]:
        """Rows of the corrected file that nobody had to correct."""
        lines = {*self.root.rejection_ids.mapped("line_number")}
        for other in self._corrections():
            if other.corrects_id == self.root:
                lines.update(other.corrected_lines or [])
        for facts, _numbers in self._batches(self.root):
            # Rows of one id are one call, however often they come.
            yield facts[~(facts["line_number"].isin(lines) | has_id(facts))]

    def ahead(self, facts: pd.DataFrame) -> np.ndarray:
        """How many rows equal to each are ahead of it, the good ones left out (int64).

        To be asked of all rows of the file, batch by batch.
        """
        return np.array(
            [self._order[key][place] for key, place in self._places(facts)], np.int64
        )

    # === FILES === #

    def _corrections(self):
        """All files that correct rows of the same file, or of one that does."""
        found = files = self.root
        while files := files.search(Domain("corrects_id", "in", files.ids)) - found:
            found |= files
        return (found - self.root).sorted("id")

    def _note(self, file):
        """Give the rows of a file their places; gives the line that each stands for."""
        batches = list(self._batches(file))
        numbers = sorted({number for _facts, all_ in batches for number in all_})
        wanted = sorted(set(file.corrected_lines or []))
        if len(numbers) > len(wanted):
            return {}
        if file.corrects_id != self.root:
            above = self._maps.get(file.corrects_id.id, {})
            wanted = [above.get(line, -line) for line in wanted]
        self._maps[file.id] = dict(zip(numbers, wanted, strict=False))
        self._lines = self._maps[file.id]
        self._seen.clear()
        for facts, _numbers in batches:
            for key, place in self._places(facts):
                self._order[key].setdefault(place, len(self._order[key]))
        self._seen.clear()
        return self._lines

    def _places(self, facts):
        """Key of each row, and what tells it from equal ones: its line, and which of
        that line it is."""
        keys = key_texts(facts, self._carrier_id)
        is_one = has_id(facts).tolist()
        numbers = facts["line_number"].tolist()
        for key, number, one in zip(keys, numbers, is_one, strict=True):
            line = 0 if one else self._lines.get(number, -number)
            self._seen[key, line] += 1
            yield key, (line, self._seen[key, line])

    def _batches(self, file):
        """Facts, and the numbers of all rows that are or should be calls."""
        with file._open() as stream, suppress(ParserError):
            for batch in self._read(stream):
                numbers = {*batch.facts["line_number"].tolist()}
                numbers.update(batch.rejections["line_number"].tolist())
                yield batch.facts, numbers


class CorrectedCounter(KeyCounter):
    """Numbers the rows of a file of corrections."""

    def __init__(self, good: KeyCounter, corrected: CorrectedRows) -> None:
        """`good`: has seen the good rows of the file that is corrected."""
        super().__init__()
        self._good, self._corrected = good, corrected

    def count(self, facts: pd.DataFrame, keys: np.ndarray) -> np.ndarray:
        """Number rows behind the good ones and those that are ahead of them."""
        return self._good.seen(keys) + self._corrected.ahead(facts) + 1


def has_id(facts: pd.DataFrame) -> pd.Series:
    """Which rows have a unique id (bool)."""
    ids = facts["unique_id"].astype(object)
    return ids.where(ids.notna(), "").ne("")


def _root(file):
    """The file that corrected rows came from at first."""
    while file.corrects_id:
        file = file.corrects_id
    return file
