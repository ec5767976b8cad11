# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The calls of a bill as its customer may see them, read in one query.

No cost, no carrier, no caller who withheld the number, and nothing of destinations
that bills never itemise.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from odoo import models
from odoo.tools import SQL

BLOCK = 2_000
CURSOR = SQL.identifier("telecom_detail")

Call = dict[str, Any]


class Bill(NamedTuple):
    """Whose calls these are, and which; the language is that of the environment.

    :ivar company: in whose billing time zone they are listed
    :ivar partner: the customer
    :ivar currency: of all their prices
    :ivar calls: SQL of a table ``i`` with their ``call_id``
    :ivar title: what the list is of: an invoice, say
    """

    company: models.BaseModel
    partner: models.BaseModel
    currency: models.BaseModel
    calls: SQL
    title: str

    @property
    def layout(self) -> models.BaseModel:
        layouts = self.partner.env["telecom.detail.layout"]
        return layouts._of_customer(self.company, self.partner)

    @property
    def hidden_digits(self) -> int:
        return self.partner.commercial_partner_id.sudo().telecom_hidden_digits


def billed_calls(bill: Bill) -> Iterator[Call]:
    """The calls of a bill in the order of its layout, in bounded memory."""
    cr = bill.partner.env.cr
    bill.partner.env.flush_all()
    cr.execute(SQL("DECLARE %s NO SCROLL CURSOR FOR %s", CURSOR, _query(bill)))
    try:
        while True:
            cr.execute(SQL("FETCH %s FROM %s", BLOCK, CURSOR))
            calls = cr.dictfetchall()
            yield from calls
            if len(calls) < BLOCK:
                return
    finally:
        cr.execute(SQL("CLOSE %s", CURSOR))


def _query(bill: Bill) -> SQL:
    lang = bill.partner.env.lang or "en_US"
    label = _translated(SQL("r.label"), lang)
    destination = _translated(SQL("d.name"), lang)
    local = SQL(
        "c.start_at AT TIME ZONE 'UTC' AT TIME ZONE %s", bill.company.telecom_tz
    )
    place = SQL("COALESCE(%s, %s)", label, destination)
    orders = {
        "number": SQL("n.number NULLS LAST"),
        "department": SQL("p.name NULLS LAST, p.id NULLS LAST"),
        "day": SQL("c.day"),
        "category": SQL("c.category NULLS LAST"),
        "destination": SQL("%s NULLS LAST", place),
        "none": SQL("c.start_at"),
    }
    return SQL(
        """
        SELECT n.number, n.label, c.direction, c.service, c.account_code, c.prefix,
               p.name AS department, %(local)s AS start_local,
               CASE WHEN c.direction = 'incoming'
                    THEN CASE WHEN NOT COALESCE(c.is_withheld, FALSE)
                              THEN c.calling_number END
                    ELSE c.called_number END AS other_number,
               %(label)s AS rate_label, %(destination)s AS destination,
               %(place)s AS place, %(visited)s AS visited, c.category, c.duration,
               c.billed_duration, COALESCE(c.bundle_duration, 0) AS bundle_duration,
               c.volume, r.show_in_detail IS NOT FALSE AS is_listed,
               EXISTS (SELECT FROM telecom_bundle_draw w
                        WHERE w.call_id = c.id) AS is_covered,
               COALESCE(c.price, 0)::text AS price
          FROM %(calls)s i
          JOIN telecom_call c ON c.id = i.call_id
     LEFT JOIN telecom_number n ON n.id = c.number_id
     LEFT JOIN telecom_department p ON p.id = n.department_id
     LEFT JOIN telecom_destination d ON d.id = c.destination_id
     LEFT JOIN telecom_rate r ON r.id = c.rate_id
     LEFT JOIN res_country v ON v.id = c.visited_country_id
         WHERE d.never_itemised IS NOT TRUE
      ORDER BY %(order)s, c.start_at, c.id
        """,
        calls=bill.calls,
        local=local,
        label=label,
        destination=destination,
        place=place,
        visited=_translated(SQL("v.name"), lang),
        order=orders[bill.layout.group_by],
    )


def _translated(column: SQL, lang: str) -> SQL:
    """A name in a language, else as it was first written; without any, nothing."""
    return SQL(
        "COALESCE(NULLIF(%(column)s->>%(lang)s, ''), NULLIF(%(column)s->>'en_US', ''))",
        column=column,
        lang=lang,
    )
