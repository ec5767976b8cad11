# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whether rates that a sheet has added contradict others by their time bands.

What the ORM checks rate by rate, asked of all of them at once.
"""

from odoo import models
from odoo.exceptions import ValidationError
from odoo.tools import SQL


def check_bands(record: models.BaseModel) -> None:
    """Refuse rates for the same calls in two bands that hold at once.

    :raises ValidationError: says which rates and which hours
    """
    rates = record.env["telecom.rate"]
    banded = "SELECT new_id FROM telecom_rate_new WHERE time_band_id > 0 LIMIT 1"
    found = record.env.execute_query(SQL(banded))
    if not found:
        return
    record.env.invalidate_all(flush=False)
    # What holds for the tariff as a whole, one of them tells.
    rates.browse(found[0])._validate_fields(["time_band_id"])
    for one_id, other_id in record.env.execute_query(_same_calls(record)):
        one, other = rates.browse(one_id), rates.browse(other_id)
        hours = one.time_band_id._meeting_text(other.time_band_id)
        if hours:
            raise ValidationError(one._contradiction(other, hours))


def _same_calls(record: models.BaseModel) -> SQL:
    """A new rate and another one for the same calls, of each two bands with any."""
    return SQL(
        """
        SELECT DISTINCT ON (a.time_band_id, o.time_band_id) a.id, o.id
          FROM telecom_rate_new n
          JOIN telecom_rate a ON a.id = n.new_id
          JOIN telecom_time_band ab ON ab.id = a.time_band_id
          JOIN telecom_rate o
            ON o.tariff_id = a.tariff_id AND o.active
           AND o.service = a.service AND o.direction = a.direction
           AND COALESCE(o.prefix, '') = COALESCE(a.prefix, '')
           AND COALESCE(o.destination_id, 0) = COALESCE(a.destination_id, 0)
           AND COALESCE(o.category, '') = COALESCE(a.category, '')
           AND COALESCE(o.calling_pattern, '') = COALESCE(a.calling_pattern, '')
           AND COALESCE(o.called_pattern, '') = COALESCE(a.called_pattern, '')
           AND COALESCE(o.region_pattern, '') = COALESCE(a.region_pattern, '')
           AND tsrange(o.date_start, o.date_end) && tsrange(a.date_start, a.date_end)
          JOIN telecom_time_band ob ON ob.id = o.time_band_id
         WHERE o.tariff_id = %s AND o.time_band_id <> a.time_band_id
           AND ob.priority = ab.priority
        """,
        record.tariff_id.id,
    )
