# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Conversions of a column's cells as small named steps, one after another.

`catalogue` knows the steps, `notation` how people write them, `definition` how a
format's keys are checked, `conversion` applies them to the columns of a table.
"""
