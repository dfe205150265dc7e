"""A server of the built book as it is published, and a Chromium that looks at it."""

import functools
import gzip
import mimetypes
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[1]
AXE = "axe-core@4.14.1"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage --window-size=1400,900"
)
TEXTS = ("text/", "application/javascript", "image/svg+xml", "application/json")


class Zipped(SimpleHTTPRequestHandler):
    """A server that prints nothing and packs texts, as GitHub Pages does."""

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if path.is_file() and kind.startswith(TEXTS) and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(path.read_bytes(), mtime=0)
            self.send_response(200)
            for name, value in (("Content-Type", kind), ("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


@contextmanager
def served(html: Path, handler=Zipped):
    """The address of the pages in ``html`` on the loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(html)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def chromium(profile: Path):
    """A Chromium with its logs; None where there is none."""
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    if None in programs.values():
        yield None
        return
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = programs["chromium"]
    for flag in (*FLAGS.split(), f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs["chromedriver"]))
    driver.set_page_load_timeout(120)
    driver.set_script_timeout(120)
    try:
        yield driver
    finally:
        driver.quit()


def axe() -> str | None:
    """The text of axe-core, fetched once with npm into _build/axe; None without npm or its registry (an error where CI is true)."""
    folder = ROOT / "_build" / "axe"  # of its own: npm removes what it did not put into a folder
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    npm = shutil.which("npm")
    if not script.exists() and npm:
        folder.mkdir(parents=True, exist_ok=True)
        options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run([npm, "install", "--prefix", str(folder), *options, AXE], capture_output=True, check=os.environ.get("CI") == "true")
    return script.read_text(encoding="utf-8") if script.exists() else None
