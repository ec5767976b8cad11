# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows of real servers become files: exact, in order, none lost, none twice."""

import tracemalloc

import pytest
from collecting import error_of, read

from telecom_cdr.collect import CollectError, connect

TYPES = {
    "mysql": {"stamp": "timestamp(6) NULL", "raw": "varbinary(8)", "bits": "bit(9)"},
    "postgresql": {"stamp": "timestamptz", "raw": "bytea", "bits": "bit(9)"},
}
START = "2026-01-01 00:00:00"


def settings(server, options=None, **values):
    """Settings that read the table of calls."""
    return {
        "protocol": "database",
        "host": server.host,
        "port": server.port,
        "username": server.username,
        "password": server.password,
        **values,
        "options": {
            "kind": server.kind,
            "name": server.name,
            "table": "cdr",
            "columns": "calldate src",
            "time_column": "calldate",
            "key_columns": "uniqueid",
            "until": START,
            **(options or {}),
        },
    }


@pytest.fixture
def table(database):
    """Make the table of calls anew, with these rows of time, id and caller."""

    def make(*rows, columns="calldate {time}, uniqueid varchar(32), src varchar(80)"):
        types = {"time": "timestamp", **TYPES[database.kind]}
        if database.kind == "mysql":
            types["time"] = "datetime"
        database.run(
            "DROP TABLE IF EXISTS cdr",
            f"CREATE TABLE cdr ({columns.format(**types)})",
            database=database.name,
        )
        if rows:
            database.insert("cdr", "calldate, uniqueid, src", *rows)

    return make


def collect(values, finished=None):
    """Every file, by name, as when each is stored; and how far that is."""
    with connect(values) as connection:
        found = {}
        for entry in connection.list_files():
            found[entry.name] = read(connection, entry).decode()
            if finished is None or len(found) <= finished:
                connection.finish(entry)
        return found, connection.reached


def lines(files):
    """The rows of files, in order, without their headers."""
    return [line for text in files.values() for line in text.splitlines()[1:]]


# === VALUES === #


def test_values_are_as_they_stand(database, table):
    table(
        columns="calldate {time}, uniqueid varchar(32), src varchar(80), at {stamp}, "
        "price decimal(30,12), big bigint, raw {raw}, bits {bits}, flag boolean"
    )
    raw = (b"\xff\x00,", b"")
    database.insert(
        "cdr",
        "calldate, uniqueid, src, price, big, raw, flag",
        *[
            (
                "2026-01-05 10:00:00",
                "1",
                'a"b,\né',
                "0.100000000000",
                2**62,
                raw[0],
                True,
            ),
            (
                "2026-01-05 10:00:01",
                "2",
                "",
                "123456789012345678.000000000001",
                -1,
                raw[1],
                False,
            ),
            ("2026-01-05 10:00:02", "3", None, None, None, None, None),
        ],
    )
    database.run(
        "UPDATE cdr SET bits = b'101' WHERE uniqueid = '1'"
        if database.kind == "mysql"
        else "UPDATE cdr SET bits = B'000000101' WHERE uniqueid = '1'",
        database=database.name,
    )
    wanted = {"columns": "src price big raw bits flag"}
    [text] = collect(settings(database, wanted))[0].values()
    yes, no = ("1", "0") if database.kind == "mysql" else ("true", "false")
    bits = "5" if database.kind == "mysql" else "000000101"
    assert text == (
        "src,price,big,raw,bits,flag,calldate,uniqueid\r\n"
        f'"a""b,\né",0.100000000000,4611686018427387904,\\xff002c,{bits},{yes},'
        "2026-01-05 10:00:00,1\r\n"
        f",123456789012345678.000000000001,-1,\\x,,{no},2026-01-05 10:00:01,2\r\n"
        ",,,,,,2026-01-05 10:00:02,3\r\n"
    )


def test_moments_are_in_utc_and_other_times_as_they_stand(database, table):
    """The server's zone, and that of who asks, shift nothing; nor is an hour twice."""
    table(columns="calldate {time}, uniqueid varchar(32), src varchar(80), at {stamp}")
    zone = (
        "SET time_zone = '+00:00'"
        if database.kind == "mysql"
        else "SET TimeZone = 'UTC'"
    )
    database.run(
        zone,
        "INSERT INTO cdr (calldate, uniqueid, at) VALUES "
        "('2026-10-25 02:30:00', '1', '2026-10-25 00:30:00.250000'),"
        "('2026-10-25 02:30:00', '2', '2026-10-25 01:30:00')",
        database=database.name,
    )
    wanted = {"columns": "calldate at", "until": "2026-10-01 00:00:00"}
    found, reached = collect(settings(database, wanted))
    cells = [line.split(",")[:2] for line in lines(found)]
    # Each server writes parts of seconds in its own way.
    rest = ("250000", ".000000") if database.kind == "mysql" else ("25", "")
    assert cells == [
        ["2026-10-25 02:30:00", f"2026-10-25 00:30:00.{rest[0]}+00:00"],
        ["2026-10-25 02:30:00", f"2026-10-25 01:30:00{rest[1]}+00:00"],
    ]
    assert reached == "2026-10-25 02:30:00"
    wanted["time_column"] = "at"
    found, reached = collect(settings(database, wanted))
    assert list(found) == ["cdr_2026-10-25T00.csv", "cdr_2026-10-25T01.csv"]
    assert reached == "2026-10-25 01:30:00"


# === STEPS === #


def test_the_same_rows_are_the_same_bytes(database, table):
    table(
        ("2026-01-05 10:00:00", "2", "b"),
        ("2026-01-05 10:00:00", "1", "a"),
        ("2026-01-07 09:59:59", "3", "c"),
        ("2026-01-07 10:00:00", "4", "d"),
    )
    found, reached = collect(settings(database))
    assert list(found) == [
        "cdr_2026-01-05.csv",
        "cdr_2026-01-07T09.csv",
        "cdr_2026-01-07T10.csv",
    ]
    assert lines(found)[:2] == ["2026-01-05 10:00:00,a,1", "2026-01-05 10:00:00,b,2"]
    assert reached == "2026-01-07 10:00:00"
    again, reached_again = collect(settings(database, {"until": reached}))
    assert again == {name: found[name] for name in list(found)[1:]}
    assert reached_again == reached
    with connect(settings(database)) as connection:
        first = next(iter(connection.list_files()))
    with connect(settings(database)) as connection:
        assert next(iter(connection.list_files())).signature == first.signature


def test_no_row_is_lost_where_many_have_one_time(database, table):
    table(*(("2026-01-05 10:00:00", f"{n:03}", str(n)) for n in range(25)))
    found, _reached = collect(settings(database, {"rows": 10}))
    assert list(found) == [f"cdr_2026-01-05T10_{n}.csv" for n in (1, 2, 3)]
    assert [line.split(",")[1] for line in lines(found)] == [str(n) for n in range(25)]


def test_what_was_not_stored_is_not_passed(database, table):
    table(
        ("2026-01-04 10:00:00", "1", "a"),
        *(("2026-01-05 10:00:00", f"{n:03}", str(n)) for n in range(25)),
        ("2026-01-09 10:00:00", "9", "z"),
    )
    values = settings(database, {"rows": 10})
    for finished, reached in (
        (0, None),
        (1, "2026-01-05 00:00:00"),
        (3, "2026-01-05 00:00:00"),
        (4, "2026-01-06 00:00:00"),
    ):
        found, until = collect(values, finished)
        assert (len(found), until) == (finished + 1, reached)


def test_a_late_row_comes_within_the_overlap_alone(database, table):
    table(("2026-01-07 12:00:00", "1", "a"))
    _found, until = collect(settings(database))
    database.insert(
        "cdr",
        "calldate, uniqueid, src",
        ("2026-01-07 11:10:00", "2", "late"),
        ("2026-01-07 09:10:00", "3", "too late"),
    )
    options = {"until": until, "overlap": 60}
    assert lines(collect(settings(database, options))[0]) == [
        "2026-01-07 11:10:00,late,2",
        "2026-01-07 12:00:00,a,1",
    ]
    options["overlap"] = 180
    assert len(lines(collect(settings(database, options))[0])) == 3


def test_a_number_that_grows(database, table):
    table(columns="id bigint, calldate {time}, uniqueid varchar(9), src varchar(9)")
    database.insert("cdr", "id, src", (1, "a"), (999, "b"), (1000, "c"), (120_000, "d"))
    options = {"by": "number", "columns": "src", "key_columns": "id", "until": "0"}
    found, reached = collect(settings(database, options))
    assert found == {
        "cdr_0-49999.csv": "src,id\r\na,1\r\nb,999\r\nc,1000\r\n",
        "cdr_120000-120999.csv": "src,id\r\nd,120000\r\n",
    }
    assert reached == "120000"
    assert list(collect(settings(database, {**options, "until": ""}))[0]) == [
        "cdr_120000-120999.csv"
    ]


def test_reading_that_never_did_begins_the_day_before_the_last_row(database, table):
    table(
        ("2026-01-05 23:59:59", "1", "a"),
        ("2026-01-06 00:00:00", "2", "b"),
        ("2026-01-07 10:00:00", "3", "c"),
    )
    found, _reached = collect(settings(database, {"until": ""}))
    assert lines(found) == ["2026-01-06 00:00:00,b,2", "2026-01-07 10:00:00,c,3"]


def test_empty_tables_bring_nothing(database, table):
    table()
    assert collect(settings(database)) == ({}, None)
    assert collect(settings(database, {"until": ""})) == ({}, None)


def test_a_table_that_began_anew_is_told_of(database, table):
    table(("2026-01-05 10:00:00", "1", "a"))
    reason, found = error_of(settings(database, {"until": "2026-02-01 00:00:00"}))
    assert reason == "no_table"
    assert found.startswith(
        "its last row is at 2026-01-05 10:00:00, far before 2026-02"
    )


def test_rows_of_the_future_move_nothing(database, table):
    table(("2026-01-05 10:00:00", "1", "a"), ("2999-01-01 00:00:00", "2", "b"))
    with connect(settings(database)) as connection:
        for entry in connection.list_files():
            connection.finish(entry)
        assert connection.reached == "2026-01-05 10:00:00"
        assert [problem.reason for problem in connection.problems] == ["no_table"]


# === CONDITIONS AND NAMES === #


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("src = a", ["1"]),
        ("src != a", ["2", "3", "4"]),
        ("src in a, b%", ["1", "2"]),
        ("src not in a", ["2", "3", "4"]),
        ("src like b%", ["2"]),
        ("src not like b%", ["1", "3", "4"]),
        ("src is null", ["4"]),
        ("src is not null", ["1", "2", "3"]),
        ("uniqueid >= 3", ["3", "4"]),
        ("uniqueid < 3\nsrc != a", ["2"]),
        ("src = a' OR '1'='1", []),
    ],
)
def test_conditions(database, table, condition, expected):
    table(
        *(
            ("2026-01-05 10:00:00", str(n), src)
            for n, src in enumerate(["a", "b%", "c\\'", None], 1)
        )
    )
    found, _reached = collect(settings(database, {"filter": condition}))
    assert [line.rpartition(",")[2] for line in lines(found)] == expected


def test_hostile_names_are_names(database, table):
    odd = "a`\"b'; DROP TABLE cdr; -- %s"
    quoted = "`" + odd.replace("`", "``") + "`"
    if database.kind == "postgresql":
        quoted = '"' + odd.replace('"', '""') + '"'
    table(columns="calldate {time}, uniqueid varchar(9)")
    database.run(
        f"ALTER TABLE cdr ADD {quoted} varchar(9)",
        "INSERT INTO cdr VALUES ('2026-01-05 10:00:00', '1', 'x')",
        f"DROP TABLE IF EXISTS {quoted}",
        f"CREATE TABLE {quoted} AS SELECT * FROM cdr",
        database=database.name,
    )
    # Blanks part names; so the odd one can be a table's only, and a condition's.
    options = {"table": odd, "columns": "calldate", "filter": "uniqueid = 1"}
    assert lines(collect(settings(database, options))[0]) == ["2026-01-05 10:00:00,1"]
    database.run(f"DROP TABLE {quoted}", database=database.name)
    reason, found = error_of(settings(database, options))
    assert (reason, found.startswith("there is no table a`")) == ("no_table", True)
    assert database.run("SELECT count(*) FROM cdr", database=database.name) == [(1,)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"table": "nope"}, "there is no table nope in"),
        ({"table": "other.cdr"}, "there is no table other.cdr in other that this"),
        ({"columns": "src nope"}, "it has no column nope, but calldate, uniqueid, src"),
        ({"filter": "nope = 1"}, "it has no column nope, but"),
        ({"key_columns": "nope"}, "it has no column nope, but"),
        ({"time_column": "src"}, "the column src has no date and time, but "),
        ({"by": "number"}, "the column uniqueid has no whole number that grows, but"),
    ],
)
def test_what_the_table_has_not(database, table, options, words):
    table()
    reason, found = error_of(settings(database, options))
    assert reason == "no_table"
    assert words in found


def test_columns_that_a_version_has_not_are_left_out(database, table):
    table(("2026-01-05 10:00:00", "1", "a"))
    options = {"columns": "src linkedid?", "key_columns": "uniqueid sequence?"}
    [text] = collect(settings(database, options))[0].values()
    assert text.splitlines() == ["src,calldate,uniqueid", "a,2026-01-05 10:00:00,1"]


def test_schema_and_view(database, table):
    table(("2026-01-05 10:00:00", "1", "a"))
    schema = database.name if database.kind == "mysql" else "public"
    database.run(
        "DROP VIEW IF EXISTS seen",
        "CREATE VIEW seen AS SELECT * FROM cdr",
        database=database.name,
    )
    found, _reached = collect(settings(database, {"table": f"{schema}.seen"}))
    database.run("DROP VIEW seen", database=database.name)
    assert list(found) == [f"{schema}.seen_2026-01-05T10.csv"]


# === RIGHTS, BREAKS, SIZE === #


def test_the_session_cannot_write(database, table):
    """Not even as a user who may."""
    table(("2026-01-05 10:00:00", "1", "a"))
    right = (
        f"{database.name}.* TO 'billing'@'%'"
        if database.kind == "mysql"
        else "cdr TO billing"
    )
    database.run(f"GRANT SELECT, INSERT, DELETE ON {right}", database=database.name)
    with connect(settings(database)) as connection:
        with pytest.raises(CollectError) as caught:
            list(connection._server.rows("DELETE FROM cdr WHERE 1 = %s", [1]))
        assert "read" in caught.value.found.lower() or "DELETE" in caught.value.found
    assert database.run("SELECT count(*) FROM cdr", database=database.name) == [(1,)]
    if database.kind == "mysql":
        database.run(f"REVOKE INSERT, DELETE ON {database.name}.* FROM 'billing'@'%'")


def test_a_server_that_goes_in_the_middle(database, table):
    table(("2026-01-05 10:00:00", "1", "a"), ("2026-01-07 10:00:00", "2", "b"))
    with connect(settings(database)) as connection:
        files = connection.list_files()
        entry = next(files)
        assert read(connection, entry)
        connection.finish(entry)
        database.stop()
        with pytest.raises(CollectError) as caught:
            next(files)
    database.start()
    assert caught.value.reason == "transfer"
    assert connection.reached == "2026-01-06 00:00:00"


def test_a_statement_that_takes_too_long(database, table, monkeypatch):
    monkeypatch.setattr(
        f"telecom_cdr.collect.database_{database.kind}.STATEMENT_TIMEOUT", 1
    )
    table(("2026-01-05 10:00:00", "1", "a"))
    wait = "SLEEP(20)" if database.kind == "mysql" else "pg_sleep(20)"
    query = f"SELECT {wait} FROM cdr WHERE 1 = %s"
    with (
        connect(settings(database)) as connection,
        pytest.raises(CollectError) as caught,
    ):
        list(connection._server.rows(query, [1]))
    assert caught.value.reason == "api_error"
    assert "longer than 1 seconds" in caught.value.found


def test_many_rows_take_little_memory(database, table):
    table()
    many = (
        "SELECT '2026-01-05 10:00:00', seq, REPEAT('9', 80) FROM seq_1_to_40000"
        if database.kind == "mysql"
        else "SELECT timestamp '2026-01-05 10:00:00', n, repeat('9', 80) "
        "FROM generate_series(1, 40000) AS n"
    )
    database.run(
        f"INSERT INTO cdr (calldate, uniqueid, src) {many}", database=database.name
    )
    tracemalloc.start()
    with connect(settings(database)) as connection:
        entry = next(iter(connection.list_files()))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert entry.size > 4_000_000
    assert peak < 10 << 20
