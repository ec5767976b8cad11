# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from urllib.parse import urlencode

from odoo import http
from odoo.http import content_disposition, request
from odoo.tools.misc import format_date

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..parameters import (
    BadParameter,
    CallKey,
    day_start,
    next_month,
    read_day,
    read_month,
    shortened,
)

# What all pages have in common: signed in, nothing is written.
PAGE = {
    "type": "http",
    "auth": "user",
    "website": True,
    "readonly": True,
    "methods": ["GET"],
}
SORTINGS = ("newest", "oldest")
MAX_MONTHS = 60


class TelecomCustomerPortal(CustomerPortal):
    """Pages about calls and bundles. All data come from ``telecom.portal``."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        portal = request.env["telecom.portal"]
        if "telecom_call_count" in counters:
            # A customer with a number sees the card before the first call.
            values["telecom_call_count"] = portal._count(
                portal._call_filter(), limit=1
            )[0] or len(portal._numbers(limit=1))
        if "telecom_bundle_count" in counters:
            values["telecom_bundle_count"] = len(portal._subscriptions())
        return values

    # === CALLS === #

    @http.route(
        "/my/calls",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_calls(self, **parameters):
        portal = request.env["telecom.portal"]
        asked = self._read_call_parameters(parameters)
        key, is_backwards = self._read_key(parameters)
        page = portal._page(asked["calls"], key, is_backwards)
        values = {
            **self._prepare_portal_layout_values(),
            **asked,
            "page_name": "telecom_calls",
            "months": portal._months(page.rows),
            "count_text": portal._found_text(*portal._count(asked["calls"])),
            "searched_to": self._searched_to(page),
            "choices": portal._number_choices(),
            "zone_text": request.env._("Times of %s.", portal._zone().key),
            "periods": self._periods(portal._this_month()),
            **self._call_links(asked, page),
        }
        return request.render("telecom_cdr_portal.portal_my_calls", values)

    @http.route(
        "/my/calls/download",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_calls_download(self, **parameters):
        """The calls of the filter as CSV; back to the page where that can't be."""
        asked = self._read_call_parameters(parameters)
        if asked["notices"]:
            return request.redirect(self._url("/my/calls", parameters))
        content = request.env["telecom.portal"]._export(asked["calls"])
        if content is None:
            return request.redirect(
                self._url("/my/calls", {**asked["query"], "too_many": "1"})
            )
        headers = [
            ("Content-Type", "text/csv; charset=utf-8"),
            ("Content-Disposition", content_disposition(self._file_name(asked))),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        ]
        return request.make_response(content, headers)

    # A page of the website, so that the texts are in the language of the page.
    @http.route(
        "/my/calls/totals", type="jsonrpc", auth="user", website=True, readonly=True
    )
    def portal_my_calls_totals(self, months=(), number=None, **kwargs):
        """Texts of the totals of whole months, for a page that shows their calls."""
        portal = request.env["telecom.portal"]
        calls, _notice = self._number_filter(number)
        texts = {}
        for text in months[:MAX_MONTHS] if isinstance(months, list) else []:
            try:
                month = read_month(text) if isinstance(text, str) else None
            except BadParameter:
                continue
            if month:
                totals = portal._month_totals(portal._call_filter(**calls), month)
                texts[text] = portal._totals_texts(totals)
        return texts

    # === PARAMETERS === #

    def _read_call_parameters(self, parameters):
        """The filter, the parameters that made it, and what could not be read."""
        notices, days = [], {}
        for name in ("date_from", "date_to"):
            try:
                days[name] = read_day(parameters.get(name))
            except BadParameter as error:
                days[name] = None
                notices.append(self._bad_date_notice(error.args[0]))
        first, last = self._in_order(days["date_from"], days["date_to"])
        number, notice = self._number_filter(parameters.get("number"))
        notices += [notice] if notice else []
        sortby = parameters.get("sortby")
        sortby = sortby if sortby in SORTINGS else SORTINGS[0]
        if parameters.get("too_many"):
            notices.append(self._too_many_notice())
        return {
            "calls": self._make_filter(first, last, number, sortby),
            "query": self._query(first, last, number, parameters, sortby),
            "notices": notices,
            "date_from": first,
            "date_to": last,
            "number": shortened(parameters["number"]) if number else "",
            "sortby": sortby,
        }

    def _make_filter(self, first, last, number, sortby):
        portal = request.env["telecom.portal"]
        zone = portal._zone()
        return portal._call_filter(
            start=first and day_start(first, zone),
            end=last and day_start(last + timedelta(days=1), zone),
            newest_first=sortby == "newest",
            **number,
        )

    def _query(self, first, last, number, parameters, sortby):
        """The parameters that were understood, for links that keep the filter."""
        query = {
            "date_from": first and first.isoformat(),
            "date_to": last and last.isoformat(),
            "number": parameters["number"] if number else None,
            "sortby": sortby if sortby != SORTINGS[0] else None,
        }
        return {name: value for name, value in query.items() if value}

    def _in_order(self, first, last):
        return (last, first) if first and last and last < first else (first, last)

    def _number_filter(self, text):
        """The filter by an own number, and what to say where there is no such."""
        text = text.replace("\0", "").strip()[:64] if isinstance(text, str) else ""
        if not text:
            return {}, None
        numbers = request.env["telecom.portal"]._find_numbers(text)
        if numbers:
            return {"number_ids": tuple(numbers.ids)}, None
        notice = request.env._(
            "“%s” is none of your numbers, so the calls of all are shown.",
            shortened(text),
        )
        return {}, notice

    def _read_key(self, parameters):
        """Where a page begins; a key that cannot be read means the first page."""
        for name in ("before", "after"):
            try:
                if parameters.get(name):
                    return CallKey.parse(parameters[name]), name == "before"
            except BadParameter:
                continue
        return None, False

    # === LINKS AND TEXTS === #

    def _call_links(self, asked, page):
        query = asked["query"]

        def link(**more):
            return self._url("/my/calls", {**query, **more})

        return {
            "before_url": page.before and link(before=page.before),
            "after_url": page.after and link(after=page.after),
            "download_url": self._url("/my/calls/download", query),
            "has_filter": bool({"date_from", "date_to", "number"} & query.keys()),
        }

    def _url(self, path, query):
        return f"{path}?{urlencode(query)}" if query else path

    def _periods(self, month):
        """Quick choices of dates: this month and the two before."""
        months = [next_month(month, -count) for count in range(3)]
        return [
            {
                "title": format_date(request.env, first, date_format="LLLL"),
                "date_from": first.isoformat(),
                "date_to": (next_month(first) - timedelta(days=1)).isoformat(),
            }
            for first in months
        ]

    def _searched_to(self, page):
        """How far a search has come that ended before it had filled the page."""
        if not page.is_partial:
            return None
        local = request.env["telecom.portal"]._local(page.after.start_at)
        return request.env._(
            "Looked through the calls as far as %s; the button below goes on.",
            format_date(request.env, local.date()),
        )

    def _file_name(self, asked):
        days = [
            day.isoformat() for day in (asked["date_from"], asked["date_to"]) if day
        ]
        return "_".join([request.env._("calls"), *days]) + ".csv"

    def _bad_date_notice(self, found):
        return request.env._(
            "“%(found)s” is not a date, so it is left out. "
            "Write year, month and day: %(example)s.",
            found=found,
            example="2026-07-31",
        )

    def _too_many_notice(self):
        return request.env._(
            "These are too many calls for one file: choose a shorter period, "
            "a month for instance, and download again."
        )

    # === BUNDLES === #

    @http.route(
        "/my/bundles",
        type="http",
        auth="user",
        website=True,
        readonly=True,
        methods=["GET"],
    )
    def portal_my_bundles(self, month=None, **parameters):
        portal = request.env["telecom.portal"]
        present, notices = portal._present_bundle_month(), []
        try:
            shown = read_month(month) or present
        except BadParameter as error:
            shown = present
            notices.append(self._bad_month_notice(error.args[0]))
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "telecom_bundles",
            "notices": notices,
            "bundles": portal._month_bundles(shown),
            "has_any": bool(portal._subscriptions()),
            "month_title": portal._bundle_period_text(shown),
            "before_url": f"/my/bundles?month={next_month(shown, -1):%Y-%m}",
            "after_url": shown < present
            and f"/my/bundles?month={next_month(shown):%Y-%m}",
        }
        return request.render("telecom_cdr_portal.portal_my_bundles", values)

    def _bad_month_notice(self, found):
        return request.env._(
            "“%(found)s” is not a month, so the present one is shown. "
            "Write year and month: %(example)s.",
            found=found,
            example="2026-07",
        )
