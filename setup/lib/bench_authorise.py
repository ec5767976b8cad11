# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How fast a switch is answered, against an empty route of Odoo in the same run.

A server of its own with two workers; four connections ask all the time, on loopback.
Each call is another one: its number, its account, its reference; each account has a
limit that is read and locked, and each call is kept as under way.
"""

import random
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

ACCOUNTS = 200
CONNECTIONS = 4
ROUNDS = 3
SECONDS = 5.0
WARM_UP = 8.0
EMPTY = b"GET /web/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
CALLED = ("346", "349", "44207", "331", "39", "49", "1212")


class Load(NamedTuple):
    """Seconds that each answer took, and how long all of it lasted."""

    times: list[float]
    lasted: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.lasted

    @property
    def late(self) -> float:
        """The time that 99 of 100 answers keep."""
        return sorted(self.times)[int(len(self.times) * 0.99)]


def authorise_figures(env, partners) -> tuple[dict[str, float], dict[str, float]]:
    """Ratios against the empty route, and the absolute figures behind them."""
    switch, key = prepare(env, partners)
    with server(env.cr.dbname) as port:
        requests = call_requests(switch.id, key)
        load(port, lambda: EMPTY, 2)
        load(port, requests.__next__, WARM_UP)
        empty, asked = [], []
        for _round in range(ROUNDS):
            empty.append(load(port, lambda: EMPTY, SECONDS))
            asked.append(load(port, requests.__next__, SECONDS))
    plain, ours = together(empty), together(asked)
    ratios = {
        "authorise_vs_route": plain.rate / ours.rate,
        "authorise_p99_vs_route": ours.late / plain.late,
    }
    figures = {
        "1,000 x empty route": 1000 / plain.rate,
        "1,000 x authorise": 1000 / ours.rate,
        "1,000 x empty, p99": 1000 * plain.late,
        "1,000 x authorise, p99": 1000 * ours.late,
    }
    return ratios, figures


def together(loads: list[Load]) -> Load:
    """Several loads as one."""
    times = [one for load in loads for one in load.times]
    return Load(times, sum(load.lasted for load in loads))


def prepare(env, partners):
    """A switch with accounts of customers that have limits."""
    switch = env["telecom.switch"].create(
        {"name": "Bench", "domain": "sip.example.org", "rate_limit": 10**6}
    )
    key = switch._new_key()
    some = partners[:ACCOUNTS]
    numbers = env["telecom.number"].search([("partner_id", "in", some.ids)])
    env["telecom.sip.account"].create(
        [
            {
                "login": f"bench{place}",
                "switch_id": switch.id,
                "partner_id": number.partner_id.id,
                "number_ids": [(6, 0, number.ids)],
            }
            for place, number in enumerate(numbers)
        ]
    )
    env["telecom.limit"].create(
        [{"partner_id": one.id, "amount": 10**9, "is_blocking": True} for one in some]
    )
    env.cr.commit()
    return switch, key


def call_requests(switch_id: int, key: str) -> Iterator[bytes]:
    """Requests for calls, each another one; for several threads."""
    chance = random.Random(1)
    path = f"/telecom/switch/{switch_id}/authorise"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Api-Key: {key}\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"

    class Requests:
        place = 0

        def __next__(self) -> bytes:
            self.place += 1
            called = chance.choice(CALLED) + f"{chance.randrange(10**8):08}"[:9]
            body = (
                f"account=bench{chance.randrange(ACCOUNTS)}&called=%2B{called}"
                f"&address=192.0.2.1&reference=bench-{self.place}-{chance.random()}"
                "&format=kamailio"
            )
            return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()

    return Requests()


def load(port: int, request: Callable[[], bytes], seconds: float) -> Load:
    """Ask all the time over some connections."""
    start = time.perf_counter()
    until = start + seconds

    def ask() -> list[float]:
        times = []
        while time.perf_counter() < until:
            message = request()
            begin = time.perf_counter()
            answer = exchange(port, message)
            times.append(time.perf_counter() - begin)
            assert b" 200 " in answer[:20], answer
            assert b"allowed=0" not in answer, answer
        return times

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        asked = [pool.submit(ask) for _one in range(CONNECTIONS)]
        times = [one for asking in asked for one in asking.result()]
    return Load(times, time.perf_counter() - start)


def exchange(port: int, message: bytes) -> bytes:
    """One request over a connection of its own, as workers of Odoo take them."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(message)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


@contextmanager
def server(database: str) -> Iterator[int]:
    """Odoo with two workers; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "-d": database,
        "--workers": "2",
        "--max-cron-threads": "0",
        "--http-interface": "127.0.0.1",
        "--http-port": str(port),
        "--gevent-port": str(port + 1),
        "--db-filter": f"^{database}$",
        "--log-level": "warn",
    }
    arguments = [word for pair in options.items() for word in pair]
    process = subprocess.Popen(["odoo", "--no-database-list", *arguments])
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(60)


def wait_for(port: int, process: subprocess.Popen) -> None:
    """Until the server answers."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None, "the server has ended"
        try:
            if b" 200 " in exchange(port, EMPTY)[:20]:
                return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError("the server does not answer")
