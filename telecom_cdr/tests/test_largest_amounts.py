# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What could not be priced with is refused when it is saved; the rest goes on."""

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import MANAGER, TelecomCommon
from .refusal import RefusalMixin
from .test_rating import row

ARABIC = "\u0663\u0664"  # 34
PRICE, SUM = 100_000_000, 1_000_000_000
MORE = 1.01


@tagged("post_install", "-at_install")
class TestLargestAmounts(RefusalMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        manager = cls._new_user("largest_manager", MANAGER)
        cls.as_manager = cls.env(user=manager)

    def _rate(self, **values):
        values = {"tariff_id": self.tariff.id, "prefix": "44", "price": 1, **values}
        return self.as_manager["telecom.rate"].create(values)

    def _tiered(self, start, **values):
        tier = {"kind": "volume", "start": start, "price": 0.1, **values}
        return self._rate(volume_unit="amount", tier_ids=[Command.create(tier)])

    def _discount(self, amount):
        line = Command.create({"amount": amount})
        values = {"name": "D", "company_id": self.company.id, "line_ids": [line]}
        return self.as_manager["telecom.discount"].create(values)

    def _still_rated(self):
        """Rates can be read, and price calls."""
        self._process(row(f"S{len(self._calls())}", called="600000001"))
        self.assertEqual(self._calls()[-1].price, 0.09)

    def test_prices(self):
        for name in ("price", "initial_price", "connect_fee", "maximum_price"):
            with self.assertRefused("at most 100,000,000"):
                self._rate(**{name: MORE * PRICE})
        self.tariff.allow_negative = True
        with self.assertRefused("at most 100,000,000"):
            self._rate(price=-MORE * PRICE)
        with self.assertRefused("at most 1,000,000 %"):
            self.env["telecom.rate"].create(
                {"tariff_id": self.tariff.id, "markup": 1_000_100, "prefix": "44"}
            )
        self._rate(price=PRICE, initial_price=PRICE, connect_fee=-PRICE)
        self._still_rated()

    def test_tiers(self):
        with self.assertSays(ValidationError, "at 1,000,000,000 at most"):
            self._tiered(MORE * SUM)
        with self.assertRefused("at most at 1,000,000,000"):
            self._tiered(10**16)
        with self.assertRefused("price of a tier is at most 100,000,000"):
            self._tiered(SUM, price=MORE * PRICE)
        self._tiered(SUM, price=PRICE)
        self._still_rated()

    def test_surcharges(self):
        for amount in (MORE * PRICE, -MORE * PRICE):
            with self.assertRefused("surcharge is at most 100,000,000"):
                self._discount(amount)
        self._discount(PRICE)

    def test_bundles(self):
        for name in ("covered_price", "covered_connect_fee"):
            with self.assertRefused("covered call costs is at most 100,000,000"):
                self._create_bundle("B", {"seconds": 300}, **{name: MORE * PRICE})
        for values in (
            {"amount": MORE * SUM},
            {"seconds": 300, "amount_limit": MORE * SUM},
            {"service": "data", "bytes": MORE * 10**15},
        ):
            with self.assertRefused("at most 1,000,000,000 of money"):
                self._create_bundle("B", values)
        money = self._create_bundle("M", {"amount": SUM})
        data = self._create_bundle("D", {"service": "data", "bytes": 10**15})
        for bundle in (money, data):
            self._give_bundle(bundle, self.customer)
        subscription = money.subscription_ids
        values = {
            "subscription_id": subscription.id,
            "allowance_id": money.allowance_ids.id,
            "period_start": "2026-10-01",
        }
        topups = self.as_manager["telecom.bundle.topup"]
        with self.assertSays(ValidationError, "of money adds at most 1,000,000,000"):
            topups.create({**values, "quantity": MORE * SUM})
        topups.create({**values, "quantity": SUM})
        self._process(row("B1", called="600000001"))
        self.assertEqual(self._calls().price, 0)

    def test_prefixes(self):
        for prefix in (ARABIC, "3\u00b2"):
            with self.assertSays(ValidationError, r"digits \(0-9\)"):
                self._rate(prefix=prefix)
            with self.assertSays(ValidationError, r"digits \(0-9\)"):
                self.env["telecom.destination"].create(
                    {"name": "X", "prefix_text": prefix, "category": "international"}
                )
        for prefix in ("+", "00", "0", "00034", " + "):
            with self.assertSays(ValidationError, "leave it empty"):
                self._rate(prefix=prefix)
        for prefix, kept in (("+44", "44"), ("0048", "48"), ("", False)):
            self.assertEqual(self._rate(prefix=prefix).prefix, kept)
        self._process(row("P1", called="00442079460001"))
        self.assertEqual(self._calls().rate_id.prefix, "44")

    def test_hours_that_round_to_midnight(self):
        """23:59:30 and later would begin at 24:00, which no day has."""
        bands = self.as_manager["telecom.time.band"]
        for start in (23.995, 24 - 30 / 3600):
            line = Command.create({"hour_from": start, "hour_to": 8})
            with self.assertSays(ValidationError, "nearer to 24:00"):
                bands.create({"name": "N", "line_ids": [line]})
        line = Command.create({"hour_from": 23.99, "hour_to": 8})  # 23:59:24
        band = bands.create({"name": "N", "line_ids": [line]})
        self.assertIn("23:59-08:00", band.hours_text)
        self._rate(prefix="346", price=0.01, time_band_id=band.id)
        self._still_rated()

    def test_a_withdrawn_rate_has_no_new_price(self):
        mobile = self.tariff.rate_ids.filtered(lambda one: one.category == "mobile")
        mobile._succeed(False, {"price": 0.12})
        self.assertFalse(mobile.active)
        with self.assertSays(UserError, "is withdrawn"):
            mobile._succeed("2026-11-01 00:00:00", {"price": 0.5})
