# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets

from odoo import api


def pre_init_hook(env: api.Environment) -> None:
    """Periods of a number must not overlap: the constraint needs btree_gist.

    The extension is trusted since PostgreSQL 13, a plain owner may create it.
    """
    env.cr.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")


def post_init_hook(env: api.Environment) -> None:
    """Give every company a secret of its own; a default is one for all of them."""
    for company in env["res.company"].search([]):
        company.telecom_identity_key = secrets.token_hex(32)
