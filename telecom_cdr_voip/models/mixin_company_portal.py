# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError

# Bits of an address, by version.
BITS = {4: 32, 6: 128}


class TelecomCompanyVoipPortalMixin(models.AbstractModel):
    """What customers may set of their SIP accounts and numbers."""

    _name = "telecom.company.voip.portal.mixin"
    _description = "Telephony Accounts in the Portal"

    telecom_portal_may_secrets = fields.Boolean(
        string="Customers see and renew passwords of SIP accounts", default=True
    )
    telecom_portal_may_networks = fields.Boolean(
        string="Customers say from where a SIP account is used", default=True
    )
    telecom_portal_may_blocks = fields.Boolean(
        string="Customers block destinations", default=True
    )
    telecom_portal_may_redirects = fields.Boolean(
        string="Customers redirect incoming calls", default=True
    )
    telecom_portal_ipv4_bits = fields.Integer(
        string="Largest IPv4 network",
        default=16,
        help="Customers may allow networks of at least so many bits: 16 means 65536 "
        "addresses. 0: any, even 0.0.0.0/0.",
    )
    telecom_portal_ipv6_bits = fields.Integer(
        string="Largest IPv6 network",
        default=32,
        help="Customers may allow networks of at least so many bits. 0: any.",
    )
    telecom_redirect_price = fields.Float(
        string="Dearest redirection (a minute)",
        digits=(16, 6),
        help="Customers may redirect to numbers that cost up to so much a minute, in "
        "the currency of the company. 0: whatever it costs.",
    )

    @api.constrains("telecom_portal_ipv4_bits", "telecom_portal_ipv6_bits")
    def _check_telecom_portal_bits(self) -> None:
        for company in self:
            bits = {
                4: company.telecom_portal_ipv4_bits,
                6: company.telecom_portal_ipv6_bits,
            }
            for version, most in BITS.items():
                if not 0 <= bits[version] <= most:
                    raise ValidationError(
                        self.env._(
                            "A network of IPv%(version)s has 0 to %(most)s bits, not "
                            "%(found)s.",
                            version=version,
                            most=most,
                            found=bits[version],
                        )
                    )
