"""Save and load models: weights as safetensors, the rest as JSON. Loading runs no code from the files."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from elman.cells.lookup import public_cells
from elman.data.vocabulary import Vocabulary
from elman.errors import named
from elman.files import write_atomically
from elman.nn.attention import AdditiveAttention, MultiplicativeAttention
from elman.nn.heads import Generator, Pointer, PointerGenerator
from elman.nn.language_model import LanguageModel
from elman.nn.recurrent import Recurrent
from elman.nn.seq2seq import Seq2Seq
from elman.nn.text import Tagger, TextClassifier, TokenEmbedding
from elman.nn.transformer import Transformer
from elman.sealing import UNSEALED, check_seal, seal

__all__ = [
    "load_language_model",
    "load_made",
    "load_seq2seq",
    "load_text_model",
    "make_language_model",
    "make_seq2seq",
    "make_text_model",
    "read_model",
    "save_made",
    "save_model",
    "write_model",
]

ATTENTION: dict[str, Any] = {"additive": AdditiveAttention, "multiplicative": MultiplicativeAttention, "none": None}
KINDS: dict[str, Any] = {"TextClassifier": TextClassifier, "Tagger": Tagger}
CALLS = 50  # upper limit of PyTorch calls per parameter while a model is built and initialised
HEADS: dict[str, Any] = {"generator": Generator, "pointer": Pointer, "pointer-generator": PointerGenerator}


def save_model(folder: Path, model: nn.Module, settings: dict[str, Any], vocabulary: Vocabulary) -> None:
    """Write ``weights.safetensors`` and ``model.json`` into a folder.

    Raises:
        OSError: if the folder cannot be written.
    """
    write_model(folder, model, {"settings": settings, "vocabulary": vocabulary.to_json()})


def load_language_model(folder: Path) -> tuple[LanguageModel, Vocabulary]:
    """Load a language model and its vocabulary.

    Raises:
        ValueError: if a file is missing, damaged or holds another kind of model.
    """

    def characters(about: dict[str, Any]) -> Any:
        return about["vocabulary"] if "vocabulary" in about else about["notes"]["vocabulary"]

    def make(about: dict[str, Any]) -> LanguageModel:
        return make_language_model(len(characters(about)), about["settings"])

    model, about = read_model(folder, make, (LanguageModel,), "a language model")
    with _explained(folder, "a language model"):
        return model, Vocabulary.from_json(characters(about))


def make_language_model(vocabulary_size: int, settings: dict[str, Any]) -> LanguageModel:
    """Build a language model from its saved settings.

    Args:
        vocabulary_size: number of tokens.
        settings: ``embedding_size``, ``hidden_size``, ``num_layers``, ``dropout``; optional ``cell``, the name of a
            built-in cell in place of the LSTM. Other settings are not read.

    Raises:
        KeyError: if a setting is missing.
        UnknownName: if the cell does not exist.

    Example:
        >>> sizes = {"embedding_size": 4, "hidden_size": 6, "num_layers": 1, "dropout": 0.0}
        >>> make_language_model(9, sizes | {"cell": "GRUCell"}).head
        Linear(in_features=6, out_features=9, bias=True)
    """
    names = ("embedding_size", "hidden_size", "num_layers", "dropout")
    embedding_size, hidden_size, num_layers, dropout = (settings[name] for name in names)
    layers = None
    if settings.get("cell"):
        cell = public_cells()[named("cell", settings["cell"], public_cells())]
        layers = Recurrent(cell, embedding_size, hidden_size, num_layers, dropout=dropout if num_layers > 1 else 0.0)
    return LanguageModel(vocabulary_size, embedding_size, hidden_size, num_layers, dropout, layers)


@contextmanager
def _explained(folder: Path, wanted: str) -> Iterator[None]:
    """Turn any error while loading a model into a ValueError of one line; only a file that exists and cannot be read
    raises OSError."""
    try:
        yield
    except FileNotFoundError as error:
        raise ValueError(f"no model in {folder}: {Path(error.filename).name} is missing") from None
    except OSError:
        raise
    except Exception as error:  # damaged settings or weights may raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        reason = f"it has no {reason}" if isinstance(error, KeyError) else reason
        raise ValueError(f"{folder} does not hold {wanted}: {reason}") from None


def make_seq2seq(settings: dict[str, Any]) -> Seq2Seq:
    """Build an encoder-decoder from its saved settings.

    Args:
        settings: the arguments of :class:`~elman.nn.seq2seq.Seq2Seq`, where ``cell`` is the name of a built-in
            cell, ``attention`` is ``"additive"``, ``"multiplicative"`` or ``"none"``, and ``head`` is
            ``"generator"``, ``"pointer"`` or ``"pointer-generator"``; each of the three is optional.

    Raises:
        UnknownName: if the cell, the attention or the head does not exist.
        TypeError: if an argument does not exist.

    Example:
        >>> model = make_seq2seq({"source_size": 5, "target_size": 6, "cell": "LSTMCell", "attention": "none"})
        >>> model.attention is None
        True
    """
    options = dict(settings)
    for name, known in (("cell", public_cells()), ("attention", ATTENTION), ("head", HEADS)):
        if name in options:
            options[name] = known[named(name, options[name], known)]
    return Seq2Seq(options.pop("source_size"), options.pop("target_size"), **options)


def load_seq2seq(folder: Path) -> tuple[Seq2Seq, dict[str, Any]]:
    """Load an encoder-decoder, in evaluation mode, and its notes.

    Raises:
        ValueError: if a file is missing, damaged or holds another kind of model.
    """
    return load_made(folder, make_seq2seq, (Seq2Seq,), "an encoder-decoder")


def make_text_model(settings: dict[str, Any]) -> TextClassifier | Tagger:
    """Build a text classifier or a tagger from its saved settings.

    Args:
        settings: ``kind``, ``"TextClassifier"`` or ``"Tagger"``; ``sizes`` and ``widths`` of the embedding's columns;
            ``cell``, the name of a built-in cell, or ``"transformer"``; ``hidden_size``; ``classes``. Optional, with
            defaults: ``num_layers`` (1), ``bidirectional`` (False), ``heads`` (4, transformer only), ``pooling``
            ("max", classifier only), ``dropout`` (0) and ``word_dropout`` (0).

    Raises:
        KeyError: if a setting is missing.
        UnknownName: if the kind or the cell does not exist.
        TypeError: if a setting does not exist.

    Example:
        >>> some = {"kind": "Tagger", "sizes": [9], "widths": [4], "cell": "GRUCell", "hidden_size": 6, "classes": 3}
        >>> make_text_model(some).head
        Linear(in_features=6, out_features=3, bias=True)
    """
    options = dict(settings)
    kind: Any = KINDS[named("kind", options.pop("kind"), KINDS)]
    embedding = TokenEmbedding(options.pop("sizes"), options.pop("widths"), options.pop("word_dropout", 0.0))
    cell, hidden, layers = options.pop("cell"), options.pop("hidden_size"), options.pop("num_layers", 1)
    both, heads, dropout = options.pop("bidirectional", False), options.pop("heads", 4), options.get("dropout", 0.0)
    encoder: nn.Module
    if cell == "transformer":
        encoder = Transformer(embedding.output_size, hidden, layers, heads=heads, dropout=dropout)
    else:
        cell_type = public_cells()[named("cell", cell, [*public_cells(), "transformer"])]
        encoder = Recurrent(cell_type, embedding.output_size, hidden, layers, bidirectional=both, dropout=dropout)
    return kind(embedding, encoder, options.pop("classes"), **options)


def load_text_model(folder: Path) -> tuple[TextClassifier | Tagger, dict[str, Any]]:
    """Load a text classifier or a tagger saved by :func:`save_made`, in evaluation mode, and its notes.

    Raises:
        ValueError: if a file is missing, damaged or holds another kind of model.
    """
    return load_made(folder, make_text_model, (TextClassifier, Tagger), "a text classifier or tagger")


def save_made(folder: Path, model: nn.Module, settings: dict[str, Any], notes: dict[str, Any]) -> None:
    """Write ``weights.safetensors`` and ``model.json`` into a folder.

    Args:
        folder: the folder; created if missing.
        model: the model, built from these settings.
        settings: plain data.
        notes: plain data that using the model requires, such as vocabularies.

    Raises:
        OSError: if the folder cannot be written.
    """
    write_model(folder, model, {"settings": settings, "notes": notes})


def load_made(folder: Path, make: Any, kinds: tuple[type, ...], wanted: str) -> tuple[Any, dict[str, Any]]:
    """Load a model that :func:`save_made` wrote, in evaluation mode, and its notes.

    Args:
        folder: the folder of the model.
        make: builds the model from its settings.
        kinds: the accepted classes of the model.
        wanted: the name of such a model in an error, such as ``"a language model"``.

    Raises:
        ValueError: if a file is missing, damaged or holds another kind of model.
    """
    model, about = read_model(folder, lambda about: make(about["settings"]), kinds, wanted)
    with _explained(folder, wanted):
        if not isinstance(about["notes"], dict):
            raise ValueError(f"its field 'notes' must be an object, got {type(about['notes']).__name__}")
        return model, about["notes"]


def write_model(folder: Path, model: nn.Module, about: dict[str, Any]) -> None:
    """Write ``weights.safetensors``, and ``model.json`` with the SHA-256 of both.

    Args:
        folder: the folder; created if missing.
        model: the model; ``model.json`` records its class.
        about: further content of ``model.json``, plain data.

    Raises:
        OSError: if the folder cannot be written.
    """
    weights = save({name: tensor.contiguous() for name, tensor in model.state_dict().items()})
    write_atomically(folder / "weights.safetensors", lambda file: file.write(weights))
    plain = {"sha256": UNSEALED, "kind": type(model).__name__, **about}
    sealed = seal(json.dumps(plain, indent=1).encode(), weights)
    write_atomically(folder / "model.json", lambda file: file.write(sealed))


def read_model(folder: Path, make: Any, kinds: tuple[type, ...], wanted: str) -> tuple[Any, dict[str, Any]]:
    """Load a model that :func:`write_model` wrote, in evaluation mode, and the content of ``model.json``.

    Args:
        folder: the folder of the model.
        make: builds a model from the content of ``model.json``.
        kinds: the accepted classes of the model.
        wanted: the name of such a model in an error, such as ``"a language model"``.

    Raises:
        ValueError: if a file is missing, damaged or holds another kind of model.
    """
    with _explained(folder, wanted):
        data = (folder / "model.json").read_bytes()
        about = json.loads(data)
        if not isinstance(about, dict) or about["kind"] not in {kind.__name__ for kind in kinds}:
            raise ValueError(f"it is a {about['kind'] if isinstance(about, dict) else type(about).__name__}")
        weights = (folder / "weights.safetensors").read_bytes()
        check_seal(data, weights)
        return _filled(lambda: make(about), load(weights)), about


def _filled(make: Callable[[], Any], weights: dict[str, Tensor]) -> Any:
    """Build a model with these weights. First compare all shapes on the meta device, with a limit on the number of
    layers, so that damaged settings cost neither memory nor time."""
    with torch.device("meta"), _Patience(CALLS * (len(weights) + 1)):
        shapes = {name: tensor.shape for name, tensor in make().state_dict().items()}
    there = {name: tensor.shape for name, tensor in weights.items()}
    if wrong := sorted(name for name in {*shapes, *there} if shapes.get(name) != there.get(name)):
        raise ValueError(f"its settings and its weights differ in {wrong[0]}")
    if wrong := sorted(name for name, tensor in weights.items() if not tensor.isfinite().all()):
        raise ValueError(f"its {wrong[0]} holds a number that is not finite")
    model = make()
    model.load_state_dict(weights)
    return model.eval()


class _Patience(TorchFunctionMode):
    """Limit the number of PyTorch calls inside the block, in this thread; raise ValueError beyond it."""

    def __init__(self, calls: int):
        super().__init__()
        self.left = calls

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count one call."""
        self.left -= 1
        if self.left < 0:
            raise ValueError("its settings have more layers than its weights")
        return func(*args, **(kwargs or {}))
