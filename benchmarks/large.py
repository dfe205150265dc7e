"""Memory and seconds beside the training, for two domains of N latents of 768 numbers in memory-mapped files.

``nice python benchmarks/large.py 100000`` writes two files of N * 768 float32 (0.3 GB each at 100,000) to a
temporary folder, and prints what latents, preflight, a bridge of one step and a translation of one domain take.
At 1,000,000 it needs 14 GB with the pages of the files, which the system may drop. Linux only.
"""

import re
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

import lt

SIZE, PART = 768, 10_000


def written(path: Path, n: int, seed: int) -> tuple[np.memmap, np.ndarray]:
    """Ten classes in a file, in parts."""
    draw = np.random.default_rng(seed)
    y, centres = draw.integers(0, 10, n), draw.normal(size=(10, SIZE)).astype("f4")
    file = np.memmap(path, "f4", "w+", shape=(n, SIZE))
    for first in range(0, n, PART):
        some = y[first : first + PART]
        file[first : first + PART] = centres[some] + draw.normal(size=(len(some), SIZE)).astype("f4")
    file.flush()
    return np.memmap(path, "f4", "r", shape=(n, SIZE)), y


def own() -> float:
    """Memory of this process in GiB, without the pages of files."""
    return int(re.search(r"RssAnon:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 2**20


def main() -> None:
    n, seen = int(sys.argv[1]), [own()]

    def watch() -> None:
        while True:
            seen.append(own())
            time.sleep(0.05)

    def say(what: str) -> None:
        core, wall = time.process_time() - started[0], time.perf_counter() - started[1]
        text = f"{core:6.1f} s of a core, {wall:6.1f} s by the clock since the files"
        print(f"{what:20} {text}, {own():5.2f} GiB without the files, at most {max(seen):5.2f}", flush=True)

    threading.Thread(target=watch, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        data = [written(Path(folder) / f"{name}.f4", n, seed) for seed, name in enumerate("ab")]
        started = time.process_time(), time.perf_counter()
        say("files written")
        latents = [lt.Domain(name, lambda x: x, lambda z: z).latents(*d) for name, d in zip("ab", data, strict=True)]
        say("latents")
        lt.preflight(latents)
        say("preflight")
        bridge = lt.fit_bridge(latents, steps=1)
        say("bridge of one step")
        del latents
        bridge.translate(data[0][0], "a", "b")
        say("translation of all")


if __name__ == "__main__":
    main()
