# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

IS_LIST = SQL("n.kind = 'customer_code' AND position(' ' in n.number) > 0")


class TelecomNumberCodesMixin(models.AbstractModel):
    """Customer codes: several of them, separated by blanks, are one entry."""

    _name = "telecom.number.codes.mixin"
    _description = "Number: several customer codes"

    def _identifiers(self):
        """What calls may name it by."""
        if self.kind == "customer_code":
            return (self.number or "").split()
        return [self.number]

    @api.constrains(
        "number", "kind", "carrier_id", "company_id", "date_start", "date_end"
    )
    def _check_codes(self):
        """Each code of an entry belongs to nobody else at that time.

        Whole entries are kept apart by the database; here it is about their parts.
        """
        self.flush_model()
        row = self._held_twice() if self._has_lists() else None
        if row:
            code, number = row[0], self.browse(row[1])
            raise ValidationError(
                self.env._(
                    "'%(code)s' is already held by %(customer)s in a part of this "
                    "period, as %(number)s. End that period first, or take it out.",
                    code=code,
                    customer=number.partner_id.display_name or self.env._("nobody"),
                    number=number.number,
                )
            )

    def _has_lists(self):
        query = SQL("SELECT EXISTS (SELECT FROM telecom_number n WHERE %s)", IS_LIST)
        return self.env.execute_query(query)[0][0]

    def _held_twice(self):
        """A code of these numbers that another one holds, too, and the other one."""
        rows = self.env.execute_query(
            SQL(
                """
                WITH codes AS (
                    SELECT n.id, n.company_id, n.scope_id, %(is_list)s AS is_list,
                           tsrange(n.date_start, n.date_end) AS period,
                           unnest(CASE n.kind
                               WHEN 'customer_code' THEN string_to_array(n.number, ' ')
                               ELSE ARRAY[n.number] END) AS code
                      FROM telecom_number n WHERE n.company_id = ANY(%(companies)s))
                SELECT own.code, other.id
                  FROM codes own
                  JOIN codes other ON other.code = own.code AND other.id <> own.id
                       AND other.company_id = own.company_id
                       AND other.scope_id = own.scope_id AND other.period && own.period
                 WHERE own.id = ANY(%(ids)s) AND (own.is_list OR other.is_list)
                 LIMIT 1
                """,
                is_list=IS_LIST,
                companies=list(self.company_id.ids),
                ids=list(self.ids),
            )
        )
        return rows[0] if rows else None
