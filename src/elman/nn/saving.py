"""Models on disk: weights as safetensors, the rest as JSON. Nothing in either can run code."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from elman.data.vocabulary import Vocabulary
from elman.files import write_atomically, write_text
from elman.nn.language_model import LanguageModel

__all__ = ["load_language_model", "save_model"]


def save_model(folder: Path, model: nn.Module, settings: dict[str, Any], vocabulary: Vocabulary) -> None:
    """Write ``weights.safetensors`` and ``model.json`` into a folder.

    Raises:
        OSError: if the folder cannot be written.
    """
    weights = save({name: tensor.contiguous() for name, tensor in model.state_dict().items()})
    write_atomically(folder / "weights.safetensors", lambda file: file.write(weights))
    notes = {"kind": type(model).__name__, "settings": settings, "vocabulary": vocabulary.to_json()}
    write_text(folder / "model.json", json.dumps(notes, indent=1))


def load_language_model(folder: Path) -> tuple[LanguageModel, Vocabulary]:
    """Read a language model and its vocabulary.

    Raises:
        ValueError: if a file is missing, damaged or of another kind of model.
    """
    try:
        notes = json.loads((folder / "model.json").read_bytes())
        if notes["kind"] != LanguageModel.__name__:
            raise ValueError(f"it is a {notes['kind']}")
        vocabulary = Vocabulary.from_json(notes["vocabulary"])
        names = ("embedding_size", "hidden_size", "num_layers", "dropout")
        model = LanguageModel(len(vocabulary), **{name: notes["settings"][name] for name in names})
        model.load_state_dict(load((folder / "weights.safetensors").read_bytes()))
    except FileNotFoundError as error:
        raise ValueError(f"no model in {folder}: {Path(error.filename).name} is missing") from None
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{folder} does not hold a language model: {reason}") from None
    return model.eval(), vocabulary
