# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.invoice_lines import rounded
from .mixin_invoicing_release import OWED, credited

STATES = [
    ("draft", "Credit note to be posted"),
    ("credited", "Credited, to be given back"),
    ("released", "Given back"),
    ("written_off", "Bad debt"),
]


class TelecomRelease(models.Model):
    """Calls that a credit note takes off an invoice: all that were chosen, or none.

    Which calls they are is kept, so that credit note and calls never part: they come
    free when it is posted, or later, or never, where they are a bad debt.
    """

    _name = "telecom.release"
    _description = "Calls Given Back"
    _order = "id desc"
    _rec_name = "refund_id"

    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="move_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="move_id.partner_id", string="Customer")
    refund_id = fields.Many2one(
        "account.move",
        string="Credit note",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
    )
    # Lines of fees that are given back as a whole, beside the calls.
    line_ids = fields.Many2many("account.move.line", string="Fees", readonly=True)
    reason = fields.Char(readonly=True)
    is_chosen = fields.Boolean(
        string="Chosen call by call",
        readonly=True,
        help="The credit note was made of these calls. Else its lines tell them.",
    )
    amount = fields.Monetary(string="Credited, untaxed", readonly=True)
    currency_id = fields.Many2one(related="move_id.currency_id")
    is_bad_debt = fields.Boolean(
        string="Bad debt",
        readonly=True,
        help="The calls are credited and never invoiced again.",
    )
    date_release = fields.Date(
        string="Give back on",
        readonly=True,
        help="From this day on the calls may be invoiced again. Empty: as soon as the "
        "credit note is posted.",
    )
    state = fields.Selection(STATES, default="draft", required=True, readonly=True)
    correction_ids = fields.One2many("telecom.call.correction", "release_id")
    call_count = fields.Integer(string="Calls", readonly=True, aggregator="sum")

    def init(self):
        self.env.cr.execute(
            """
            CREATE TABLE IF NOT EXISTS telecom_release_call (
                release_id integer NOT NULL
                    REFERENCES telecom_release ON DELETE CASCADE,
                call_id bigint NOT NULL,
                move_line_id integer NOT NULL
                    REFERENCES account_move_line ON DELETE CASCADE,
                PRIMARY KEY (release_id, call_id)
            );
            CREATE INDEX IF NOT EXISTS telecom_release_call_call_idx
                ON telecom_release_call (call_id);
            """
        )

    # === THE CALLS === #

    def _owed(self):
        """SQL condition: no other credit note takes the call of a link ``i`` off.

        Neither one that is posted nor one that waits as a draft.
        """
        return SQL("NOT %s", credited("draft", "credited", "written_off", but=self.id))

    def _choose(self, condition):
        """Note which of the invoice's calls these are.

        One that its lines tell names what they take off, wherever else that waits.

        :param condition: SQL on the calls ``c``
        """
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO telecom_release_call (release_id, call_id, move_line_id)
                SELECT %s, i.call_id, i.move_line_id
                  FROM account_move_line l
                  JOIN telecom_call_invoice i ON i.move_line_id = l.id
                  JOIN telecom_call c ON c.id = i.call_id
                 WHERE l.move_id = %s AND (%s) AND %s
                """,
                self.id,
                self.move_id.id,
                condition,
                self._owed() if self.is_chosen else OWED,
            )
        )
        self.call_count = self.env.cr.rowcount

    def _check_linked(self):
        """Refuse where a call has left its line since it was chosen."""
        self.flush_model(["state"])
        [[linked, owed]] = self.env.execute_query(
            SQL(
                "SELECT count(*), count(*) FILTER (WHERE %s)"
                " FROM telecom_release_call c"
                " JOIN telecom_call_invoice i ON i.call_id = c.call_id"
                " AND i.move_line_id = c.move_line_id WHERE c.release_id = %s",
                self._owed(),
                self.id,
            )
        )
        if linked != self.call_count:
            raise UserError(
                self.env._(
                    "%(chosen)s calls were chosen for this credit note, and %(left)s "
                    "of them are still on %(invoice)s. Delete the credit note and "
                    "choose again.",
                    chosen=self.call_count,
                    left=linked,
                    invoice=self.move_id.display_name,
                )
            )
        if owed != linked:
            raise UserError(
                self.env._(
                    "%(others)s credits %(count)s of the calls of this credit note, "
                    "too, and a call is credited once. Delete the other credit note "
                    "first; or post that one, delete this one and choose again.",
                    others=", ".join(self._rivals().mapped("display_name")),
                    count=linked - owed,
                )
            )

    @api.model
    def _waiting_for(self, move, call_id):
        """Drafts that take a call off an invoice."""
        rows = self.env.execute_query(
            SQL(
                "SELECT r.id FROM telecom_release_call o"
                " JOIN telecom_release r ON r.id = o.release_id"
                " WHERE o.call_id = %s AND r.move_id = %s AND r.state = 'draft'",
                call_id,
                move.id,
            )
        )
        return self.browse(row[0] for row in rows)

    def _rivals(self):
        """Other credit notes, drafts or posted, that take the same calls off."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT r.refund_id FROM telecom_release_call c"
                " JOIN telecom_release_call o ON o.call_id = c.call_id"
                " AND o.move_line_id = c.move_line_id"
                " JOIN telecom_release r ON r.id = o.release_id AND r.id <> %s"
                " AND r.state IN ('draft', 'credited', 'written_off')"
                " WHERE c.release_id = %s",
                self.id,
                self.id,
            )
        )
        return self.env["account.move"].browse(row[0] for row in rows if row[0])

    # === THE CREDIT NOTE === #

    def _line_credits(self):
        """What each line gives back: its amount, less what its other calls come to.

        :return: list of (line, amount); what has been corrected since is a line of the
            correction
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT i.move_line_id, sum(c.price)::text,
                       COALESCE(sum(c.price) FILTER (WHERE o.call_id IS NULL),
                                0)::text
                  FROM account_move_line l
                  JOIN telecom_call_invoice i ON i.move_line_id = l.id AND %(owed)s
                  JOIN telecom_call c ON c.id = i.call_id
             LEFT JOIN telecom_release_call o ON o.call_id = i.call_id
                   AND o.move_line_id = i.move_line_id AND o.release_id = %(release)s
                 WHERE l.move_id = %(move)s GROUP BY 1 HAVING count(o.call_id) > 0
             UNION ALL
                SELECT k.move_line_id, sum(k.amount)::text,
                       COALESCE(sum(k.amount) FILTER (WHERE o.call_id IS NULL),
                                0)::text
                  FROM telecom_call_correction k
             LEFT JOIN telecom_release_call o ON o.call_id = k.call_id
                   AND o.release_id = %(release)s
                 WHERE k.is_released IS NOT TRUE AND k.move_line_id IN (%(lines)s)
                   AND NOT EXISTS (SELECT FROM telecom_call_invoice i
                                    WHERE i.call_id = k.call_id AND NOT %(owed)s)
              GROUP BY 1 HAVING count(o.call_id) > 0
                """,
                owed=self._owed(),
                release=self.id,
                move=self.move_id.id,
                lines=self._corrected_lines(),
            )
        )
        digits = self.currency_id.decimal_places
        lines = self.env["account.move.line"].browse([row[0] for row in rows])
        return [
            (line, rounded(Decimal(owed), digits) - rounded(Decimal(left), digits))
            for line, (_id, owed, left) in zip(lines, rows, strict=True)
        ]

    def _corrected_lines(self):
        """SQL of the lines that correct the chosen calls and stand."""
        return SQL(
            "SELECT k.move_line_id FROM telecom_call_correction k"
            " JOIN telecom_release_call o ON o.call_id = k.call_id"
            " JOIN account_move_line l ON l.id = k.move_line_id"
            " WHERE o.release_id = %s AND k.is_released IS NOT TRUE"
            " AND l.parent_state <> 'cancel'",
            self.id,
        )

    @api.model
    def _corrections(self, condition):
        """Corrections ``k`` that stand, under an SQL condition."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT k.id FROM telecom_call_correction k"
                " JOIN account_move_line l ON l.id = k.move_line_id"
                " WHERE k.is_released IS NOT TRUE AND l.parent_state <> 'cancel'"
                " AND %s",
                condition,
            )
        )
        return self.env["telecom.call.correction"].sudo().browse(row[0] for row in rows)

    def _chosen_corrections(self):
        return self._corrections(
            SQL(
                "k.call_id IN (SELECT o.call_id FROM telecom_release_call o"
                " WHERE o.release_id = %s)",
                self.id,
            )
        )

    def _make_refund(self, date=None):
        """The draft credit note of what was chosen: what the invoice loses by it."""
        self.ensure_one()
        sign = 1 if self.move_id.move_type == "out_invoice" else -1
        lines = [
            self._prepare_credit(line, amount * sign)
            for line, amount in self._line_credits()
        ]
        lines += [self._prepare_fee_credit(line) for line in self.line_ids]
        self.refund_id = (
            self.env["account.move"]
            .sudo(False)
            .create(
                {
                    "move_type": "out_refund" if sign > 0 else "out_invoice",
                    "company_id": self.company_id.id,
                    "partner_id": self.move_id.partner_id.id,
                    "currency_id": self.currency_id.id,
                    "fiscal_position_id": self.move_id.fiscal_position_id.id,
                    "reversed_entry_id": self.move_id.id,
                    "invoice_date": date,
                    "ref": self.reason or self._reference(),
                    "invoice_line_ids": [fields.Command.create(line) for line in lines],
                }
            )
        )
        self.amount = self.refund_id.amount_untaxed
        return self.refund_id

    def _reference(self):
        lang = self.move_id.partner_id.lang or self.env.lang
        speaker = self.with_context(lang=lang)
        return speaker.env._("Calls taken off %s", self.move_id.name)

    def _prepare_credit(self, line, amount):
        """Calls of a line; its price is what the line loses, with its own taxes."""
        speaker = self.with_context(lang=self.move_id.partner_id.lang or self.env.lang)
        values = {
            **self._prepare_like(line),
            "name": speaker.env._("Taken off: %s", line.name),
            "quantity": 1,
            "price_unit": float(amount),
        }
        if not line.telecom_is_tax_included:
            return values
        invoicing = self.env["telecom.invoicing"].with_company(self.company_id)
        payer = self.move_id.commercial_partner_id
        return values | invoicing._values_of_total(
            amount, line.product_id, payer, self.currency_id.id
        )

    def _prepare_fee_credit(self, line):
        values = self._prepare_like(line)
        values["quantity"] = line.quantity
        values["price_unit"] = line.price_unit
        return values

    def _prepare_like(self, line):
        return {
            "name": line.name,
            "product_id": line.product_id.id,
            "account_id": line.account_id.id,
            "tax_ids": [fields.Command.set(line.tax_ids.ids)],
            "analytic_distribution": line.analytic_distribution,
            "telecom_reversed_line_id": line.id,
        }

    def _check_amount(self):
        """Refuse a credit note that was changed since it was made of its calls."""
        found = self.refund_id.amount_untaxed
        if self.is_chosen and self.currency_id.compare_amounts(found, self.amount):
            raise UserError(
                self.env._(
                    "This credit note is made of calls that come to %(expected)s, but "
                    "takes %(found)s off. Delete it and choose the calls again; what "
                    "else you credit is a credit note of its own.",
                    expected=self.amount,
                    found=found,
                )
            )

    # === WHAT BECOMES OF THEM === #

    def _on_posted(self):
        """The credit note is posted: from now on the calls are not owed."""
        for release in self.filtered(lambda r: r.state == "draft"):
            release._check_linked()
            release._check_amount()
            release._chosen_corrections().write(
                {"is_released": True, "release_id": release.id}
            )
            if release.is_bad_debt:
                release.state = "written_off"
                release._tell(
                    self.env._("%s calls are a bad debt.", release.call_count)
                )
                continue
            release.state = "credited"
            today = fields.Date.context_today(self)
            if not release.date_release or release.date_release <= today:
                release.action_release()

    def action_release(self):
        """Let the calls be invoiced again."""
        self.move_id.check_access("write")
        for release in self.sudo().filtered(lambda r: r.state == "credited"):
            self.env["telecom.invoicing"]._release_chosen(release)
            release.state = "released"
            release._tell(
                self.env._("%s calls may be invoiced again.", release.call_count)
            )

    def _on_withdrawn(self):
        """The credit note is a draft again: its calls are owed by the invoice."""
        for release in self:
            if release.state == "released":
                self.env["telecom.invoicing"]._take_chosen_back(release)
            release.correction_ids.write({"is_released": False, "release_id": False})
            release.state = "draft"

    def _tell(self, text):
        if self.call_count:
            self.move_id.message_post(body=text)

    @api.model
    def _cron_release(self):
        """Give back what was to wait until today."""
        today = fields.Date.context_today(self)
        due = self.search([("state", "=", "credited"), ("date_release", "<=", today)])
        for release in due:
            release.with_company(release.company_id).action_release()
            self.env["telecom.file"]._commit_step()

    def action_open_calls(self):
        """Open the calls that were chosen."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        rows = self.env.execute_query(
            SQL(
                "SELECT call_id FROM telecom_release_call WHERE release_id = %s",
                self.id,
            )
        )
        action["domain"] = [("id", "in", [call_id for (call_id,) in rows])]
        action["context"] = {}
        return action
