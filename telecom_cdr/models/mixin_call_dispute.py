# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from .dispute_sql import granted


class TelecomCallDispute(models.AbstractModel):
    """Calls that a customer may find wrong."""

    _name = "telecom.call.dispute.mixin"
    _description = "Disputes of a Call"

    def _granted_ids(self):
        """Those of these calls of which the customer was right."""
        self.env["telecom.dispute"].flush_model(["state", "call_id"])
        rows = self.env.execute_query(
            SQL(
                "SELECT d.call_id FROM telecom_dispute d"
                " WHERE d.call_id = ANY(%s) AND d.state = 'granted'",
                list(self.ids),
            )
        )
        return {row[0] for row in rows}

    @api.model
    def _is_granted(self):
        """Domain of the calls of which the customer was right."""

        def to_sql(model, alias, query):
            return granted(SQL.identifier(alias, "id"))

        return Domain.custom(to_sql=to_sql)

    def action_dispute(self):
        """Open the call's dispute, or begin one."""
        self.ensure_one()
        disputes = self.env["telecom.dispute"]
        dispute = disputes.search([("call_id", "=", self.id)], limit=1)
        dispute = dispute or disputes.create({"call_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dispute"),
            "res_model": "telecom.dispute",
            "res_id": dispute.id,
            "view_mode": "form",
        }
