# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .mixin_invoicing_release import OWED, credited
from .mixin_release_credit import COUNTING, POSTED

STATES = [
    ("draft", "Credit note to be posted"),
    ("credited", "Credited, to be given back"),
    ("released", "Given back"),
    ("written_off", "Bad debt"),
    # It counts no more; reset to draft it waits again.
    ("cancelled", "Credit note cancelled"),
]


class TelecomRelease(models.Model):
    """Calls that a credit note takes off an invoice: all that were chosen, or none.

    Which calls they are is kept, so that credit note and calls never part: they come
    free when it is posted, or later, or never, where they are a bad debt.
    """

    _name = "telecom.release"
    _description = "Calls Given Back"
    _inherit = ["telecom.release.credit.mixin"]
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
            CREATE TABLE IF NOT EXISTS telecom_release_line (
                release_id integer NOT NULL
                    REFERENCES telecom_release ON DELETE CASCADE,
                move_line_id integer NOT NULL
                    REFERENCES account_move_line ON DELETE CASCADE,
                -- What the line loses, as its calls are priced.
                amount numeric NOT NULL,
                PRIMARY KEY (release_id, move_line_id)
            );
            CREATE INDEX IF NOT EXISTS telecom_release_line_line_idx
                ON telecom_release_line (move_line_id);
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
        # Of two at a time, who each find the calls owed, the second is repeated.
        self.env.cr.execute(
            SQL("UPDATE account_move SET id = id WHERE id = %s", self.move_id.id)
        )
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
                    "first; or delete this one, post that one and choose again.",
                    others=", ".join(self._rivals().mapped("display_name")),
                    count=linked - owed,
                )
            )

    def _check_fees(self):
        """Refuse where another credit note takes the same fees off."""
        fees = self.line_ids.browse(self._credited(self.line_ids, COUNTING))
        if fees:
            raise UserError(
                self.env._(
                    "%(others)s credits fees of this credit note, too, and a fee is "
                    "credited once. Delete the other credit note first; or delete this "
                    "one, post that one and choose again.",
                    others=", ".join(
                        (self._credits_of(fees) - self.refund_id).mapped("display_name")
                    ),
                )
            )

    @api.model
    def _posted_of(self, call):
        """What has credited an invoiced call, and keeps it or gives it back later."""
        rows = self.env.execute_query(
            SQL(
                "SELECT r.id FROM telecom_call_invoice i"
                " JOIN telecom_release_call o ON o.call_id = i.call_id"
                " AND o.move_line_id = i.move_line_id"
                " JOIN telecom_release r ON r.id = o.release_id"
                " WHERE i.call_id = %s AND r.state IN ('credited', 'written_off')"
                " ORDER BY r.id LIMIT 1",
                call.id,
            )
        )
        return self.browse(row[0] for row in rows)

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

    # === WHAT HAS CORRECTED THEM SINCE === #

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

    def _take_lines(self, lines):
        """Take whole lines: what they have left of calls and corrections."""
        self._choose(SQL("l.id = ANY(%s)", lines.ids))
        corrections = self._corrections(SQL("k.move_line_id = ANY(%s)", lines.ids))
        corrections.write({"is_released": True, "release_id": self.id})
        billed, credited_ = self._billed(lines), self._credited(lines, POSTED)
        made = lines.filtered(lambda x: x.telecom_kind or x.telecom_origin_line_id)
        self._keep_credits(
            [(line, billed[line.id] - credited_.get(line.id, 0)) for line in made]
        )

    def _chosen_corrections(self):
        return self._corrections(
            SQL(
                "k.call_id IN (SELECT o.call_id FROM telecom_release_call o"
                " WHERE o.release_id = %s)",
                self.id,
            )
        )

    # === WHAT BECOMES OF THEM === #

    def _on_posted(self):
        """The credit note is posted: from now on the calls are not owed."""
        for release in self.filtered(lambda r: r.state == "draft"):
            release._check_linked()
            release._check_fees()
            release._check_amount()
            release._check_credits()
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
        for release in self.filtered(lambda r: r.state in POSTED):
            if release.state == "released":
                self.env["telecom.invoicing"]._take_chosen_back(release)
            release._check_corrected_once()
            release.correction_ids.write({"is_released": False, "release_id": False})
            release.state = "draft"

    def _check_corrected_once(self):
        """Refuse to bring corrections back where others took their place."""
        later = self.env.execute_query(
            SQL(
                "SELECT 1 FROM telecom_call_correction k"
                " JOIN telecom_call_correction n ON n.call_id = k.call_id"
                " AND n.number > k.number"
                " AND n.release_id IS DISTINCT FROM k.release_id"
                " WHERE k.release_id = %s LIMIT 1",
                self.id,
            )
        )
        if later:
            raise UserError(
                self.env._(
                    "The calls of this credit note have been corrected again "
                    "meanwhile, so it cannot be reset to draft."
                )
            )

    def _on_cancelled(self):
        """The draft is cancelled: nothing waits for it any more."""
        waiting = self.filtered(lambda r: r.state == "draft")
        waiting.state = "cancelled"
        self._settle_drafts(waiting.move_id)

    def _on_uncancelled(self):
        """The cancelled credit note is a draft again, and waits."""
        cancelled = self.filtered(lambda r: r.state == "cancelled")
        cancelled.state = "draft"
        self._settle_drafts(cancelled.move_id)

    @api.model
    def _credits_of(self, lines):
        """Credit notes, drafts or posted, that take something off lines."""
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT r.refund_id FROM telecom_release_line o"
                " JOIN telecom_release r ON r.id = o.release_id"
                " WHERE o.move_line_id = ANY(%s) AND r.state = ANY(%s)"
                " AND r.refund_id IS NOT NULL ORDER BY 1",
                list(lines.ids),
                list(COUNTING),
            )
        )
        return self.env["account.move"].browse(row[0] for row in rows)

    def _tell(self, text):
        if self.call_count:
            self.move_id.message_post(body=text)

    @api.model
    def _rest_on(self, lines):
        """Documents that are made of what lines bill: credit notes and corrections."""
        corrections = self._corrections(
            SQL(
                "k.move_line_id <> ALL(%(lines)s) AND k.call_id IN (SELECT i.call_id"
                " FROM telecom_call_invoice i WHERE i.move_line_id = ANY(%(lines)s))",
                lines=list(lines.ids),
            )
        )
        return self._credits_of(lines) | corrections.move_id

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
