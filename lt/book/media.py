"""Pictures and sounds of a built page: smaller files, fetched when they are needed, with names. See :mod:`lt.book.pages`."""

import base64
import hashlib
import io
import os
import posixpath
import re
from pathlib import Path


def slim_pictures(soup, folder: Path) -> None:
    """Pictures get their size and wait until they come near (all but the first); PNG becomes WebP where that is smaller. ``folder`` holds the page."""
    from PIL import Image

    pictures = soup.select("article img")
    first = next((image for image in pictures if not image.get("src", "").endswith(".svg")), None)
    for image in pictures:
        path = Path(os.path.normpath(folder / image["src"])) if not image["src"].startswith(("data:", "http")) else None
        if path is not None and path.suffix == ".png" and path.parent.name == "_images" and path.exists():
            smaller = path.with_suffix(".webp")
            with Image.open(path) as picture:
                scale = max(1, round(max(picture.info.get("dpi", (96,))) / 110))  # figures of twice the points are shown at their size
                size = [round(side / scale) for side in picture.size]
                if not smaller.exists():
                    picture.save(smaller, lossless=True, quality=50, method=4)
            if smaller.stat().st_size < path.stat().st_size:
                image["src"] = posixpath.splitext(image["src"])[0] + ".webp"
            if not image.get("width") and not image.get("style"):
                image["width"], image["height"] = map(str, size)
        if image["src"].startswith("data:image/png"):
            with Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2]))) as picture:
                image["width"], image["height"] = map(str, picture.size)
        if image is not first and not image.find_parent(class_="lt-provenance"):
            image["loading"] = "lazy"
        image["decoding"] = "async"


def player_name(audio) -> str:
    """What a player plays, from its table: the name of the row and of its column, and the words of a picture beside it."""
    row, cell, table = audio.find_parent("tr"), audio.find_parent(["td", "th"]), audio.find_parent("table")
    if not (row and cell and table):
        return "sound"
    heads = [head.get_text(" ", strip=True) for head in (table.select("thead tr:last-child > *") or [])]
    cells = row.find_all(["td", "th"], recursive=False)
    place = next(i for i, other in enumerate(cells) if other is cell)
    head = heads[place] if place < len(heads) else ""
    beside = [image.get("alt", "") for image in cell.select("img")]
    if place:
        text = cells[0].get_text(" ", strip=True)
        described = (
            [" ".join(filter(None, (heads[0] if heads else "", text)))]
            if text
            else [image.get("alt", "") for image in cells[0].select("img")]
        )
    else:
        described = []
    name = ", ".join(dict.fromkeys(filter(None, (*described[:1], *beside[:1], head))))
    return name or "sound"


def slim_players(soup, folder: Path, root: str) -> None:
    """Sounds become files that are fetched on play; players get a name and say how long they last."""
    import soundfile

    for audio in soup.select("audio"):
        source = audio if audio.get("src") else audio.find("source")
        found = re.match(r"data:audio/(?:x-)?wav;base64,(.*)", (source.get("src") if source else "") or "", re.S)
        if not found:
            continue
        raw = base64.b64decode(found[1])
        name = f"{hashlib.sha256(raw).hexdigest()[:16]}.wav"
        (folder / root / "_static" / "sounds").mkdir(parents=True, exist_ok=True)
        (folder / root / "_static" / "sounds" / name).write_bytes(raw)
        seconds = f"{soundfile.info(io.BytesIO(raw)).duration:.1f} s"
        label = audio.get("aria-label") or player_name(audio)
        audio.clear()
        audio.attrs = {"controls": "", "preload": "none", "src": f"{root}_static/sounds/{name}", "aria-label": f"{label}, {seconds}"}
        length = soup.new_tag("span", attrs={"class": "lt-seconds"})
        length.string = seconds
        audio.insert_after(length)


# ---- equations
