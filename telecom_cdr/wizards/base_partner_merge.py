# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.tools import SQL

from ..models.call_sums import mark_calls


class BasePartnerMerge(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys_generic(self, model, src_records, dst_record):
        """Calls have no foreign key to their customer: carry them over by hand.

        The merge finds references by the keys of the database. Every other
        reference of ours to a partner has one.
        """
        is_partner = model == "res.partner"
        payers = src_records._telecom_number_payers() if is_partner else {}
        super()._update_foreign_keys_generic(model, src_records, dst_record)
        if not is_partner:
            return
        dst_record._telecom_payer_moved(payers)
        self.env.flush_all()
        merged = SQL("c.partner_id = ANY(%s)", list(src_records.ids))
        mark_calls(self.env, merged)
        self.env.cr.execute(
            SQL(
                "UPDATE telecom_call SET partner_id = %s WHERE partner_id = ANY(%s)",
                dst_record.commercial_partner_id.id,
                list(src_records.ids),
            )
        )
        if self.env.cr.rowcount:
            # Tariffs and bundles have become those of one customer.
            payer = dst_record.commercial_partner_id
            mark_calls(self.env, SQL("c.partner_id = %s", payer.id))
            self.env["telecom.rating.mark"]._mark([{"partner_id": payer.id}])
            src_records.sudo().is_telecom_used = False
            dst_record.commercial_partner_id._mark_used(
                dst_record.commercial_partner_id.ids
            )
        self.env["telecom.call"].invalidate_model(["partner_id"])
        self._carry_over_proposals(src_records, dst_record)

    @api.model
    def _update_reference_fields(self, src_partners, dst_partner):
        """The merge fills in the currency of calls, in SQL: price them again by it."""
        result = super()._update_reference_fields(src_partners, dst_partner)
        dst_partner.invalidate_recordset(["telecom_currency_id"])
        [(is_chosen,)] = self.env.execute_query(
            SQL(
                "SELECT EXISTS (SELECT FROM res_partner"
                " WHERE telecom_currency_id IS NOT NULL AND id = ANY(%s))",
                list(src_partners.ids),
            )
        )
        if is_chosen:
            self.env["telecom.rating.mark"]._mark([{"partner_id": dst_partner.id}])
        return result

    @api.model
    def _carry_over_proposals(self, src_records, dst_record):
        """Proposed calls have no foreign key to their customer, as calls have none."""
        for name in ("partner_id", "old_partner_id", "new_partner_id"):
            self.env.cr.execute(
                SQL(
                    "UPDATE telecom_rerating_call SET %(name)s = %(payer)s"
                    " WHERE %(name)s = ANY(%(merged)s)",
                    name=SQL.identifier(name),
                    payer=dst_record.commercial_partner_id.id,
                    merged=list(src_records.ids),
                )
            )
        self.env["telecom.rerating.call"].invalidate_model()
