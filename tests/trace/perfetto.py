#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""perfetto.py TRACE [SUMS] - is an export for Perfetto sound, and are its sums those of the events?

Prints what is wrong, a line each; nothing when all is well. SUMS is what synthetic printed.
"""
import collections
import json
import os
import sys
from decimal import Decimal

import jsonschema

SPACES = 1 << 30
CALLS = ("map", "unmap", "attach", "detach")


def nanoseconds(microseconds):
    return int(microseconds * 1000)


def check_schema(trace):
    path = os.path.join(os.path.dirname(__file__), "perfetto.schema.json")
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    plain = json.loads(json.dumps(trace, default=float))
    for error in jsonschema.Draft202012Validator(schema).iter_errors(plain):
        yield f"schema: {list(error.absolute_path)}: {error.message[:100]}"


def check_names(events):
    processes = {e["pid"] for e in events if e["ph"] == "M" and e["name"] == "process_name"}
    threads = {(e["pid"], e["tid"]) for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    for event in events:
        if event["pid"] not in processes:
            yield f"process {event['pid']} has no name"
        if event["ph"] in "Xi" and (event["pid"], event["tid"]) not in threads:
            yield f"thread {event['pid']}/{event['tid']} has no name"


def check_nesting(events):
    """On each track slices begin in the order of the file and lie in each other or apart."""
    tracks = collections.defaultdict(list)
    last = {}
    for event in events:
        if event["ph"] not in "Xi":
            continue
        track = (event["pid"], event["tid"])
        start = nanoseconds(event["ts"])
        if start < last.get(track, 0):
            yield f"track {track}: {event['name']} at {start} after one at {last[track]}"
        last[track] = start
        end = start + nanoseconds(event.get("dur", 0))
        around = tracks[track]
        while around and around[-1] <= start:
            around.pop()
        if around and end > around[-1]:
            yield f"track {track}: {event['name']} at {start} ends after what it is in"
        if event["ph"] == "X":
            around.append(end)


def check_counters(events, sums):
    last, value = {}, {}
    for event in events:
        if event["ph"] != "C":
            continue
        pid = event["pid"]
        if event["ts"] < last.get(pid, 0):
            yield f"counter of {pid} goes back in time"
        last[pid], value[pid] = event["ts"], event["args"]["bytes"]
    for pid, wanted in sums["pinned"].items():
        if value.get(int(pid)) != wanted:
            yield f"{value.get(int(pid))} bytes of process {pid} are pinned in the end, not {wanted}"


def add_up(events):
    """By (address spaces?, operation): slices, failures and nanoseconds; of phases in these."""
    calls = collections.Counter()
    inside = {}
    for event in events:
        if event["ph"] == "i":
            calls[event["pid"] == SPACES, event["name"].split(":")[0], "failed"] += 1
        if event["ph"] != "X":
            continue
        track = (event["pid"], event["tid"])
        start, ns = nanoseconds(event["ts"]), nanoseconds(event["dur"])
        around = [c for c in inside.get(track, []) if c[1] > start]
        if event["cat"] == "call":
            around.append((event["name"], start + ns))
            calls[event["pid"] == SPACES, event["name"], "events"] += 1
            calls[event["pid"] == SPACES, event["name"], "total_ns"] += ns
            if event["args"]["total_ns"] != ns:
                yield f"{event['name']} of {ns} ns says {event['args']['total_ns']} ns"
        else:
            calls[event["pid"] == SPACES, around[-1][0], event["name"]] += ns
        inside[track] = around
    yield calls


def check_sums(events, sums):
    *wrong, calls = add_up(events)
    yield from wrong
    for is_space in (False, True):
        for operation, wanted in sums.items():
            if operation == "pinned" or (is_space and operation not in CALLS):
                continue
            expected = dict(wanted["phases"], failed=wanted["failed"],
                            total_ns=wanted["total_ns"],
                            events=wanted["events"] - wanted["failed"])
            for what, value in expected.items():
                if calls[is_space, operation, what] != value:
                    yield (f"{'ioas' if is_space else 'thread'} tracks: {operation} {what} "
                           f"{calls[is_space, operation, what]}, not {value}")


def check_both(events):
    """A call is at the same time on its thread's track and on its address space's."""
    calls = collections.Counter()
    for event in events:
        if event["ph"] == "X" and event["cat"] == "call" and event["name"] in CALLS:
            what = (event["name"], event["args"].get("iova"), event["ts"], event["dur"])
            calls[what] += 1 if event["pid"] == SPACES else -1
    for what, count in calls.items():
        if count:
            yield f"{what} is on one track only"


def check_lanes(events):
    """Calls of two threads overlap in an address space: it takes a second lane."""
    names = [e["args"]["name"] for e in events
             if e["ph"] == "M" and e["name"] == "thread_name" and e["pid"] == SPACES]
    if "ioas 1" not in names or "ioas 1, at the same time" not in names or "ioas 2" not in names:
        yield f"lanes: {names}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        trace = json.load(file, parse_float=Decimal)
    events = trace["traceEvents"]
    wrong = [*check_schema(trace), *check_names(events), *check_nesting(events)]
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding="utf-8") as file:
            sums = json.load(file)
        wrong += [*check_counters(events, sums), *check_sums(events, sums), *check_both(events),
                  *check_lanes(events)]
    for line in wrong[:20]:
        print(line)
    return bool(wrong)


sys.exit(main())
