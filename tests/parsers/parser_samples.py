# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Formats, files and readings that the tests of the parsers share."""

import ast
import io
import json
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
from parsers.formats import FormatSpec
from parsers.reader import Batch, Position, ReadContext, read

FIXTURES = Path(__file__).parent / "fixtures"
DATA = Path(__file__).resolve().parents[2] / "telecom_cdr" / "data"
FORMATS = sorted(DATA.glob("telecom_format_*_data.xml"))
MADRID = ReadContext("ES", "Europe/Madrid", 6)
NEW_YORK = ReadContext("US", "America/New_York", 6)
NOT_OF_THE_SPEC = {"name", "code", "note"}
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
    records = [
        record for path in FORMATS for record in ElementTree.parse(path).iter("record")
    ]
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


def ready_file(code: str) -> Path:
    """The file of a ready-made format's shape."""
    (path,) = FIXTURES.glob(f"{code}.*")
    return path


def ready_batch(
    code: str, context: ReadContext = MADRID, content: bytes | None = None
) -> Batch:
    """What a ready-made format reads from its own file, or from other lines.

    The file came on 2026-03-03: some formats take the year from that.
    """
    data = ready_file(code).read_bytes() if content is None else content
    context = replace(context, file_date=date(2026, 3, 3))
    batches = read_all(data, shipped_formats()[code], context)
    return replace(
        batches[-1],
        facts=joined(batches, "facts"),
        rejections=joined(batches, "rejections"),
        rows=sum(batch.rows for batch in batches),
        skipped=sum(batch.skipped for batch in batches),
        merged=sum(batch.merged for batch in batches),
    )


def ready_calls(code: str, context: ReadContext = MADRID) -> list[tuple]:
    """Direction, calling, called, start in UTC and seconds of the calls of its file."""
    facts = ready_batch(code, context).facts
    starts = facts["start_at"].dt.strftime("%Y-%m-%d %H:%M:%S")
    names = ["direction", "calling_number", "called_number", "start_at", "duration"]
    rows = facts.assign(start_at=starts)[names]
    return list(rows.itertuples(index=False, name=None))


def ready_values(code: str, name: str, context: ReadContext = MADRID) -> list[Any]:
    """A column of the facts of its file; of an extra fact, by its name."""
    facts = ready_batch(code, context).facts
    if not name.startswith("extra."):
        return [None if pd.isna(value) else value for value in facts[name]]
    key = name.removeprefix("extra.")
    return [json.loads(text or "{}").get(key) for text in facts["extra"]]
