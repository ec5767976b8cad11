# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from werkzeug.exceptions import Forbidden, Unauthorized

from odoo import SUPERUSER_ID
from odoo.http import request


def asking_switch(switch_id):
    """The switch that asks, as superuser, by its key and from where it may.

    The key comes as a bearer token, or as the password of a basic login: FreeSWITCH and
    Asterisk have nothing else to send. An unknown switch and a wrong key look alike.
    """
    request.update_env(user=SUPERUSER_ID)
    switch = request.env["telecom.switch"].browse(switch_id).exists()
    login = request.httprequest.authorization
    key = (login and (login.token or login.password)) or ""
    if not switch.active or not switch._check_key(key):
        raise Unauthorized("The key is not that of this switch.")
    if not switch._may_ask_from(request.httprequest.remote_addr):
        raise Forbidden("This switch may not ask from this address.")
    return switch
