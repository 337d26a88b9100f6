"""A melody as sound: a few sine waves per note, written as a WAV file."""

import io
import wave
from pathlib import Path

import numpy as np

from elman.data.music.melody import REST, Melody
from elman.files import write_atomically

__all__ = ["RATE", "synthesise", "write_wav"]

RATE = 22050  # samples per second
OVERTONES = (1.0, 0.45, 0.25, 0.12, 0.06)  # strengths of the first harmonics, similar to a plucked string
FADE = 0.006  # seconds of fade-in and fade-out, so that a note does not click


def synthesise(melody: Melody, tempo: float = 120.0, rate: int = RATE) -> np.ndarray:
    r"""Return a melody as samples.

    A note of pitch p has the frequency :math:`440 \cdot 2^{(p - 69)/12}` Hz and harmonics that decay, higher ones
    faster.

    Args:
        melody: what to play.
        tempo: quarters per minute; default 120.
        rate: samples per second; default 22050.

    Returns:
        Samples from -1 to 1, ``[N]``, N the melody's length in seconds times the rate, rounded.

    Raises:
        ValueError: if the tempo or the rate is not positive.

    Example:
        >>> from elman.data.music.melody import Note
        >>> len(synthesise(Melody((Note(69, 4), Note(-1, 4))), tempo=120)) == RATE
        True
    """
    if not (0 < tempo < np.inf and rate > 0):
        raise ValueError(f"tempo and rate must be positive, got {tempo} and {rate}")
    sixteenth = 15 / tempo * rate  # samples
    samples = np.zeros(round(melody.length * sixteenth))
    begin = 0
    for pitch, duration in melody.notes:
        first, last = round(begin * sixteenth), round((begin + duration) * sixteenth)
        begin += duration
        if pitch != REST:
            samples[first:last] = _tone(440 * 2 ** ((pitch - 69) / 12), last - first, rate)
    return samples


def write_wav(path: Path, melody: Melody, tempo: float = 120.0, rate: int = RATE) -> None:
    """Write a melody as a WAV file: one channel, 16 bits.

    Raises:
        ValueError: if :func:`synthesise` raises it.
        OSError: if the file cannot be written.
    """
    samples = (synthesise(melody, tempo, rate) * 0.8 * 32767).astype("<i2")
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    write_atomically(path, lambda file: file.write(held.getvalue()))


def _tone(frequency: float, count: int, rate: int) -> np.ndarray:
    time = np.arange(count) / rate
    heard = [k for k in range(1, len(OVERTONES) + 1) if k * frequency < rate / 2]
    tone = sum(
        (OVERTONES[k - 1] * np.exp(-1.5 * k * time) * np.sin(2 * np.pi * k * frequency * time) for k in heard),
        np.zeros(count),
    )
    edge = np.minimum(1, np.minimum(time, time[::-1]) / FADE)
    return tone * edge / sum(OVERTONES)
