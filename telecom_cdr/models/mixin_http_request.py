# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.base.models.res_partner import _tz_get

from ..collect.contract import CollectError
from ..collect.http_request import HttpSettings, check_request
from .reading_messages import worded

PREFIX = "http_"


class TelecomHttpRequestMixin(models.AbstractModel):
    """What is asked of an HTTP API, and what its answers mean: of a source, and of a
    template for sources. See collect/http_request.py."""

    _name = "telecom.http.request.mixin"
    _description = "Request of an HTTP API"

    http_method = fields.Selection(
        [("GET", "GET"), ("POST", "POST")], string="Method", default="GET"
    )
    http_url = fields.Char(
        string="Address",
        help="Where the calls are asked for. Here, in the parameters, headers and body "
        "stand for the period: {from:%Y-%m-%d} its first day, {to:%Y-%m-%d} its last, "
        "{end:%Y-%m-%d} the day after, {from:epoch} seconds since 1970; for the place: "
        "{page}, {offset}, {size}, {token}; and {username}, {password}.",
    )
    http_query = fields.Text(
        string="Parameters",
        help="name=value, one a line, as in the carrier's document.",
    )
    http_headers = fields.Text(
        string="Headers",
        help="Name: value, one a line. No secrets: everybody who sees the source reads "
        "them; write {password} instead.",
    )
    http_body = fields.Text(
        string="Body", help="Sent with POST: JSON, or a form: name=value&name=value."
    )
    http_auth = fields.Selection(
        [
            ("none", "None, or {username} and {password} in the request"),
            ("basic", "User name and password (Basic)"),
            ("bearer", "Key as bearer"),
            ("header", "Key in a header"),
            ("query", "Key in a parameter"),
            ("oauth", "OAuth 2, client credentials"),
        ],
        string="Who we are",
        default="none",
    )
    http_key_name = fields.Char(
        string="Name of the key",
        help="Of the header or the parameter that has the key, such as X-Api-Key.",
    )
    http_token_url = fields.Char(
        string="Address for tokens", help="Where OAuth gives tokens."
    )
    http_scope = fields.Char(
        string="Scope", help="What the token is asked for; mostly empty."
    )
    http_paging = fields.Selection(
        [
            ("none", "All in one answer"),
            ("page", "Number of the page: {page}"),
            ("offset", "Number of records before it: {offset}"),
            ("next", "Link in the answer"),
            ("link", "Link header"),
            ("token", "Token in the answer: {token}"),
        ],
        string="Pages",
        default="none",
    )
    http_page_size = fields.Integer(
        string="Records of a page",
        help="A page with fewer is the last; empty: one without any is. Where all "
        "comes in one answer, one with so many is taken for cut off, and asked for "
        "again in shorter periods.",
    )
    http_first_page = fields.Integer(string="First page", default=1)
    http_next_path = fields.Char(
        string="Next page is at",
        help="Path in the answer, such as links.next or next_page_uri.",
    )
    http_total_path = fields.Char(
        string="Total is at",
        help="Path of the number of all records of the period, such as meta.total. "
        "Where fewer came, nothing is stored.",
    )
    http_days = fields.Integer(
        string="Days per request", default=1, help="0: as many as there are."
    )
    http_overlap_days = fields.Integer(
        string="Days asked again",
        default=1,
        help="Calls may come late, or get their price later. Those known stay out.",
    )
    http_with_today = fields.Boolean(
        string="Today, too",
        default=True,
        help="Off: only days that are over. On: today is asked for with each "
        "collection, until it is over.",
    )
    http_zone = fields.Selection(
        _tz_get,
        string="Time zone of the dates",
        help="In which the API understands the dates it is asked for. Empty: the "
        "carrier's.",
    )
    http_error_path = fields.Char(
        string="Status is at",
        help="Path of what tells whether all is well, such as status or errors.",
    )
    http_ok_values = fields.Char(
        string="All is well",
        help="What is there then, such as success; empty: nothing is there.",
    )
    http_empty_values = fields.Char(
        string="No calls",
        help="What is there, or is the whole answer, or its HTTP status, where there "
        "are no calls: no_cdr, 404.",
    )
    http_error_pattern = fields.Char(
        string="Error looks like",
        help="Regular expression for answers that are no JSON.",
    )
    http_content_pattern = fields.Char(
        string="File within the answer",
        help="Regular expression for answers that are no JSON: its group is the file.",
    )

    @api.model
    def _http_fields(self):
        """The names of the fields that a template gives a source."""
        mixin = self.env.registry["telecom.http.request.mixin"]
        return [name for name in mixin._fields if name.startswith(PREFIX)]

    def _http_request(self):
        """The request, as plain data without the prefix."""
        names = self._http_fields()
        return {n.removeprefix(PREFIX): self[n] or self._http_empty(n) for n in names}

    def _http_empty(self, name):
        """What collect/ has for nothing."""
        field = self._fields[name]
        if field.type == "boolean":
            return False
        return 0 if field.type == "integer" else ""

    @api.constrains(lambda self: self._http_checked_fields())
    def _check_http_request(self):
        for record in self._http_checked():
            try:
                check_request(HttpSettings.of(record._http_options()))
            except CollectError as error:
                raise ValidationError(
                    self.env._(
                        "%(name)s cannot be asked for: %(problem)s.",
                        name=record.display_name,
                        problem=worded(self.env, error.wording),
                    )
                ) from error

    def _http_checked_fields(self):
        return self._http_fields()

    def _http_checked(self):
        """The records that are to make a request."""
        return self

    def _http_options(self):
        """What collect/ needs for the request."""
        return {**self._http_request(), "layout": "json", "zone": "UTC"}
