# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls that are asked for at the same time, each over a connection of its own."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from unittest.mock import patch
from uuid import uuid4

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.sql_db import db_connect
from odoo.tests import BaseCase, get_db_name, tagged

from ..authorisation.asked import Asked
from ..controllers.authorise import see_others
from ..models import telecom_secret
from .provision_common import SECRET_KEY

CALLS = 10


@tagged("post_install", "-at_install")
class TestCallsAtOnce(BaseCase):
    """What is made here is committed, so that other connections see it, and undone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(get_db_name())
        keys = patch.object(
            telecom_secret, "configured_keys", return_value=[SECRET_KEY]
        )
        cls.startClassPatcher(keys)
        with cls._connection() as env:
            cls.made = []
            cls._make(env)
        cls.addClassCleanup(cls._unmake)

    @classmethod
    @contextmanager
    def _connection(cls):
        with db_connect(get_db_name()).cursor() as cr:
            see_others(cr)
            yield api.Environment(cr, SUPERUSER_ID, {})

    @classmethod
    def _create(cls, env, model, **values):
        record = env[model].create(values)
        cls.made.append((model, record.id))
        return record

    @classmethod
    def _make(cls, env):
        company = cls._create(
            env,
            "res.company",
            name=f"At once {uuid4()}",
            country_id=env.ref("base.es").id,
            currency_id=env.ref("base.EUR").id,
            telecom_tz="Europe/Madrid",
        )
        env.user.company_ids = [Command.link(company.id)]
        env = env(
            context={"allowed_company_ids": company.ids, "tracking_disable": True}
        )
        own = {"company_id": company.id}
        tariff = cls._create(
            env,
            "telecom.tariff",
            name="At once",
            rate_ids=[Command.create({"category": "mobile", "price": 0.09})],
            **own,
        )
        company.with_env(env).telecom_tariff_id = tariff
        customer = cls._create(env, "res.partner", name="At once", is_company=True)
        carrier = cls._create(env, "telecom.carrier", name="At once", **own)
        number = cls._create(
            env,
            "telecom.number",
            number="+34910000077",
            partner_id=customer.id,
            carrier_id=carrier.id,
            **own,
        )
        switch = cls._create(
            env, "telecom.switch", name="At once", domain="sip.example.org", **own
        )
        cls.switch_id, cls.key = switch.id, switch._new_key()
        cls._create(
            env,
            "telecom.sip.account",
            login="atonce",
            switch_id=switch.id,
            partner_id=customer.id,
            number_ids=[Command.set(number.ids)],
            **own,
        )
        cls.limit_id = cls._create(
            env,
            "telecom.limit",
            partner_id=customer.id,
            amount=0.90,
            is_blocking=True,
            **own,
        ).id

    @classmethod
    def _unmake(cls):
        with cls._connection() as env:
            env["telecom.call.underway"].search(
                [("switch_id", "=", cls.switch_id)]
            ).unlink()
            env["res.company"].browse(cls.made[0][1]).telecom_tariff_id = False
            for model, id_ in reversed(cls.made):
                record = env[model].browse(id_).exists()
                if model == "res.company":
                    # A company is used by too much to be taken away.
                    record.active = False
                else:
                    record.unlink()

    def setUp(self):
        super().setUp()
        self._set("telecom.limit", self.limit_id, amount=0.90)
        self._set("telecom.switch", self.switch_id, time_reserved=0)

    def _ask(self, reference, barrier, called="600000001"):
        with self._connection() as env:
            asked = Asked(
                self.switch_id,
                self.key,
                login="atonce",
                called=called,
                reference=reference,
            )
            barrier.wait(60)
            return env["telecom.authorisation"]._authorise(asked)

    def _all_at_once(self, prefix):
        return self._questions((f"{prefix}{place}",) for place in range(CALLS))

    def _questions(self, questions):
        """The answers to so many questions: reference, and the number called."""
        barrier = Barrier(CALLS)
        with ThreadPoolExecutor(CALLS) as pool:
            asked = [
                pool.submit(self._ask, reference, barrier, *called)
                for reference, *called in questions
            ]
            return [one.result() for one in asked]

    def _reserved(self):
        with self._connection() as env:
            calls = env["telecom.call.underway"].search(
                [("switch_id", "=", self.switch_id)]
            )
            return [round(reserved, 6) for reserved in calls.mapped("reserved")]

    def _set(self, model, id_, **values):
        with self._connection() as env:
            env[model].browse(id_).write(values)
            env["telecom.call.underway"].search(
                [("switch_id", "=", self.switch_id)]
            ).unlink()

    def test_one_call_gets_the_whole_rest(self):
        self._set("telecom.switch", self.switch_id, time_reserved=0)
        answers = self._all_at_once("whole")
        allowed = [answer for answer in answers if answer.allowed]
        self.assertEqual([answer.max_duration for answer in allowed], [600])
        refused = {answer.reason for answer in answers if not answer.allowed}
        self.assertEqual(refused, {"limit"})

    def test_calls_with_one_reference_are_one_call(self):
        """Also where nothing of the limits makes one wait for the other."""
        for amount, seconds, reserved in ((0.90, 600, 0.90), (90, 14400, 21.60)):
            with self.subTest(amount=amount):
                self._set("telecom.limit", self.limit_id, amount=amount)
                answers = self._questions(
                    ("same", f"60000000{place}") for place in range(CALLS)
                )
                allowed = [one.max_duration for one in answers if one.allowed]
                self.assertEqual(allowed, [seconds])
                refused = {one.reason for one in answers if not one.allowed}
                self.assertEqual(refused, {"reference"})
                self.assertEqual(self._reserved(), [reserved])

    def test_a_question_repeated_at_once_is_answered_alike(self):
        answers = self._questions([("again",)] * CALLS)
        self.assertEqual({one.reason for one in answers}, {"ok"})
        self.assertEqual({one.max_duration for one in answers}, {600})
        self.assertEqual(self._reserved(), [0.90])

    def test_parts_of_it_never_come_to_more(self):
        self._set("telecom.switch", self.switch_id, time_reserved=150)
        answers = self._all_at_once("part")
        durations = sorted(answer.max_duration for answer in answers if answer.allowed)
        self.assertEqual(durations, [150, 150, 150, 150])
        with self._connection() as env:
            calls = env["telecom.call.underway"].search(
                [("switch_id", "=", self.switch_id)]
            )
            self.assertAlmostEqual(sum(calls.mapped("reserved")), 0.90)
