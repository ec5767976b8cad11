# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections.abc import Callable
from datetime import date, timedelta

from odoo import http, models
from odoo.http import Response, content_disposition, request
from odoo.tools.misc import format_date

from ..models.telecom_portal_calls import CallPage
from ..models.telecom_portal_sums import GROUPS
from ..parameters import (
    BadParameter,
    CallFilter,
    CallKey,
    day_start,
    next_month,
    read_day,
    read_month,
    shortened,
)
from .portal import TelecomCustomerPortal, page

# Order of the list: (newest first, what it is sorted by).
SORTINGS = {
    "newest": (True, "start"),
    "oldest": (False, "start"),
    "dearest": (True, "price"),
    "longest": (True, "duration"),
}
DIRECTIONS = ("outgoing", "incoming", "missed", "internal")
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
MAX_MONTHS = 60
Days = tuple[date | None, date | None]


def texts(url: str) -> Callable:
    """What a page fetches later: of the website, for texts in the page's language."""
    return http.route(url, type="jsonrpc", auth="user", website=True, readonly=True)


class TelecomCallsPortal(TelecomCustomerPortal):
    """Calls: list, sums, groups, files."""

    @page("/my/calls", "/my/telecom/calls")
    def portal_my_calls(self, **parameters: str) -> Response:
        portal = request.env["telecom.portal"]
        asked = self._read_call_parameters(parameters)
        values = self._group_values if asked["groupby"] else self._list_values
        shown = values(asked, parameters)
        return self._telecom_page(
            "portal_my_calls",
            "telecom_calls",
            **asked,
            choices=portal._number_choices(),
            categories=portal._selection("category"),
            zone_text=request.env._("Times of %s.", portal._zone().key),
            periods=self._periods(portal._this_month()),
            **self._shared_links(asked),
            **shown,
        )

    def _list_values(self, asked: dict, parameters: dict) -> dict:
        """Calls, one by one."""
        portal = request.env["telecom.portal"]
        key, is_backwards = self._read_key(parameters)
        page = portal._page(asked["calls"], key, is_backwards)
        return {
            "months": self._months(portal, asked, page),
            "groups": None,
            "count_text": portal._found_text(*portal._count(asked["calls"])),
            "searched_to": self._searched_to(asked, page),
            **self._page_links(asked, page),
        }

    def _months(
        self, portal: models.BaseModel, asked: dict, page: CallPage
    ) -> list[dict]:
        """Calls under the month that bills them, or all of them where they are sorted
        otherwise."""
        if asked["calls"].order_by == "start":
            return portal._months(page.rows)
        calls = portal._shown_calls(page.rows)
        return [{"key": None, "title": "", "calls": calls}] if calls else []

    def _group_values(self, asked: dict, parameters: dict) -> dict:
        """Groups of calls with their sums."""
        portal = request.env["telecom.portal"]
        groups = portal._groups(asked["calls"], asked["groupby"])
        if groups is None:
            asked["notices"].append(self._too_many_groups_notice())
        shown = portal._group_texts(groups or ())
        for group in shown:
            query = {**asked["query"], **(group["filter"] or {})}
            query.pop("groupby", None)
            group["url"] = group["filter"] and self._url("/my/calls", query)
        return {
            "months": [],
            "groups": shown,
            "count_text": "",
            "searched_to": None,
            "before_url": None,
            "after_url": None,
        }

    # === FILES === #

    @page("/my/calls/download", "/my/telecom/calls/download")
    def portal_my_calls_download(self, **parameters: str) -> Response:
        """The calls of the filter as a file; back to the page where that can't be."""
        asked = self._read_call_parameters(parameters)
        if asked["notices"]:
            return request.redirect(self._url("/my/calls", parameters))
        kind = parameters.get("format")
        kind = kind if kind in FORMATS else "csv"
        content = request.env["telecom.portal"]._file(asked["calls"], kind)
        if content is None:
            too_many = "pdf" if kind == "pdf" else "1"
            return request.redirect(
                self._url("/my/calls", {**asked["query"], "too_many": too_many})
            )
        name = f"{self._file_name(asked)}.{kind}"
        headers = [
            ("Content-Type", FORMATS[kind]),
            ("Content-Disposition", content_disposition(name)),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        ]
        return request.make_response(content, headers)

    # === SUMS: fetched by the page, which does not wait for them === #

    @texts("/my/calls/totals")
    def portal_my_calls_totals(
        self, months: object = (), number: object = None, **kwargs: object
    ) -> dict[str, list[str]]:
        """Texts of the totals of whole months, for a page that shows their calls."""
        portal = request.env["telecom.portal"]
        calls, _notice = self._number_filter(number)
        found = {}
        for text in months[:MAX_MONTHS] if isinstance(months, list) else []:
            try:
                month = read_month(text) if isinstance(text, str) else None
            except BadParameter:
                continue
            if month:
                totals = portal._month_totals(portal._call_filter(**calls), month)
                found[text] = portal._totals_texts(totals)
        return found

    @texts("/my/calls/sums")
    def portal_my_calls_sums(self, query: object = None, **kwargs: object) -> list[str]:
        """Texts of what the calls of a filter come to."""
        portal = request.env["telecom.portal"]
        query = query if isinstance(query, dict) else {}
        query = {name: self._text(value) for name, value in query.items()}
        sums = portal._sums(self._read_call_parameters(query)["calls"])
        if sums is None:
            return [request.env._("too many calls to add up: choose a shorter period")]
        return portal._totals_texts(sums)

    # === PARAMETERS === #

    def _read_call_parameters(self, parameters: dict) -> dict:
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
        notices += self._file_notices(parameters.get("too_many"))
        choices = self._read_choices(parameters)
        if choices["groupby"] and not (first or last):
            # All calls there ever were are too many to add up.
            first = request.env["telecom.portal"]._this_month()
        text = self._text(parameters.get("text"))
        return {
            **choices,
            "calls": self._make_filter((first, last), number, choices, text),
            "query": self._query((first, last), number, parameters, choices),
            "notices": notices,
            "date_from": first,
            "date_to": last,
            "number": shortened(parameters["number"]) if number else "",
            "text": text,
        }

    def _read_choices(self, parameters: dict) -> dict[str, str]:
        """Parameters that are one of a few words; another one is none."""
        categories = dict(request.env["telecom.portal"]._selection("category"))
        allowed = {
            "sortby": SORTINGS,
            "direction": DIRECTIONS,
            "category": categories,
            "groupby": GROUPS,
        }
        found = {
            name: parameters.get(name) if parameters.get(name) in words else ""
            for name, words in allowed.items()
        }
        return {**found, "sortby": found["sortby"] or "newest"}

    def _make_filter(
        self, days: Days, number: dict, choices: dict, text: str
    ) -> CallFilter:
        portal = request.env["telecom.portal"]
        zone, (first, last) = portal._zone(), days
        newest_first, order_by = SORTINGS[choices["sortby"]]
        return portal._call_filter(
            start=first and day_start(first, zone),
            end=last and day_start(last + timedelta(days=1), zone),
            newest_first=newest_first,
            order_by=order_by,
            direction=choices["direction"] or None,
            category=choices["category"] or None,
            **number,
            **(portal._text_filter(text) if text else {}),
        )

    def _query(
        self, days: Days, number: dict, parameters: dict, choices: dict
    ) -> dict[str, str]:
        """The parameters that were understood, for links that keep the filter."""
        first, last = days
        sortby = choices["sortby"]
        query = {
            "date_from": first and first.isoformat(),
            "date_to": last and last.isoformat(),
            "number": parameters["number"] if number else None,
            "text": self._text(parameters.get("text")),
            **choices,
            "sortby": sortby if sortby != "newest" else None,
        }
        return {name: value for name, value in query.items() if value}

    def _in_order(self, first: date | None, last: date | None) -> Days:
        return (last, first) if first and last and last < first else (first, last)

    def _number_filter(self, text: object) -> tuple[dict, str | None]:
        """The filter by an own number, and what to say where there is no such."""
        text = self._text(text)
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

    def _read_key(self, parameters: dict) -> tuple[CallKey | None, bool]:
        """Where a page begins; a key that cannot be read means the first page."""
        for name in ("before", "after"):
            try:
                if parameters.get(name):
                    return CallKey.parse(parameters[name]), name == "before"
            except BadParameter:
                continue
        return None, False

    # === LINKS AND TEXTS === #

    def _page_links(self, asked: dict, page: CallPage) -> dict[str, str | None]:
        def link(**more: object) -> str:
            return self._url("/my/calls", {**asked["query"], **more})

        return {
            "before_url": page.before and link(before=page.before),
            "after_url": page.after and link(after=page.after),
        }

    def _shared_links(self, asked: dict) -> dict:
        query = {k: v for k, v in asked["query"].items() if k != "groupby"}
        plain = query.keys() - {"sortby"}
        return {
            "download_url": self._url("/my/calls/download", query),
            "download_urls": {
                kind: self._url("/my/calls/download", {**query, "format": kind})
                for kind in FORMATS
            },
            "has_filter": bool(plain),
            "has_more_filter": bool(plain - {"date_from", "date_to", "number"})
            or bool(asked["groupby"]),
        }

    def _periods(self, month: date) -> list[dict[str, str]]:
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

    def _searched_to(self, asked: dict, page: CallPage) -> str | None:
        """How far a search has come that ended before it had filled the page."""
        portal = request.env["telecom.portal"]
        if asked["calls"].order_by != "start":
            return self._sorted_text(portal, asked["calls"])
        if not page.is_partial:
            return None
        local = portal._local(page.after.start_at)
        return request.env._(
            "Looked through the calls as far as %s; the button below goes on.",
            format_date(request.env, local.date()),
        )

    def _sorted_text(self, portal: models.BaseModel, calls: CallFilter) -> str | None:
        """Which calls were sorted, where that are not all."""
        scanned = portal._sorted_number(calls)
        if not scanned:
            return None
        return request.env._(
            "Sorted are the latest %s calls of these. Choose a shorter period to see "
            "others.",
            scanned,
        )

    def _file_name(self, asked: dict) -> str:
        days = [
            day.isoformat() for day in (asked["date_from"], asked["date_to"]) if day
        ]
        return "_".join([request.env._("calls"), *days])

    def _bad_date_notice(self, found: str) -> str:
        return request.env._(
            "“%(found)s” is not a date, so it is left out. "
            "Write year, month and day: %(example)s.",
            found=found,
            example="2026-07-31",
        )

    def _file_notices(self, too_many: str | None) -> list[str]:
        if not too_many:
            return []
        if too_many == "pdf":
            text = request.env._(
                "These are too many calls for a PDF: choose a shorter period, or "
                "download them as CSV or Excel."
            )
        else:
            text = request.env._(
                "These are too many calls for one file: choose a shorter period, "
                "a month for instance, and download again."
            )
        return [text]

    def _too_many_groups_notice(self) -> str:
        return request.env._(
            "These are too many calls to add up in groups: choose a shorter period, "
            "or one number."
        )
