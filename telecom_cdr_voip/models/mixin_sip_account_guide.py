# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Any

from markupsafe import Markup

from odoo import models
from odoo.tools import is_html_empty

from .guide_text import filled

REPORT = "telecom_cdr_voip.report_sip_guide"


class TelecomSipAccountGuideMixin(models.AbstractModel):
    """How the telephone of a SIP account is installed, on paper."""

    _name = "telecom.sip.account.guide.mixin"
    _description = "Installation Guides of SIP Accounts"

    def action_print_guide(self) -> dict[str, Any]:
        """The guide without the password."""
        return self.env.ref(f"{REPORT}_action").report_action(self)

    def action_print_guide_with_secret(self) -> dict[str, Any]:
        """The guide with the password; that is noted, as if it was shown on screen."""
        self.check_access("write")
        data = {"account_ids": self.ids, "with_secret": True}
        return self.env.ref(f"{REPORT}_action").report_action(None, data=data)

    def _guide_pdf(self, with_secret: bool = False) -> bytes:
        """The guide as PDF, for who may see this account: the caller has to know."""
        reports = self.env["ir.actions.report"].sudo()
        content, _kind = reports._render_qweb_pdf(
            f"{REPORT}_action", self.ids, data={"with_secret": with_secret}
        )
        return content

    def _guide_name(self) -> str:
        return self.env._("Installation of %s", self.login)

    def _guide_facts(self, secret: str | None = None) -> dict[str, str]:
        """What a telephone has to be told, by the name that guides know it by."""
        self.ensure_one()
        switch = self.switch_id.sudo()
        number = self._held_numbers()[:1]
        return {
            "customer": self.partner_id.name or "",
            "label": self.label or "",
            "login": self.login,
            "server": switch.host or switch.domain,
            "domain": switch.domain,
            "port": str(switch.port),
            "caller_id": number.display_name or "",
            "numbers": ", ".join(self.number_ids.mapped("display_name")),
            "networks": ", ".join(self.network_ids.mapped("network")),
            "password": secret or self._say_password_elsewhere(),
        }

    def _say_password_elsewhere(self) -> str:
        return self.env._("(you get it apart)")

    def _guide_model(self) -> models.BaseModel:
        """The device's model, else one that suits most telephones."""
        model = self.device_id.sudo().model_id
        if is_html_empty(model.guide):
            generic = "telecom_cdr_voip.device_model_generic"
            model = self.env.ref(generic, raise_if_not_found=False) or model
        return model.sudo()

    def _guide_html(self, secret: str | None = None) -> Markup:
        """The steps of the device's model with the account's facts."""
        guide = self._guide_model().guide
        if is_html_empty(guide):
            return Markup()
        # The steps are the sanitised HTML of the model, the facts are escaped.
        return Markup(filled(str(guide), self._guide_facts(secret)))
