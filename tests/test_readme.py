"""What README.md takes from the book: times that add up, and a picture whose frames are what the models make."""

import io
import json

import torch
from PIL import Image

from lt.book import readme, records
from lt.bridge import BridgeConfig, fit_bridge
from lt.loop import Training
from lt.zoo.vae import VAE

RECORD = {"device": "cpu", "cpu": "a CPU, 2 cores used", "seconds": 90.0, "training_seconds": {"VAE": 120.0}}


def test_times_count_a_training_once_and_each_profile_apart(tmp_path):
    (tmp_path / "paper").mkdir()
    for name, extra in (("02_a", {}), ("03_b", {"training_seconds": {"VAE": 120.0, "bridge": 60.0}}), ("paper/02_a", {"device": "a GPU"})):
        record = RECORD | extra | {"chapter": name[-4:], "profile": "paper" if "/" in name else "laptop"}
        (tmp_path / f"{name}.json").write_text(json.dumps(record))
    frame = readme.times(tmp_path)
    assert frame.to_numpy().tolist() == [
        ["`laptop`", "4 min", "02, 03", "3.0", "3.0", "a CPU"],  # two cores share the training
        ["`paper`", "4 min", "02", "1.5", "2.0", "a GPU"],
    ]


def test_only_what_is_between_the_markers_changes():
    text = "a\n<!-- times -->\nold\n<!-- /times -->\nb"
    assert records.between(text, "times", r"new \1") == "a\n<!-- times -->\nnew \\1\n<!-- /times -->\nb"
    assert records.between(text, "headline", "new") == text
    assert records.between("<!-- a -->\n<!-- /a -->", "a", "new") == "<!-- a -->\nnew\n<!-- /a -->", "nothing there yet"


def test_the_picture_walks_from_digit_to_digit(blobs):
    torch.manual_seed(0)
    vaes = {name: VAE(width=8, depth=1, latent=4).eval() for name in ("mnist", "fashion")}
    bridge = fit_bridge([blobs("mnist"), blobs("fashion")], BridgeConfig(Training(5, 32, 1e-3), shared=3, width=8, depth=1, projections=4))
    x, y = torch.rand(60, 784), torch.arange(60) % 3
    with Image.open(io.BytesIO(readme.picture(vaes, bridge, (x, y), between=2, hold=1))) as image:
        assert image.n_frames == 3 * (2 + 1), "three classes: a rest at each, and two pictures on the way"
        first = image.convert("RGB").tobytes()
        image.seek(1)
        assert image.convert("RGB").tobytes() != first
        assert image.size[0] > 3 * readme.SIDE
