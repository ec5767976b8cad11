# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class TelecomPortalChange(models.Model):
    """What somebody has changed in the portal. It stays as it was written."""

    _name = "telecom.portal.change"
    _description = "Change in the Portal"
    _order = "id desc"
    _rec_name = "what"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    number_id = fields.Many2one(
        "telecom.number", readonly=True, index="btree_not_null", ondelete="set null"
    )
    user_id = fields.Many2one(
        "res.users", string="Who", required=True, readonly=True, ondelete="restrict"
    )
    date = fields.Datetime(
        string="When", required=True, readonly=True, default=fields.Datetime.now
    )
    res_model = fields.Char(string="Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record", readonly=True, model_field="res_model"
    )
    what = fields.Char(required=True, readonly=True)
    old = fields.Char(string="From", readonly=True)
    new = fields.Char(string="To", readonly=True)

    @api.model
    def _log(
        self,
        record: models.BaseModel,
        what: str,
        old: str | int | None,
        new: str | int | None,
    ) -> models.BaseModel:
        """Remember a change by the present user, here and on the record's chatter.

        :param record: what was changed; its customer, number and company are told by
            its fields `partner_id`, `number_id`, `company_id`
        :param what: words for people, in the user's language
        :param old, new: values as words; never a secret
        :return: the change, or nothing where nothing has changed
        """
        old, new = str(old or ""), str(new or "")
        if old == new:
            return self.browse()
        record = record.sudo()
        change = self.sudo().create(
            {**self._owner(record), "what": what, "old": old, "new": new}
        )
        if hasattr(record, "message_post"):
            record.message_post(body=change._text(), author_id=change._author().id)
        return change

    @api.model
    def _owner(self, record: models.BaseModel) -> dict:
        """Whose record it is, and by whom it is changed."""
        is_partner = record._name == "res.partner"
        partner = record if is_partner else record.partner_id
        number = record if record._name == "telecom.number" else record.browse()
        if "number_id" in record._fields:
            number = record.number_id
        company = "company_id" in record._fields and record.company_id
        return {
            "partner_id": partner.commercial_partner_id.id,
            "number_id": number.id if number._name == "telecom.number" else False,
            "company_id": (company or self.env.user.company_id).id,
            "user_id": self.env.user.id,
            "res_model": record._name,
            "res_id": record.id,
        }

    def _author(self) -> models.BaseModel:
        return self.user_id.partner_id

    def _text(self) -> str:
        """One sentence for the chatter."""
        nothing = self.env._("nothing")
        if not self.user_id.share:
            # The customer reads in the portal what was done for him.
            return self.env._(
                "%(what)s: from %(old)s to %(new)s",
                what=self.what,
                old=self.old or nothing,
                new=self.new or nothing,
            )
        return self.env._(
            "Changed in the portal. %(what)s: from %(old)s to %(new)s",
            what=self.what,
            old=self.old or nothing,
            new=self.new or nothing,
        )
