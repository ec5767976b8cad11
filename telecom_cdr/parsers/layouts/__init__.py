# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The ways that a file can be laid out, each as a source of records.

`opening.open_source` picks the module; `contract` says what all of them give.
"""
