#!/usr/bin/env python3
"""Mixed load on the loopback for some time, and a look at what the server grows by.

    ./tests/soak.py [MINUTES] [PATH OF DESCENTD]     10 minutes of ./build/release/descentd

Clients upload, train, wait, predict, sweep, delete; others send nonsense, hang up half-way, or
hold connections open. Every two seconds the server's resident memory, descriptors and the size of
its write-ahead log are noted. After a first quarter to warm up in, the medians of the second half
may be no more than a little above those of the second quarter. No request may be answered 5xx but
503, and none may go wrong otherwise. Needs nothing but Python.

Noted: an hour of the release build, on two processors with much else to do: 119,501 jobs, 9,029 sweeps,
220,521 pieces of nonsense; by quarters 58.6, 60.0, 58.6, 56.6 MiB of memory, 219, 220, 217, 206
descriptors, a write-ahead log of 4.2 to 4.4 MiB; no fault.
"""
import http.client
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
binary = sys.argv[2] if len(sys.argv) > 2 else os.path.join(root, "build/release/descentd")
end = time.monotonic() + 60 * minutes
faults = []
done = {}
lock = threading.Lock()


def note(what, fault=None):
    with lock:
        done[what] = done.get(what, 0) + 1
        if fault:
            faults.append(f"{what}: {fault}")


class Client:
    """A connection that is kept, and made anew when the server has closed it."""

    def __init__(self, port):
        self.port, self.c = port, None

    def ask(self, method, path, body=None, type_="application/json"):
        for attempt in range(3):
            try:
                self.c = self.c or http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
                self.c.request(method, path, body, {"Content-Type": type_} if body else {})
                r = self.c.getresponse()
                text = r.read()
                if r.status >= 500 and r.status != 503:
                    note("answers", f"{method} {path}: {r.status} {text[:200]}")
                if r.status not in (429, 503):
                    return r.status, json.loads(text) if text else None
                time.sleep(1)
            except (OSError, http.client.HTTPException):
                if self.c:
                    self.c.close()
                self.c = None
                if attempt == 2:
                    raise
        return 503, None


def csv(rows, cols, rng):
    lines = [",".join([f"x{j}" for j in range(cols)] + ["y"])]
    for _ in range(rows):
        x = [rng.uniform(-1, 1) for _ in range(cols)]
        lines.append(",".join(f"{v:.6f}" for v in x + [sum(x) + rng.gauss(0, 0.1)]))
    return "\n".join(lines).encode()


OPTIMIZERS = [{}, {"optimizer": "adam", "learning_rate": 0.01, "batch_size": 32},
              {"optimizer": "lbfgs"}, {"cost": "huber"}, {"l1": 0.01},
              {"model": {"name": "mlp", "hidden_layers": [8]}, "optimizer": "adam",
               "learning_rate": 0.01, "batch_size": 16}]


def train(port, seed):
    rng, c = random.Random(seed), Client(port)
    while time.monotonic() < end:
        status, ds = c.ask("POST", "/v1/datasets?target=y", csv(rng.choice([50, 500, 5000]), 6, rng),
                           "text/csv")
        if status == 503:
            continue
        spec = {"dataset_id": ds["id"], "epochs": 50, **rng.choice(OPTIMIZERS)}
        status, job = c.ask("POST", "/v1/jobs", json.dumps(spec))
        if status == 202:
            for _ in range(60):
                _, job = c.ask("GET", f"/v1/jobs/{job['id']}?wait=10")
                if not job or job["state"] not in ("queued", "running"):
                    break
            if not job or job["state"] != "succeeded":
                note("jobs", json.dumps(job)[:300])
            else:
                model = job["model_id"]
                c.ask("GET", f"/v1/jobs/{job['id']}/history?points=50")
                status, p = c.ask("POST", f"/v1/models/{model}/predictions",
                                  json.dumps({"X": [[0.1] * 6] * 20}))
                if status == 200 and len(p["predictions"]) != 20:
                    note("predictions", str(p)[:200])
                c.ask("DELETE", f"/v1/models/{model}")
                note("jobs")
            if job:
                c.ask("DELETE", f"/v1/jobs/{job['id']}")
        c.ask("DELETE", f"/v1/datasets/{ds['id']}")


def sweep(port, seed):
    rng, c = random.Random(seed), Client(port)
    while time.monotonic() < end:
        status, ds = c.ask("POST", "/v1/datasets?target=y", csv(300, 4, rng), "text/csv")
        if status == 503:
            continue
        status, s = c.ask("POST", "/v1/sweeps", json.dumps(
            {"job": {"dataset_id": ds["id"], "epochs": 100},
             "grid": {"l2": [0, 0.1, 1], "cost": ["mse", "huber"]}}))
        if status == 202:
            for _ in range(60):
                _, t = c.ask("GET", f"/v1/sweeps/{s['id']}?wait=10")
                if t and t["state"] not in ("queued", "running"):
                    break
            _, jobs = c.ask("GET", f"/v1/jobs?sweep={s['id']}&limit=100")
            c.ask("DELETE", f"/v1/sweeps/{s['id']}")
            for j in jobs["jobs"] if jobs else []:
                if j.get("model_id"):
                    c.ask("DELETE", f"/v1/models/{j['model_id']}")
            note("sweeps")
        c.ask("DELETE", f"/v1/datasets/{ds['id']}")
        time.sleep(0.5)


NONSENSE = [b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET /v1/jobs HTTP/1.1\r\nHost: x\r\nX",
            b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
            b"POST /v1/datasets HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n{\"X\": [1, 2",
            b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n{{{{",
            b"POST /v1/datasets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"X\":"]


def misbehave(port, seed):
    rng, slow = random.Random(seed), []
    while time.monotonic() < end:
        s = socket.create_connection(("127.0.0.1", port))
        s.sendall(rng.choice(NONSENSE))
        if rng.random() < 0.5:
            slow.append(s)
        else:
            s.close()
        while len(slow) > 60:
            slow.pop(0).close()
        note("nonsense")
        time.sleep(0.02)


def sample(pid, directory):
    with open(f"/proc/{pid}/status") as f:
        rss = int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024
    wal = os.path.join(directory, "descentd.db-wal")
    return rss, len(os.listdir(f"/proc/{pid}/fd")), \
        os.path.getsize(wal) / 2**20 if os.path.exists(wal) else 0


def main():
    with tempfile.TemporaryDirectory() as directory:
        log = open(os.path.join(directory, "log"), "w+")
        p = subprocess.Popen([binary, "--listen", "127.0.0.1:0", "--data-dir", directory], stderr=log)
        port = None
        while not port:
            time.sleep(0.05)
            log.seek(0)
            m = re.search(r"address=127.0.0.1:(\d+)", log.read())
            port = m and int(m.group(1))
        threads = [threading.Thread(target=f, args=(port, i)) for i, f in
                   enumerate([train] * 6 + [sweep] * 2 + [misbehave] * 2)]
        for t in threads:
            t.start()
        began, samples = time.monotonic(), []
        while time.monotonic() < end and p.poll() is None:
            time.sleep(2)
            samples.append((time.monotonic() - began, *sample(p.pid, directory)))
        for t in threads:
            t.join()
        p.send_signal(signal.SIGTERM)
        code = p.wait(30)
    if code != 0:
        faults.append(f"it ended with {code}")
    quarter = [[s for s in samples if k * 15 * minutes <= s[0] < (k + 1) * 15 * minutes]
               for k in range(4)]
    early, late = quarter[1], quarter[2] + quarter[3]
    print("done:", ", ".join(f"{n} {what}" for what, n in sorted(done.items())))
    for i, (what, slack, share) in enumerate(
            [("resident memory, MiB", 16, 1.10), ("descriptors", 24, 1.10),
             ("write-ahead log, MiB", 8, 1.25)], 1):
        a, b = (statistics.median(s[i] for s in part) for part in (early, late))
        print(f"{what}: by quarters", *(f"{statistics.median(s[i] for s in q):.1f}" for q in quarter),
              f"at most {max(s[i] for s in samples):.1f}")
        if b > share * a + slack:
            faults.append(f"{what} grew from {a:.1f} to {b:.1f}")
    for f in faults[:20]:
        print("FAULT", f)
    return 1 if faults else 0


sys.exit(main())
