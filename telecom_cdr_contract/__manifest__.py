# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Telecom CDR Contract",
    "summary": "Telephony and bundles on the recurring contracts of OCA",
    "version": "19.0.1.0.0",
    "category": "Sales/Telecom",
    "license": "AGPL-3",
    "author": "Telecom CDR contributors, Odoo Community Association (OCA)",
    "website": "https://github.com/OCA/vertical-isp",
    "depends": ["contract", "telecom_cdr_sale"],
    "data": [
        "views/contract_views.xml",
        "views/telecom_bundle_subscription_views.xml",
    ],
}
