# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The columns of a sample, and what is proposed for them."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from ..checks import Column
from ..exceptions import Wording


@dataclass(frozen=True)
class SampleColumn:
    """A column of a sample.

    :ivar key: its name or position, as a column mapping has it
    :ivar heading: what the file calls it; "" where it says nothing
    :ivar cells: stripped, one for each row
    :ivar is_whole: whether every row is so wide that it has this column
    """

    key: Column
    heading: str
    cells: list[str]
    is_whole: bool = True

    @property
    def plain(self) -> str:
        """The heading's letters and digits, of a path the last name's."""
        name = self.heading.casefold()
        for found, plain in (
            ("ä", "ae"),
            ("ö", "oe"),
            ("ü", "ue"),
            ("ß", "ss"),
            ("á", "a"),
            ("é", "e"),
            ("í", "i"),
            ("ó", "o"),
            ("ú", "u"),
            ("ñ", "n"),
        ):
            name = name.replace(found, plain)
        return "".join(letter for letter in name if letter.isalnum())

    def filled(self) -> list[str]:
        """The cells that are not empty."""
        return [cell for cell in self.cells if cell]


@dataclass(frozen=True)
class ColumnGuess:
    """What a column is taken for.

    :ivar field: a field of a column mapping; "" where it is not needed
    :ivar confidence: 0 to 100
    :ivar reason: why, to be told in any language
    """

    column: SampleColumn
    field: str = ""
    confidence: int = 0
    reason: Wording = dataclasses.field(default_factory=lambda: {"text": ""})


@dataclass(frozen=True)
class Proposal:
    """How a sample is to be read.

    :ivar definition: keys as FormatSpec.from_dict takes; without start or a number it
        is not complete
    :ivar ready: codes of ready formats that read the sample, the best first
    :ivar notes: what is not sure, and what could not be found
    """

    definition: dict[str, Any]
    columns: tuple[ColumnGuess, ...]
    ready: tuple[str, ...] = ()
    notes: tuple[Wording, ...] = ()

    @property
    def fields(self) -> dict[str, Any]:
        """Field -> column or columns, as the definition maps them."""
        return dict(self.definition.get("column_mapping", {}))
