"""Finding the models that studies saved in a results folder."""

from pathlib import Path
from typing import Annotated

import typer

from elman.files import first_link

__all__ = ["LARGEST_SEED", "RESULTS", "Model", "Results", "newest_model"]

LARGEST_SEED = 2**63 - 1  # the largest seed that torch's generators accept
RESULTS = Path("results")
Model = Annotated[Path | None, typer.Option(help="A model's folder; default: the newest in the results.")]
Results = Annotated[Path, typer.Option("--out", "--results", help="Results folder to look for models in.")]


def newest_model(out: Path, study: str, trial: str = "*") -> Path:
    """Return the folder of a study's newest model; symbolic links in the results folder are not followed.

    Args:
        out: a results folder.
        study: the study's folder name, such as ``"15.12-char-lm"``.
        trial: a pattern of the trials' names.

    Raises:
        ValueError: if there is no model; the message gives the command that trains one.
    """
    places = out.glob(f"{study}/*/trials/{trial}/model/model.json")
    found = [path.parent for path in places if first_link(path, out) is None]
    if not found:
        raise ValueError(f"no trained model in {out}; `elman study {study.partition('-')[0]} --quick` trains one")
    return max(found, key=lambda folder: (folder / "model.json").stat().st_mtime)
