# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The columns that rows of calls of several rows have beside their facts.

ROW: their number in the file's good rows, from 0; KEY: what they share; PREFERRED;
ROLE: what they are in their call; OPENER: the ROW that their call begins with. Where
rows tell begin and end of calls, RAW: how they are written.
"""

ROW, KEY, PREFERRED, ROLE = "leg_row", "leg_key", "leg_preferred", "leg_role"
OPENER, RAW = "opener", "leg_raw"
OWN = [ROW, KEY, PREFERRED, ROLE, OPENER, RAW]

# What a row is in its call: one that others may follow (a begin, too), the last one, an
# end, a begin that led to nothing.
OPEN, LAST, END, VAIN = range(4)

# Of rows that are rejected as they lack the other row of their call: why, and what is
# said of it.
REASON, FOUND = "leg_reason", "leg_found"
REJECTED = [RAW, REASON, FOUND]
