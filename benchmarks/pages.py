"""What a page of the built book weighs, and when its first content shows on a slow line.

``python benchmarks/pages.py`` opens the introduction and chapters 4 and 5 of _build/html in Chromium, on a phone's screen, through WebPageTest's
profile "3G": 1.6 Mbit/s down, 768 kbit/s up, 300 ms for each answer. Texts are packed as GitHub Pages packs them. It prints a table and writes
benchmarks/pages.json; ``--html FOLDER --name before`` measures another build beside it. Bytes are those on the line until 3 s after the page has loaded;
the times are the median of three visits with an empty cache.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browsing import chromium, served  # noqa: E402

PAGES = ("00_introduction", "04_speech", "05_baselines")
LINE = {"offline": False, "latency": 300, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 768e3 / 8}
MOMENTS = """
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    return [paint?.startTime ?? null, performance.getEntriesByType('navigation')[0].loadEventEnd];
"""


def visit(browser, url: str) -> dict:
    """Bytes on the line, requests, and the milliseconds to first content and to the end of loading, of one visit with an empty cache."""
    browser.get("about:blank")
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", LINE)
    browser.get_log("performance")
    browser.get(url)
    time.sleep(3)
    first, loaded = browser.execute_script(MOMENTS)
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sizes = [event["params"]["encodedDataLength"] for event in events if event["method"] == "Network.loadingFinished"]
    return {"bytes": sum(sizes), "requests": len(sizes), "first_content_ms": first, "loaded_ms": loaded}


def measure(browser, site: str, page: str, times: int = 3) -> dict:
    """The median of several visits."""
    visits = [visit(browser, f"{site}/book/{page}.html") for _ in range(times)]
    return {key: round(statistics.median(one[key] for one in visits)) for key in visits[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--html", type=Path, default=ROOT / "_build" / "html")
    parser.add_argument("--name", default="now")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as profile, served(arguments.html) as site, chromium(Path(profile)) as browser:
        if browser is None:
            sys.exit("error: no Chromium: apt-get install chromium chromium-driver")
        rows = {page: measure(browser, site, page) for page in PAGES if (arguments.html / "book" / f"{page}.html").exists()}
    path = Path(__file__).with_suffix(".json")
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    record["what"] = "3G of 1.6 Mbit/s and 300 ms, screen of 390 px, texts packed, median of three visits with an empty cache"
    record[arguments.name] = rows
    for page, row in rows.items():
        first, loaded = row["first_content_ms"] / 1000, row["loaded_ms"] / 1000
        print(f"{page:18} {row['bytes'] / 1e6:5.2f} MB  {row['requests']:3} requests  first content {first:4.1f} s  loaded {loaded:5.1f} s")
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
