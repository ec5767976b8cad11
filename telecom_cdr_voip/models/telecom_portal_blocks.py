# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from typing import Any

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.telecom_cdr.parsers import numbering

# What is worth blocking as a whole, in this order.
CATEGORIES = ("premium", "international", "intelligent", "mobile", "short")
MAX_DESTINATIONS = 500
MAX_BLOCKS = 200
MAX_NAME = 100


class TelecomPortalBlocks(models.AbstractModel):
    """Where a customer may not call: as set by the customer, or by the company."""

    _name = "telecom.portal.blocks"
    _inherit = "telecom.portal.accounts"
    _description = "Telephony in the Portal: Blocked Destinations"

    # === WHICH === #

    @api.model
    def _blocks(self) -> models.BaseModel:
        """What holds for the numbers that the user sees, whoever has set it."""
        payer = self._payer()
        if not payer:
            return self.env["telecom.block"].sudo()
        domain = Domain("company_id", "in", self._companies().ids)
        domain &= Domain("partner_id.commercial_partner_id", "=", payer.id) | (
            Domain("partner_id", "=", False)
        )
        scope = self._scope_number_ids()
        if scope is not None:
            domain &= Domain("number_id", "in", [False, *scope])
        return self.env["telecom.block"].sudo().search(domain)

    @api.model
    def _may_remove(self, block: models.BaseModel) -> bool:
        """What the customer has set, by who sees the numbers that it is about."""
        if not (block.is_own and self._may("blocks", block.company_id)):
            return False
        return bool(block.number_id) or self._sees_all()

    @api.model
    def _block_changes(self) -> models.BaseModel:
        """What the customer has changed, also of what is not blocked any more."""
        return self._changes_of(self.with_context(active_test=False)._blocks())

    @api.model
    def _block_values(self, block: models.BaseModel) -> dict[str, Any]:
        number = block.number_id
        return {
            "id": block.id,
            "title": self._block_text(block),
            "number": numbering.format_international(number.number) if number else "",
            "is_fraud": bool(block.fraud_alert_id),
            "is_own": block.is_own,
            "may_remove": self._may_remove(block),
        }

    @api.model
    def _block_text(self, block: models.BaseModel) -> str:
        """What is blocked, in words."""
        if block.kind == "category":
            return self._category_texts().get(block.category, block.display_name)
        if block.kind == "destination":
            return block.destination_id.name
        if not block.prefix.startswith("+"):
            return self.env._("Numbers that begin with %s", block.prefix)
        countries = self._calling_codes().get(block.prefix[1:])
        if countries:
            return f"{block.prefix} ({countries})"
        return self.env._("Numbers that begin with %s", block.prefix)

    # === CHOICES === #

    @api.model
    def _category_texts(self) -> dict[str, str]:
        """Categories that can be blocked, in words of customers."""
        texts = {
            "premium": self.env._("Premium numbers and voting lines"),
            "international": self.env._("Other countries"),
            "intelligent": self.env._("Special rates and freephone"),
            "mobile": self.env._("Mobile numbers"),
            "short": self.env._("Short numbers and directory enquiries"),
        }
        return {code: texts[code] for code in CATEGORIES}

    @api.model
    def _calling_codes(self) -> dict[str, str]:
        """Names of the countries of each calling code."""
        # pylint: disable-next=no-search-all
        countries = self.env["res.country"].sudo().search([])
        names = defaultdict(list)
        for country in countries:
            if country.phone_code:
                names[str(country.phone_code)].append(country.name)
        return {code: ", ".join(sorted(found)) for code, found in names.items()}

    @api.model
    def _code_choices(self) -> list[tuple[str, str]]:
        """(code, text) of countries, by name."""
        texts = {
            code: f"{names} (+{code})" for code, names in self._calling_codes().items()
        }
        return sorted(texts.items(), key=lambda item: item[1])

    @api.model
    def _destinations(self, domain: Domain = Domain.TRUE) -> models.BaseModel:
        """Destinations that can be blocked: not those that are never itemised."""
        domain &= Domain("company_id", "in", [False, *self._companies().ids])
        domain &= Domain("never_itemised", "=", False)
        destinations = self.env["telecom.destination"].sudo()
        return destinations.search(domain, limit=MAX_DESTINATIONS, order="name, id")

    # === SETTING === #

    @api.model
    def _add_block(self, asked: dict[str, str | None]) -> None:
        """Block what a form asks for; refuses what is not understood.

        :param asked: kind (category, destination, country, prefix), its value under
            that name, and number (an id, or nothing for all numbers)
        """
        number = self._own_number(asked.get("number"))
        company = number.company_id or self.env.user.company_id
        self._check_may("blocks", company)
        if not number and not self._sees_all():
            raise UserError(self.env._("Choose the number that this is for."))
        values = {
            "company_id": company.id,
            "partner_id": self._payer().id,
            "number_id": number.id,
            "is_own": True,
            **self._target_values(asked),
        }
        self._check_new(values)
        block = self.env["telecom.block"].sudo().create(values)
        self._log_block(block, "", self._block_text(block))

    @api.model
    def _check_new(self, values: dict[str, Any]) -> None:
        names = ("company_id", "partner_id", "number_id", "kind")
        names += ("category", "destination_id", "prefix")
        same = Domain.AND(Domain(name, "=", values.get(name, False)) for name in names)
        blocks = self.env["telecom.block"].sudo()
        if blocks.search_count(same, limit=1):
            raise UserError(self.env._("This is blocked already."))
        own = Domain("partner_id", "=", values["partner_id"])
        if blocks.search_count(own) >= MAX_BLOCKS:
            raise UserError(
                self.env._(
                    "There are %s blocks already: remove some, or block a whole "
                    "category or country instead.",
                    MAX_BLOCKS,
                )
            )

    @api.model
    def _target_values(self, asked: dict[str, str | None]) -> dict[str, Any]:
        """What is blocked, as the fields of a block."""
        kind = asked.get("kind")
        if kind == "category" and asked.get("category") in CATEGORIES:
            return {"kind": "category", "category": asked["category"]}
        if kind == "destination":
            found = self._named_destination(asked.get("destination"))
            return {"kind": "destination", "destination_id": found.id}
        if kind == "country" and asked.get("country") in self._calling_codes():
            return {"kind": "prefix", "prefix": f"+{asked['country']}"}
        if kind == "prefix":
            return {"kind": "prefix", "prefix": self._prefix(asked.get("prefix"))}
        raise UserError(self.env._("Choose what to block."))

    @api.model
    def _named_destination(self, text: str | None) -> models.BaseModel:
        """The destination of a name, or of a part of it that no other has."""
        name = (text or "").replace("\0", "").strip()[:MAX_NAME]
        found = self._destinations(Domain("name", "=ilike", self._literal(name)))
        if not found and name:
            found = self._destinations(Domain("name", "ilike", self._literal(name)))
        if len(found) == 1:
            return found
        if not found:
            raise UserError(self.env._("We know no destination named “%s”.", name))
        raise UserError(
            self.env._(
                "“%(name)s” may be %(names)s: write one of them.",
                name=name,
                names=found[:5].mapped("name"),
            )
        )

    @api.model
    def _literal(self, text: str) -> str:
        """A text in which % and _ mean themselves."""
        return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")

    @api.model
    def _prefix(self, text: str | None) -> str:
        """What numbers begin with: as +34806, or digits of any number."""
        text = text or ""
        written = "".join(text.split())
        digits = written.removeprefix("+").removeprefix("00")
        if not (digits.isascii() and digits.isdigit() and 1 <= len(digits) <= 15):  # noqa: PLR2004 E.164
            raise UserError(
                self.env._(
                    "“%s” is not the beginning of a number: write it with the country "
                    "code, such as +34 806.",
                    text[:32],
                )
            )
        return f"+{digits}" if digits != written else digits

    @api.model
    def _remove_block(self, text: str | None) -> None:
        """Take a block back that the customer has set."""
        block = self._blocks().filtered(lambda one: str(one.id) == str(text))
        if not block:
            return
        if not self._may_remove(block):
            raise UserError(
                self.env._("We have set this block: please ask us to take it back.")
            )
        words = self._block_text(block)
        block.active = False
        self._log_block(block, words, "")

    @api.model
    def _log_block(self, block: models.BaseModel, old: str, new: str) -> None:
        self._log(block, self.env._("Blocked"), old, new)
