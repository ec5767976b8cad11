# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class TelecomSipDeviceModel(models.Model):
    """A kind of telephone, and how it is set up."""

    _name = "telecom.sip.device.model"
    _description = "Model of SIP Device"
    _order = "vendor, name, id"

    name = fields.Char(required=True)
    vendor = fields.Char(required=True)
    active = fields.Boolean(default=True)
    guide = fields.Html(
        translate=True,
        help="How it is installed, for the customer. {login}, {password}, {server}, "
        "{port}, {domain}, {caller_id}, {numbers}, {networks}, {label} and {customer} "
        "stand for what the account has.",
    )

    _name_uniq = models.Constraint(
        "UNIQUE(vendor, name)", "This vendor already has a model of this name."
    )

    def _compute_display_name(self) -> None:
        for model in self:
            model.display_name = f"{model.vendor or ''} {model.name or ''}".strip()
