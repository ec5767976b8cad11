# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.masking import COLUMNS
from .bulk_fields import BigInteger
from .call_secret import whole

# Columns of a call that may hold an identifier of ours.
PARTIES = (
    "calling_number",
    "called_number",
    "redirecting_number",
    "account_code",
    "trunk",
)
# Those of which digits may be kept beside the call.
HIDDEN_PARTIES = tuple(name for name in PARTIES if name in COLUMNS)
# Fields of a mark that a call has under the same name.
SAME_FIELDS = ("service", "direction", "category", "trunk")


class TelecomRatingMark(models.Model):
    """Calls that are to be rated again, told by what has changed.

    Whatever changes a price leaves a mark; a scheduled action rates the calls
    that the marks describe and removes them. Empty means: whatever.
    """

    _name = "telecom.rating.mark"
    _description = "Calls to Rate Again"
    _order = "id"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one("res.partner", index=True, ondelete="cascade")
    number = fields.Char(
        string="Identifier", help="Any identifier of a call: number, extension, trunk."
    )
    number_id = fields.Many2one("telecom.number", ondelete="cascade")
    department_id = fields.Many2one("telecom.department", ondelete="cascade")
    class_id = fields.Many2one("telecom.customer.class", ondelete="cascade")
    carrier_id = fields.Many2one("telecom.carrier", ondelete="cascade")
    trunk = fields.Char()
    source_address = fields.Char()
    tariff_id = fields.Many2one(
        "telecom.tariff",
        ondelete="cascade",
        help="Calls of whoever has this tariff, or one that stands before it.",
    )
    is_tariff_only = fields.Boolean(
        string="Tariff alone",
        help="Of whoever has this tariff itself: discounts of a tariff are theirs.",
    )
    service = fields.Char()
    direction = fields.Char()
    category = fields.Char()
    destination_id = fields.Many2one("telecom.destination", ondelete="cascade")
    prefix = fields.Char(help="Leading digits of the called number.")
    date_start = fields.Datetime()
    date_end = fields.Datetime()
    after_id = BigInteger(
        help="Calls up to this id are done: an interrupted run goes on behind it."
    )

    @api.model
    def _mark(self, vals_list):
        """Add marks and have them worked off soon.

        :param vals_list: values of marks; without a company they are for all
        """
        if not vals_list:
            return
        companies = self._all_companies().ids
        every = [
            {**vals, "company_id": company_id}
            for vals in vals_list
            for company_id in (
                [vals.get("company_id")] if vals.get("company_id") else companies
            )
        ]
        unique = {tuple(sorted(vals.items(), key=str)): vals for vals in every}
        self.sudo().create(list(unique.values()))
        marked = {vals["company_id"] for vals in every}
        self.env["telecom.rating.change"]._note(marked)
        cron = self.env.ref("telecom_cdr.ir_cron_telecom_rate", False)
        if cron:
            cron.sudo()._trigger()

    @api.model
    def _all_companies(self):
        return self.env["res.company"].sudo().search([])  # pylint: disable=no-search-all

    # === WHICH CALLS A MARK TOUCHES === #

    @api.model
    def _touches_priced(self, values):
        """Whether a mark of these values would touch a call that has a price."""
        priced = Domain("rating_state", "=", "rated")
        touched = self.sudo().new(values)._call_domain()
        return bool(self.env["telecom.call"].sudo().search(touched & priced, limit=1))

    def _call_domain(self):
        """The calls that this mark may touch."""
        parts = [
            self._period_domain("start_at"),
            self._owner_domain(),
            self._target_domain(),
        ]
        if self.company_id:
            parts.append(Domain("company_id", "=", self.company_id.id))
        if self.tariff_id:
            parts.append(self._tariff_domain())
        return Domain.AND(parts)

    def _period_domain(self, name):
        domain = Domain.TRUE
        if self.date_start:
            domain &= Domain(name, ">=", self.date_start)
        if self.date_end:
            domain &= Domain(name, "<", self.date_end)
        return domain

    def _owner_domain(self):
        """Whose calls, and how they went."""
        domain = Domain.TRUE
        if self.number:
            domain &= self._identifier_domain()
        elif self.partner_id:
            domain &= Domain("partner_id", "=", self.partner_id.id)
        if self.number_id:
            domain &= Domain("number_id", "=", self.number_id.id)
        if self.department_id:
            numbers = self.department_id.number_ids
            domain &= Domain("number_id", "in", numbers.ids)
        if self.class_id:
            members = self.class_id.membership_ids.partner_id
            domain &= Domain("partner_id", "in", members.ids)
        if self.carrier_id:
            domain &= Domain("carrier_id", "=", self.carrier_id.id)
        if self.source_address:
            domain &= self._address_domain([self.source_address])
        return domain

    def _identifier_domain(self):
        """Calls that name an identifier in any column for one."""
        lines = self.env["telecom.source.identifier"]
        parts = [Domain(name, "=", self.number) for name in PARTIES]
        names = SQL(", ").join(SQL.identifier("s", name) for name in HIDDEN_PARTIES)
        parts.append(_hidden(SQL("%s IN (%s)", self.number, names)))
        for name in lines._extra_names(self.company_id):
            parts.append(self._extra_domain(name, [self.number]))
        return Domain.OR(parts)

    @api.model
    def _address_domain(self, addresses):
        """Calls from some addresses, which only the further facts of a file hold."""
        return self._extra_domain("source_address", addresses)

    @api.model
    def _extra_domain(self, name, texts):
        """Calls of which a further fact is one of some texts."""

        def to_sql(model, alias, query):
            return SQL(
                "(%s)->>%s = ANY(%s)",
                whole(alias, "extra"),
                name,
                list(texts),
            )

        return Domain.custom(to_sql=to_sql)

    def _target_domain(self):
        """What was called."""
        domain = Domain.AND(
            Domain(name, "=", self[name]) for name in SAME_FIELDS if self[name]
        )
        prefixes = self.destination_id.prefix_ids.mapped("prefix")
        if self.prefix:
            prefixes = [self.prefix]
        if not (prefixes or self.destination_id):
            return domain
        # Short codes and what is no number at all are few: rate them too.
        called = [Domain("called_number", "=like", f"+{p}%") for p in prefixes]
        patterns = [f"+{prefix}%" for prefix in prefixes]
        called.append(_hidden(SQL("s.called_number LIKE ANY(%s)", patterns)))
        called.append(~Domain("called_number", "=like", "+%"))
        if self.destination_id:
            called.append(Domain("destination_id", "=", self.destination_id.id))
        return domain & Domain.OR(called)

    def _tariff_domain(self):
        """Calls of whoever has a tariff that asks this one, for price or for cost."""
        every = self.env["telecom.tariff"].with_context(active_test=False).sudo()
        operator = "=" if self.is_tariff_only else "child_of"
        tariffs = every.search([("id", operator, self.tariff_id.id)])
        given = self._overlapping("telecom.tariff.assignment", tariffs)
        carriers = self.env["telecom.carrier"].with_context(active_test=False).sudo()
        payers = carriers.search([("cost_tariff_id", "in", tariffs.ids)])
        earlier = self.env["telecom.earlier.tariff"].sudo()
        earlier = earlier.search([("tariff_id", "in", tariffs.ids)])
        payers |= earlier.carrier_id
        parts = [
            Domain("number_id", "in", given.number_id.ids),
            Domain("partner_id", "in", self._holders(given, tariffs)),
            Domain("carrier_id", "in", (given.carrier_id | payers).ids),
            Domain("trunk", "in", [t for t in given.mapped("trunk") if t]),
        ]
        addresses = [one for one in given.mapped("source_address") if one]
        if addresses:
            parts.append(self._address_domain(addresses))
        of_company = earlier.filtered(lambda one: not one.carrier_id)
        had = of_company.filtered(lambda one: one.company_id == self.company_id)
        if (self.company_id.telecom_tariff_id | had.tariff_id) & tariffs:
            parts.append(self._default_domain(tariffs))
        return Domain.OR(parts)

    def _overlapping(self, model, tariffs):
        """Assignments of these tariffs in some part of the mark's period."""
        domain = Domain("tariff_id", "in", tariffs.ids)
        if self.date_end:
            begins = Domain("date_start", "<", self.date_end)
            domain &= Domain("date_start", "=", False) | begins
        if self.date_start:
            ends = Domain("date_end", ">", self.date_start)
            domain &= Domain("date_end", "=", False) | ends
        return self.env[model].sudo().search(domain)

    def _holders(self, given, tariffs):
        """Customers who have these tariffs themselves, by class or by a call plan."""
        plans = self.env["telecom.bundle.subscription"].sudo()
        plans = plans.search([("bundle_id.tariff_id", "in", tariffs.ids)])
        members = given.class_id.membership_ids.partner_id
        holders = given.partner_id | members | plans.partner_id.commercial_partner_id
        return holders.ids

    def _default_domain(self, tariffs):
        """Customers' calls, but of those who had other tariffs all the time."""
        starts = Domain("date_start", "=", False)
        if self.date_start:
            starts |= Domain("date_start", "<=", self.date_start)
        ends = Domain("date_end", "=", False)
        if self.date_end:
            ends |= Domain("date_end", ">=", self.date_end)
        other = Domain("tariff_id", "not in", tariffs.ids)
        assignments = self.env["telecom.tariff.assignment"].sudo()
        away = assignments.search(starts & ends & other)
        return (
            Domain("partner_id", "!=", False)
            & Domain("partner_id", "not in", away.partner_id.ids)
            & ~Domain("number_id", "in", away.number_id.ids)
        )


def _hidden(condition):
    """Domain of the calls with hidden digits whose whole numbers ``s`` are so."""

    def to_sql(model, alias, query):
        return SQL(
            "%s IN (SELECT s.call_id FROM telecom_call_secret s WHERE %s)",
            SQL.identifier(alias, "id"),
            condition,
        )

    return Domain.custom(to_sql=to_sql)
