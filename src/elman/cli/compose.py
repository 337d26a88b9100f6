"""``elman compose``: a tune by a model of study 15.24, as MIDI, sound and picture."""

from pathlib import Path
from typing import Annotated

import typer

from elman.cli.models import LARGEST_SEED, RESULTS, Model, newest_model
from elman.errors import UnknownName


def compose(
    key: Annotated[str, typer.Option(help="Such as G, F#m or Bb.")] = "G",
    metre: Annotated[str, typer.Option(help="Such as 4/4, 6/8 or 3/4.")] = "4/4",
    bars: Annotated[int, typer.Option(min=0, max=64, help="Whole bars; 0 lets the model end the tune.")] = 16,
    temperature: Annotated[float, typer.Option(help="0 takes the likeliest note; 1 follows the model.")] = 0.8,
    tempo: Annotated[float, typer.Option(min=20, max=400, help="Quarters per minute.")] = 120,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="The same seed writes the same tune.")] = 0,
    out: Annotated[
        Path, typer.Option(help="MIDI file to write; beside it a sound (.wav) and a piano roll (.svg).")
    ] = Path("tune.mid"),
    model: Model = None,
    results: Annotated[Path, typer.Option(help="Results folder to look for models in.")] = RESULTS,
) -> None:
    """Write a tune with a model that study 15.24 trained: as MIDI, as sound, and as a picture."""
    if out.suffix.lower() not in (".mid", ".midi"):
        raise ValueError(f"--out must name a MIDI file ending in .mid, got {str(out)!r}")
    begin = _beginning(key, metre)
    folder = model or newest_model(results, "15.24-music")
    from dataclasses import replace

    import torch

    from elman.apps import composing
    from elman.apps.piano_roll import piano_roll, roll
    from elman.apps.tunes import load_tunes
    from elman.data.music.midi import write_midi
    from elman.data.music.sound import write_wav
    from elman.files import write_text
    from elman.lab.figures import draw

    net, learned = load_tunes(folder)
    generator = torch.Generator().manual_seed(seed)
    (tune,), _ = composing.compose(net, [begin], generator, temperature, bars or None)
    tune = replace(tune, title=f"Elman {seed}")
    sound, picture = out.with_suffix(".wav"), out.with_suffix(".svg")
    write_midi(out, tune, tempo)
    write_wav(sound, tune, tempo)
    write_text(picture, draw(piano_roll(roll(tune), f"{tune.title}, {tune.key}, {metre}", tune.key)))
    print(f"{len(tune.notes)} notes in {tune.key}, {metre}, learned from {learned}: {out}, {sound}, {picture}")


def _beginning(key: str, metre: str):
    """Return a melody that carries key and metre; its one note is not played."""
    from elman.apps.tunes import LONGEST
    from elman.data.music.melody import Melody, Note, tonic_number

    try:
        tonic, minor = tonic_number(key)
        beats, _, unit = metre.partition("/")
        if not (beats.isascii() and beats.isdigit() and unit.isascii() and unit.isdigit()):
            raise ValueError(f"expected a metre such as 6/8, got {metre!r}")
        begin = Melody((Note(60, 1),), (int(beats), int(unit)), tonic=tonic, minor=minor)
    except ValueError as error:
        raise UnknownName(str(error)) from None
    if begin.bar > LONGEST:
        raise UnknownName(f"a bar may have at most {LONGEST} sixteenths, got {begin.bar} in {metre}")
    return begin
