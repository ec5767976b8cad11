# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Formats and rows that the tests of the layouts share."""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from parser_samples import facts_of, joined, read_all
from parsers.formats import FormatSpec
from parsers.reader import ReadContext

NAMES = {
    "start": "start",
    "calling_number": "from",
    "called_number": "to",
    "duration": "secs",
    "unique_id": "id",
}


def nested(layout: str, **values: Any) -> FormatSpec:
    """A format of named values: start, from, to, secs, id."""
    return FormatSpec.from_dict({"layout": layout, "column_mapping": NAMES, **values})


def record(number: int, **values: Any) -> dict[str, Any]:
    """A call, one minute later than the one before."""
    return {
        "start": f"2026-03-02 10:{number:02}:00",
        "from": "600000001",
        "to": "600000002",
        "secs": str(number),
        "id": f"c{number}",
        **values,
    }


def ids(content: bytes | str, form: FormatSpec, **options: Any) -> list[str]:
    """The unique ids of the calls of a file."""
    return facts_of(content, form, **options)["unique_id"].tolist()


def told(
    content: bytes | str, form: FormatSpec, **options: Any
) -> list[tuple[int, str, str]]:
    """Number, reason and message of the rejections of a file."""
    found = joined(read_all(content, form, **options), "rejections")
    if found.empty:
        return []
    names = ["line_number", "reason", "message"]
    return list(found[names].itertuples(index=False, name=None))


def named(file_name: str) -> ReadContext:
    """The reading of a file of that name."""
    return ReadContext("ES", "Europe/Madrid", 6, None, file_name)


def counts(content: bytes | str, form: FormatSpec, **options: Any) -> tuple[int, ...]:
    """Rows, calls, rejections, skipped and merged of a file."""
    batches = read_all(content, form, **options)
    return (
        sum(batch.rows for batch in batches),
        sum(len(batch.facts) for batch in batches),
        sum(len(batch.rejections) for batch in batches),
        sum(batch.skipped for batch in batches),
        sum(batch.merged for batch in batches),
    )


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{}</sheetData></worksheet>"
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(sheets: dict[str, Sequence[Sequence[str]]]) -> bytes:
    """An Excel file of texts; empty rows are left out of it, as Excel does."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        names = "".join(
            f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>'
            for n, name in enumerate(sheets, 1)
        )
        package.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns:r="{RELATION}"><sheets>{names}</sheets></workbook>',
        )
        links = "".join(
            f'<Relationship Id="r{n}" Target="worksheets/sheet{n}.xml"/>'
            for n in range(1, len(sheets) + 1)
        )
        package.writestr(
            "xl/_rels/workbook.xml.rels", f"<Relationships>{links}</Relationships>"
        )
        for number, rows in enumerate(sheets.values(), 1):
            cells = "".join(map(_row, range(1, len(rows) + 1), rows))
            package.writestr(f"xl/worksheets/sheet{number}.xml", SHEET.format(cells))
    return target.getvalue()


def _row(number: int, cells: Sequence[str]) -> str:
    """A row of a sheet."""
    shown = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row r="{number}">{shown}</row>' if cells else ""
