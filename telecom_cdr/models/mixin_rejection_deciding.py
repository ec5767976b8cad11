# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .bulk_fields import Uuid
from .call_facts import unpack_facts
from .call_store import rate_facts, remove_calls, store_calls
from .durations import hms
from .rating_tables import load_tables
from .row_account import RowAccount
from .same_calls import SameCalls

COST_GROUP = "telecom_cdr.group_telecom_cost"
# Rows that are calls, and wait because another call may be the same.
DECIDABLE = ("conflict", "same_call")
NANO = 1_000_000_000


class TelecomRejectionDecidingMixin(models.AbstractModel):
    """Rows that wait beside a stored call: a person says which of the two stands."""

    _name = "telecom.rejection.deciding.mixin"
    _description = "Decision on a Rejected Row"

    identity = Uuid(readonly=True, index="btree_not_null")
    call_identity = Uuid(readonly=True, index="btree_not_null")
    # Amounts of the carrier and hidden digits are among them: only the code reads them.
    facts = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    call_id = fields.Many2one(
        "telecom.call", string="Our call", compute="_compute_call_id"
    )
    is_decidable = fields.Boolean(
        string="Can be decided", compute="_compute_is_decidable"
    )
    our_file_id = fields.Many2one(
        "telecom.file", compute="_compute_ours", string="Our file"
    )
    our_start_at = fields.Datetime(compute="_compute_ours", string="Our start")
    our_parties = fields.Char(compute="_compute_ours", string="Our numbers")
    our_duration = fields.Char(compute="_compute_ours")
    our_amount = fields.Float(
        compute="_compute_our_amount", digits=(18, 9), groups=COST_GROUP
    )
    our_move_id = fields.Many2one(
        "account.move", compute="_compute_ours", string="Our invoice"
    )
    their_start_at = fields.Datetime(string="Their start", compute="_compute_theirs")
    their_parties = fields.Char(compute="_compute_theirs", string="Their numbers")
    their_duration = fields.Char(compute="_compute_theirs")
    their_amount = fields.Float(
        compute="_compute_their_amount", digits=(18, 9), groups=COST_GROUP
    )

    def _compute_call_id(self):
        calls = self.env["telecom.call"]._by_identity(self.mapped("call_identity"))
        for rejection in self:
            rejection.call_id = calls.get(rejection.call_identity)

    @api.depends("reason", "identity")
    def _compute_is_decidable(self):
        for rejection in self:
            known = rejection.reason in DECIDABLE and rejection.identity
            rejection.is_decidable = bool(known)

    @api.depends("facts")
    def _compute_theirs(self):
        for rejection in self:
            facts = rejection.sudo().facts or {}
            called = facts.get("shown_number") or facts.get("called_number")
            parties = (facts.get("calling_number"), called)
            rejection.their_start_at = facts.get("start_at")
            rejection.their_parties = " → ".join(one or "?" for one in parties)
            rejection.their_duration = hms(facts.get("duration") or 0)

    def _compute_ours(self):
        for rejection in self:
            call = rejection.call_id
            rejection.our_file_id = call.file_id
            rejection.our_start_at = call.start_at
            rejection.our_parties = call.display_name
            rejection.our_duration = call.duration_text
            rejection.our_move_id = call.move_id

    def _compute_our_amount(self):
        for rejection in self:
            rejection.our_amount = rejection.call_id.carrier_amount

    @api.depends("facts")
    def _compute_their_amount(self):
        for rejection in self:
            amount = (rejection.sudo().facts or {}).get("carrier_amount_nano") or 0
            rejection.their_amount = amount / NANO

    @api.model
    def _of_calls(self, identities, files=None, reason="same_call"):
        """Rows that wait, by their identity (and the ids of their files)."""
        domain = Domain("reason", "=", reason) & Domain("identity", "in", identities)
        if files is not None:
            domain &= Domain("file_id", "in", files)
        return self.sudo().search(domain)

    # === ACTIONS === #

    def action_dismiss(self):
        """To leave out a row that waits beside a call is to decide for that call."""
        decidable = self.filtered("is_decidable")
        decidable.action_keep_ours()
        return super(TelecomRejectionDecidingMixin, self - decidable).action_dismiss()

    def action_keep_ours(self):
        """The stored call stands, the row is left out."""
        self._decide("keep")

    def action_take_theirs(self):
        """The row stands, and the stored call goes, unless it is invoiced."""
        self._decide("take")

    def action_keep_both(self):
        """They are two calls."""
        same = self.filtered(lambda rejection: rejection.reason == "conflict")
        if same:
            raise UserError(
                self.env._(
                    "Line %(line)s of %(file)s has the unique id of the stored call: "
                    "it is that call. Say which of the two is right.",
                    line=same[0].line_number,
                    file=same[0].file_id.name,
                )
            )
        self._decide("apart")

    def _decide(self, choice):
        """Do what a person says, and remember it for when the file is read again."""
        self.env["telecom.file"].check_access("write")
        self.check_access("read")
        if self and not self.filtered("is_decidable"):
            raise UserError(
                self.env._(
                    "None of these rows waits beside a stored call: correct them, or "
                    "leave them out."
                )
            )
        companies = self.company_id
        for file, rows in self.filtered("is_decidable").grouped("file_id").items():
            with file._locked_step():
                # Somebody else may have decided meanwhile.
                waiting = rows.exists().filtered("is_decidable")
                if waiting:
                    waiting.sudo()._decide_locked(choice)
        for company in companies:
            self.env["telecom.bundle.pass"]._run(company)

    def _decide_locked(self, choice):
        file, account = self.file_id, RowAccount()
        if choice == "take":
            self._check_not_invoiced()
        self.env["telecom.call.decision"]._decide(self, choice)
        file.message_post(body=self._decision_text(choice))
        for reason, rows in self.grouped("reason").items():
            getattr(rows, f"_decide_{reason}")(choice, account)
        self.unlink()
        account.apply(self.env)

    def _check_not_invoiced(self):
        invoiced = self.filtered("our_move_id")
        if invoiced:
            raise UserError(
                self.env._(
                    "Our call to line %(line)s is on the invoice %(invoice)s, so it "
                    "stands. Credit that invoice first, or keep ours.",
                    line=invoiced[0].line_number,
                    invoice=invoiced[0].our_move_id.display_name,
                )
            )

    def _decision_text(self, choice):
        decided = self.env["telecom.call.decision"]._fields["choice"]
        words = dict(decided._description_selection(self.env))
        return self.env._(
            "%(user)s on the rows of line %(lines)s: %(choice)s.",
            user=self.env.user.name,
            lines=", ".join(str(row.line_number) for row in self),
            choice=words[choice],
        )

    def _decide_conflict(self, choice, account):
        """One record is dropped; so are others that wait for the same call."""
        files = self.file_id.ids * len(self)
        if choice == "keep":
            account.move("rejected_count", "merged_count", files)
            return
        ours = self.call_id
        self._confirm_again(ours)
        places = ([one.file_id.id for one in ours], ours.mapped("line_number"))
        account.move_rows(self.env, "call_count", "merged_count", *places)
        remove_calls(self.env, ours.ids)
        self.env["telecom.file.confirmation"]._forget(self.mapped("call_identity"))
        self._store_rows(account)

    def _confirm_again(self, calls):
        """Other calls are stored: files that confirm them are to be compared again."""
        for one in calls:
            for source in one.file_id.source_id | self.file_id.source_id:
                source._confirm_again(one.day, one.day, with_own=True)

    def _decide_same_call(self, choice, account):
        """The row stays out, or its twins are found anew with what is known now."""
        files = self.file_id.ids * len(self)
        twins = self.env["telecom.call.twin"].search(
            [("identity", "in", self.mapped("identity"))]
        )
        twins.write({"is_flagged": False})
        account.move("rejected_count", "duplicate_count", files)
        if choice != "keep":
            near = unpack_facts([twin.facts for twin in twins])
            twins.env.flush_all()
            SameCalls(self.company_id).settle(near, account)

    def _store_rows(self, account):
        """Store the rows as calls of their file, unless another's call stands."""
        facts = unpack_facts([rejection.facts for rejection in self])
        file = self.file_id
        columns = {"file_id": file, "carrier_id": file.carrier_id}
        for name, record in {**columns, "source_id": file.source_id}.items():
            facts[name] = record.id
        company = self.company_id
        account.add(file.id, rejected_count=-len(self))
        if not file.identity_salt:
            facts = SameCalls(company).leave_out(facts, file.source_id.id, account)
        account.count("call_count", facts["file_id"])
        if len(facts):
            store_calls(company, rate_facts(facts, load_tables(self.env, company)))
