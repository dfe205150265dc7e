"""From notebooks to pages: the order of a page, and what becomes of its HTML."""

import base64
import io
import re

import nbformat
import numpy as np
import pytest
import soundfile
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from lt.book import media, pages, report, site

BADGE = "[![Open in Colab](_static/colab.svg)](https://colab.research.google.com/x.ipynb)"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def shown(**data):
    return new_output("display_data", data={key.replace("_", "/"): value for key, value in data.items()})


def toy(tags=("lead", "hide-input")):
    """A chapter as its writer orders it: title, set-up, question, text, the figure, the end."""
    return new_notebook(
        cells=[
            new_markdown_cell(f"# 3. Toy\n\n{BADGE}"),
            new_code_cell("colab = 1", metadata={"tags": ["setup", "hide-input"]}),
            new_markdown_cell("**Can it?** Yes.\nIt can.\n\nMore words.\n\n## A section"),
            new_code_cell(
                "figure()",
                metadata={"tags": list(tags), "mystnb": {"figure": {"caption": "It can."}}},
                outputs=[shown(image_png=PNG), shown(text_markdown="Said: 0.9.")],
            ),
            new_markdown_cell("The end."),
            new_code_cell("run.finish()", metadata={"tags": ["setup"]}),
        ]
    )


def test_question_figure_rest_and_the_setup_at_the_foot():
    notebook = toy()
    before = nbformat.writes(notebook)
    page = site.arrange(notebook, "facts")
    nbformat.validate(page)
    assert nbformat.writes(notebook) == before, "the chapter itself stays as it is"
    sources = [cell.source for cell in page.cells]
    assert sources[0].startswith("# 3. Toy\n\n<p class=")
    assert sources[1] == "**Can it?** Yes.\nIt can."
    lead = page.cells[3]
    assert (lead.source, [set(output.data) for output in lead.outputs]) == ("figure()", [{"image/png"}])
    assert lead.metadata["mystnb"]["figure"]["caption"] == "It can."
    assert sources[4] == "More words.\n\n## A section"
    left = page.cells[5]
    assert [set(output.data) for output in left.outputs] == [{"text/markdown"}], "the figure is not shown twice, the sentence stays"
    assert "mystnb" not in left.metadata
    assert 'href="#lead"' in sources[6]
    assert sources[7] == "The end."
    assert sources[8].startswith("<details")
    assert sources[9:] == ["facts", "colab = 1", "run.finish()", "</details>"]
    assert len({cell.id for cell in page.cells}) == len(page.cells)


def test_a_notebook_without_tags_keeps_its_order():
    notebook = toy(tags=())
    for cell in notebook.cells:
        cell.metadata.pop("tags", None)
    assert [cell.source for cell in site.arrange(notebook).cells][1:] == [cell.source for cell in notebook.cells][1:]


def test_a_lead_that_was_skipped_leaves_the_page_in_order():
    notebook = toy()
    notebook.cells[3].outputs = []
    assert "lead-anchor" not in [cell.id for cell in site.arrange(notebook).cells]


def test_versions_are_said_once():
    records = [{"chapter": f"0{i}_x", "versions": {"torch": "2", "numpy": "1" if i else "0"}} for i in range(3)]
    assert report.versions(records).to_numpy().tolist() == [["numpy", "0", "00"], ["numpy", "1", "01, 02"], ["torch", "2", "all"]]


def table(html: str):
    soup = pages.soup_of(f"<article><section><h2>Numbers#</h2>{html}</section></article>")
    pages.tidy_tables(soup)
    return soup


def test_a_data_frame_loses_its_counter_and_lines_numbers_up():
    import pandas as pd

    frame = pd.DataFrame({"model": ["bridge", "map"], "accuracy": ["0.966 [0.959, 0.972]", "0.769 [0.761, 0.777]"], "n": [10, 9]})
    soup = table(frame.to_html())
    assert [[cell.get_text() for cell in row.find_all(["td", "th"])] for row in soup.select("tr")] == [
        list(frame.columns),
        *frame.astype(str).to_numpy().tolist(),
    ]
    assert [cell.get_text() for cell in soup.select("thead .lt-number")] == ["accuracy", "n"]
    assert [head["scope"] for head in soup.select("th")] == ["col"] * 3
    box = soup.select_one("table").parent
    assert (box["tabindex"], box["aria-label"]) == ("0", "table: Numbers")


def test_an_index_with_a_meaning_stays_and_its_name_moves_up():
    import pandas as pd

    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index([0, 2], name="seed"))
    soup = table(frame.to_html())
    assert [cell.get_text() for cell in soup.select("thead th")] == ["seed", "a"]
    assert [cell.get_text() for cell in soup.select("tbody th")] == ["0", "2"]
    assert len(soup.select("thead tr")) == 1


def test_no_header_is_empty():
    soup = table("<table><thead><tr><th></th><th>a</th></tr></thead><tbody><tr><td>x</td><td>1</td></tr></tbody></table>")
    assert [head.get_text() for head in soup.select("th")] == ["a"]
    assert len(soup.select("thead td")) == 1


def wav(seconds: float, rate: int = 8000) -> str:
    file = io.BytesIO()
    soundfile.write(file, np.sin(np.arange(int(rate * seconds))) / 2, rate, format="WAV", subtype="PCM_16")
    return base64.b64encode(file.getvalue()).decode()


def test_sounds_become_files_with_a_name_and_a_length(tmp_path):
    sound = wav(0.7)
    audio = f'<audio controls preload="none" src="data:audio/wav;base64,{sound}"></audio>'
    picture = f'<img alt="handwritten 7" src="data:image/png;base64,{PNG}">'
    html = f"<table class='listening'><thead><tr><th>digit</th><th>spoken</th></tr></thead><tbody><tr><td>7</td><td>{audio}</td></tr><tr><td>{picture}</td><td>{audio}</td></tr></tbody></table>"
    soup = pages.soup_of(f"<article>{html}</article>")
    media.slim_players(soup, tmp_path, "")
    players = soup.select("audio")
    assert [player["aria-label"] for player in players] == ["digit 7, spoken, 0.7 s", "handwritten 7, spoken, 0.7 s"]
    assert players[0].has_attr("controls"), "it plays without scripts"
    assert {(tmp_path / player["src"]).read_bytes() for player in players} == {base64.b64decode(sound)}
    assert "base64" not in str(players)


def test_pictures_become_smaller_and_keep_every_pixel(tmp_path):
    (tmp_path / "_images").mkdir()
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[10:30, 20:50] = (200, 30, 30)
    for name, dots in (("one.png", 110), ("two.png", 220)):
        Image.fromarray(pixels).save(tmp_path / "_images" / name, dpi=(dots, dots), compress_level=0)
    soup = pages.soup_of('<article><img alt="a" src="_images/one.png"><img alt="b" src="_images/two.png"></article>')
    media.slim_pictures(soup, tmp_path)
    first, second = soup.select("img")
    assert (first["width"], first["height"], second["width"], second["height"]) == ("80", "60", "40", "30")
    assert (first.get("loading"), second.get("loading")) == (None, "lazy")
    assert first["src"] == "_images/one.webp"
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / first["src"]).convert("RGB")), pixels)


def test_only_styles_in_use_stay():
    style = ".a{x:1}.b,.a .c{x:2}@media (min-width:3px){.b{x:3}.c{x:4}}p{x:5}:is(.b){x:6}@keyframes k{from{x:7}to{x:8}}"
    kept = pages.used_rules(style, {"a", "c"})
    assert kept == ".a{x:1}.a .c{x:2}@media (min-width:3px){.c{x:4}}p{x:5}:is(.b){x:6}@keyframes k{from{x:7}to{x:8}}"


def test_scripts_without_use_are_left_out_and_the_others_wait():
    head = '<script src="a/fontawesome.js"></script><script src="copybutton.js"></script><script src="doctools.js"></script><script>const THEBE_JS_URL = 1</script>'
    soup = pages.soup_of(f"<html><head>{head}</head><body><article><p>text</p></article></body></html>")
    pages.slim_head(soup, "")
    assert [(script["src"], "defer" in script.attrs) for script in soup.select("script")] == [("doctools.js", True)]
    soup = pages.soup_of(f"<html><head>{head}</head><body><article><pre>code</pre></article></body></html>")
    pages.slim_head(soup, "")
    assert [script["src"] for script in soup.select("script")] == ["copybutton.js", "doctools.js"]


def test_an_icon_is_drawn_and_a_missing_one_is_an_error(lt_error):
    script = 'p={github:[496,512,[],"f09b","M1 2z"]};q={sun:[1,2,[],"f185","M3"]};r={sun:[512,512,[9728],"f185","M4"],"file-pdf":[512,512,[],"f1c1","M5"]}'
    soup = pages.soup_of('<i class="fa-solid fa-sun fa-lg theme-switch" data-mode="light"></i><i class="fab fa-github"></i>')
    pages.draw_icons(soup, script)
    assert re.findall(r' d="(\w[^"]*)"', str(soup)) == ["M4", "M1 2z"]
    assert soup.find(class_="theme-switch")["data-mode"] == "light"
    with lt_error("no icon 'nothing'"):
        pages.icon(script, "nothing", brand=False)


@pytest.mark.parametrize("seconds, said", [(2.4, "2 s"), (1164.2, "19 min"), (9000, "2.5 h")])
def test_provenance_in_one_line(seconds, said):
    record = {"profile": "laptop", "device": "cpu", "cpu": "a CPU", "seconds": seconds}
    assert site.provenance(record) == f"Profile laptop, a CPU, {said}"
