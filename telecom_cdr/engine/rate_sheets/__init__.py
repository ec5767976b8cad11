# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rate sheets beside the rates of a tariff: what differs, what is to be written."""
