# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.telecom_cdr.models.dispute_sql import FORGIVEN

from ..parameters import CallFilter

# So many digits at least are part of a number; fewer are in nearly all.
SEARCHED_DIGITS = 3
# The other party, as the customer may know it: not even read where the caller
# withheld the number.
OTHER_NUMBER = SQL(
    "CASE WHEN c.direction IS DISTINCT FROM 'incoming' THEN c.called_number"
    " WHEN c.is_withheld IS NOT TRUE THEN c.calling_number END"
)
# They have a price, and it is owed: the customer was not found to be right.
CHARGED = SQL("c.rating_state = 'rated' AND NOT %s", FORGIVEN)
MISSED = SQL(
    "c.direction = 'incoming' AND COALESCE(c.service, 'voice') = 'voice'"
    " AND COALESCE(c.duration, 0) = 0"
)
# What a rate wants its calls to be called, in place of their destination.
HAS_LABEL = SQL(
    "EXISTS (SELECT FROM telecom_rate r WHERE r.id = c.rate_id"
    " AND r.label->>'en_US' <> '')"
)


class TelecomPortalFilters(models.AbstractModel):
    """Which calls a customer sees, as SQL conditions on calls ``c``."""

    _name = "telecom.portal.filters"
    _inherit = "telecom.portal.base"
    _description = "Telephony in the Portal: Filters"

    @api.model
    def _call_filter(self, **values: object) -> CallFilter:
        """A filter over the calls that the user may see."""
        scope = self._scope_number_ids()
        return CallFilter(
            self._payer().id or 0,
            tuple(self._companies().ids),
            scope_ids=None if scope is None else tuple(scope),
            **values,
        )

    @api.model
    def _scope_sql(self, calls: CallFilter) -> SQL:
        """Conditions that the index (partner, start) serves."""
        conditions = [
            SQL("c.partner_id = %s", calls.payer_id),
            SQL("c.company_id = ANY(%s)", list(calls.company_ids)),
        ]
        if calls.start:
            conditions.append(SQL("c.start_at >= %s", calls.start))
        if calls.end:
            conditions.append(SQL("c.start_at < %s", calls.end))
        return SQL(" AND ").join(conditions)

    @api.model
    def _shown_sql(self, calls: CallFilter) -> SQL:
        """Conditions that are tested call by call."""
        return SQL("%s AND %s", self._itemised_sql(), self._number_sql(calls))

    @api.model
    def _listed_sql(self, calls: CallFilter) -> SQL:
        """Those of them that are listed: a rate may keep its calls out of lists."""
        return SQL(
            "%s AND %s AND NOT EXISTS (SELECT FROM telecom_rate r"
            " WHERE r.id = c.rate_id AND r.show_in_detail IS FALSE)",
            self._shown_sql(calls),
            self._asked_sql(calls),
        )

    @api.model
    def _number_sql(self, calls: CallFilter) -> SQL:
        """The own numbers that were asked for, of those that the user may see."""
        conditions = [
            SQL("c.number_id = ANY(%s::int[])", list(ids))
            for ids in (calls.scope_ids, calls.number_ids)
            if ids is not None
        ]
        return SQL(" AND ").join(conditions) if conditions else SQL("TRUE")

    @api.model
    def _asked_sql(self, calls: CallFilter) -> SQL:
        """What else was asked for: direction, category, text."""
        conditions = [SQL("TRUE")]
        if calls.direction == "missed":
            conditions.append(MISSED)
        elif calls.direction == "outgoing":
            conditions.append(SQL("COALESCE(c.direction, 'outgoing') = 'outgoing'"))
        elif calls.direction:
            conditions.append(SQL("c.direction = %s", calls.direction))
        if calls.category:
            # What comes in has the category of our own number: that tells nothing.
            conditions.append(
                SQL(
                    "c.category = %s AND c.direction IS DISTINCT FROM 'incoming'",
                    calls.category,
                )
            )
        if calls.destination_ids is not None:
            conditions.append(self._text_sql(calls))
        return SQL(" AND ").join(conditions)

    @api.model
    def _text_sql(self, calls: CallFilter) -> SQL:
        """Where a call went, by what is shown for it, or a part of its number."""
        conditions = [
            SQL("c.rate_id = ANY(%s::int[])", list(calls.rate_ids or ())),
            SQL(
                "c.destination_id = ANY(%s::int[]) AND NOT %s"
                " AND c.direction IS DISTINCT FROM 'incoming'",
                list(calls.destination_ids),
                HAS_LABEL,
            ),
        ]
        if calls.digits:
            conditions.append(
                SQL("%s LIKE %s", OTHER_NUMBER, f"%{calls.digits}%"),
            )
        return SQL("(%s)", SQL(" OR ").join(SQL("(%s)", one) for one in conditions))

    @api.model
    def _text_filter(self, text: str) -> dict:
        """What a text is searched in: digits of numbers, and names of places."""
        digits = "".join(char for char in text if char in "0123456789")
        is_number = not any(char.isalpha() for char in text)
        is_number &= len(digits) >= SEARCHED_DIGITS
        domain = Domain("name", "ilike", text)
        destinations = self.env["telecom.destination"].sudo()
        rates = self.env["telecom.rate"].sudo().with_context(active_test=False)
        companies = Domain("company_id", "in", self._companies().ids)
        return {
            "digits": digits.removeprefix("00") if is_number else None,
            "destination_ids": tuple(
                destinations.with_context(active_test=False).search(domain).ids
            ),
            "rate_ids": tuple(
                rates.search(companies & Domain("label", "ilike", text)).ids
            ),
        }

    # === LAW: WHAT IS NEVER ITEMISED === #

    @api.model
    def _itemised_sql(self) -> SQL:
        """Calls to and from what is never itemised are on no page and in no file."""
        destinations = (
            self.env["telecom.destination"]
            .sudo()
            .with_context(active_test=False)
            .search(Domain("never_itemised", "=", True))
        )
        return SQL(
            "(c.destination_id IS NULL OR c.destination_id <> ALL(%s::int[]))"
            " AND (c.direction <> 'incoming' OR c.calling_number IS NULL"
            " OR c.calling_number NOT LIKE ALL(%s::text[]))",
            destinations.ids,
            self._caller_patterns(destinations),
        )

    @api.model
    def _caller_patterns(self, destinations: models.BaseModel) -> list[str]:
        """LIKE patterns of callers: +34016, and 016 inside the country."""
        code = str(self.env.company.sudo().country_id.phone_code or "")
        patterns = []
        for prefix in destinations.prefix_ids.mapped("prefix"):
            patterns.append(f"+{prefix}%")
            if code and prefix.startswith(code):
                patterns.append(f"{prefix.removeprefix(code)}%")
        return patterns
