# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.tools import groupby

from ..engine.invoice_lines import line_price, rounded, shared_distribution
from ..parsers import numbering

KIND_ORDER = ("landline", "mobile", "other", "roaming", "all")
FLOW_ORDER = ("", "incoming", "credit")


class TelecomInvoicingLines(models.AbstractModel):
    """What invoice lines of calls say: their names, prices and analytic accounts.

    Readers only. Names are in the language of the context.
    """

    _name = "telecom.invoicing.lines.mixin"
    _description = "Invoice Lines of Calls"

    def _telecom_line_values(self, line_group):
        """Values of the invoice line of a group of calls: extend this to change lines.

        Tools for prices and taxes that live elsewhere override it, and change the
        values or add to them (``tax_ids``, ``price_unit``, ``account_id``, fields of
        their own). ``telecom_line_*`` and ``telecom_kind`` must stay as they are:
        they link the calls to the line.

        :param line_group: dict of a row of ``_call_groups``: ``partner_id``,
            ``currency_id``, ``kind`` (of the product), ``number_id`` (0: several),
            ``department_id``, ``detail``, ``flow`` (incoming, credit, or empty),
            ``is_tax_included``, ``calls``, ``duration`` (seconds), ``amount`` (the
            exact sum, as text); and ``shape``, ``line_keys`` (all groups on the line)
            and ``more_calls`` (of the groups that come to nothing)
        :return: dict of values of ``account.move.line``, without the invoice
        """
        product = self.env.company._telecom_product(line_group["kind"])
        values = {
            "product_id": product.id,
            "name": self._call_line_name(line_group, product),
            "telecom_kind": line_group["kind"],
            "telecom_number_id": line_group["number_id"] or False,
            "telecom_line_key": "\n".join(line_group["line_keys"]),
            "telecom_line_calls": line_group["calls"] + line_group["more_calls"],
            "telecom_line_amount": float(line_group["amount"]),
            "telecom_is_tax_included": line_group["is_tax_included"],
            **self._line_price(line_group, product),
        }
        distribution = self._line_distribution(line_group)
        return values | (
            {"analytic_distribution": distribution} if distribution else {}
        )

    # === GROUPS === #

    def _line_groups(self, groups, shapes):
        """The groups as lines, in the order of the invoice."""
        self._read_ahead(groups)
        invoices = defaultdict(list)
        for group in groups:
            shape = shapes[group["partner_id"]]
            line = {
                **group,
                "shape": shape,
                "line_keys": [group["line_key"]],
                "more_calls": 0,
            }
            key = (group["partner_id"], group["currency_id"], group["invoice_key"])
            invoices[key].append(line)
        lines = [
            line for found in invoices.values() for line in self._without_zero(found)
        ]
        return sorted(lines, key=self._group_order)

    def _read_ahead(self, groups):
        """Read what the lines name at once, and not line by line."""
        numbers = self.env["telecom.number"].browse(
            {id_ for g in groups for id_, _amount in self._number_amounts(g) if id_}
        )
        numbers.fetch(["number", "department_id", "analytic_distribution"])
        departments = numbers.department_id | numbers.department_id.browse(
            {g["department_id"] for g in groups if g["department_id"]}
        )
        departments.fetch(["name", "analytic_distribution"])
        partners = self.env["res.partner"].browse({g["partner_id"] for g in groups})
        partners.fetch(["lang"])
        by_lang = groupby(groups, lambda g: partners.browse(g["partner_id"]).lang)
        for lang, found in by_lang:
            self.with_context(lang=lang or self.env.lang)._read_names_ahead(found)

    def _read_names_ahead(self, groups):
        """Read the names of destinations and labels in the language of the context."""
        details = {g["detail"]: g["rate_id"] for g in groups}
        rates = [id_ for name, id_ in details.items() if name.startswith("label ")]
        self.env["telecom.rate"].browse(rates).fetch(["label"])
        places = [name.removeprefix("destination ") for name in details]
        ids = [int(place) for place in places if place.strip("0").isdecimal()]
        self.env["telecom.destination"].browse(ids).fetch(["name"])

    def _without_zero(self, lines):
        """Put calls that come to nothing on another line, where the shape says so."""
        if lines[0]["shape"].show_zero:
            return lines
        zero = [line for line in lines if not self._line_amount(line)]
        kept = [line for line in lines if self._line_amount(line)] or zero[:1]
        for line in zero:
            hosts = [k for k in kept if k["is_tax_included"] == line["is_tax_included"]]
            same = [k for k in hosts if k["number_id"] == line["number_id"]]
            if line in kept:
                continue
            if not hosts:
                kept.append(line)
                continue
            self._take_on(min(same or hosts, key=self._group_order), line)
        return kept

    def _take_on(self, host, line):
        """Bill the calls of a line on another one."""
        host["amount"] = str(Decimal(host["amount"]) + Decimal(line["amount"]))
        host["more_calls"] += line["calls"] + line["more_calls"]
        host["line_keys"] += line["line_keys"]
        host["number_amounts"] = [
            *self._number_amounts(host),
            *self._number_amounts(line),
        ]

    def _group_order(self, line):
        """Where a line stands: by invoice, department, number, product, what it is."""
        writer = self._in_language_of(line["partner_id"])
        number = self.env["telecom.number"].browse(line["number_id"] or [])
        department = self.env["telecom.department"].browse(line["department_id"] or [])
        return (
            line["partner_id"],
            line["currency_id"],
            self._invoice_title(line["shape"], line["invoice_key"]),
            line["invoice_key"],
            department.name or "",
            department.id or 0,
            number.number or "",
            KIND_ORDER.index(line["kind"]),
            writer._detail_name(line) or "",
            FLOW_ORDER.index(line["flow"]),
            line["line_key"],
        )

    def _invoice_title(self, shape, invoice_key):
        """What an invoice is for, where a customer has several."""
        if shape.invoice_per == "contract":
            return invoice_key
        model = {"number": "telecom.number", "department": "telecom.department"}
        if shape.invoice_per not in model or invoice_key == "0":
            return ""
        record = self.env[model[shape.invoice_per]].browse(int(invoice_key))
        if shape.invoice_per == "department":
            return record.name
        return numbering.format_international(record.number)

    # === NAMES === #

    def _call_line_name(self, line, product):
        minutes, seconds = divmod(int(line["duration"] or 0), 60)
        name = self.env._(
            "%(what)s: %(calls)s calls, %(hours)s:%(minutes)s:%(seconds)s",
            what=self._line_title(line, product),
            calls=line["calls"],
            hours=minutes // 60,
            minutes=f"{minutes % 60:02}",
            seconds=f"{seconds:02}",
        )
        if not line["more_calls"]:
            return name
        return self.env._(
            "%(line)s, and %(calls)s more calls", line=name, calls=line["more_calls"]
        )

    def _line_title(self, line, product):
        """What was called, by which number."""
        what = self._detail_name(line) or product.name
        if line["detail"] and line["kind"] == "roaming":
            what = f"{product.name}, {what}"
        if line["flow"] == "incoming":
            what = self.env._("Incoming: %(what)s", what=what)
        elif line["flow"] == "credit":
            what = self.env._("Credit for incoming calls: %(what)s", what=what)
        number = self.env["telecom.number"].browse(line["number_id"] or [])
        if not number:
            return what
        return f"{what} {numbering.format_international(number.number)}"

    def _detail_name(self, line):
        """The category, destination or label of a line; None: it is by product."""
        detail, line_by = line["detail"], line["shape"].line_by
        if line_by == "category":
            field = self.env["telecom.call"]._fields["category"]
            return dict(field._description_selection(self.env)).get(detail)
        if line_by == "label" and detail.startswith("label "):
            return self.env["telecom.rate"].browse(line["rate_id"]).label
        place = detail.removeprefix("destination ")
        if line_by in ("destination", "label") and place.strip("0"):
            return self.env["telecom.destination"].browse(int(place)).name
        return None

    # === AMOUNTS === #

    def _line_amount(self, line):
        """What a line comes to, in whole units of its currency."""
        currency = self.env["res.currency"].browse(line["currency_id"])
        return rounded(Decimal(line["amount"]), currency.decimal_places)

    def _line_price(self, line, product):
        """Quantity and price; together they are the calls' sum, rounded once."""
        amount = self._line_amount(line)
        payer = self.env["res.partner"].browse(line["partner_id"])
        if line["is_tax_included"]:
            return self._values_of_total(amount, product, payer, line["currency_id"])
        by_minutes = line["shape"].quantity == "minutes"
        minutes = Decimal(line["duration"] or 0) / 60 if by_minutes else None
        currency = self.env["res.currency"].browse(line["currency_id"])
        found = line_price(amount, minutes, currency.decimal_places)
        price = self._price_over(found.price, product, payer, amount / found.quantity)
        values = {"quantity": float(found.quantity), "price_unit": price}
        if not found.is_minutes:
            return values
        unit = self.env["ir.model.data"]._xmlid_to_res_id("uom.product_uom_minute")
        return values | ({"product_uom_id": unit} if unit else {})

    # === ANALYTIC ACCOUNTS === #

    def _line_distribution(self, line):
        """The analytic distribution of the line's numbers, by what each has of it."""
        amounts = self._number_amounts(line)
        return shared_distribution(
            [(amount, self._number_distribution(id_)) for id_, amount in amounts]
        )

    def _number_amounts(self, line):
        if "number_amounts" in line:
            return line["number_amounts"]
        return [(line["number_id"], Decimal(line["amount"]))]

    def _number_distribution(self, number_id):
        """That of the number, else of its department."""
        number = self.env["telecom.number"].browse(number_id or [])
        department = number.department_id.sudo()
        return number.analytic_distribution or department.analytic_distribution or {}
