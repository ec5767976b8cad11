# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Destinations that a rate sheet names, and their prefixes."""

import re

import pandas as pd
import phonenumbers

from odoo import models
from odoo.tools import SQL

from ..engine.rate_sheets.rate_plan import WRITTEN

MOBILE = re.compile(r"(?i)\b(?:mob\w*|m[oó]vil\w*|cell\w*|gsm|celular\w*)\b")
COUNTRY_DIGITS = 3
# Marks for so many countries; more of them as one.
FEW = 20


def create_destinations(record: models.BaseModel, changes: pd.DataFrame) -> None:
    """Put prefixes that belong nowhere to the destination that the sheet names."""
    is_row = changes["kind"].isin((*WRITTEN, "same")) & (changes["line_number"] > 0)
    rows = changes[is_row]
    rows = rows[(rows["destination"].fillna("") != "") & (rows["kind"] != "ended")]
    rows = rows[rows["prefix"] != ""]
    rows = rows.drop_duplicates("prefix")
    rows = rows[~rows["prefix"].isin(_taken_prefixes(record))]
    if not len(rows):
        return
    ids = _destination_ids(record, rows)
    record.env.flush_all()
    record.env.cr.execute(
        SQL(
            "INSERT INTO telecom_prefix (prefix, destination_id, company_id,"
            " create_uid, write_uid, create_date, write_date)"
            " SELECT n.prefix, d.id, d.company_id, %(uid)s, %(uid)s,"
            " now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'"
            " FROM unnest(%(prefixes)s, %(ids)s::int[]) AS n (prefix, destination_id)"
            " JOIN telecom_destination d ON d.id = n.destination_id"
            " ON CONFLICT DO NOTHING",
            uid=record.env.uid,
            prefixes=rows["prefix"].tolist(),
            ids=rows["destination"].map(ids).tolist(),
        )
    )
    record.env.invalidate_all(flush=False)
    _mark(record, rows["prefix"])


def _taken_prefixes(record: models.BaseModel) -> list[str]:
    """Prefixes that belong to a destination already."""
    record.env.cr.execute(
        SQL(
            "SELECT prefix FROM telecom_prefix"
            " WHERE company_id IS NULL OR company_id = %s",
            record.company_id.id,
        )
    )
    return [row[0] for row in record.env.cr.fetchall()]


def _destination_ids(record: models.BaseModel, rows: pd.DataFrame) -> dict[str, int]:
    """Id by name; what does not exist is created for the company."""
    destinations = record.env["telecom.destination"].with_context(lang="en_US")
    known = destinations.search(
        [("company_id", "in", [False, record.company_id.id])], order="company_id desc"
    )
    ids = {one.name.casefold(): one.id for one in known}
    first = rows.drop_duplicates("destination")
    missing = {
        name: prefix
        for name, prefix in zip(first["destination"], first["prefix"], strict=True)
        if name.casefold() not in ids
    }
    unique = {name.casefold(): name for name in missing}
    created = destinations.with_context(tracking_disable=True).create(
        [_values(record, name, missing[name]) for name in unique.values()]
    )
    ids |= {one.name.casefold(): one.id for one in created}
    return {name: ids[name.casefold()] for name in first["destination"]}


def _values(record: models.BaseModel, name: str, prefix: str) -> dict:
    """A destination by its name and one of its prefixes."""
    country = _country(record.env, prefix)
    if country != record.company_id.country_id:
        category = "international"
    else:
        category = "mobile" if MOBILE.search(name) else "landline"
    return {
        "name": name,
        "company_id": record.company_id.id,
        "country_id": country.id,
        "category": category,
    }


def _country(env, prefix: str):
    """The country of a prefix, none where several share it."""
    for size in range(1, COUNTRY_DIGITS + 1):
        code = prefix[:size]
        if code.isdecimal() and int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            regions = phonenumbers.region_codes_for_country_code(int(code))
            return env["res.country"].search([("code", "=", regions[0])], limit=1)
    return env["res.country"]


def _mark(record: models.BaseModel, prefixes: pd.Series) -> None:
    """Have calls to these prefixes looked at again: they may be of another kind."""
    common = {"company_id": record.company_id.id}
    begins = sorted({prefix[:COUNTRY_DIGITS] for prefix in prefixes})
    marks = [{**common, "prefix": one} for one in begins]
    record.env["telecom.rating.mark"]._mark(marks if len(marks) <= FEW else [common])
