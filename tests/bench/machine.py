"""What the figures were measured on: processor, memory, disk, and the other sides' versions."""
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

from common import PROCESSORS, Server, median, number

FLAGS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_bf16", "asimd", "sve", "sve2")


def first_of(path, key):
    try:
        with open(path) as f:
            for text in f:
                if text.split(":")[0].strip() == key:
                    return text.split(":", 1)[1].strip()
    except OSError:
        pass
    return ""


def measured(build):
    """Bandwidth and peak by threads, of bench_machine."""
    program = os.path.join(build, "tests", "bench_machine")
    try:
        text = subprocess.run([program, "512", "0.5"], capture_output=True, text=True, timeout=60)
        return [json.loads(piece) for piece in text.stdout.split("\n") if piece]
    except (OSError, subprocess.TimeoutExpired) as e:
        return [{"error": str(e)}]


def disk():
    """Seconds to write 4 KiB and have them safe, where the servers keep their data: a commit."""
    times = []
    with tempfile.NamedTemporaryFile() as f:
        for _ in range(20):
            f.write(b"x" * 4096)
            f.flush()
            began = time.perf_counter()
            os.fsync(f.fileno())
            times.append(time.perf_counter() - began)
    return median(times)


LIBRARIES = """
import json, numpy, os
found = {"NumPy": numpy.__version__}
for name, module in (("scikit-learn", "sklearn"), ("PyTorch", "torch"), ("pandas", "pandas")):
    try:
        found[name] = __import__(module).__version__
    except ImportError:
        found[name] = None
try:
    from threadpoolctl import threadpool_info
    found["pools"] = [{k: p.get(k) for k in ("internal_api", "version", "architecture",
                                             "num_threads")} for p in threadpool_info()]
except ImportError:
    found["pools"] = []
print(json.dumps(found))
"""


def libraries():
    environment = {k: v for k, v in os.environ.items()
                   if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    text = subprocess.run([sys.executable, "-c", LIBRARIES], capture_output=True, text=True,
                          env=environment)
    return json.loads(text.stdout) if text.returncode == 0 else {"error": text.stderr[-300:]}


def facts(build):
    flags = (first_of("/proc/cpuinfo", "flags") or first_of("/proc/cpuinfo", "Features")).split()
    with Server(os.path.join(build, "descentd")) as server:
        kernels = server.ask("GET", "/v1/capabilities")["kernels"]
    return {
        "processor": first_of("/proc/cpuinfo", "model name") or platform.machine(),
        "processors": PROCESSORS,
        "flags": [f for f in FLAGS if f in flags],
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1),
        "system": " ".join(platform.uname()[i] for i in (0, 2, 4)),
        "date": time.strftime("%Y-%m-%d"),
        "load": os.getloadavg()[0],
        "kernels": kernels,
        "sync_ms": 1e3 * disk(),
        "libraries": libraries(),
        "measured": measured(build),
    }


def sentence(facts):
    """All of it, for people."""
    reading, peak = [], []
    both = facts["measured"] + facts.get("after", [])
    for threads in sorted({m["threads"] for m in both if "threads" in m}):
        of = [m for m in both if m.get("threads") == threads]
        reading.append(f"{max(m['read_gb_per_second'] for m in of):.1f} GB/s with {threads}")
        peak.append(f"{max(m['gflop_per_second'] for m in of):.0f} GFLOP/s with {threads}")
    libraries = facts["libraries"]
    named = ", ".join(f"{k} {libraries[k]}" for k in ("NumPy", "scikit-learn", "PyTorch", "pandas")
                      if libraries.get(k))
    pools = ", ".join(f"{p['internal_api']} {p['version'] or ''} "
                      f"({p['architecture'] or ''} {p['num_threads']} threads)"
                      for p in libraries.get("pools", []) if p["internal_api"] == "openblas")
    load = f"load {facts['load']:.1f}"
    if "load_after" in facts:
        load += f" before, {facts['load_after']:.1f} after"
    return (f"{facts['processor']}, {facts['processors']} processors "
            f"({' '.join(facts['flags'])}), {facts['memory_gb']} GB, {facts['system']}, "
            f"{facts['date']}, {load}. Kernels: {facts['kernels']['in_use']}. "
            f"Reading, threads: {', '.join(reading)}. Peak, double precision: {', '.join(peak)}. "
            f"A write of 4 KiB is on disk after {number(facts['sync_ms'], 'ms')}. "
            f"{named}; {pools}.")
