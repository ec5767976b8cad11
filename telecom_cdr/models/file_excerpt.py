# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rejected rows as a file of the same layout: to be corrected, and read again."""

import io
from collections.abc import Iterator

import xlsxwriter

from odoo import models
from odoo.exceptions import UserError

from ..parsers.excerpt import excerpt
from ..parsers.formats import FormatSpec
from ..parsers.layouts.contract import MAX_RAW
from ..parsers.layouts.keys import path_parts
from ..parsers.spreadsheet import open_sheet

ROOT = "records"


def rejected_rows(
    file: models.BaseModel, rejections: models.BaseModel
) -> Iterator[bytes]:
    """The rows of rejections as they stand in their file, block by block."""
    spec = file.format_id._spec()
    if spec.layout in ("json", "xml"):
        yield _nested(spec, rejections)
        return
    with file._open() as stream:
        if spec.layout == "sheet":
            numbers = set(rejections.mapped("line_number"))
            yield _sheet(stream, spec, numbers)
            return
        rows = {r.line_number: (r.raw or "").count("\n") + 1 for r in rejections}
        yield from excerpt(stream, spec, rows)


def _nested(spec: FormatSpec, rejections: models.BaseModel) -> bytes:
    """Records one behind the other, each inside what the format looks into."""
    raws = rejections.sorted("line_number").mapped(lambda one: one.raw or "")
    if any(len(raw) >= MAX_RAW for raw in raws):
        raise UserError(
            rejections.env._(
                "These records are too long to be taken out of their file one by one: "
                "read the whole file again."
            )
        )
    path = list(path_parts(spec.record_path))
    wrap = _in_json if spec.layout == "json" else _in_xml
    return "".join(f"{wrap(raw, path)}\n" for raw in raws).encode()


def _in_json(raw: str, path: list[str]) -> str:
    for name in reversed(path):
        raw = f'{{"{name}": {raw}}}'
    return raw


def _in_xml(raw: str, path: list[str]) -> str:
    """A document of its own; without a path, the children of the root are records."""
    for name in reversed(path[:-1] or [ROOT]):
        raw = f"<{name}>{raw}</{name}>"
    return raw


def _sheet(stream, spec: FormatSpec, numbers: set[int]) -> bytes:
    """A workbook of the rows up to the header, and of the rejected ones."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        page = book.add_worksheet((spec.sheet_name or "")[:31] or None)
        line, is_head = 0, spec.has_header
        for number, cells in open_sheet(stream, spec.sheet_name):
            skipped = number <= spec.skipped_lines
            if skipped or is_head or number in numbers:
                for place, text in enumerate(cells):
                    page.write_string(number - 1 if skipped else line, place, text)
                line = number if skipped else line + 1
            is_head = is_head and skipped
    return target.getvalue()
