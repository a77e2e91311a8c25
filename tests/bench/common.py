"""What the parts of the benchmark share: data that both sides get, a server of one's own, two
clients, taking turns, and the form of a figure.

Both sides train on the same doubles: features are multiples of 1/10000, so that their four digits
of text, which go to the server as CSV, are read back as exactly the numbers that NumPy has.
"""
import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

# The other sides run as they would for anyone else: OpenBLAS chooses by the processor.
for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

PROCESSORS = len(os.sched_getaffinity(0))
ROWS, COLUMNS = 1000000, 20


# ---- data ----

class Data:
    """Gaussian features and a target drawn by them: "numbers", "labels" (0, 1) or "counts"."""

    CHUNK = 100000

    def __init__(self, rows, columns, target="numbers", seed=20, outliers=0.0):
        import numpy as np

        self.rows, self.columns, self.target = rows, columns, target
        self.random = np.random.default_rng(seed)
        self.X, self.y = np.empty((rows, columns)), np.empty(rows)
        self.w = self.random.standard_normal(columns) / np.sqrt(columns)
        for at in range(0, rows, self.CHUNK):
            part = slice(at, min(at + self.CHUNK, rows))
            shape = (part.stop - at, columns)
            digits = np.rint(self.random.standard_normal(shape) * 10000)
            self.X[part] = np.clip(digits, -99999, 99999) / 10000
            self.y[part] = self.draw(self.X[part] @ self.w, outliers)

    def draw(self, score, outliers):
        import numpy as np

        if self.target == "labels":
            return (2 * score + self.random.logistic(size=len(score)) > 0).astype(float)
        if self.target == "counts":
            return np.minimum(self.random.poisson(np.exp(0.5 * score)), 9).astype(float)
        noise = 0.5 * self.random.standard_normal(len(score))
        noise[self.random.random(len(score)) < outliers] *= 10
        return np.clip(np.rint((score + 1 + noise) * 10000), -99999, 99999) / 10000

    def csv(self):
        """Pieces of the text; each number takes as many bytes: -1.2345 or 01.2345."""
        import numpy as np

        names = [f"x{j}" for j in range(self.columns)] + ["y"]
        yield (",".join(names) + "\n").encode()
        whole = self.target != "numbers"
        for at in range(0, self.rows, self.CHUNK):
            X, y = self.X[at:at + self.CHUNK], self.y[at:at + self.CHUNK]
            text = np.empty((len(X), self.columns * 8 + (2 if whole else 8)), np.uint8)
            fixed(X, text[:, :self.columns * 8].reshape(len(X), self.columns, 8))
            if whole:
                text[:, -2] = y.astype(np.uint8) + ord("0")
            else:
                fixed(y[:, None], text[:, -8:].reshape(len(X), 1, 8))
            text[:, -1] = ord("\n")
            yield text.tobytes()

    def csv_bytes(self):
        head = len(",".join([f"x{j}" for j in range(self.columns)] + ["y"])) + 1
        return head + self.rows * (self.columns * 8 + (2 if self.target != "numbers" else 8))


def fixed(values, text):
    """values: multiples of 1/10000 below 10 in size; text: 8 bytes for each, the last a comma."""
    import numpy as np

    left = np.rint(values * 10000).astype(np.int32)
    text[..., 0] = np.where(left < 0, ord("-"), ord("0"))
    left = np.abs(left)
    for place in (6, 5, 4, 3, 1):
        text[..., place] = left % 10 + ord("0")
        left //= 10
    text[..., 2] = ord(".")
    text[..., 7] = ord(",")


# ---- our side ----

class Server:
    """The real binary on a directory of its own; stops when left."""

    def __init__(self, binary, *flags):
        self.folder = tempfile.TemporaryDirectory(prefix="descentd-bench-")
        self.log = os.path.join(self.folder.name, "log")
        self.began = time.perf_counter()
        data = os.path.join(self.folder.name, "data")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([binary, "--listen", "127.0.0.1:0", "--data-dir", data,
                                             "--log-format", "json", *flags], stderr=log)
        self.address = None
        while self.address is None:
            with open(self.log) as log:
                for line in log:
                    if "listening" in line and line.endswith("\n"):
                        self.address = json.loads(line)["address"]
            if self.process.poll() is not None or time.perf_counter() > self.began + 20:
                raise RuntimeError("the server does not start: " + open(self.log).read())
            time.sleep(0.0002)
        self.connection, self.used = http.client.HTTPConnection(self.address, timeout=120), 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def ask(self, method, path, body=None, kind="application/json", length=None):
        if isinstance(body, dict):
            body = json.dumps(body)
        headers = {"Content-Type": kind} if body else {}
        if length is not None:
            headers["Content-Length"] = str(length)
        if time.monotonic() - self.used > 10:
            self.connection.close()  # the server gives up idle ones; the next request opens another
        self.connection.request(method, path, body, headers)
        reply = self.connection.getresponse()
        document = json.loads(reply.read() or "null")
        self.used = time.monotonic()
        if reply.status >= 400:
            raise RuntimeError(f"{method} {path}: {reply.status} {document}")
        return document

    def upload(self, data, dtype="float64"):
        """The dataset's id. dtype: of its features."""
        return self.ask("POST", f"/v1/datasets?target=y&dtype={dtype}", data.csv(), "text/csv",
                        data.csv_bytes())["id"]

    def wait(self, path):
        """The document of a job or sweep, once it has ended."""
        while True:
            document = self.ask("GET", f"{path}?wait=60")
            if document["finished_at"]:
                return document

    def train(self, dataset, **settings):
        """A job from POST to its model; its settings default to plain descent that does not stop by
        itself. The result: the job, seconds on this side, seconds of each epoch, parameters."""
        spec = {"tol": 0, "standardize": False, "history_points": 1000, **settings}
        if dataset:
            spec["dataset_id"] = dataset
        began = time.perf_counter()
        job = self.ask("POST", "/v1/jobs", spec)["id"]
        document = self.wait(f"/v1/jobs/{job}")
        if document["state"] != "succeeded":
            raise RuntimeError(f"the job {document['state']}: {document['error']}")
        model = self.ask("GET", f"/v1/models/{document['model_id']}")
        took = time.perf_counter() - began
        points = self.ask("GET", f"/v1/jobs/{job}/history")["history"]
        epochs = [(b["seconds"] - a["seconds"]) / (b["epoch"] - a["epoch"])
                  for a, b in zip(points, points[1:]) if b["epoch"] > a["epoch"]]
        self.ask("DELETE", f"/v1/jobs/{job}")
        self.ask("DELETE", f"/v1/models/{document['model_id']}")
        return {"job": document, "seconds": took, "epochs": epochs, "points": points,
                "parameters": model["parameters"], "model": model}

    def memory(self, what="VmRSS"):
        """Megabytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            for line in status:
                if line.startswith(what + ":"):
                    return int(line.split()[1]) / 1024
        return None

    def processor_time(self):
        """Seconds, of all its threads."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Wire:
    """A lean client: one connection that is kept, bytes out, bytes in."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method, path, body=b""):
        """The body of the answer."""
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n"
        if body:
            head += "Content-Type: application/json\r\n"
        self.socket.sendall(head.encode() + b"\r\n" + body)
        got = b""
        while (end := got.find(b"\r\n\r\n")) < 0:
            got += self.piece()
        lower = got[:end].lower()
        at = lower.index(b"content-length:")
        length = int(lower[at + 15:].split(b"\r\n", 1)[0])
        while len(got) < end + 4 + length:
            got += self.piece()
        if got[9:10] not in b"23":
            raise RuntimeError(f"{method} {path}: {got.decode()}")
        return got[end + 4:]

    def piece(self):
        got = self.socket.recv(65536)
        if not got:
            raise RuntimeError("the server hung up")
        return got

    def close(self):
        self.socket.close()


def vector(parameters):
    """Coefficients and intercept of a linear model's document, in one array."""
    import numpy as np

    coefficients = parameters["coefficients"]
    if isinstance(coefficients, dict):
        coefficients = list(coefficients.values())
    if coefficients and isinstance(coefficients[0], dict):
        coefficients = [c["value"] for c in coefficients]
    return np.append(np.array(coefficients, dtype=float).ravel(), parameters["intercept"])


def same(ours, theirs, tolerance, what):
    """Both sides must have come to the same answer, or their times mean nothing."""
    import numpy as np

    off = float(np.max(np.abs(ours - theirs)) / max(np.max(np.abs(theirs)), 1e-300))
    if not off <= tolerance:
        raise RuntimeError(f"{what}: the answers differ by {off:.3g} of their size")
    return off


# ---- taking turns ----

def median(values):
    return statistics.median(values)


def alternate(sides, seconds, at_least=3, at_most=25):
    """Calls each side in turn, round after round, for about so many seconds. A side returns a
    time, or a list of them. By side: all its times."""
    times = {name: [] for name in sides}
    began = time.perf_counter()
    for turn in range(at_most):
        for name, run in sides.items():
            took = run()
            times[name] += took if isinstance(took, list) else [took]
        past = time.perf_counter() - began
        if turn + 1 >= at_least and past + past / (turn + 1) > seconds:
            break
    return times


# ---- figures ----

class Report:
    """The figures of a part, printed and written as JSON as they come: a part that is ended early
    leaves those that it had."""

    def __init__(self, options):
        self.options, self.rows = options, []

    def add(self, point, what, ours, unit, theirs=None, against="", goal=None, value=None,
            at_most=False, text="", **more):
        """goal is for value: by default theirs/ours, or ours itself where there is no other side;
        at_most: it is not to be exceeded. text: the goal in words."""
        if value is None:
            value = ours if theirs is None else theirs / ours
        row = {"point": point, "what": what, "ours": ours, "unit": unit, "against": against,
               "theirs": theirs, "value": value, "goal": goal, "goal_text": text,
               "reached": None if goal is None else bool(value <= goal if at_most
                                                         else value >= goal), **more}
        self.rows.append(row)
        print(line(row), flush=True)
        self.save()

    def save(self):
        if self.options.json:
            with open(self.options.json + ".new", "w") as f:
                json.dump(self.rows, f, indent=1)
                f.write("\n")
            os.replace(self.options.json + ".new", self.options.json)


HEAD = ("| | what | ours | against | theirs | figure | goal | reached |\n"
        "|---|---|---|---|---|---|---|---|")


def number(v, unit=""):
    if v is None:
        return ""
    digits = max(0, 2 - len(str(int(abs(v))))) if abs(v) >= 1 else 3
    text = f"{v:,.{digits}f}" if abs(v) >= 0.01 or v == 0 else f"{v:.2g}"
    return f"{text} {unit}".strip()


def line(row):
    figure = number(row["value"]) + ("×" if row["theirs"] is not None or row.get("times") else "")
    if row["theirs"] is None and row["value"] == row["ours"]:
        figure = ""
    if row["unit"] == "%":
        figure = ""
    reached = {True: "yes", False: "no", None: ""}[row["reached"]]
    return (f"| {row['point']} | {row['what']} | {number(row['ours'], row['unit'])} | "
            f"{row['against']} | {number(row['theirs'], row['unit'])} | {figure} | "
            f"{row['goal_text']} | {reached} |")


def options(doc, **more):
    """The options that every part has."""
    parser = argparse.ArgumentParser(description=doc,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="where the programs are")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--smoke", action="store_true", help="tiny data: does it run at all?")
    given = parser.parse_args()
    given.binary = os.path.join(given.build, "descentd")
    if not os.access(given.binary, os.X_OK):
        sys.exit(f"{given.binary} is missing: cmake --preset release && "
                 "cmake --build --preset release --target descentd bench")
    for name, (full, quick, smoke) in more.items():
        setattr(given, name, smoke if given.smoke else quick if given.quick else full)
    return given


def main(part, given):
    """Runs a part."""
    print(HEAD, flush=True)
    part(Report(given), given)
