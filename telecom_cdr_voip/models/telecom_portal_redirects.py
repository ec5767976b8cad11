# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from typing import Any

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import float_compare

from odoo.addons.telecom_cdr.models.telecom_number import PHONE_KINDS
from odoo.addons.telecom_cdr.parsers import numbering

from .redirect_rules import DAYS
from .telecom_redirect import CONDITIONS

CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
MIDNIGHT = 24.0
MAX_REDIRECTS = 20
MAX_RINGING = 300  # as the model has it
MAX_TARGET = 40
PRICED_SECONDS = 60


class TelecomPortalRedirects(models.AbstractModel):
    """Where incoming calls of a customer's numbers go instead."""

    _name = "telecom.portal.redirects"
    _inherit = "telecom.portal.accounts"
    _description = "Telephony in the Portal: Redirections"

    # === WHICH === #

    @api.model
    def _redirects(self) -> models.BaseModel:
        """Redirections of the numbers that the user sees, in the order that counts."""
        redirects = self.env["telecom.redirect"].sudo()
        return redirects.search(self._scope_domain() & Domain("active", "=", True))

    @api.model
    def _redirect_numbers(self) -> models.BaseModel:
        """Telephone numbers that calls can come to."""
        domain = Domain("state", "=", "active") & Domain("kind", "in", PHONE_KINDS)
        return self._numbers(domain)

    @api.model
    def _redirect_changes(self) -> models.BaseModel:
        redirects = self.env["telecom.redirect"].sudo().with_context(active_test=False)
        return self._changes_of(redirects.search(self._scope_domain()))

    @api.model
    def _redirect_cards(self, redirects: models.BaseModel) -> list[dict[str, Any]]:
        """Redirections by number, in the order that counts."""
        return [
            {
                "number": self._number_values(number),
                "redirects": [self._redirect_values(one) for one in own],
            }
            for number, own in redirects.grouped("number_id").items()
        ]

    @api.model
    def _redirect_values(self, redirect: models.BaseModel) -> dict[str, Any]:
        return {
            "id": redirect.id,
            "number_id": redirect.number_id.id,
            "condition": self._condition_text(redirect),
            "target": numbering.format_international(redirect.target),
            "when": self._when_text(redirect),
        }

    @api.model
    def _condition_text(self, redirect: models.BaseModel) -> str:
        conditions = dict(
            redirect._fields["condition"]._description_selection(self.env)
        )
        if redirect.condition == "no_answer":
            return self.env._("No answer after %s seconds", redirect.after_seconds)
        return conditions[redirect.condition]

    @api.model
    def _conditions(self) -> list[tuple[str, str]]:
        field = self.env["telecom.redirect"]._fields["condition"]
        return field._description_selection(self.env)

    @api.model
    def _when_text(self, redirect: models.BaseModel) -> str:
        """Days and hours in words."""
        days = [name for name in DAYS if redirect[name]]
        names = self._day_names()
        if len(days) == len(DAYS):
            text = self.env._("every day")
        else:
            text = ", ".join(names[name] for name in days)
        if redirect.hour_to - redirect.hour_from == MIDNIGHT:
            return text
        return self.env._(
            "%(days)s, %(start)s to %(end)s",
            days=text,
            start=_clock(redirect.hour_from),
            end=_clock(redirect.hour_to),
        )

    @api.model
    def _day_names(self) -> list[tuple[str, str]]:
        """Short names of the days, by field."""
        return {
            "on_monday": self.env._("Mon"),
            "on_tuesday": self.env._("Tue"),
            "on_wednesday": self.env._("Wed"),
            "on_thursday": self.env._("Thu"),
            "on_friday": self.env._("Fri"),
            "on_saturday": self.env._("Sat"),
            "on_sunday": self.env._("Sun"),
        }

    # === SETTING === #

    @api.model
    def _add_redirect(self, asked: dict[str, str | None], days: list[str]) -> None:
        """Redirect what a form asks for.

        :param asked: number (an id), condition, after_seconds, target, hour_from and
            hour_to (10:30; empty: the whole day)
        :param days: names of the days that were chosen
        """
        number = self._own_number(asked.get("number"))
        if number not in self._redirect_numbers():
            raise UserError(self.env._("Choose the number that this is for."))
        self._check_may("redirects", number.company_id)
        redirects = self._redirects().filtered(lambda one: one.number_id == number)
        if len(redirects) >= MAX_REDIRECTS:
            raise UserError(
                self.env._(
                    "A number has %s redirections at most: remove one first.",
                    MAX_REDIRECTS,
                )
            )
        redirect = self.env["telecom.redirect"].sudo()
        redirect = redirect.create(
            {
                "number_id": number.id,
                "sequence": max(redirects.mapped("sequence"), default=0) + 10,
                "target": (asked.get("target") or "").strip()[:MAX_TARGET],
                **self._condition_values(asked),
                **self._time_values(asked, days),
            }
        )
        self._check_price(redirect)
        self._log_redirect(redirect, "", self._redirect_text(redirect))

    @api.model
    def _condition_values(self, asked: dict[str, str | None]) -> dict[str, Any]:
        condition = asked.get("condition")
        if condition not in dict(CONDITIONS):
            raise UserError(self.env._("Choose when calls are redirected."))
        if condition != "no_answer":
            return {"condition": condition}
        seconds = str(asked.get("after_seconds") or "")
        is_number = (
            seconds.isascii() and seconds.isdigit() and len(seconds) <= len("300")
        )
        if not (is_number and 1 <= int(seconds) <= MAX_RINGING):
            raise UserError(
                self.env._(
                    "Calls can ring for 1 to 300 seconds before, not “%s”.",
                    seconds[:16],
                )
            )
        return {"condition": condition, "after_seconds": int(seconds)}

    @api.model
    def _time_values(
        self, asked: dict[str, str | None], days: list[str]
    ) -> dict[str, Any]:
        """Days and hours of a form; no day chosen is a slip."""
        chosen = {name: name in days for name in DAYS}
        if not any(chosen.values()):
            raise UserError(
                self.env._("Choose the days on which calls are redirected.")
            )
        start = self._hour(asked.get("hour_from"), 0.0)
        end = self._hour(asked.get("hour_to"), MIDNIGHT) or MIDNIGHT
        return {**chosen, "hour_from": start, "hour_to": end}

    @api.model
    def _hour(self, text: str | None, default: float) -> float:
        """10:30 -> 10.5"""
        if not (text or "").strip():
            return default
        found = CLOCK.fullmatch(text.strip())
        hour, minute = (int(part) for part in found.groups()) if found else (99, 0)
        if hour + minute / 60 > MIDNIGHT or minute > 59:  # noqa: PLR2004 minutes
            raise UserError(
                self.env._(
                    "“%s” is not a time of the day: write hours and minutes, such as "
                    "18:30.",
                    text[:16],
                )
            )
        return hour + minute / 60

    @api.model
    def _check_price(self, redirect: models.BaseModel) -> None:
        """Refuse targets that are dearer than the company allows customers."""
        company, number = redirect.company_id, redirect.number_id
        limit = company.telecom_redirect_price
        if not limit:
            return
        call = self._priced_call(number, redirect.target)
        if call and call.rating_state == "rated":
            price = call.currency_id._convert(
                call.price,
                company.currency_id,
                company,
                fields.Date.today(),
                round=False,
            )
            if float_compare(price, limit, precision_digits=6) <= 0:
                return
        raise UserError(
            self.env._(
                "Calls can't be redirected to %s: it costs more than what we allow. "
                "Choose another number, or ask us.",
                numbering.format_international(redirect.target),
            )
        )

    @api.model
    def _priced_call(
        self, number: models.BaseModel, target: str
    ) -> models.BaseModel | None:
        """A call of a minute from a number to a target, as it would cost now."""
        trial = self.env["telecom.price.trial"].sudo()
        company = number.company_id
        fact = {
            "start_at": fields.Datetime.now(),
            "calling_number": number.number,
            "called_number": target,
            "duration": PRICED_SECONDS,
        }
        calls = trial._price(
            [fact], trial._tables(company), company, carrier=number.carrier_id
        )
        return calls[0] if calls else None

    @api.model
    def _remove_redirect(self, text: str | None) -> None:
        """Take a redirection back."""
        redirect = self._own(self.env["telecom.redirect"], text)
        if redirect and redirect.active:
            self._check_may("redirects", redirect.company_id)
            words = self._redirect_text(redirect)
            redirect.active = False
            self._log_redirect(redirect, words, "")

    @api.model
    def _raise_redirect(self, text: str | None) -> None:
        """Let a redirection be asked before the one that stands before it."""
        redirect = self._own(self.env["telecom.redirect"], text)
        if not redirect:
            return
        self._check_may("redirects", redirect.company_id)
        own = self._redirects().filtered(
            lambda one: one.number_id == redirect.number_id
        )
        order = list(own)
        place = order.index(redirect) if redirect in order else 0
        if place:
            order[place - 1 : place + 1] = [redirect, order[place - 1]]
            for position, one in enumerate(order):
                one.sequence = 10 * (position + 1)
            self._log_redirect(redirect, str(place + 1), str(place))

    @api.model
    def _redirect_text(self, redirect: models.BaseModel) -> str:
        return self.env._(
            "%(condition)s to %(target)s, %(when)s",
            condition=self._condition_text(redirect),
            target=numbering.format_international(redirect.target),
            when=self._when_text(redirect),
        )

    @api.model
    def _log_redirect(self, redirect: models.BaseModel, old: str, new: str) -> None:
        number = numbering.format_international(redirect.number_id.number)
        self._log(redirect, self.env._("Redirection of %s", number), old, new)


def _clock(hour: float) -> str:
    """10.5 -> 10:30"""
    minutes = round(hour * 60)
    return f"{minutes // 60}:{minutes % 60:02}"
