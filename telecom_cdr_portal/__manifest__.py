# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Telecom CDR Portal",
    "summary": "Customers see their calls and bundles in the portal",
    "version": "19.0.1.0.0",
    "category": "Sales/Telecom",
    "license": "AGPL-3",
    "author": "Telecom CDR contributors, Odoo Community Association (OCA)",
    "website": "https://github.com/OCA/vertical-isp",
    "depends": ["telecom_cdr", "portal"],
    "data": [
        "views/portal_home_templates.xml",
        "views/portal_calls_templates.xml",
        "views/portal_bundles_templates.xml",
    ],
    "assets": {
        "web.assets_frontend": [
            "telecom_cdr_portal/static/src/scss/*.scss",
            "telecom_cdr_portal/static/src/interactions/*.js",
        ],
        "web.assets_tests": [
            "telecom_cdr_portal/static/tests/tours/*.js",
        ],
    },
}
