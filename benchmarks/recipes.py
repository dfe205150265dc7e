"""What was tried to make a bridge between MNIST and Fashion-MNIST cheaper, measured on training items kept aside.

``LT_DATA=... python benchmarks/recipes.py`` compares the schedules and widths of ``python -m lt select schedule width``: no base model, judge
or bridge of it has seen the items kept aside, and the test split is not read. It prints a table and writes benchmarks/recipes.json.
Seconds are those of one training, a process a core; what is in the cache is not trained again.
"""

import json
from pathlib import Path

from lt.book import select


def main() -> None:
    table = {}
    for group in ("schedule", "width"):
        record = select.selection("laptop", group)
        for row in record["rows"]:
            table[row["candidate"]] = line = {"seconds": row["seconds"]}
            for direction in ("mnist->fashion", "fashion->mnist"):
                scores = row["directions"][direction]
                line |= {direction: round(scores["accuracy"], 4), f"{direction} diversity": round(scores["diversity"], 4)}
            print(f"{row['candidate']:60} " + "  ".join(f"{value:8.3f}" for value in line.values()))
    what = f"{record['data']['mnist/aside']['n']:,} training items kept aside, seeds: {record['seeds']}"
    Path(__file__).with_suffix(".json").write_text(json.dumps({"what": what, "recipes": table}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
