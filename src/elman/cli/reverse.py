"""``elman reverse``: a saved model writes digits backwards."""

from typing import Annotated

import typer

from elman.cli.models import RESULTS, Model, Results, newest_model
from elman.cli.writing import Beam, Best, Explain, check_beam, write
from elman.errors import UnknownName

STUDY, TRIAL = "15.15-number-reversal", "attention-reads=teacher-forcing-*"


def reverse(
    digits: Annotated[str, typer.Argument(help='Digits, such as "1 2 3 4 5".')],
    beam: Beam = 1,
    n_best: Best = 1,
    explain: Explain = False,
    model: Model = None,
    out: Results = RESULTS,
) -> None:
    """Write digits backwards with a model that study 15.15 trained."""
    read = digits.replace(",", " ").split() if not digits.isdigit() else list(digits)
    if not read or any(len(one) != 1 or one not in "0123456789" for one in read):
        raise UnknownName(f'expected single digits such as "1 2 3 4 5", got {digits!r}')
    check_beam(beam, n_best)
    folder = model or newest_model(out, STUDY, TRIAL)
    import torch

    from elman.apps.saved_notes import fit
    from elman.data.reversal import BEGIN, END, Reversal
    from elman.nn.saving import load_seq2seq

    net, _ = load_seq2seq(folder)
    task, what = Reversal(), "a model that reverses digits"
    fit(folder, what, source=(task.source_size, net.source_size), target=(task.target_size, net.target_size))
    write(
        net, torch.tensor([[int(one)] for one in read]), read, [*map(str, range(10)), "begin", "end"],
        bos=BEGIN, eos=END, max_length=len(read) + 3, beam=beam, n_best=n_best,
        figure=out / f"reverse-{''.join(read)[:20]}.svg" if explain else None,
    )  # fmt: skip
