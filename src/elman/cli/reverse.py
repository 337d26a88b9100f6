"""``elman reverse``: a saved model writes digits backwards."""

from typing import Annotated

import typer

from elman.cli.models import RESULTS, Model, Results, newest_model
from elman.cli.writing import Beam, Best, Explain, check_beam, searching, write
from elman.errors import UnknownName

STUDY, TRIAL = "15.15-number-reversal", "attention-reads=teacher-forcing-*"


def reverse(
    digits: Annotated[str, typer.Argument(help='Digits, such as "1 2 3 4 5".')],
    beam: Beam = 1,
    n_best: Best = 1,
    min_length: Annotated[int, typer.Option(min=0, max=1000, help="Digits to write at least.")] = 0,
    no_repeat: Annotated[
        int,
        typer.Option("--no-repeat-ngram", min=0, help="Length of runs of digits that may not repeat; 0 allows all."),
    ] = 0,
    groups: Annotated[int, typer.Option(min=1, max=1000, help="Groups of the beam that avoid each other.")] = 1,
    penalty: Annotated[float, typer.Option(min=0, help="Nats off a digit that another group has chosen.")] = 0.5,
    explain: Explain = False,
    model: Model = None,
    out: Results = RESULTS,
) -> None:
    """Write digits backwards with a model that study 15.15 trained."""
    read = digits.replace(",", " ").split() if not digits.isdigit() else list(digits)
    if not read or any(len(one) != 1 or one not in "0123456789" for one in read):
        raise UnknownName(f'expected single digits such as "1 2 3 4 5", got {digits!r}')
    check_beam(beam, n_best)
    search = searching(beam, min_length, no_repeat, groups, penalty)
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
        bos=BEGIN, eos=END, max_length=max(len(read), min_length) + 3, beam=beam, n_best=n_best, search=search,
        figure=out / f"reverse-{''.join(read)[:20]}.svg" if explain else None,
    )  # fmt: skip
