# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Telecom CDR Sale",
    "summary": "Bundles and telephony sold on sales orders",
    "version": "19.0.1.0.0",
    "category": "Sales/Telecom",
    "license": "AGPL-3",
    "author": "Telecom CDR contributors, Odoo Community Association (OCA)",
    "website": "https://github.com/OCA/vertical-isp",
    "depends": ["telecom_cdr", "sale"],
    "data": [
        "security/ir.model.access.csv",
        "views/product_template_views.xml",
        "views/sale_order_views.xml",
        "views/telecom_bundle_subscription_views.xml",
        "wizards/telecom_invoice_wizard_views.xml",
        "views/res_config_settings_views.xml",
    ],
}
