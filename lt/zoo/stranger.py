"""A recogniser from elsewhere: it learned English from other people's speech, and no training, selection or filter of this book uses it."""

import torch
from torch import Tensor
from torchaudio import functional as F

from lt.datasets import CLASSES
from lt.errors import LtError

RATE, SILENCE = 16_000, 0.2  # of its acoustic model in Hz; seconds of silence before and after a clip, which it expects
NOTHING = -1  # it may hear no word at all


def hear(waves: Tensor, rate: int) -> Tensor:
    """Digits that PocketSphinx hears in clips (n, samples), (n,) int64, -1 where it hears none (Huggins-Daines et al. 2006).

    The package carries a model of general American English; a grammar restricts it to the ten words. Raises :class:`lt.LtError` if it is missing.
    """
    try:
        from pocketsphinx import Config, Decoder
    except ImportError as error:
        raise LtError("the package pocketsphinx is missing: pip install -e '.[book]'") from error
    words = CLASSES["speech"]
    settings = Config(loglevel="FATAL", samprate=RATE)
    settings["lm"] = None
    decoder = Decoder(settings)
    decoder.add_jsgf_string("digits", f"#JSGF V1.0; grammar digits; public <digit> = {' | '.join(words)};")
    decoder.activate_search("digits")
    sound = F.resample(waves.float().cpu(), rate, RATE)
    sound = torch.nn.functional.pad(sound, (round(SILENCE * RATE),) * 2)
    sound = (sound / sound.abs().amax(1, keepdim=True).clamp(min=1e-8) * 0.5 * 32767).short()
    found = []
    for clip in sound.numpy():
        decoder.start_utt()
        decoder.process_raw(clip.tobytes(), full_utt=True)
        decoder.end_utt()
        heard = decoder.hyp()
        word = heard.hypstr.split()[0] if heard is not None and heard.hypstr.strip() else ""
        found.append(words.index(word) if word in words else NOTHING)
    return torch.tensor(found, dtype=torch.int64)
