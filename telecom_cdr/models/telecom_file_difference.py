# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import pandas as pd

from odoo import api, fields, models
from odoo.tools import SQL

from .bulk_fields import Moment, UncheckedMany2one, Uuid
from .call_secret import shown_numbers
from .durations import hms
from .telecom_call import COST_GROUP

KINDS = [
    ("missing", "Missing in the file"),
    ("extra", "Only in the file"),
    ("duration", "Other duration"),
    ("price", "Other cost"),
]
STATES = [
    ("open", "To look at"),
    ("corrected", "Cost corrected"),
    ("invoiced", "Invoiced: it stands"),
    ("stored", "Stored as a call"),
    ("twin", "Told by another carrier"),
]
AMOUNTS = ("amount_ours", "amount_theirs")
ORIGINS = {"file": "telecom.file", "reconciliation": "telecom.reconciliation"}
NUMBERS = ("seconds_ours", "seconds_theirs", "partner_id", *AMOUNTS)


class TelecomFileDifference(models.Model):
    """What a carrier's file tells otherwise than the calls that are stored.

    The file confirms others (``call_confirmation``), or was only compared for a
    reconciliation (``call_comparison``). Rows come set by set, as those of calls do.
    """

    _name = "telecom.file.difference"
    _description = "Difference of a Carrier's File"
    _log_access = False
    _order = "file_id desc, kind, start_at, id"

    file_id = fields.Many2one(
        "telecom.file", readonly=True, index=True, ondelete="cascade"
    )
    reconciliation_id = fields.Many2one(
        "telecom.reconciliation",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        groups=COST_GROUP,
        help="Whose file was only compared.",
    )
    company_id = UncheckedMany2one("res.company", required=True, readonly=True)
    carrier_id = UncheckedMany2one("telecom.carrier", required=True, readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    state = fields.Selection(STATES, required=True, readonly=True)
    call_identity = Uuid(readonly=True, index=True)
    call_id = fields.Many2one("telecom.call", compute="_compute_call_id")
    line_number = fields.Integer(string="Line", readonly=True, aggregator=None)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    start_at = Moment(string="Start", readonly=True)
    calling_number = fields.Char(string="From", readonly=True)
    called_number = fields.Char(string="To", readonly=True)
    is_withheld = fields.Boolean(
        string="Caller withheld", readonly=True, help="Of an incoming call."
    )
    seconds_ours = fields.Integer(string="Our seconds", readonly=True)
    seconds_theirs = fields.Integer(string="Their seconds", readonly=True)
    amount_ours = fields.Float(
        string="Our cost", digits=(18, 9), readonly=True, groups=COST_GROUP
    )
    amount_theirs = fields.Float(
        string="Their cost", digits=(18, 9), readonly=True, groups=COST_GROUP
    )
    ours = fields.Char(compute="_compute_texts")
    theirs = fields.Char(compute="_compute_texts")

    _has_origin = models.Constraint(
        "CHECK(num_nonnulls(file_id, reconciliation_id) = 1)",
        "A difference is that of a file or of a reconciliation.",
    )

    def _compute_call_id(self):
        calls = self.env["telecom.call"]._by_identity(self.mapped("call_identity"))
        for difference in self:
            difference.call_id = calls.get(difference.call_identity)

    @api.depends_context("uid")
    @api.depends("kind", "seconds_ours", "seconds_theirs")
    def _compute_texts(self):
        sees_cost = self.env.user.has_group(COST_GROUP)
        for difference in self:
            if difference.kind == "price":
                amounts = [difference.sudo()[name] for name in AMOUNTS]
                shown = [f"{a:.9f}".rstrip("0").rstrip(".") for a in amounts]
                difference.ours, difference.theirs = shown if sees_cost else ("", "")
            else:
                has_ours = difference.kind != "extra"
                has_theirs = difference.kind != "missing"
                difference.ours = hms(difference.seconds_ours) if has_ours else ""
                difference.theirs = hms(difference.seconds_theirs) if has_theirs else ""

    def action_open_call(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "telecom.call",
            "res_id": self.call_id.id,
            "view_mode": "form",
        }

    # === SETS OF ROWS === #

    @api.model
    def _list(self, origin, kind, rows, state, call_identity, **columns):
        """List rows of a file.

        :param origin: the file, or the reconciliation that it was compared for
        :param rows: facts, one row a difference
        :param columns: more fields of each; amounts in nano
        """
        if rows.empty:
            return
        names = ("line_number", "start_at", "calling_number", "called_number")
        values = {name: rows[name] for name in names}
        values["start_at"] = rows["start_at"].astype(str)
        values["called_number"] = shown_numbers(rows)
        values["is_withheld"] = rows["is_withheld"] & rows["direction"].eq("incoming")
        values |= {
            name: columns.get(name, pd.Series(0, rows.index)) for name in NUMBERS
        }
        self.env.cr.execute(
            """
            INSERT INTO telecom_file_difference (file_id, reconciliation_id, company_id,
                   carrier_id, kind, state, call_identity, line_number, start_at,
                   calling_number, called_number, is_withheld, seconds_ours,
                   seconds_theirs, partner_id, amount_ours, amount_theirs)
            SELECT %s, %s, %s, %s, %s, v.state, v.identity, v.line, v.start, v.calling,
                   v.called, v.withheld, v.ours, v.theirs, NULLIF(v.partner, 0),
                   v.amount / 1000000000.0, v.their_amount / 1000000000.0
              FROM unnest(%s::text[], %s::uuid[], %s::int[], %s::timestamp[],
                          %s::text[], %s::text[], %s::bool[], %s::int[], %s::int[],
                          %s::int[], %s::bigint[], %s::bigint[])
                   AS v(state, identity, line, start, calling, called, withheld, ours,
                        theirs, partner, amount, their_amount)
            """,
            (
                *_origin_ids(origin).values(),
                origin.company_id.id,
                origin.carrier_id.id,
                kind,
                state,
                call_identity.tolist(),
                *(_plain(column) for column in values.values()),
            ),
        )
        self.invalidate_model()

    @api.model
    def _list_missing(self, origin, first, last, calls):
        """List the carrier's calls of some days that a file does not tell of.

        :param calls: SQL, which of them; `c` is the call
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO telecom_file_difference (file_id, reconciliation_id,
                       company_id, carrier_id, kind, state, call_identity, start_at,
                       calling_number, called_number, is_withheld, seconds_ours,
                       partner_id, amount_ours)
                SELECT %(file)s, %(reconciliation)s, c.company_id, c.carrier_id,
                       'missing',
                       CASE WHEN i.call_id IS NULL THEN 'open' ELSE 'invoiced' END,
                       c.identity, c.start_at, c.calling_number, c.called_number,
                       c.is_withheld AND c.direction = 'incoming', c.duration,
                       c.partner_id, CASE WHEN c.cost_currency_id = r.currency_id
                       THEN c.cost ELSE c.carrier_amount END
                  FROM telecom_call c
                  JOIN telecom_carrier r ON r.id = c.carrier_id
             LEFT JOIN telecom_call_invoice i ON i.call_id = c.id
                 WHERE c.company_id = %(company)s AND c.carrier_id = %(carrier)s
                   AND c.start_at BETWEEN %(first)s::date - 1 AND %(last)s::date + 2
                   AND c.day BETWEEN %(first)s AND %(last)s
                   AND %(calls)s
                """,
                **_origin_ids(origin),
                company=origin.company_id.id,
                carrier=origin.carrier_id.id,
                first=first,
                last=last,
                calls=calls,
            )
        )
        self.invalidate_model()

    @api.model
    def _drop_missing(self, identities):
        """Calls that another file tells of are missing no more."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM telecom_file_difference WHERE kind = 'missing'"
                " AND call_identity = ANY(%s::uuid[])",
                list(identities),
            )
        )
        self.invalidate_model()


def _origin_ids(origin):
    """What a difference comes from: the id of its file, that of its reconciliation."""
    return {
        name: origin.id if origin._name == model else None
        for name, model in ORIGINS.items()
    }


def _plain(column):
    """A column as a list that the database takes."""
    values = column.astype(object)
    return values.where(values.notna(), None).tolist()
