"""Sample text from a character model."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elman.data.vocabulary import Vocabulary
    from elman.nn.language_model import LanguageModel

__all__ = ["write"]


def write(
    model: "LanguageModel", vocabulary: "Vocabulary", prompt: str, length: int, temperature: float, seed: int
) -> str:
    """Continue a prompt with a character model.

    Args:
        model: a character model.
        vocabulary: of the model.
        prompt: at least one character that the model knows.
        length: characters to write.
        temperature: 0 takes the likeliest character; 1 samples from the model's distribution.
        seed: the same seed gives the same text.

    Raises:
        ValueError: for an empty prompt, one with unknown characters, or a negative temperature.
    """
    import torch

    from elman.decode.sampling import sample

    tokens = torch.from_numpy(vocabulary.encode(prompt))[None]
    generator = torch.Generator().manual_seed(seed)
    with torch.inference_mode():
        return vocabulary.decode(
            sample(model.step, tokens, length, temperature=temperature, generator=generator)[0].tolist()
        )
