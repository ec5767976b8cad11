# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL

from .call_facts import unpack_facts
from .call_store import rate_facts
from .rating_tables import load_tables

COLUMNS = {
    "day": SQL("date[]"),
    "file_id": SQL("int[]"),
    "service": SQL("text[]"),
    "direction": SQL("text[]"),
    "category": SQL("text[]"),
    "destination_id": SQL("int[]"),
    "duration": SQL("int[]"),
    "carrier_amount_nano": SQL("bigint[]"),
    "cost_nano": SQL("bigint[]"),
    "cost_currency_id": SQL("int[]"),
    "told_by_id": SQL("int[]"),
}


class TelecomReconciliationTwinsMixin(models.AbstractModel):
    """Calls that another carrier has told of, too: both bill them, one is stored.

    They are in the figures of the carrier whose record is left out as well, with the
    amount that its file says and the cost by its own tariff.
    """

    _name = "telecom.reconciliation.twins.mixin"
    _description = "Calls Told Twice in Reconciliations"

    twin_count = fields.Integer(
        string="Calls also told by others",
        compute="_compute_twin_count",
        help="They are stored once, as calls of the other carrier; both bill them.",
    )

    def _compute_twin_count(self):
        counts = dict(
            self.env["telecom.reconciliation.traffic"]._read_group(
                [("reconciliation_id", "in", self.ids), ("told_by_id", "!=", False)],
                ["reconciliation_id"],
                ["call_count:sum"],
            )
        )
        for one in self:
            one.twin_count = counts.get(one, 0)

    def _twin_calls(self):
        """SQL of the left out calls of the carrier and period, costed as its own are.

        A cost that depends on what its month holds is that of the only call of a month.
        """
        rated = self._rated_twins()
        return SQL(
            "(SELECT v.*, v.carrier_amount_nano / 1000000000.0 AS carrier_amount,"
            " v.cost_nano / 1000000000.0 AS cost FROM unnest(%s) AS v(%s))",
            SQL(", ").join(
                SQL("%s::%s", _plain(rated[name]), kind)
                for name, kind in COLUMNS.items()
            ),
            SQL(", ").join(SQL.identifier(name) for name in COLUMNS),
        )

    def _rated_twins(self):
        """Left out calls, matched and costed: the COLUMNS, on days of the period."""
        rows = self._stored_twins()
        facts = unpack_facts([row["facts"] for row in rows])
        for name in ("file_id", "source_id", "told_by_id"):
            facts[name] = [row[name] for row in rows]
        facts["carrier_id"] = self.carrier_id.id
        if facts.empty:
            return facts.reindex(columns=list(COLUMNS))
        tables = load_tables(self.env, self.company_id)
        rated = rate_facts(facts, tables)
        return rated[rated["day"].dt.date.between(self.date_from, self.date_to)]

    def _stored_twins(self):
        """Left out calls around the period, and whose call stands for each."""
        first, last = self._moments()
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT t.facts, t.file_id, f.source_id, c.carrier_id AS told_by_id
                  FROM telecom_call_twin t
                  JOIN telecom_file f ON f.id = t.file_id
                  JOIN telecom_call c ON c.identity = t.stands
                                     AND c.carrier_id <> t.carrier_id
                 WHERE t.company_id = %s AND t.carrier_id = %s
                   AND t.start_at >= %s AND t.start_at < %s
              ORDER BY t.id
                """,
                self.company_id.id,
                self.carrier_id.id,
                first,
                last,
            )
        )


def _plain(column):
    """A column as a list that the database takes."""
    if column.dtype.kind == "M":
        return [one.date() for one in column]
    values = column.astype(object)
    return values.where(values.notna(), None).tolist()
