# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A database of these tests' own, and processes of Odoo that work on it."""

import os
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from processes import Worker


@pytest.fixture(scope="session")
def database():
    """The name of a copy of the database that pytest was given.

    That one is in use, so PostgreSQL does not copy it: it is dumped and restored.
    """
    config = pytest.importorskip("odoo.tools").config
    origin = (config["db_name"] or [""])[0]
    if not origin:
        pytest.skip("needs Odoo and a database: setup/test")
    name = f"{origin}_end_to_end"
    _drop(name)
    subprocess.run(["createdb", name], check=True)
    try:
        subprocess.run(
            f"pg_dump -Fc -Z0 {origin} | pg_restore --no-owner -d {name}",
            shell=True,
            check=True,
            env={**os.environ, "PGOPTIONS": "-c synchronous_commit=off"},
        )
        yield name
    finally:
        _drop(name)
        shutil.rmtree(Path(config["data_dir"], "filestore", name), ignore_errors=True)


def _drop(name):
    subprocess.run(["dropdb", "--if-exists", "--force", name], check=True)


@pytest.fixture
def sql(database):
    """A function that gives the rows of a query, as others see them now."""
    with closing(psycopg2.connect(dbname=database)) as connection:
        connection.autocommit = True

        def run(query, *values):
            with connection.cursor() as cr:
                cr.execute(query, values)
                return cr.fetchall()

        yield run


@pytest.fixture
def worker(database):
    """A function that starts a process of Odoo, which ends with the test."""
    started = []

    def start():
        started.append(Worker(database))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture(scope="session")
def workers(database):
    """Two processes of Odoo, both ready."""
    two = [Worker(database), Worker(database)]
    try:
        for process in two:
            process.wait_until_ready()
        yield two
    finally:
        for process in two:
            process.kill()


@pytest.fixture
def folder(tmp_path):
    """A directory that the processes may read."""
    os.chmod(tmp_path, 0o755)
    return tmp_path
