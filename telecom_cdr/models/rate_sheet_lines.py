# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The lines of a preview, written as a whole."""

import numpy as np
import pandas as pd
import pyarrow as pa

from odoo import models

from ..engine.rate_sheets.targets import PATTERNS
from . import copy_binary
from .call_table import Rows, copy_rows
from .rate_sheet_apply import amounts, moments, text_array

NUMBERS = {
    "price": "price_nano",
    "connect_fee": "connect_nano",
}
PER_CENT = 100


def write_lines(record: models.BaseModel, preview) -> dict[str, int]:
    """Write the lines of a preview.

    :return: how many there are of each kind
    """
    changes = preview.plan.changes
    if len(changes):
        columns = _change_columns(record, changes)
        copy_rows(record.env, LINE_TABLE, Rows(*copy_binary.encode(columns)))
    if len(preview.broken):
        columns = _broken_columns(record, preview.broken)
        copy_rows(record.env, LINE_TABLE, Rows(*copy_binary.encode(columns)))
    counts = changes["kind"].value_counts().to_dict()
    counts["broken"] = len(preview.broken)
    return counts


LINE_TABLE = "telecom_rate_sheet_line"


def _change_columns(record: models.BaseModel, changes: pd.DataFrame) -> dict:
    """Rows of the comparison as columns of the table."""
    count = len(changes)
    rate_ids = changes["rate_id"].to_numpy(np.int64)
    bands = changes["time_band_id"].to_numpy(np.int64)
    ppm = changes["difference_ppm"]
    columns = {
        "sheet_id": copy_binary.numbers(np.full(count, record.id), 4),
        "kind": copy_binary.Text(text_array(changes["kind"])),
        "prefix": copy_binary.Text(text_array(changes["prefix"])),
        "category": copy_binary.Text(text_array(changes["category"])),
        "time_band_id": copy_binary.numbers(bands, 4, bands == 0),
        "pattern": copy_binary.Text(text_array(_patterns(changes))),
        "destination": copy_binary.Text(text_array(_destinations(record, changes))),
        "difference": amounts(ppm * PER_CENT, 6),
        "old_steps": _steps(changes, "old"),
        "new_steps": _steps(changes, "new"),
        "date_start": moments(changes["start"]),
        "date_end": moments(changes["end"]),
        "rate_id": copy_binary.numbers(rate_ids, 4, rate_ids == 0),
        "is_rounded": copy_binary.flags(changes["is_rounded"].eq(True).to_numpy()),
        **_place(changes),
    }
    for name, column in NUMBERS.items():
        for age in ("old", "new"):
            columns[f"{age}_{name}"] = amounts(changes[f"{age}_{column}"])
    return columns


def _destinations(record: models.BaseModel, changes: pd.DataFrame) -> pd.Series:
    """The destination of each row: as the file calls it, else by its own name."""
    named = changes["destination"].fillna("")
    ids = changes["destination_id"].mask(named != "", 0)
    known = record.env["telecom.destination"].browse(set(ids) - {0})
    names = {one.id: one.name for one in known.sudo()}
    return named.where(ids == 0, ids.map(names))


def _patterns(changes: pd.DataFrame) -> pd.Series:
    """The patterns of each row as one text."""
    rows = zip(*(changes[name] for name in PATTERNS), strict=True)
    return pd.Series([" ".join(filter(None, row)) for row in rows], dtype=object)


def _broken_columns(record: models.BaseModel, broken: pd.DataFrame) -> dict:
    """Rows that cannot be read as columns of the table."""
    count = len(broken)
    texts = {name: text_array(broken[name]) for name in ("prefix", "raw", "reason")}
    wording = pa.array(broken["wording"].tolist(), pa.string())
    return {
        "sheet_id": copy_binary.numbers(np.full(count, record.id), 4),
        "kind": copy_binary.Text(text_array(pd.Series(["broken"] * count))),
        "wording": copy_binary.Text(wording, b"\x01"),
        **{name: copy_binary.Text(found) for name, found in texts.items()},
        **_place(broken),
    }


def _place(rows: pd.DataFrame) -> dict:
    """Where in the file they stand."""
    lines = rows["line_number"].fillna(0).to_numpy(np.int64)
    return {
        "line_number": copy_binary.numbers(lines, 4, lines == 0),
        "sheet_name": copy_binary.Text(text_array(rows["sheet"].fillna(""))),
    }


def _steps(changes: pd.DataFrame, age: str) -> copy_binary.Text:
    """Increments as people write them: 60/1."""
    first, then = changes[f"{age}_initial"], changes[f"{age}_increment"]
    known = (first.notna() & then.notna()).to_numpy(bool)
    texts = np.where(
        known,
        first.fillna(0).astype(str).astype(object) + "/" + then.fillna(0).astype(str),
        "",
    )
    return copy_binary.Text(text_array(pd.Series(texts, dtype=object)))
