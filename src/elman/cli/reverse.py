"""``elman reverse``: a saved model writes digits backwards."""

from pathlib import Path
from typing import Annotated

import typer

from elman.cli.models import newest_model
from elman.errors import UnknownName

STUDY, TRIAL = "15.15-number-reversal", "attention-teacher-forcing-*"


def reverse(
    digits: Annotated[str, typer.Argument(help='Digits, such as "1 2 3 4 5".')],
    beam: Annotated[int, typer.Option(min=1, max=1000, help="Hypotheses that the search keeps; 1 is greedy.")] = 1,
    n_best: Annotated[int, typer.Option("--n-best", min=1, help="Hypotheses to show, at most the beam.")] = 1,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show attention and the search, and write attention as a figure.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="A model's folder; default: the newest that 15.15 left in results.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Results folder to look for models in.")] = Path("results"),
) -> None:
    """Write digits backwards with a model that study 15.15 trained."""
    read = digits.replace(",", " ").split() if not digits.isdigit() else list(digits)
    if not read or any(len(one) != 1 or one not in "0123456789" for one in read):
        raise UnknownName(f'digits are written one by one, such as "1 2 3 4 5"; got {digits!r}')
    if n_best > beam:
        raise UnknownName(f"--n-best {n_best} needs a --beam of at least as many, got {beam}")
    folder = model or newest_model(out, STUDY, TRIAL)
    import torch

    from elman.cli.explaining import show_attention, show_tree, write_attention
    from elman.cli.notes import fit
    from elman.data.reversal import BEGIN, END, Reversal
    from elman.decode import beam_search
    from elman.nn.saving import load_seq2seq

    net, _ = load_seq2seq(folder)
    task, what = Reversal(), "a model that reverses digits"
    fit(folder, what, source=(task.source_size, net.source_size), target=(task.target_size, net.target_size))
    source = torch.tensor([[int(one)] for one in read])
    with torch.inference_mode():
        state = net.read(source)
        found = beam_search(
            net.step, torch.tensor([BEGIN]), end=END, max_length=len(read) + 3, width=beam, n_best=n_best,
            state=state, tree=explain,
        )  # fmt: skip
        for place in range(n_best):
            length = int(found.lengths[0, place])
            tokens = found.tokens[0, place, :length].tolist()
            text = " ".join(str(token) for token in tokens if token != END)
            print(text if n_best == 1 else f"{float(found.scores[0, place]):8.3f}  {text}")
        if not explain:
            return
        written = [token for token in found.tokens[0, 0].tolist() if token >= 0]
        weights = net.write(torch.tensor([[BEGIN], *([token] for token in written[:-1])]), state)[1][:, 0]
    names = ["end" if token == END else str(token) for token in written]
    if weights.shape[-1]:
        show_attention(weights.tolist(), read, names)
        path = out / f"reverse-{''.join(read)[:20]}.svg"
        write_attention(path, f"Attention, {' '.join(read)}", weights.tolist(), read, names)
        print(f"wrote {path}")
    show_tree(found, [*map(str, range(10)), "begin", "end"])
