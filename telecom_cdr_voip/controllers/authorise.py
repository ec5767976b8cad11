# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import binascii
import logging
import traceback
from collections.abc import Callable
from typing import Any

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED, STATUS_READY

from odoo import SUPERUSER_ID, http, models
from odoo.http import Response, request
from odoo.sql_db import Cursor

from ..authorisation.answers import FORMS, Answer
from ..authorisation.asked import Asked
from ..provisioning.freeswitch import not_found

_logger = logging.getLogger(__name__)

LENGTH = 128  # of any parameter
LONGEST_DURATION = 10**6
STATUS = {
    "key": 401,
    "switch_address": 403,
    "rate_limit": 429,
    "request": 400,
    "error": 503,
}
# What each is called here, and by mod_xml_curl of FreeSWITCH.
NAMES = {
    "login": ("account", "login", "variable_sip_auth_username", "variable_user_name"),
    "address": ("address", "variable_sip_network_ip", "Caller-Network-Addr"),
    "called": ("called", "Caller-Destination-Number"),
    "calling": ("calling",),
    "reference": ("reference", "Unique-ID"),
    "direction": ("direction",),
    "condition": ("condition",),
}
CHOICES = {
    "direction": ("out", "in"),
    "condition": ("always", "busy", "no_answer", "unreachable"),
}
ROUTE = {
    "type": "http",
    "auth": "none",
    "methods": ["GET", "POST"],
    "csrf": False,
    "save_session": False,
    "readonly": False,
}
# Whole called numbers are asked about: an address with them would end up in logs.
QUESTION = {**ROUTE, "methods": ["POST"]}


class BadRequest(ValueError):
    """A request that can not be read."""


class TelecomAuthorise(http.Controller):
    """What a switch asks about calls, and tells of them."""

    @http.route("/telecom/switch/<int:switch_id>/authorise", **QUESTION)
    def telecom_authorise(self, switch_id: int, **parameters: str) -> Response:
        """Whether a call may be made, for how long, and where it goes."""
        return self._serve(
            switch_id, parameters, lambda calls, asked: calls._authorise(asked)
        )

    @http.route("/telecom/switch/<int:switch_id>/ended", **ROUTE)
    def telecom_ended(self, switch_id: int, **parameters: str) -> Response:
        """A call has ended: what is reserved for it becomes what it has cost."""

        def ended(calls: models.BaseModel, asked: Asked) -> Answer:
            return calls._ended(asked, read_duration(parameters.get("duration")))

        return self._serve(switch_id, parameters, ended)

    @http.route("/telecom/switch/<int:switch_id>/continue", **ROUTE)
    def telecom_continue(self, switch_id: int, **parameters: str) -> Response:
        """A call wants to go on."""
        return self._serve(
            switch_id, parameters, lambda calls, asked: calls._continue(asked)
        )

    def _serve(
        self,
        switch_id: int,
        parameters: dict[str, Any],
        decide: Callable[[models.BaseModel, Asked], Answer],
    ) -> Response:
        """The answer in the form that is asked for; whatever happens, it is one."""
        form = parameters.get("format")
        form = form if form in FORMS else "json"
        if form == "freeswitch_xml" and parameters.get("Hunt-Context") == "telecom":
            # Allowed before, and sent on: there FreeSWITCH's own dialplan takes over.
            return request.make_response(not_found(), [("Content-Type", "text/xml")])
        answer = self._decided(switch_id, parameters, decide)
        text, kind = FORMS[form][0](answer), FORMS[form][1]
        headers = [
            ("Content-Type", f"{kind}; charset=utf-8"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        return request.make_response(
            text, headers, status=STATUS.get(answer.reason, 200)
        )

    def _decided(
        self,
        switch_id: int,
        parameters: dict[str, Any],
        decide: Callable[[models.BaseModel, Asked], Answer],
    ) -> Answer:
        see_others(request.env.cr)
        request.update_env(user=SUPERUSER_ID)
        try:
            asked = read_request(switch_id, parameters, request.httprequest)
            return decide(request.env["telecom.authorisation"], asked)
        except BadRequest as error:
            return Answer(False, "request", text=str(error))
        except psycopg2.OperationalError:
            raise  # Odoo repeats what met another transaction
        except Exception as error:
            # A switch must have an answer, and nobody a trace of what went wrong; the
            # log has where, but not what an error quotes: numbers may be in it.
            where = "".join(traceback.format_tb(error.__traceback__))
            kind = type(error).__name__
            _logger.error("A switch could not be answered: %s\n%s", kind, where)
            request.env.cr.rollback()
            return Answer(False, "error", text="The answer could not be worked out.")


def see_others(cr: Any) -> None:
    """Let each statement of a fresh transaction see what others have committed.

    Else whoever waits for a limit would then not see what was reserved meanwhile, and
    Odoo would have to repeat all of it.
    """
    if isinstance(cr, Cursor):
        if cr.connection.status != STATUS_READY:
            cr.rollback()
        cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)


def read_request(
    switch_id: int, parameters: dict[str, Any], http_request: Any
) -> Asked:
    """The request as it was meant; BadRequest for what can't be one."""
    values = {}
    for name, known in NAMES.items():
        found = next((parameters[one] for one in known if parameters.get(one)), "")
        values[name] = read_text(name, found)
    for name, choices in CHOICES.items():
        values[name] = values[name] or choices[0]
        if values[name] not in choices:
            raise BadRequest(f"{name}: one of {', '.join(choices)} was expected")
    return Asked(
        switch_id=switch_id,
        key=read_key(parameters, http_request),
        remote=http_request.remote_addr or "",
        **values,
    )


def read_text(name: str, value: object) -> str:
    """A short text in one line."""
    if not isinstance(value, str):
        raise BadRequest(f"{name}: a text was expected")
    value = value.strip()
    if len(value) > LENGTH or not value.isprintable():
        raise BadRequest(f"{name}: up to {LENGTH} printable characters were expected")
    return value


def read_duration(value: object) -> int | None:
    """Seconds of a call; None where nothing is said."""
    if value in (None, ""):
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return min(int(value[:12]), LONGEST_DURATION)
    raise BadRequest("duration: whole seconds were expected")


def read_key(parameters: dict[str, Any], http_request: Any) -> str:
    """The key: of the header Authorization (Bearer, Basic), X-Api-Key, or a form.

    Never of the address, which ends up in logs.
    """
    kind, _blank, rest = http_request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return rest.strip()
    if kind.lower() == "basic":
        return read_basic(rest)
    return http_request.headers.get("X-Api-Key") or http_request.form.get("key", "")


def read_basic(text: str) -> str:
    """The password of HTTP's basic authentication; "" where there is none."""
    try:
        decoded = base64.b64decode(text.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded.partition(":")[2]
