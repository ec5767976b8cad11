# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

AMOUNT = re.compile(r"\d{1,9}([.,]\d{1,2})?", re.ASCII)
PERIODS = ("month", "day")
MOST_WARN_PERCENT = 99


class TelecomPortalLimits(models.AbstractModel):
    """Limits of spending: shown, chosen and taken away."""

    _name = "telecom.portal.limits"
    _inherit = "telecom.portal.settings"
    _description = "Telephony in the Portal: Limits"

    @api.model
    def _limits(self) -> models.BaseModel:
        """The limits that the user sees: of the customer, then of its numbers."""
        limits = self.env["telecom.limit"].sudo().search(self._scope_domain())
        return limits.sorted(
            lambda limit: (bool(limit.number_id), limit.period != "month")
        )

    @api.model
    def _limit_cards(self) -> list[dict]:
        """The limits as texts."""
        limits = self._limits()
        spent = limits._telecom_spent(limits)
        return [self._limit_card(limit, spent[limit.id]) for limit in limits]

    @api.model
    def _limit_card(self, limit: models.BaseModel, spent: float) -> dict:
        percent = round(limit._percent(spent))
        most = limit.company_amount
        return {
            "id": limit.id,
            "title": limit.number_id.display_name or self.env._("All numbers"),
            "number_id": limit.number_id.id,
            "period": limit.period,
            "period_name": self._period_names()[limit.period],
            "period_text": limit.period_text,
            "amount": self._amount_input(limit.amount),
            "spent_of": self.env._(
                "%(spent)s of %(amount)s",
                spent=self._money_text(spent, limit.currency_id),
                amount=self._money_text(limit.amount, limit.currency_id),
            ),
            "percent": min(percent, 100),
            "level": _level(limit._state_at(spent)),
            "currency": limit.currency_id.name,
            "warn_percent": limit.warn_percent,
            "is_blocking": limit.is_blocking,
            "most": most and self._money_text(most, limit.currency_id),
            "may_change": self._may("limits", limit.company_id),
        }

    @api.model
    def _amount_input(self, amount: float) -> str:
        """An amount as a field of a form takes it."""
        return f"{Decimal(repr(amount)):.2f}"

    @api.model
    def _period_names(self) -> dict[str, str]:
        return {"month": self.env._("each month"), "day": self.env._("each day")}

    # === CHANGES === #

    @api.model
    def _save_limit(
        self,
        number: object,
        period: object,
        amount: object,
        warn_percent: object,
        is_blocking: object,
    ) -> models.BaseModel:
        """Set the limit of a number, or of the customer; the parameters are texts.

        :return: the limit
        """
        number = self._own_number(number)
        company = number.company_id or self.env.user.company_id.sudo()
        self._check_may("limits", company)
        if not number and not self._sees_all():
            raise UserError(
                self.env._("Choose one of your numbers: the limit is for it alone.")
            )
        values = {
            "amount": float(self._read_amount(amount)),
            "warn_percent": self._read_percent(warn_percent),
            "is_blocking": bool(is_blocking),
        }
        limit = self._find_limit(company, number, self._read_period(period))
        return self._write_limit(limit, values)

    @api.model
    def _write_limit(self, limit: models.BaseModel, values: dict) -> models.BaseModel:
        """Write what was chosen, with its history."""
        before = self._limit_words(limit)
        if limit.company_amount and limit.is_blocking:
            values = values | {"is_blocking": True}
        # The history says it, so the chatter need not say it twice.
        limit.with_context(tracking_disable=True).write({"active": True, **values})
        what = self.env._("Limit, %s", self._limit_title(limit))
        self._log(limit, what, before, self._limit_words(limit))
        return limit

    @api.model
    def _remove_limit(self, text: object) -> None:
        """Take a limit away; what the company has set stays."""
        limit = self._own(self.env["telecom.limit"], text)
        if not limit:
            raise UserError(self.env._("This limit is there no more."))
        self._check_may("limits", limit.company_id)
        if limit.company_amount:
            raise UserError(
                self.env._(
                    "This limit stays: we have set it. You may choose up to %s.",
                    self._money_text(limit.company_amount, limit.currency_id),
                )
            )
        before = self._limit_words(limit)
        limit.with_context(tracking_disable=True).active = False
        what = self.env._("Limit, %s", self._limit_title(limit))
        self._log(limit, what, before, "")

    @api.model
    def _find_limit(
        self, company: models.BaseModel, number: models.BaseModel, period: str
    ) -> models.BaseModel:
        """The limit of a number (or of all) and period; else a new one, unused yet."""
        limits = self.env["telecom.limit"].sudo().with_context(active_test=False)
        owner = {
            "company_id": company.id,
            "partner_id": self._payer().id,
            "number_id": number.id,
            "period": period,
        }
        domain = Domain.AND(Domain(name, "=", value) for name, value in owner.items())
        found = limits.search(domain, order="active desc, id desc", limit=1)
        return found or limits.with_context(mail_create_nolog=True).create(
            {**owner, "amount": 0, "active": False}
        )

    @api.model
    def _limit_words(self, limit: models.BaseModel) -> str:
        """What a limit says, in words; nothing where it does not count."""
        if not limit.active:
            return ""
        words = [self._money_text(limit.amount, limit.currency_id)]
        if limit.warn_percent:
            words.append(self.env._("warning at %s %%", limit.warn_percent))
        if limit.is_blocking:
            words.append(self.env._("calls are refused"))
        return ", ".join(words)

    @api.model
    def _limit_title(self, limit: models.BaseModel) -> str:
        owner = limit.number_id.display_name or self.env._("All numbers")
        return f"{owner}, {self._period_names()[limit.period]}"

    # === READING, WITH DISTRUST === #

    @api.model
    def _read_amount(self, text: object) -> Decimal:
        text = str(text or "").strip()
        if not AMOUNT.fullmatch(text):
            raise UserError(
                self.env._(
                    "“%s” is no amount: write digits, and two decimals at most, such "
                    "as 25 or 25.50.",
                    text[:20],
                )
            )
        return Decimal(text.replace(",", "."))

    @api.model
    def _read_percent(self, text: object) -> int:
        text = str(text or "0").strip()
        is_number = text.isascii() and text.isdigit() and len(text) < 3  # noqa: PLR2004 two digits
        if not is_number or int(text) > MOST_WARN_PERCENT:
            raise UserError(
                self.env._(
                    "A warning comes at 1 to 99 %% of the limit; 0 means none. Found: "
                    "“%s”.",
                    text[:20],
                )
            )
        return int(text)

    @api.model
    def _read_period(self, text: object) -> str:
        if text not in PERIODS:
            raise UserError(self.env._("A limit is for each month or each day."))
        return text


def _level(state: str) -> str:
    """The colour of a bar."""
    return {"reached": "danger", "warned": "warning"}.get(state, "success")
