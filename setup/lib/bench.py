# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Measures how fast calls come into Odoo, as ratios taken in one run.

Prints a table, and with --json one line of JSON: each key with its ratio, and the
absolute figures behind it under ``figures``.
"""

import argparse
import base64
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT / "tests" / "engine"), str(CHECKOUT / "telecom_cdr")]

from bench_annex import annex_figures  # noqa: E402 (after its path)
from bench_authorise import authorise_figures  # noqa: E402
from bench_calls import (  # noqa: E402
    CUSTOMERS,
    FIRST_SECOND,
    SECONDS,
    call_blocks,
)
from bench_drift import CHARGES, drift_figures  # noqa: E402
from bench_rates import FEW, MANY, import_rates, rate_by  # noqa: E402
from kernel_benchmark import kernel_figures  # noqa: E402

TARGETS = {
    "import_vs_copy": ("at most", 1.5),
    "table_vs_heap": ("at most", 2.5),
    "bytes_per_call": ("at most", 450),
    "import_vs_orm": ("at least", 12),
    "kernel_calls_per_second": ("at least", 1_000_000),
    "kernel_prefix_growth": ("at most", 1.33),
    "rerate_vs_import": ("at most", 1.5),
    "proposal_vs_rerate": ("at most", 3),
    "rates_growth": ("at most", 1.2),
    "rates_import_seconds": ("at most", 60),
    "invoice_vs_plain": ("at most", 1.1),
    "portal_growth": ("at most", 2),
    "import_peak_mib": ("at most", 1_024),
    "import_growth": ("at most", 1.2),
    "small_files": ("at most", 1.5),
    "authorise_vs_route": ("at most", 2),
    "authorise_p99_vs_route": ("at most", 2),
    "drift_growth": ("at most", 2.5),
    "annex_growth": ("at most", 1.5),
}
# So many small files, of all the calls: a carrier's year of files by the hour.
SMALL_FILES = 2_000
ROWS_OF_SMALL = 50

# What is measured, in this order: each stands on what those before it leave.
STEPS = (
    "import", "copy", "orm", "invoicing", "size", "rerate", "proposal", "rates",
    "kernel", "portal", "small_files", "authorise", "drift", "annex", "large",
)  # fmt: skip


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def timed(seconds: dict, name: str):
    """Keep how long a block took, in seconds."""
    say(f"  {name} ...")
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start
    say(f"  {name}: {seconds[name]:.1f} s")


class Bench:
    """One run: the figures are taken in this order, on one database."""

    def __init__(self, env: api.Environment, calls: int):
        self.env = env
        self.calls = calls
        self.seconds: dict[str, float] = {}
        self.ratios: dict[str, float] = {}

    def run(self, only: list[str]) -> None:
        """Take all figures, or only those that need no more than the import.

        :param only: words of STEPS, empty: all of them
        """
        self.prepare()
        for step in STEPS:
            if not only or step == "import" or step in only:
                getattr(self, f"measure_{step}")()

    def prepare(self) -> None:
        """A company with 1,000 customers, a tariff and a carrier that has a cost."""
        env = self.env
        tariff = self._tariff("Retail", 2)
        env.company.telecom_tariff_id = tariff
        self.carrier = env["telecom.carrier"].create(
            {"name": "Bench", "cost_tariff_id": self._tariff("Wholesale", 1).id}
        )
        self.source = env["telecom.source"].create(
            {
                "name": "Bench",
                "carrier_id": self.carrier.id,
                "format_id": env.ref("telecom_cdr.telecom_format_carrier_csv").id,
            }
        )
        partners = env["res.partner"].create(
            [{"name": f"Customer {index}"} for index in range(CUSTOMERS)]
        )
        env["telecom.number"].create(
            [
                {
                    "number": f"+34910{index:06}",
                    "carrier_id": self.carrier.id,
                    "partner_id": partner.id,
                }
                for index, partner in enumerate(partners)
            ]
        )
        self.partners = partners
        env["telecom.rating.mark"].search([]).unlink()
        env.cr.commit()

    def _tariff(self, name: str, cents: int):
        prefixes = ["", "346", "349", "4420", "44", "331", "33", "1", "49", "39"]
        return self.env["telecom.tariff"].create(
            {
                "name": name,
                "rate_ids": [
                    (
                        0,
                        0,
                        {
                            "prefix": prefix,
                            "price": cents / 100 + index / 1000,
                            "connect_fee": 0.01,
                            "initial_increment": 60,
                            "increment": 60,
                        },
                    )
                    for index, prefix in enumerate(prefixes)
                ],
            }
        )

    def measure_import(self) -> None:
        """From the bytes of a file to rated calls in the table."""
        content = b"".join(call_blocks(self.calls))
        file = self.env["telecom.file"].create(
            {
                "source_id": self.source.id,
                "name": "bench.csv",
                "content": base64.b64encode(content),
            }
        )
        self.env.cr.commit()
        with timed(self.seconds, "import"):
            file.action_process()
            self.env.cr.commit()
        assert file.call_count == self.calls, file.read()
        rated = self.env["telecom.call"].search_count([("state", "=", "rated")])
        assert rated == self.calls, rated

    def measure_copy(self) -> None:
        """The same rows by bare COPY, into the same table and into a plain heap."""
        cr = self.env.cr
        rows = io.BytesIO()
        cr.copy_expert("COPY telecom_call TO STDOUT", rows)
        say(f"  {rows.tell() / 1e6:.0f} MB of rows")
        cr.execute("TRUNCATE telecom_call, telecom_call_invoice CASCADE")
        cr.commit()
        self._copy("copy", "telecom_call", rows)
        cr.execute(
            "CREATE TABLE bench_heap (LIKE telecom_call);"
            "ALTER TABLE bench_heap ADD PRIMARY KEY (id)"
        )
        cr.commit()
        self._copy("heap", "bench_heap", rows)
        cr.execute("DROP TABLE bench_heap")
        cr.commit()
        self.ratios["import_vs_copy"] = self.seconds["import"] / self.seconds["copy"]
        self.ratios["table_vs_heap"] = self.seconds["copy"] / self.seconds["heap"]

    def _copy(self, name: str, table: str, rows: io.BytesIO) -> None:
        rows.seek(0)
        with timed(self.seconds, name):
            self.env.cr.copy_expert(f"COPY {table} FROM STDIN", rows)
            self.env.cr.commit()

    def measure_orm(self) -> None:
        """Rows a second by the ORM's create, in batches of 1,000."""
        calls = self.env["telecom.call"]
        rows = min(20_000, self.calls)
        names = [
            name
            for name, field in calls._fields.items()
            if field.store and field.column_type and name not in ("id", "identity")
        ]
        values = calls.search([], limit=rows).read(names, load=False)
        for value in values:
            value.pop("id")
            value["extra"] = value["extra"] or None
        with timed(self.seconds, "orm"):
            for start in range(0, rows, 1_000):
                calls.create(values[start : start + 1_000])
                self.env.cr.flush()
        self.env.cr.rollback()
        self.ratios["import_vs_orm"] = (self.calls / self.seconds["import"]) / (
            rows / self.seconds["orm"]
        )

    def measure_rerate(self) -> None:
        """Match and price all calls again, after all prices have changed."""
        self.env.cr.execute("TRUNCATE telecom_call_invoice")
        self.env.cr.execute("UPDATE telecom_rate SET price = price + 0.01")
        self.env.invalidate_all()
        with timed(self.seconds, "rerate"):
            self.env["telecom.rating"]._rate_again([], self.env.company)
            self.env.cr.commit()
        self.ratios["rerate_vs_import"] = (
            self.seconds["rerate"] / self.seconds["import"]
        )

    def measure_proposal(self) -> None:
        """Propose and apply other prices for all calls, against rating them at once."""
        env = self.env
        env.cr.execute("UPDATE telecom_rate SET price = price + 0.01")
        env.invalidate_all()
        self._vacuum()
        rerating = env["telecom.rerating"].create({"name": "Bench"})
        with timed(self.seconds, "propose"):
            self._work_through(rerating, "action_propose")
        assert rerating.changed_count == self.calls, rerating.read()
        with timed(self.seconds, "apply"):
            self._work_through(rerating, "action_apply")
        assert rerating.state == "applied", rerating.read()
        both = self.seconds["propose"] + self.seconds["apply"]
        self.ratios["proposal_vs_rerate"] = both / self.seconds["rerate"]

    def _work_through(self, rerating, action: str) -> None:
        """Press a button, and do what it leaves to the scheduled action."""

        def step_done():
            self.env.cr.commit()
            return True

        getattr(rerating, action)()
        rerating._work_through(step_done)
        self.env.cr.commit()

    def measure_rates(self) -> None:
        """Rate the calls by a tariff of 100,000 rates, against one of 1,000.

        The many come into the company later, so that their loading counts.
        """
        names = {FEW: "rate by 1,000 rates", MANY: "rate by 100,000 rates"}
        for cents, (count, name) in enumerate(names.items(), 5):
            tariff, seconds = import_rates(self.env, count, cents)
            self._vacuum()
            with timed(self.seconds, name):
                rate_by(self.env, tariff)
        self.ratios["rates_import_seconds"] = seconds
        self.ratios["rates_growth"] = (
            self.seconds[names[MANY]] / self.seconds[names[FEW]]
        )

    def measure_invoicing(self) -> None:
        """1,000 customers of 100 calls, against the same invoices without any calls."""
        self._vacuum()
        self._warm_up()
        share = min(1, 100 * CUSTOMERS / self.calls)
        until = FIRST_SECOND + timedelta(seconds=SECONDS * share)
        with timed(self.seconds, "invoice"):
            moves = self._invoice(until - timedelta(seconds=1))
        values = [self._plain_values(move) for move in moves]
        self.env.invalidate_all()
        with timed(self.seconds, "plain"):
            self.env["account.move"].create(values)
            self.env.flush_all()
        self.env.cr.rollback()
        self.ratios["invoice_vs_plain"] = (
            self.seconds["invoice"] / self.seconds["plain"]
        )
        with timed(self.seconds, "invoice the rest"):
            self._invoice(FIRST_SECOND + timedelta(days=31))

    def _warm_up(self) -> None:
        """What Odoo caches at the first invoice must not count for the first one."""
        values = {"move_type": "out_invoice", "partner_id": self.partners[0].id}
        line = {"name": "x", "quantity": 1, "price_unit": 1}
        self.env["account.move"].create({**values, "invoice_line_ids": [(0, 0, line)]})
        self.env.flush_all()
        self.env.cr.rollback()

    def _invoice(self, until: datetime):
        day = until.date()
        moves = self.env["telecom.invoicing"]._invoice(
            self.partners, day.replace(day=1), day
        )
        self.env.flush_all()
        self.env.cr.commit()
        return moves

    def _plain_values(self, move) -> dict:
        return {
            "move_type": "out_invoice",
            "partner_id": move.partner_id.id,
            "currency_id": move.currency_id.id,
            "invoice_line_ids": [
                (
                    0,
                    0,
                    {
                        "product_id": line.product_id.id,
                        "name": line.name,
                        "quantity": 1,
                        "price_unit": line.price_unit,
                    },
                )
                for line in move.invoice_line_ids
            ],
        }

    def measure_size(self) -> None:
        """Bytes of a call with all its indexes and its link, after vacuum."""
        cr = self.env.cr
        self._vacuum()
        cr.execute(
            "SELECT pg_total_relation_size('telecom_call')"
            " + pg_total_relation_size('telecom_call_invoice')"
        )
        [size] = cr.fetchone()
        self.ratios["bytes_per_call"] = size / self.calls

    def _vacuum(self) -> None:
        """As autovacuum would in time: what one figure leaves costs no other."""
        cr = self.env.cr
        cr.commit()
        cr._cnx.autocommit = True
        cr.execute("VACUUM (ANALYZE) telecom_call, telecom_call_invoice")
        cr._cnx.autocommit = False
        # What one figure leaves to be written to the disk costs no other, either.
        os.sync()

    def measure_kernel(self) -> None:
        figures = kernel_figures(min(self.calls, 1_000_000), 1)
        self.ratios["kernel_calls_per_second"] = figures["calls_per_second"]
        self.ratios["kernel_prefix_growth"] = figures["prefix_growth"]

    def measure_portal(self) -> None:
        """The calls page of a customer with all the calls, against one with 100."""
        # Its place is known only once Odoo is configured.
        page = import_module("odoo.addons.telecom_cdr_portal.tests.portal_benchmark")
        self._forget_calls()
        say("  portal ...")
        self.ratios["portal_growth"], pages = page.portal_growth(self.env, self.calls)
        self.env.cr.rollback()
        self.seconds.update({f"portal {n}": ms / 1000 for n, ms in pages.items()})

    def measure_small_files(self) -> None:
        """2,000 files of 50 calls in one run, against one file of the same calls."""
        files = max(1, min(SMALL_FILES, self.calls // ROWS_OF_SMALL))
        blocks = b"".join(call_blocks(files * ROWS_OF_SMALL, seed=3))
        head, *lines = blocks.splitlines(keepends=True)
        pieces = [
            head + b"".join(lines[start : start + ROWS_OF_SMALL])
            for start in range(0, len(lines), ROWS_OF_SMALL)
        ]
        for name, contents in (("one file", [blocks]), (f"{files:,} files", pieces)):
            self._forget_calls()
            received = self._receive(contents)
            with timed(self.seconds, f"import of {name}"):
                received.action_process()
                self.env.cr.commit()
            assert set(received.mapped("state")) == {"processed"}, received[0].read()
            assert sum(received.mapped("call_count")) == len(lines)
            received.state = "discarded"  # or the next ones would repeat them
        self.ratios["small_files"] = (
            self.seconds[f"import of {files:,} files"]
            / self.seconds["import of one file"]
        )

    def _receive(self, contents: list[bytes]):
        say(f"  receiving {len(contents):,} files ...")
        received = self.env["telecom.file"]
        for number, content in enumerate(contents):
            name = f"small {len(contents)} {number}.csv"
            received |= received._receive(self.source, name, io.BytesIO(content))
        self.env.cr.commit()
        return received

    def measure_authorise(self) -> None:
        """Answers to a switch, against an empty route of Odoo."""
        say("  authorise ...")
        ratios, figures = authorise_figures(self.env, self.partners)
        self.ratios.update(ratios)
        self.seconds.update(figures)

    def measure_drift(self) -> None:
        """The report of drift of fixed fees, with twice the charges against once."""
        say("  drift ...")
        charges = min(CHARGES, self.calls)
        growth, seconds = drift_figures(self.env, self.carrier, charges)
        self.ratios["drift_growth"] = growth
        self.seconds.update(seconds)

    def measure_annex(self) -> None:
        """The PDF of an invoice with 20,000 calls, against one with 2,000."""
        say("  annex ...")
        growth, figures = annex_figures(self.env, self.source)
        self.ratios["annex_growth"] = growth
        self.seconds.update(figures)

    def measure_large(self) -> None:
        """Ten times the calls in one file, imported by a process of its own."""
        self._forget_calls()
        calls = 10 * self.calls
        with tempfile.TemporaryFile() as stream:
            for block in call_blocks(calls, seed=2):
                stream.write(block)
            stream.seek(0)
            file = self.env["telecom.file"]._receive(self.source, "large.csv", stream)
        self.env.cr.commit()
        with timed(self.seconds, f"import of {calls:,} calls"):
            arguments = ["--file", str(file.id), "--calls", str(calls)]
            program = Path(__file__).with_name("bench_large.py")
            done = subprocess.run(
                [sys.executable, program, *arguments],
                check=True,
                stdout=subprocess.PIPE,
            )
        figures = json.loads(done.stdout.splitlines()[-1])
        ends = figures["seconds"]
        self.ratios["import_peak_mib"] = figures["peak_mib"]
        self.ratios["import_growth"] = (ends[9] - ends[8]) / ends[0]
        self.seconds["first tenth"], self.seconds["last tenth"] = (
            ends[0],
            ends[9] - ends[8],
        )

    def _forget_calls(self) -> None:
        self.env.cr.rollback()
        self.env.cr.execute("TRUNCATE telecom_call, telecom_call_invoice CASCADE")
        self.env.cr.commit()


def show(bench: Bench) -> None:
    """The figures as a table, each with what it must reach."""
    print(f"{'figure':<26}{'measured':>14}   must reach")
    for key, (word, target) in TARGETS.items():
        if key not in bench.ratios:
            continue
        value = bench.ratios[key]
        reached = value <= target if word == "at most" else value >= target
        mark = "" if reached else "   MISSED"
        print(f"{key:<26}{value:>14,.2f}   {word} {target:,}{mark}")
    for name, seconds in bench.seconds.items():
        print(f"  {name:<24}{seconds:>14,.2f} s")
    rate = bench.calls / bench.seconds["import"]
    print(f"  {'imported calls a second':<24}{rate:>14,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", action="extend", nargs="+", choices=STEPS, default=[])
    options = parser.parse_args()
    database = os.environ["TELECOM_DATABASE"]
    odoo.tools.config.parse_config(["-d", database, "--no-http", "--log-level", "warn"])
    with Registry(database).cursor() as cr:
        bench = Bench(api.Environment(cr, SUPERUSER_ID, {}), options.calls)
        bench.run(options.only)
    show(bench)
    if options.json:
        rounded = {key: round(value, 4) for key, value in bench.ratios.items()}
        seconds = {key: round(value, 3) for key, value in bench.seconds.items()}
        print(json.dumps({**rounded, "calls": options.calls, "figures": seconds}))


if __name__ == "__main__":
    main()
