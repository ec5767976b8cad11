# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which source reads which layout."""

from collections.abc import Callable
from typing import BinaryIO

from ..formats import FormatSpec
from .contract import Position, Source
from .json_records import JsonSource
from .sheet import SheetSource
from .text import DelimitedSource, FixedSource
from .xml_records import XmlSource

SOURCES: dict[str, Callable[..., Source]] = {
    "delimited": DelimitedSource,
    "fixed": FixedSource,
    "json": JsonSource,
    "xml": XmlSource,
    "sheet": SheetSource,
}


def open_source(
    stream: BinaryIO,
    spec: FormatSpec,
    position: Position | None = None,
    file_name: str = "",
) -> Source:
    """The records of a file, from its first one or from a position on.

    :param stream: is sought to its start where it can seek, else must stand there
    :param position: of a source of the same file and format
    :param file_name: for values that stand in it; "" where there is none
    :raises FileError: binary, encoding, header, name, layout, spreadsheet
    :raises ArchiveError: a workbook that would fill the memory
    """
    return SOURCES[spec.layout](stream, spec, position, file_name)
