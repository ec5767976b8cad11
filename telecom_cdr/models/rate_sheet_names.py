# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What rows of a rate sheet may name: destinations, categories, time bands."""

from odoo import models
from odoo.tools import SQL

from ..engine.rate_sheets.targets import ALL
from ..parsers.rate_sheets.names import name_key
from .telecom_destination import CATEGORIES

# What a category may be called where the rate is for all calls, beside its code.
ALL_CALLS = ("all", "all calls", "todas", "todas las llamadas")

Names = list[tuple[str, int | str]]


def known_names(record: models.BaseModel) -> dict[str, Names]:
    """Names and what they stand for, as the reader takes them."""
    return {
        "destination": _destinations(record),
        "category": _categories(record),
        "time_band": _bands(record),
    }


def _destinations(record: models.BaseModel) -> Names:
    """Destinations by their names in all languages: of one name, the company's own."""
    rows = record.env.execute_query(
        SQL(
            "SELECT value, d.id, d.company_id IS NULL FROM telecom_destination d,"
            " jsonb_each_text(d.name) WHERE (d.company_id IS NULL OR d.company_id = %s)"
            " AND (d.active OR EXISTS (SELECT FROM telecom_rate r"
            " WHERE r.destination_id = d.id AND r.tariff_id = %s))",
            record.company_id.id,
            record.tariff_id.id,
        )
    )
    own = {name_key(name) for name, _id, is_shared in rows if not is_shared}
    return [
        (name, id_)
        for name, id_, is_shared in rows
        if not is_shared or name_key(name) not in own
    ]


def _categories(record: models.BaseModel) -> Names:
    """Categories by their codes and by their names in the languages in use."""
    field = record.env["telecom.rate"]._fields["category"]
    languages = [code for code, _name in record.env["res.lang"].get_installed()]
    named = [
        (name, code)
        for language in dict.fromkeys([record.env.lang or "en_US", *languages])
        for code, name in field._description_selection(
            record.with_context(lang=language).env
        )
    ]
    codes = [(code, code) for code, _name in CATEGORIES]
    return [*named, *codes, *((name, ALL) for name in ALL_CALLS)]


def _bands(record: models.BaseModel) -> Names:
    """Time bands of the company; archived ones where the tariff still has them."""
    bands = record.env["telecom.time.band"].with_context(active_test=False)
    found = bands.search(
        [
            ("company_id", "=", record.company_id.id),
            "|",
            ("active", "=", True),
            ("rate_ids.tariff_id", "=", record.tariff_id.id),
        ]
    )
    return [(band.name, band.id) for band in found]
