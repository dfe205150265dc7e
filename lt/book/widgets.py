"""What a reader of a page can press play on."""

import base64
import io
from collections.abc import Sequence

from IPython.display import HTML
from torch import Tensor


def player(wave: Tensor, rate: int) -> str:
    """An HTML audio element that holds its clip (samples,) as a WAV file of 16 bits."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, (wave / wave.abs().max().clamp(min=1e-8)).cpu().numpy(), rate, format="WAV", subtype="PCM_16")
    return f'<audio controls preload="none" src="data:audio/wav;base64,{base64.b64encode(file.getvalue()).decode()}"></audio>'


def picture(pixels: Tensor, alt: str) -> str:
    """An HTML image of pixels (28 * 28,) in [0, 1], dark on light."""
    from PIL import Image

    file = io.BytesIO()
    grey = ((1 - pixels.view(28, 28)).clamp(0, 1) * 255).byte().cpu().numpy()
    Image.fromarray(grey).resize((56, 56), Image.Resampling.NEAREST).save(file, "PNG")
    return f'<img alt="{alt}" src="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}">'


def listening_table(columns: dict[str, Sequence[str]]) -> HTML:
    """Pictures, players and words in columns, a row an item: what a reader can press play on."""
    head = "".join(f"<th>{name}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in zip(*columns.values(), strict=True))
    return HTML(f'<table class="listening"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>')
