# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timezone
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import get_lang

MAX_LISTED_NUMBERS = 200


class TelecomPortalBase(models.AbstractModel):
    """Whom a page is for, and how it writes what it shows."""

    _name = "telecom.portal.base"
    _description = "Telephony in the Portal: Whom and How"

    @api.model
    def _payer(self) -> models.BaseModel:
        """The customer whose telephony the user sees, or nobody.

        An employee's contact often stands under the company's own: the calls of
        the house are for those who may read calls anyway.
        """
        user = self.env.user
        reader = "telecom_cdr.group_telecom_reader"
        if user._is_public() or not (user.share or user.has_group(reader)):
            return self.env["res.partner"].sudo()
        return user.sudo().partner_id.commercial_partner_id

    @api.model
    def _companies(self) -> models.BaseModel:
        return self.env.user.company_ids

    @api.model
    def _scope_number_ids(self) -> tuple[int, ...] | None:
        """Ids of the numbers that the user may see; None for all of the customer."""
        return self.env.user._telecom_portal_scope()[1]

    @api.model
    def _scope_domain(self, number: str = "number_id") -> Domain:
        """What the user may see of a model with a customer and a number.

        Not child_of: a company below the customer pays for itself, it is another
        customer.

        :param number: the field of the model that holds its number or numbers
        """
        payer = self._payer()
        if not payer:
            return Domain.FALSE
        domain = Domain("partner_id.commercial_partner_id", "=", payer.id)
        domain &= Domain("company_id", "in", self._companies().ids)
        number_ids = self._scope_number_ids()
        if number_ids is not None:
            domain &= Domain(number, "in", list(number_ids))
        return domain

    @api.model
    def _zone(self) -> ZoneInfo:
        """The user's time zone; the company's billing zone where there is none."""
        user = self.env.user
        for name in (user.tz, user.company_id.sudo().telecom_tz):
            try:
                return ZoneInfo(name or "")
            except (ValueError, ZoneInfoNotFoundError):
                continue
        return ZoneInfo("UTC")

    @api.model
    def _local(self, moment: datetime) -> datetime:
        """A stored moment in the user's time zone."""
        return moment.replace(tzinfo=timezone.utc).astimezone(self._zone())

    # === NUMBERS === #

    @api.model
    def _numbers(
        self, domain: Domain = Domain.TRUE, limit: int | None = None
    ) -> models.BaseModel:
        """Numbers that the customer holds, held or will hold."""
        domain &= self._scope_domain("id")
        return self.env["telecom.number"].sudo().search(domain, limit=limit)

    @api.model
    def _number_choices(self) -> list[tuple[str, str]] | None:
        """(number, text) to choose from; None where they are too many for a list."""
        numbers = self._numbers(limit=MAX_LISTED_NUMBERS + 1)
        if len(numbers) > MAX_LISTED_NUMBERS:
            return None
        return list({n.number: n.display_name for n in numbers}.items())

    @api.model
    def _find_numbers(self, text: str) -> models.BaseModel:
        """Own numbers that a text means: the number itself, else a part of it."""
        numbers = self._numbers(Domain("number", "=", text))
        digits = "".join(char for char in text if char in "0123456789")
        if numbers or len(digits) < 3:  # noqa: PLR2004 would mean nearly all
            return numbers
        return self._numbers(Domain("number", "ilike", digits.removeprefix("00")))

    # === TEXTS === #

    @api.model
    def _duration_text(self, seconds: int | None) -> str:
        hours, rest = divmod(seconds or 0, 3600)
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"

    @api.model
    def _volume_text(self, volume: float | None) -> str:
        return self.env._("%s MB", self._decimal_text((volume or 0) / 1_000_000, 1))

    @api.model
    def _decimal_text(self, value: float, digits: int) -> str:
        """A number with up to so many decimals, as the user's language writes it."""
        return self._number_text(value, 0 if value == int(value) else digits)

    @api.model
    def _number_text(self, value: float | Decimal, digits: int) -> str:
        lang = self.env["res.lang"].browse(get_lang(self.env).id)
        return lang.format(f"%.{digits}f", value, grouping=True)

    @api.model
    def _money_text(
        self,
        amount: str | float | Decimal,
        currency: models.BaseModel,
        is_exact: bool = False,
    ) -> str:
        """An amount in its currency; exact: with as many decimals as it has."""
        amount, digits = Decimal(str(amount)), currency.decimal_places
        if is_exact:
            digits = max(digits, -amount.normalize().as_tuple().exponent)
        # As the invoice rounds: a float would make 0.29 of 0.295.
        amount = amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        text = self._number_text(amount, digits)
        if currency.position == "before":
            return f"{currency.symbol}\N{NO-BREAK SPACE}{text}"
        return f"{text}\N{NO-BREAK SPACE}{currency.symbol}"
