#!/usr/bin/env python3
"""Plain SQLite and DuckDB with the rows of the example history_times, for a comparison in one run.

    python3 -m venv V && V/bin/pip install duckdb
    cargo build --release -p citytwin-history --example history_times
    V/bin/python benches/history_peers.py target/release/examples/history_times FOLDER ROWS [SENSORS]

The rows are made by SQL inside each peer, so that no Python is timed. `keyed` tables refuse a second row of the same sensor and
time, as the history does; every batch of 5,000 rows is a durable commit of its own in all of them.
"""
import os, shutil, sqlite3, statistics, subprocess, sys, time

START = 20454 * 86_400 * 1_000_000
BATCH = 5000
COLUMNS = """{s} AS sensor, {start} + {m} * 60000000 + {s} * 60000000 / {sensors} AS observed,
    {start} + {m} * 60000000 + {s} * 60000000 / {sensors} + 20000 + (n * 7919) % 180000 AS received,
    (({m} * 31 + {s} * 17) % 1200) / 10.0 AS value, CASE WHEN n % 50 = 0 THEN 1 ELSE 0 END AS quality, 0 AS source"""
TABLE = "CREATE TABLE reading (sensor INTEGER NOT NULL, observed {big} NOT NULL, received {big} NOT NULL, " \
        "value {real} NOT NULL, quality {small} NOT NULL, source {small} NOT NULL{key})"


def columns(sensors, divide):
    return COLUMNS.format(s=f"(n % {sensors})", m=f"(n {divide} {sensors})", sensors=sensors, start=START).replace("/ %d" % sensors, f"{divide} {sensors}")


def size(path):
    return sum(os.path.getsize(path + e) for e in ("", "-wal", ".wal") if os.path.exists(path + e))


def timed(what, ask):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        answer = ask()
        times.append(time.perf_counter() - start)
    print(f"{what}: {statistics.median(times) * 1e3:.2f} ms ({answer})", flush=True)


def measure(name, path, run, insert, rows, sensors):
    start = time.perf_counter()
    for first in range(0, rows, BATCH):
        insert(first, min(first + BATCH, rows))
    seconds = time.perf_counter() - start
    print(f"-- {name}\nwritten: {rows / seconds:.0f} rows/s in durable batches of {BATCH}", flush=True)
    print(f"bytes per row: {size(path) / rows:.1f}", flush=True)
    end = START + (rows // sensors + 1) * 60_000_000
    hour, day = 3_600_000_000, 86_400_000_000
    middle = START + (end - START) // 2 // hour * hour
    third, half = sensors // 3, sensors // 2

    def total(sql):
        found = run(sql)
        return f"{len(found)} rows, sum {sum(row[1] for row in found):.1f}"

    columns = "SELECT observed, value, received, quality, source FROM reading"
    timed("one sensor, all of its time", lambda: total(f"{columns} WHERE sensor = {third} ORDER BY observed"))
    timed("one sensor, a day", lambda: total(f"{columns} WHERE sensor = {half} AND observed >= {middle - day} AND observed < {middle} ORDER BY observed"))
    timed("all sensors, an hour (count and sum in SQL)", lambda: run(f"SELECT count(*), sum(value) FROM reading WHERE observed >= {middle} AND observed < {middle + hour}"))
    at = middle + hour // 2
    timed("all sensors at a moment, age 15 min", lambda: f"{len(run(f'SELECT sensor, max(observed) FROM reading WHERE observed > {at - 900_000_000} AND observed <= {at} GROUP BY sensor'))} rows")
    timed("one sensor by the hour, all of its time", lambda: f"{len(run(f'SELECT observed / {hour}, min(value), max(value), avg(value), count(*) FROM reading WHERE sensor = {third} GROUP BY 1'))} roll-ups")


def sqlite(path, rows, sensors, by_time):
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768;")
    db.execute(TABLE.format(big="INTEGER", real="REAL", small="INTEGER", key=", PRIMARY KEY (sensor, observed)") + " WITHOUT ROWID")
    if by_time:
        db.execute("CREATE INDEX by_time ON reading (observed)")
    sql = "WITH RECURSIVE c(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM c WHERE n + 1 < ?) INSERT OR IGNORE INTO reading SELECT " + columns(sensors, "/") + " FROM c"
    measure(f"plain SQLite {sqlite3.sqlite_version}, keyed" + (", index by time" if by_time else ""), path,
            lambda q: db.execute(q).fetchall(), lambda a, b: db.execute(sql, (a, b)), rows, sensors)
    db.close()


def duck(path, rows, sensors, keyed):
    import duckdb
    db = duckdb.connect(path)
    db.execute("SET threads = 2; SET memory_limit = '3GB'")
    db.execute(TABLE.format(big="BIGINT", real="DOUBLE", small="UTINYINT", key=", PRIMARY KEY (sensor, observed)" if keyed else ""))
    made = columns(sensors, "//")
    verb = "INSERT OR IGNORE INTO" if keyed else "INSERT INTO"
    measure(f"DuckDB {duckdb.__version__}" + (", keyed" if keyed else ", no key"), path, lambda q: db.execute(q).fetchall(),
            lambda a, b: db.execute(f"{verb} reading SELECT {made} FROM range({a}, {b}) r(n)"), rows, sensors)
    db.close()
    print(f"bytes per row, closed: {size(path) / rows:.1f}", flush=True)


def main():
    ours, folder, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
    sensors = int(sys.argv[4]) if len(sys.argv) > 4 else 10_000
    os.makedirs(folder)
    print(f"-- history, {rows} rows of {sensors} sensors", flush=True)
    subprocess.run([ours, os.path.join(folder, "ours"), str(rows), str(sensors)], check=True)
    shutil.rmtree(os.path.join(folder, "ours"))
    peers = [("sqlite", sqlite, False), ("sqlite", sqlite, True), ("duckdb", duck, False), ("duckdb", duck, True)]
    for number, (name, peer, flag) in enumerate(peers):
        if rows > 20_000_000 and flag:
            print(f"-- {name} with a second index: left out at this size")
            continue
        path = os.path.join(folder, f"{name}{number}")
        peer(path, rows, sensors, flag)
        for ending in ("", "-wal", "-shm", ".wal"):
            if os.path.exists(path + ending):
                os.remove(path + ending)
    os.rmdir(folder)


main()
