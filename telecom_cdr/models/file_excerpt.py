# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rejected rows as a file of the same layout: to be corrected, and read again."""

import io
from collections.abc import Iterator, Mapping, Sequence

import xlsxwriter

from odoo import models
from odoo.exceptions import UserError

from ..parsers.covering import Covered
from ..parsers.excerpt import excerpt
from ..parsers.formats import FormatSpec
from ..parsers.layouts.contract import MAX_RAW
from ..parsers.layouts.keys import NAMED, path_parts
from ..parsers.lines import decode_lines, open_lines
from ..parsers.spreadsheet import open_sheet

ROOT = "records"


def rejected_rows(
    file: models.BaseModel, rejections: models.BaseModel
) -> Iterator[bytes]:
    """The rows of rejections as they stand in their file, block by block."""
    spec = file.format_id._spec()
    rejections = rejections.sudo().sorted("line_number")
    if spec.layout in NAMED:
        raws = rejections.mapped(lambda one: one.kept_raw or "")
        if any(len(raw) >= MAX_RAW for raw in raws):
            raise UserError(
                rejections.env._(
                    "These records are too long to be taken out of their file one by "
                    "one: read the whole file again."
                )
            )
        yield _nested(spec, raws)
        return
    with file._open() as stream:
        if spec.layout == "sheet":
            yield _sheet(stream, spec, dict.fromkeys(rejections.mapped("line_number")))
            return
        rows = {r.line_number: (r.kept_raw or "").count("\n") + 1 for r in rejections}
        yield from excerpt(stream, spec, rows)


def covered_rows(
    file: models.BaseModel, covered: Mapping[models.BaseModel, Covered]
) -> Iterator[bytes]:
    """The same rows with marks in place of their amounts."""
    spec = file.sudo().format_id._spec()
    rows = sorted(covered.items(), key=lambda pair: pair[0].line_number)
    rejections = file.env["telecom.rejection"].union(*covered)
    texts = {rejection.line_number: one.text for rejection, one in rows}
    if not any(one.amounts for one in covered.values()):
        yield from rejected_rows(file, rejections)
    elif spec.layout in NAMED:
        yield _nested(spec, list(texts.values()))
    elif spec.layout == "sheet":
        with file._open() as stream:
            cells = {number: text.split("\t") for number, text in texts.items()}
            yield _sheet(stream, spec, cells)
    else:
        plain = b"".join(rejected_rows(file, rejections))
        pairs = [(r.kept_raw or "", one.text) for r, one in rows]
        replaced = _replaced(plain, spec, pairs)
        if replaced is None:
            raise UserError(
                file.env._(
                    "These rows cannot be given out without the amounts of the "
                    "carrier: have them corrected by who sees costs and margins."
                )
            )
        yield replaced


def _replaced(
    plain: bytes, spec: FormatSpec, texts: Sequence[tuple[str, str]]
) -> bytes | None:
    """A file of rows with other texts in place of these, in their order.

    None where a row is not found as it is kept.
    """
    lines, encoding = open_lines(io.BytesIO(plain), spec.encoding)
    mark = plain[: lines.offset]
    found = decode_lines(lines.peek(len(plain)), encoding).texts
    text, at, parts = "".join(found), 0, []
    for raw, covered in dict.fromkeys(texts):
        begin = text.find(raw, at)
        if begin < 0:
            return None
        parts += [text[at:begin], covered]
        at = begin + len(raw)
    name = "utf-8" if spec.encoding == "auto" else spec.encoding
    return mark + "".join([*parts, text[at:]]).encode(name, "replace")


def _nested(spec: FormatSpec, raws: Sequence[str]) -> bytes:
    """Records one behind the other, each inside what the format looks into."""
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


def _sheet(stream, spec: FormatSpec, rows: Mapping[int, Sequence[str] | None]) -> bytes:
    """A workbook of the rows up to the header, and of the rejected ones.

    :param rows: number of a row -> what its cells are instead
    """
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        page = book.add_worksheet((spec.sheet_name or "")[:31] or None)
        line, is_head = 0, spec.has_header
        for number, cells in open_sheet(stream, spec.sheet_name):
            skipped = number <= spec.skipped_lines
            if skipped or is_head or number in rows:
                for place, text in enumerate(rows.get(number) or cells):
                    page.write_string(number - 1 if skipped else line, place, text)
                line = number if skipped else line + 1
            is_head = is_head and skipped
    return target.getvalue()
