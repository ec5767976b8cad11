# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from werkzeug.exceptions import Forbidden, TooManyRequests, Unauthorized

from odoo import SUPERUSER_ID
from odoo.http import request
from odoo.models import BaseModel

from ..models.switch_requests import is_shut_out, may_ask, note_wrong_key

WAIT = 1  # seconds, after which who asks too often may ask again


def asking_switch(switch_id: int) -> BaseModel:
    """The switch that asks, as superuser, by its key and from where it may.

    The key comes as a bearer token, or as the password of a basic login: FreeSWITCH and
    Asterisk have nothing else to send. An unknown switch and a wrong key look alike.
    Files count as questions about calls do: so many a second together.
    """
    address = request.httprequest.remote_addr or ""
    if is_shut_out(address):
        raise TooManyRequests("Too many wrong keys came from here.", retry_after=WAIT)
    request.update_env(user=SUPERUSER_ID)
    switch = request.env["telecom.switch"].browse(switch_id).exists()
    if not switch.active or not switch._check_key(_sent_key()):
        note_wrong_key(address)
        raise Unauthorized("The key is not that of this switch.")
    if not switch._may_ask_from(address):
        raise Forbidden("This switch may not ask from this address.")
    if not may_ask(request.env.registry.db_name, switch.id, switch.rate_limit):
        raise TooManyRequests(
            "This switch asks more often than its form in Odoo allows.",
            retry_after=WAIT,
        )
    return switch


def _sent_key() -> str:
    login = request.httprequest.authorization
    return (login and (login.token or login.password)) or ""
