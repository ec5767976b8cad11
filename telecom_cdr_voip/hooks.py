# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api


def post_init_hook(env: api.Environment) -> None:
    """Start the fraud watch with calls that come from now on."""
    # pylint: disable-next=no-search-all
    companies = env["res.company"].search([])
    env["telecom.fraud.rule"]._create_defaults(companies)
    env.cr.execute(
        "UPDATE telecom_file SET is_watched = TRUE WHERE state = 'processed'"
    )
