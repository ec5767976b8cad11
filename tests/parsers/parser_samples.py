# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Formats, files and readings that the tests of the parsers share."""

import ast
import io
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
from parsers.formats import FormatSpec
from parsers.reader import Batch, Position, ReadContext, read

FIXTURES = Path(__file__).parent / "fixtures"
FORMATS = (
    Path(__file__).resolve().parents[2]
    / "telecom_cdr"
    / "data"
    / "telecom_format_data.xml"
)
MADRID = ReadContext("ES", "Europe/Madrid", 6)
NOT_OF_THE_SPEC = {"name", "code"}
# start, calling, called, duration, amount, unique id: the smallest format for tests.
PLAIN: dict[str, Any] = {
    "column_mapping": {
        "start": 1,
        "calling_number": 2,
        "called_number": 3,
        "duration": 4,
        "carrier_amount": 5,
        "unique_id": 6,
    },
    "minimum_columns": 4,
}


@lru_cache(maxsize=1)
def shipped_formats() -> dict[str, FormatSpec]:
    """The ready-made formats by their codes, straight from the addon's data."""
    records = ElementTree.parse(FORMATS).getroot().findall("record")
    definitions = [
        {field.get("name"): _value(field) for field in record.findall("field")}
        for record in records
    ]
    return {
        values["code"]: FormatSpec.from_dict(
            {key: values[key] for key in values if key not in NOT_OF_THE_SPEC}
        )
        for values in definitions
    }


def _value(field: ElementTree.Element) -> Any:
    """A field's value as Odoo would take it."""
    if field.get("eval"):
        return ast.literal_eval(field.get("eval"))
    return field.text or ""


def spec(**values: Any) -> FormatSpec:
    """The plain format with other values."""
    return FormatSpec.from_dict({**PLAIN, **values})


def read_all(
    content: bytes | str,
    form: FormatSpec,
    context: ReadContext = MADRID,
    rows_per_batch: int = 50_000,
    position: Position | None = None,
) -> list[Batch]:
    """All batches of a file."""
    data = content.encode() if isinstance(content, str) else content
    return list(read(io.BytesIO(data), form, context, position, rows_per_batch))


def joined(batches: list[Batch], part: str) -> pd.DataFrame:
    """The facts or rejections of some batches as one table."""
    frames = [getattr(batch, part) for batch in batches]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def facts_of(content: bytes | str, form: FormatSpec, **options: Any) -> pd.DataFrame:
    """The facts of a file."""
    return joined(read_all(content, form, **options), "facts")


def rejections_of(
    content: bytes | str, form: FormatSpec, **options: Any
) -> pd.DataFrame:
    """The rejections of a file."""
    return joined(read_all(content, form, **options), "rejections")


def fixture(name: str) -> bytes:
    """The bytes of a file beside the tests."""
    return (FIXTURES / name).read_bytes()
