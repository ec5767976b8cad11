# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""`odoo telecom_secret_key`: the key that passwords of SIP accounts are kept with."""

import optparse
import sys

from cryptography.fernet import Fernet

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config


class TelecomSecretKey(Command):
    """Make a key for the passwords of SIP accounts, or change to another one.

    Without an option it prints a new key, for telecom_secret_key in the section
    [telecom] of Odoo's configuration file. To change keys, write the new one before the
    old one with a comma between, restart Odoo, and run it with --rotate -d DATABASE:
    all passwords are then kept with the first key, and the old one can go.
    """

    name = "telecom_secret_key"

    def run(self, args: list[str]) -> None:
        """Print a key, or encrypt everything with the first one of the file."""
        config.parser.prog = self.prog
        group = optparse.OptionGroup(config.parser, "Keys")
        group.add_option(
            "--rotate",
            dest="rotate_secrets",
            action="store_true",
            my_default=False,
            help="encrypt all passwords of a database with the first key",
        )
        config.parser.add_option_group(group)
        config.parse_config(args, setup_logging=True)
        if not config.options.get("rotate_secrets"):
            sys.stdout.write(Fernet.generate_key().decode() + "\n")
            return
        names = config["db_name"]
        if len(names) != 1:
            sys.exit("Say which database: --rotate -d DATABASE")
        with Registry(names[0]).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            accounts = env["telecom.sip.account"].with_context(active_test=False)
            count = accounts.search([])._rotate_secrets()
        sys.stdout.write(f"{count} passwords are kept with the first key now.\n")
