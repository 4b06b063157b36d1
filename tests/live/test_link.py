#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The link between a driver and its worker with hostile ends: frames that are nearly right, from a client to its
worker and from a worker to its client. The client's process lives, nothing real goes over, other sessions go on.
--seconds N for each engine and side, --seed N."""
import argparse
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rig  # noqa: E402
import test_broker as broker  # noqa: E402

FUZZ = os.path.join(broker.HERE, "link_fuzz.py")


def run(the_rig, dsn, side, seed, seconds):
    done = subprocess.run(
        ["setpriv", "--reuid", str(rig.REQUESTER_UID), "--regid", str(rig.REQUESTER_UID), "--clear-groups",
         sys.executable, FUZZ, dsn, side, str(seed), str(seconds)], capture_output=True, text=True, timeout=seconds + 240,
        input="\n".join(broker.CANARIES + [the_rig.held_password]))
    lines = done.stdout.splitlines()
    return done, json.loads(lines[-1]) if lines else {}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rig.need_root()
    tap = rig.Tap()
    the_rig = broker.make_rig(True)
    for name in the_rig.held:
        other = broker.pyodbc.connect("DSN=%s-guarded" % name, autocommit=True)
        for side in ("worker", "client"):
            what = "%s, hostile to the %s" % (name, side)
            done, seen = run(the_rig, name + "-guarded", side, given.seed, given.seconds)
            if side == "client":  # a hostile client may end as it likes
                tap.is_(done.returncode, 0, what + ": the client's process lives")
            tap.note(done.stderr[-1000:] + json.dumps(seen))
            tap.ok(seen.get("changed", 0) > 20 and seen.get("errors", 0) > 0, what + ": frames were changed, and noticed")
            tap.ok(seen.get("open", 0) > 0, what + ": control: what is not masked goes over")
            tap.is_(seen.get("leaked"), 0, what + ": nothing that is masked, and no password")
            tap.is_(other.cursor().execute("SELECT count(*) FROM secrets").fetchval(), broker.ROWS,
                    what + ": another session goes on")
        other.close()
    tap.ok(broker.wait_for(lambda: not broker.workers(the_rig), 90), "no worker is left behind")
    ended = [r["unmapped"]["guard"] for r in the_rig.ledger() if "the worker was ended by signal" in json.dumps(r)]
    # A real driver that trusts its caller may crash on arguments that no application gives: its own session ends.
    tap.note("%d workers ended by a signal" % len(ended))
    tap.ok(len(ended) <= 2, "nearly no worker ends by a signal", ended)
    tap.is_(the_rig.guardctl("verify", os.path.join(the_rig.mount, "audit")).returncode, 0, "the ledger verifies")
    tap.done()


if __name__ == "__main__":
    main()
