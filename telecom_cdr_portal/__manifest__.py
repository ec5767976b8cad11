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
        "security/ir.model.access.csv",
        "security/telecom_portal_rules.xml",
        "data/mail_template_data.xml",
        "views/portal_layout_templates.xml",
        "views/portal_home_templates.xml",
        "views/portal_overview_templates.xml",
        "reports/portal_calls_reports.xml",
        "views/portal_calls_templates.xml",
        "views/portal_groups_templates.xml",
        "views/portal_call_templates.xml",
        "views/portal_disputes_templates.xml",
        "views/portal_bundles_templates.xml",
        "views/portal_settings_templates.xml",
        "views/portal_colleagues_templates.xml",
        "views/portal_orders_templates.xml",
        "views/res_config_settings_views.xml",
        "views/telecom_portal_right_views.xml",
        "views/telecom_portal_order_views.xml",
        "views/telecom_portal_change_views.xml",
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
