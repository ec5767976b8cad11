# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""SIP accounts as the files that switches read.

Pure: no Odoo, no database, no clock. A :class:`~.accounts.Snapshot` goes in, text comes
out. What a name may hold differs from file to file, so :mod:`.accounts` has one narrow
rule for all of them: an account whose login could mean something else in one of them is
left out, and said so in the file.
"""
