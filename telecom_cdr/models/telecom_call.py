# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..parsers import numbering
from .bulk_fields import BigInteger, Day, Moment, UncheckedMany2one, Uuid
from .call_secret import create_secrets, is_anonymous
from .call_sums import create_sum_tables, mark_calls
from .dispute_sql import granted
from .durations import hms
from .price_guard import create_guards
from .telecom_destination import CATEGORIES
from .telecom_number import SEARCHED_DIGITS
from .telecom_rate import DIRECTIONS, SERVICES

STATES = [
    ("unmatched", "No customer"),
    ("unrated", "No rate"),
    ("late", "Price comes later"),
    ("rated", "To invoice"),
    ("invoiced", "Invoiced"),
    ("excluded", "Not charged"),
]
REASONS = [
    ("no_number", "None of our numbers is in it, or nobody held it then"),
    ("no_tariff", "Neither number nor customer nor company has a tariff"),
    ("no_rate", "The tariff has no rate for this destination"),
    ("excluded", "The tariffs hold no rate at all for calls of this kind"),
    ("late", "The price comes later"),
    ("no_cost", "A mark-up needs the carrier's cost, which is unknown"),
    ("no_currency_rate", "There is no currency rate of this day"),
    ("amount", "The amount is too large"),
    ("formula", "The formula of the rate has no value for this call"),
    ("ignored", "A rule leaves such calls out"),
]
# Who called whom, when and for how long never changes once it is read.
FACTS = {
    "file_id",
    "line_number",
    "carrier_id",
    "direction",
    "service",
    "calling_number",
    "called_number",
    "redirecting_number",
    "start_at",
    "day",
    "duration",
    "volume",
    "identity",
    "carrier_amount",
}
COST_GROUP = "telecom_cdr.group_telecom_cost"
ANY_LINK = SQL("TRUE")


class TelecomCall(models.Model):
    """One call, message or data session.

    Rows come by COPY, so nothing that only the ORM runs may live here: no
    stored compute, no tracking, no python constraint. Whether a call is
    invoiced is told by ``telecom_call_invoice``, a narrow table, so that
    invoicing a million calls does not rewrite a million rows.
    """

    _name = "telecom.call"
    _inherit = [
        "telecom.call.dispute.mixin",
        "telecom.call.sum.mixin",
        "telecom.invoiced.mixin",
    ]
    _description = "Telecom Call"
    _log_access = False
    _order = "id desc"
    _rec_name = "called_number"

    company_id = UncheckedMany2one("res.company", required=True, readonly=True)
    file_id = UncheckedMany2one("telecom.file", readonly=True)
    line_number = fields.Integer(readonly=True, aggregator=None)
    carrier_id = UncheckedMany2one("telecom.carrier", required=True, readonly=True)
    identity = Uuid(readonly=True)
    direction = fields.Selection(DIRECTIONS, readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    calling_number = fields.Char(string="From", readonly=True)
    called_number = fields.Char(string="To", readonly=True)
    redirecting_number = fields.Char(string="Forwarded by", readonly=True)
    is_withheld = fields.Boolean(
        string="Number withheld", readonly=True, help="By the wish of the caller."
    )
    start_at = Moment(string="Start", readonly=True)
    day = Day(readonly=True, help="In the company's billing time zone.")
    duration = fields.Integer(string="Seconds", readonly=True)
    volume = BigInteger(string="Bytes", readonly=True)
    visited_country_id = UncheckedMany2one("res.country", readonly=True)
    number_id = UncheckedMany2one("telecom.number", string="Our number", readonly=True)
    partner_id = UncheckedMany2one("res.partner", string="Customer", readonly=True)
    destination_id = UncheckedMany2one("telecom.destination", readonly=True)
    prefix = fields.Char(readonly=True)
    category = fields.Selection(CATEGORIES, readonly=True)
    billed_duration = fields.Integer(string="Billed seconds", readonly=True)
    bundle_duration = fields.Integer(string="Seconds from bundles", readonly=True)
    carrier_amount = fields.Float(digits=(18, 9), readonly=True, groups=COST_GROUP)
    cost = fields.Float(digits=(18, 9), readonly=True, groups=COST_GROUP)
    cost_currency_id = UncheckedMany2one(
        "res.currency", readonly=True, groups=COST_GROUP
    )
    price = fields.Float(digits=(16, 6), readonly=True)
    currency_id = UncheckedMany2one("res.currency", readonly=True)
    margin = fields.Float(digits=(18, 9), readonly=True, groups=COST_GROUP)
    rate_id = UncheckedMany2one("telecom.rate", readonly=True)
    cost_rate_id = UncheckedMany2one("telecom.rate", readonly=True, groups=COST_GROUP)
    conversion = fields.Char(
        string="Currency ratio",
        readonly=True,
        help="From the currency of the tariff to that of the price, as a fraction.",
    )
    tier_from = BigInteger(
        string="Month before this call",
        readonly=True,
        help="What the month held, for rates with tiers by quantity.",
    )
    tier_parts = fields.Char(
        string="Parts of months",
        readonly=True,
        help="Rate, what its month held before, and what the call counts for, of each "
        "rate with tiers by quantity that has priced a part of the call.",
    )
    cost_tier_parts = fields.Char(
        string="Parts of the carrier's months",
        readonly=True,
        groups=COST_GROUP,
        help="The same for the cost.",
    )
    rest_discount_ppm = fields.Integer(
        string="Discount on the rest (ppm)",
        readonly=True,
        aggregator=None,
        help="What a bundle gives off the part of the call that it leaves.",
    )
    paid_discount_ppm = fields.Integer(
        string="Discount on the rest to pay (ppm)",
        readonly=True,
        aggregator=None,
        help="What a bundle of money gives off the amount that it leaves.",
    )
    is_allowed = fields.Boolean(string="Allowed", readonly=True)
    trunk = fields.Char(readonly=True)
    account_code = fields.Char(readonly=True)
    extra = fields.Json(readonly=True)
    rating_state = fields.Selection(
        [item for item in STATES if item[0] != "invoiced"], readonly=True
    )
    rating_reason = fields.Selection(REASONS, string="Why", readonly=True)
    state = fields.Selection(
        STATES, compute="_compute_invoice", search="_search_state", compute_sudo=True
    )
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Invoice line",
        compute="_compute_invoice",
        search="_search_move_line_id",
        compute_sudo=True,
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        compute="_compute_invoice",
        search="_search_move_id",
        compute_sudo=True,
    )
    draw_ids = fields.One2many("telecom.bundle.draw", "call_id", string="From bundles")
    is_covered = fields.Boolean(
        string="Covered by a bundle",
        compute="_compute_is_covered",
        search="_search_covered",
    )
    duration_text = fields.Char(string="Duration", compute="_compute_texts")
    calling_text = fields.Char(string="Caller", compute="_compute_texts")
    called_text = fields.Char(string="Called", compute="_compute_texts")
    extra_text = fields.Text(string="More from the file", compute="_compute_extra_text")

    _identity_uniq = models.UniqueIndex("(identity)", "This call is known already.")
    _partner_start_idx = models.Index("(partner_id, start_at)")
    _file_idx = models.Index("(file_id)")
    _start_idx = models.Index("USING brin (start_at)")
    _waiting_idx = models.Index(
        "(company_id, id) WHERE rating_state IN ('unmatched', 'unrated', 'late')"
    )

    def init(self):
        """What the ORM has no words for: ids of eight bytes, the invoicing link."""
        cr = self.env.cr
        cr.execute(
            "SELECT format_type(atttypid, NULL) FROM pg_attribute"
            " WHERE attrelid = 'telecom_call'::regclass AND attname = 'id'"
        )
        if cr.fetchone()[0] != "bigint":
            cr.execute("ALTER TABLE telecom_call ALTER COLUMN id TYPE bigint")
            cr.execute("ALTER SEQUENCE telecom_call_id_seq AS bigint")
            # Ids only grow: no page of their index is ever split.
            cr.execute("ALTER INDEX telecom_call_pkey SET (fillfactor = 100)")
        create_guards(self.env)
        create_secrets(self.env)
        create_sum_tables(self.env)
        # A call is on one line at most, and a deleted draft line lets its calls
        # go. What a credit note has given back is remembered beside.
        cr.execute(
            """
            CREATE TABLE IF NOT EXISTS telecom_call_invoice (
                call_id bigint PRIMARY KEY WITH (fillfactor = 100)
                    REFERENCES telecom_call,
                move_line_id integer NOT NULL
                    REFERENCES account_move_line ON DELETE CASCADE
            );
            CREATE INDEX IF NOT EXISTS telecom_call_invoice_line_idx
                ON telecom_call_invoice (move_line_id);
            CREATE TABLE IF NOT EXISTS telecom_call_release (
                call_id bigint NOT NULL,
                move_line_id integer NOT NULL
                    REFERENCES account_move_line ON DELETE CASCADE
            );
            -- What gave it back, where it was a credit note.
            ALTER TABLE telecom_call_release
                ADD COLUMN IF NOT EXISTS release_id integer;
            CREATE INDEX IF NOT EXISTS telecom_call_release_line_idx
                ON telecom_call_release (move_line_id);
            """
        )

    # === COMPUTE AND SEARCH METHODS === #

    @api.depends("rating_state")
    def _compute_invoice(self):
        lines = dict(
            self.env.execute_query(
                SQL(
                    "SELECT call_id, move_line_id FROM telecom_call_invoice"
                    " WHERE call_id = ANY(%s)",
                    list(self.ids),
                )
            )
        )
        granted_ids = self._granted_ids()
        for call in self:
            line = self.env["account.move.line"].browse(lines.get(call.id))
            call.move_line_id = line
            call.move_id = line.move_id
            is_granted = call.rating_state == "rated" and call.id in granted_ids
            state = "excluded" if is_granted else call.rating_state
            call.state = "invoiced" if line else state

    def _field_to_sql(self, alias, field_expr, query=None):
        """Let lists group and sort by what the invoicing link tells."""
        if field_expr not in ("state", "move_line_id"):
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        link = self._join_invoice(alias, query)
        if field_expr == "move_line_id":
            return link
        return SQL(
            "CASE WHEN %(link)s IS NOT NULL THEN 'invoiced'"
            " WHEN %(state)s = 'rated' AND %(granted)s THEN 'excluded'"
            " ELSE %(state)s END",
            link=link,
            state=SQL.identifier(alias, "rating_state"),
            granted=granted(SQL.identifier(alias, "id")),
        )

    def _join_invoice(self, alias, query):
        """SQL of the line that bills a call now, or NULL."""
        if query is None:
            return SQL(
                "(SELECT move_line_id FROM telecom_call_invoice WHERE call_id = %s)",
                SQL.identifier(alias, "id"),
            )
        link = query.make_alias(alias, "invoice")
        query.add_join(
            "LEFT JOIN",
            link,
            "telecom_call_invoice",
            SQL(
                "%s = %s", SQL.identifier(link, "call_id"), SQL.identifier(alias, "id")
            ),
        )
        return SQL.identifier(link, "move_line_id")

    @api.model
    def _linked(self, condition=ANY_LINK):
        """Domain of the calls that a line bills now."""

        def to_sql(model, alias, query):
            return SQL(
                "EXISTS (SELECT FROM telecom_call_invoice link WHERE"
                " link.call_id = %s AND %s)",
                SQL.identifier(alias, "id"),
                condition,
            )

        return Domain.custom(to_sql=to_sql)

    @api.model
    def _anonymous(self):
        """Domain of the calls whose numbers are gone: their results stand."""
        return Domain.custom(to_sql=lambda model, alias, query: is_anonymous(alias))

    def _is_anonymous(self):
        """Whether one of these calls is anonymous."""
        domain = Domain("id", "in", self.ids) & self._anonymous()
        return bool(self.search(domain, limit=1))

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        others = Domain("rating_state", "in", set(value) - {"invoiced"})
        # What was granted to the customer is not charged.
        forgiven = Domain("rating_state", "=", "rated") & self._is_granted()
        if "excluded" in value:
            others |= forgiven
        elif "rated" in value:
            others &= ~forgiven
        domain = ~self._linked() & others
        return domain | self._linked() if "invoiced" in value else domain

    def _search_move_line_id(self, operator, value):
        if operator not in ("in", "any"):
            return NotImplemented
        if operator == "any":
            value = self.env["account.move.line"].sudo().search(value).ids
        ids = [id_ for id_ in value if id_]
        domain = self._linked(SQL("link.move_line_id = ANY(%s)", ids))
        return domain | ~self._linked() if False in value else domain

    def _search_move_id(self, operator, value):
        if operator not in ("in", "any"):
            return NotImplemented
        if operator == "any":
            value = self.env["account.move"].sudo().search(value).ids
        ids = [id_ for id_ in value if id_]
        condition = SQL(
            "link.move_line_id IN (SELECT id FROM account_move_line"
            " WHERE move_id = ANY(%s))",
            ids,
        )
        domain = self._linked(condition)
        return domain | ~self._linked() if False in value else domain

    @api.depends("draw_ids")
    def _compute_is_covered(self):
        for call in self:
            call.is_covered = bool(call.draw_ids)

    def _search_covered(self, operator, value):
        if operator != "in":
            return NotImplemented

        def to_sql(model, alias, query):
            return SQL(
                "EXISTS (SELECT FROM telecom_bundle_draw WHERE call_id = %s)",
                SQL.identifier(alias, "id"),
            )

        return Domain.custom(to_sql=to_sql)

    @api.depends("duration", "calling_number", "called_number", "is_withheld")
    def _compute_texts(self):
        for call in self:
            call.duration_text = hms(call.duration)
            withheld = call.is_withheld and call.direction == "incoming"
            call.calling_text = (
                self.env._("Withheld")
                if withheld
                else numbering.format_international(call.calling_number or "")
            )
            call.called_text = numbering.format_international(call.called_number or "")

    @api.depends("calling_text", "called_text")
    def _compute_display_name(self):
        for call in self:
            call.display_name = f"{call.calling_text} → {call.called_text}"

    @api.depends("extra")
    def _compute_extra_text(self):
        for call in self:
            extra = call.extra or {}
            call.extra_text = "\n".join(f"{name}: {extra[name]}" for name in extra)

    @api.model
    def _search_display_name(self, operator, value):
        digits = "".join(char for char in str(value) if char.isdigit())
        text = digits.removeprefix("00") if len(digits) >= SEARCHED_DIGITS else value
        return Domain("calling_number", "ilike", text) | Domain(
            "called_number", "ilike", text
        )

    # === CRUD METHODS === #

    def write(self, vals):
        """Facts never change, and an invoiced call is frozen."""
        facts = FACTS & vals.keys()
        if facts and not self.env.context.get("install_mode"):
            raise UserError(
                self.env._(
                    "What a file says of a call does not change: %(fields)s.",
                    fields=", ".join(sorted(self._fields[n].string for n in facts)),
                )
            )
        self._check_not_invoiced()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_invoiced(self):
        self._check_not_invoiced()

    def _check_not_invoiced(self):
        invoiced = self.filtered("move_line_id")
        if invoiced:
            raise UserError(
                self.env._(
                    "%(count)s of these calls are invoiced, so they stay as they are. "
                    "Credit the invoice %(invoice)s first.",
                    count=len(invoiced),
                    invoice=invoiced[0].move_id.display_name,
                )
            )

    # === ACTIONS === #

    def action_rate(self):
        """Match and price these calls again; invoiced ones stay as they are."""
        self.check_access("write")
        return self.env["telecom.rating"]._rate_again(
            Domain("id", "in", self.ids), self.company_id
        )

    def action_rate_and_notify(self):
        """Rate these calls and say what that has changed."""
        changed = self.action_rate()
        gone = self.search_count(Domain("id", "in", self.ids) & self._anonymous())
        text = self.env._("%s calls have another result now.", changed)
        if gone:
            text = self.env._(
                "%(changed)s calls have another result now. %(gone)s are anonymous: "
                "without their numbers they are not rated again.",
                changed=changed,
                gone=gone,
            )
        return self.env["telecom.source"]._notify("success", text)

    def action_explain(self):
        """Show how the price came about, step by step."""
        self.ensure_one()
        self.check_access("read")
        wizard = self.env["telecom.call.explanation"].create({"call_id": self.id})
        return wizard._get_action()

    def _invoice_until(self):
        return max(self.mapped("day"))

    # === BULK METHODS === #

    @api.model
    def _by_identity(self, identities):
        """Stored calls by the identities that are given, with or without dashes."""
        rows = self.env.execute_query(
            SQL(
                "SELECT v.identity, c.id FROM unnest(%s::text[]) AS v(identity)"
                " JOIN telecom_call c ON c.identity = v.identity::uuid",
                list({one for one in identities if one}),
            )
        )
        return {identity: self.browse(id_) for identity, id_ in rows}

    @api.model
    def _count_invoiced(self, files):
        [(count,)] = self.env.execute_query(
            SQL(
                "SELECT count(*) FROM telecom_call c JOIN telecom_call_invoice i"
                " ON i.call_id = c.id"
                " WHERE c.file_id = ANY(%s)",
                list(files.ids),
            )
        )
        return count

    @api.model
    def _delete_of_file(self, files):
        """Take calls back with their draws; the rest of their months is dealt anew."""
        ids = list(files.ids)
        these = SQL("c.file_id = ANY(%s)", ids)
        self.env["telecom.bundle.pass"]._mark_calls(these)
        mark_calls(self.env, these)
        for query in (
            "DELETE FROM telecom_bundle_draw d USING telecom_call c"
            " WHERE d.call_id = c.id AND c.file_id = ANY(%s)",
            "DELETE FROM telecom_call_release r USING telecom_call c"
            " WHERE r.call_id = c.id AND c.file_id = ANY(%s)",
            "DELETE FROM telecom_call WHERE file_id = ANY(%s)",
        ):
            self.env.cr.execute(query, (ids,))
        self.env.invalidate_all()
