# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import io
import random
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa

from odoo.tests import TransactionCase

from ..models import copy_binary

TOLD_AS_TEXT = ("numeric", "timestamp")


class TestCopyBinary(TransactionCase):
    def _stored(self, types, columns):
        """What PostgreSQL reads from the columns, as text and as values."""
        cr = self.env.cr
        names, data = copy_binary.encode(columns)
        spec = ", ".join(f"{name} {kind}" for name, kind in types.items())
        cr.execute("DROP TABLE IF EXISTS telecom_copied")
        cr.execute(f"CREATE TEMP TABLE telecom_copied (place serial, {spec})")
        cr.copy_expert(
            f"COPY telecom_copied ({', '.join(names)}) FROM STDIN (FORMAT binary)",
            io.BytesIO(data),
        )
        # As text where Odoo would make a float of it.
        shown = [f"{n}::text" if t in TOLD_AS_TEXT else n for n, t in types.items()]
        cr.execute(f"SELECT {', '.join(shown)} FROM telecom_copied ORDER BY place")
        return cr.fetchall()

    def test_every_kind(self):
        missing = np.array([False, True, False])
        rows = self._stored(
            {
                "small": "int4",
                "large": "int8",
                "flag": "bool",
                "moment": "timestamp",
                "day": "date",
                "key": "uuid",
                "amount": "numeric",
                "price": "numeric",
                "word": "varchar",
                "more": "jsonb",
            },
            {
                "small": copy_binary.numbers(np.array([-1, 5, 2**31 - 1]), 4),
                "large": copy_binary.numbers(np.array([-(2**62), 0, 7]), 8, missing),
                "flag": copy_binary.flags(np.array([True, False, True])),
                "moment": copy_binary.moments(
                    np.array(["1999-12-31T23:59:59", "2000-01-01", "2026-10-25T01:30"],
                             dtype="datetime64[s]")
                ),
                "day": copy_binary.days(
                    np.array(["1970-01-01", "2000-02-29", "2026-11-22"], "M8[D]")
                ),
                "key": copy_binary.uuids(
                    pa.array(["0" * 32, "f" * 32, "00079458e4818c2943608f18bdfc752a"])
                ),
                "amount": copy_binary.decimals(
                    np.array([34_000_000, 0, -1]), 9, missing
                ),
                "price": copy_binary.decimals(
                    np.array([-1_500_000, 1, 0]), 6, np.zeros(3, bool)
                ),
                "word": copy_binary.Text(pa.array(["", None, "café 🙂\n\\N\t"])),
                "more": copy_binary.Text(
                    pa.array(['{"a": "b"}', None, '["ñ"]']), b"\x01"
                ),
            },
        )  # fmt: skip
        self.assertEqual(
            rows,
            [
                (-1, -(2**62), True, "1999-12-31 23:59:59",
                 date(1970, 1, 1), "00000000-0000-0000-0000-000000000000",
                 "0.034000000", "-1.500000", "", {"a": "b"}),
                (5, None, False, "2000-01-01 00:00:00", date(2000, 2, 29),
                 "ffffffff-ffff-ffff-ffff-ffffffffffff",
                 None, "0.000001", None, None),
                (2**31 - 1, 7, True, "2026-10-25 01:30:00",
                 date(2026, 11, 22), "00079458-e481-8c29-4360-8f18bdfc752a",
                 "-0.000000001", "0.000000", "café 🙂\n\\N\t", ["ñ"]),
            ],
        )  # fmt: skip

    def test_no_rows(self):
        columns = {
            "small": copy_binary.numbers(np.array([], dtype=np.int64), 4),
            "word": copy_binary.Text(pa.array([], pa.string())),
        }
        self.assertEqual(
            self._stored({"small": "int4", "word": "varchar"}, columns), []
        )

    def test_amounts_of_any_size_are_exact(self):
        draw = random.Random(7)
        values = [0, 1, -1, 2**63 - 1, -(2**63 - 1), 10**18, 9_999, 10_000, 99_999_999]
        values += [draw.randint(-(2**63) + 1, 2**63 - 1) for _ in range(300)]
        values += [draw.randint(-(10**9), 10**9) for _ in range(300)]
        array, present = np.array(values), np.zeros(len(values), bool)
        rows = self._stored(
            {"nano": "numeric", "micro": "numeric"},
            {
                "nano": copy_binary.decimals(array, 9, present),
                "micro": copy_binary.decimals(array, 6, present),
            },
        )
        for digits, stored in enumerate(zip(*rows, strict=True)):
            places = (9, 6)[digits]
            exact = [Decimal(value).scaleb(-places) for value in values]
            self.assertEqual([Decimal(text) for text in stored], exact)
            self.assertEqual({len(text.split(".")[1]) for text in stored}, {places})

    def test_a_slice_of_texts(self):
        words = pa.array(["zero", "one", None, "three", "four"]).slice(1, 3)
        rows = self._stored({"word": "varchar"}, {"word": copy_binary.Text(words)})
        self.assertEqual(rows, [("one",), (None,), ("three",)])
