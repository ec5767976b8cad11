# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import configparser
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import config

OPTION = "telecom_secret_key"
SECTION = "telecom"


@lru_cache(maxsize=8)
def _section_option(path: str) -> str:
    """The option in a section of its own, where Odoo does not warn of it."""
    parser = configparser.RawConfigParser()
    parser.read([path] if path else [])
    return parser.get(SECTION, OPTION, fallback="")


def configured_keys() -> list[str]:
    """The keys of Odoo's configuration file; the first one encrypts, all decrypt."""
    text = config.get(OPTION) or _section_option(config["config"] or "")
    return [key.strip() for key in text.split(",") if key.strip()]


class TelecomSecret(models.AbstractModel):
    """Encrypts what must not be readable from a copy of the database."""

    _name = "telecom.secret"
    _description = "Encrypted Secrets"

    @api.model
    def _encrypt(self, text: str) -> str:
        return self._box().encrypt(text.encode()).decode()

    @api.model
    def _decrypt(self, cipher: str) -> str:
        try:
            return self._box().decrypt(cipher.encode()).decode()
        except InvalidToken as error:
            raise UserError(self._say_other_key()) from error

    @api.model
    def _again(self, cipher: str) -> str:
        """The same secret, encrypted with the first key of the file."""
        try:
            return self._box().rotate(cipher.encode()).decode()
        except InvalidToken as error:
            raise UserError(self._say_other_key()) from error

    @api.model
    def _box(self) -> MultiFernet:
        keys = configured_keys()
        if not keys:
            raise UserError(self._say_missing())
        try:
            return MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise UserError(self._say_malformed()) from error

    @api.model
    def _say_missing(self) -> str:
        return self.env._(
            "Secrets of SIP accounts are encrypted with a key that is not in the "
            "database, and Odoo's configuration file holds none. Make one with "
            "'odoo telecom_secret_key', write it into that file (section "
            "[%(section)s], %(option)s = ...), and restart Odoo.",
            section=SECTION,
            option=OPTION,
        )

    @api.model
    def _say_malformed(self) -> str:
        return self.env._(
            "'%s' of Odoo's configuration file is not a key (or several with commas "
            "between): 32 bytes in base64 were expected, 44 characters. Make one with "
            "'odoo telecom_secret_key'.",
            OPTION,
        )

    @api.model
    def _say_other_key(self) -> str:
        return self.env._(
            "This secret was encrypted with a key that Odoo's configuration file no "
            "longer holds. Add the old key behind the present one in '%s' (separated "
            "by a comma), or set a new secret.",
            OPTION,
        )
