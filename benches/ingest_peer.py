"""A plain consumer of MQTT in Python: paho-mqtt, json, sqlite3. Acknowledges by hand after the commit of a batch, keeps the
newest value of each sensor. Started by the example ingest_rate.

    python -m venv /tmp/peer && /tmp/peer/bin/pip install paho-mqtt
    ingest_peer.py PORT COUNT DATABASE

Prints "ready", then CPU seconds, wall seconds and rows.
"""

import json
import sqlite3
import sys
import threading
import time
from datetime import datetime

import paho.mqtt.client as mqtt

port, count, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
database = sqlite3.connect(path, check_same_thread=False)
database.executescript(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "CREATE TABLE reading (sensor TEXT, observed REAL, received REAL, value REAL, PRIMARY KEY (sensor, observed)) WITHOUT ROWID"
)
live, rows, owed = {}, [], []
began, lock = None, threading.Lock()


def settle(client):
    global rows, owed
    with lock:
        (batch, rows), (receipts, owed) = (rows, []), (owed, [])
    if batch:
        database.executemany("INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?)", batch)
        database.commit()
        for mid in receipts:
            client.ack(mid, 1)
    return len(batch)


def on_message(client, _userdata, message):
    global began
    if began is None:
        began = (time.process_time(), time.time())
    packet = json.loads(message.payload)
    observed = datetime.fromisoformat(packet["observed_at"]).timestamp()
    sensor = message.topic
    with lock:
        rows.append((sensor, observed, time.time(), float(packet["value"])))
        owed.append(message.mid)
    if sensor not in live or live[sensor][0] < observed:
        live[sensor] = (observed, packet["value"])


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="peer", clean_session=False, manual_ack=True)
client.on_message = on_message
client.on_subscribe = lambda *_: print("ready", flush=True)
client.on_connect = lambda client, *_: client.subscribe("citytwin/#", qos=1)
client.connect("127.0.0.1", port)
client.loop_start()
committed = 0
while committed < count:
    # The network's thread gathers meanwhile; a batch is what came within 5 ms and during the commit before.
    time.sleep(0.005)
    committed += settle(client)
cpu, wall = time.process_time() - began[0], time.time() - began[1]
kept = database.execute("SELECT count(*) FROM reading").fetchone()[0]
print(f"{cpu:.2f} {wall:.1f} {kept}", flush=True)
client.loop_stop()
client.disconnect()
