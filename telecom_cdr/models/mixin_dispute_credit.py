# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .mixin_invoicing_release import OWED


class TelecomDisputeCredit(models.AbstractModel):
    """Gives back what a granted dispute's call was invoiced with.

    The way back is that of every invoiced call: a credit note made of it. It stays
    linked as what is never invoiced again.
    """

    _name = "telecom.dispute.credit.mixin"
    _description = "Credit of a Disputed Call"

    release_id = fields.Many2one(
        "telecom.release", readonly=True, copy=False, ondelete="set null"
    )
    refund_id = fields.Many2one(related="release_id.refund_id", string="Credit note")
    move_id = fields.Many2one(
        "account.move", string="Invoice", compute="_compute_move_id", compute_sudo=True
    )
    is_to_credit = fields.Boolean(
        string="To credit",
        compute="_compute_move_id",
        search="_search_is_to_credit",
        compute_sudo=True,
        help="Granted, invoiced, and without a credit note.",
    )

    @api.depends("call_id", "state", "release_id.refund_id", "release_id.state")
    def _compute_move_id(self):
        owed = self._owed_call_ids()
        for dispute in self:
            dispute.move_id = dispute.call_id.exists().move_id
            release = dispute.release_id
            is_credited = release.refund_id and release.state != "cancelled"
            dispute.is_to_credit = (
                dispute.state == "granted"
                and dispute.call_id.id in owed
                and not is_credited
            )

    def _owed_call_ids(self):
        """Those of the calls that are invoiced, and no posted credit note takes off."""
        self.env["telecom.release"].flush_model(["state"])
        rows = self.env.execute_query(
            SQL(
                "SELECT i.call_id FROM telecom_call_invoice i"
                " WHERE i.call_id = ANY(%s) AND %s",
                self.call_id.ids,
                OWED,
            )
        )
        return {row[0] for row in rows}

    def _search_is_to_credit(self, operator, value):
        if operator != "in":
            return NotImplemented

        def to_sql(model, alias, query):
            return SQL(
                "EXISTS (SELECT FROM telecom_call_invoice i"
                " WHERE i.call_id = %s AND %s)",
                SQL.identifier(alias, "call_id"),
                OWED,
            )

        return (
            Domain("state", "=", "granted")
            & (
                Domain("release_id", "=", False)
                | Domain("release_id.state", "=", "cancelled")
            )
            & Domain.custom(to_sql=to_sql)
        )

    def _note_credit(self):
        """A call that is credited already needs no credit note: say which one it is."""
        for dispute in self:
            posted = dispute.sudo().env["telecom.release"]._posted_of(dispute.call_id)
            if posted:
                dispute.sudo().release_id = posted
                dispute.message_post(
                    body=self.env._(
                        "The call is credited already by %s.",
                        posted.refund_id.display_name,
                    )
                )

    def action_credit(self):
        """Make the credit notes of granted calls; a draft is posted by hand."""
        refunds = self.env["account.move"]
        for dispute in self.filtered("is_to_credit"):
            refunds |= dispute._credit()
        if not refunds:
            return None
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_refund_type"
        )
        if len(refunds) > 1:
            return action | {"domain": [("id", "in", refunds.ids)]}
        form = [(self.env.ref("account.view_move_form").id, "form")]
        return action | {"views": form, "res_id": refunds.id}

    def _credit(self):
        """The draft credit note of the call."""
        self.check_access("read")
        move = self.move_id.sudo(False)
        move.check_access("write")
        self._check_credit(move.sudo())
        release = (
            self.env["telecom.release"]
            .sudo()
            .create(
                {
                    "move_id": move.id,
                    "is_chosen": True,
                    "is_bad_debt": True,
                    "reason": self._in_words().env._("Dispute: %s", self.display_name),
                }
            )
        )
        release._choose(SQL("c.id = %s", self.call_id.id))
        if not release.call_count:
            self._refuse_credit(move.sudo())
        refund = release._make_refund()
        self.sudo().release_id = release
        return refund.sudo(False)

    def _refuse_credit(self, move):
        """Say which credit note of the call there is already."""
        pending = self.env["telecom.release"].sudo()
        pending = pending._waiting_for(move, self.call_id.id).refund_id
        if not pending:
            raise UserError(
                self.env._("This call is credited already: %s", self.display_name)
            )
        raise UserError(
            self.env._(
                "%(refund)s credits %(call)s and is not posted yet. Post or delete it "
                "first.",
                refund=", ".join(pending.mapped("display_name")),
                call=self.display_name,
            )
        )

    def _check_credit(self, move):
        if move.state == "posted":
            return
        raise UserError(
            self.env._(
                "%(call)s is on %(invoice)s, which is not posted: delete the draft "
                "first. Made again, it is without the call.",
                call=self.display_name,
                invoice=move.display_name,
            )
        )
