# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import UserError


class TelecomPortalMasking(models.AbstractModel):
    """Whether the last digits of called numbers are shown: for calls from now on."""

    _name = "telecom.portal.masking"
    _inherit = "telecom.portal.settings"
    _description = "Telephony in the Portal: Masking"

    @api.model
    def _maskings(self) -> models.BaseModel:
        """The choices that the user sees, the latest first."""
        return (
            self.env["telecom.masking"]
            .sudo()
            .search(self._scope_domain(), order="date_start desc, id desc")
        )

    @api.model
    def _masking_now(self, number: models.BaseModel | None = None) -> models.BaseModel:
        """The choice in force: of a number, or of the customer; nothing where none."""
        company = number.company_id if number else self.env.user.company_id
        maskings = self.env["telecom.masking"].sudo().with_company(company)
        return maskings._present(self._payer(), number)

    @api.model
    def _masking_rows(self) -> list[dict]:
        """The history as texts."""
        return [
            {
                "number": one.number_id.display_name or self.env._("All numbers"),
                "words": self._masking_words(one),
                "since": one.date_start and self._moment_text(one.date_start),
                "until": one.date_end and self._moment_text(one.date_end),
            }
            for one in self._maskings()
        ]

    @api.model
    def _masking_words(self, masking: models.BaseModel) -> str:
        if not masking or not masking.hidden_digits:
            return self.env._("all digits are shown")
        if masking.hidden_digits == 1:
            return self.env._("the last digit is hidden")
        return self.env._("the last %s digits are hidden", masking.hidden_digits)

    @api.model
    def _set_masking(self, number: object, hide: object) -> str:
        """Hide or show the last digits from now on; the parameters are texts.

        :return: what counts now, in words
        """
        number = self._own_number(number)
        company = number.company_id or self.env.user.company_id.sudo()
        self._check_may("masking", company)
        if not number and not self._sees_all():
            raise UserError(
                self.env._("Choose one of your numbers: the choice is for it alone.")
            )
        if hide not in ("0", "1"):
            raise UserError(self.env._("Choose whether the digits are shown."))
        # A number without a choice of its own follows that of the customer.
        before = self._masking_words(self._masking_now(number) or self._masking_now())
        payer = self._payer().sudo().with_company(company)
        masking = payer._telecom_set_masking(hide == "1", number or None)
        after = self._masking_words(masking)
        owner = number.display_name or self.env._("All numbers")
        what = self.env._("Digits of called numbers, %s", owner)
        self._log(masking or number or payer, what, before, after)
        return after
