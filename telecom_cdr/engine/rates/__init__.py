# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rate tables as columns: which tariff, which line of it, with what beside it."""
