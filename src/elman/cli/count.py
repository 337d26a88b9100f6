"""``elman count``: the parameters of a network of given sizes."""

import json
from typing import Annotated, Literal

import typer

Size = typer.Option(min=1)


def count(
    kind: Annotated[Literal["rnn", "lstm", "gru"], typer.Argument(help="rnn, lstm or gru")],
    input_size: Annotated[int, Size],
    hidden_size: Annotated[int, Size],
    output_size: Annotated[int, typer.Option(min=0, help="A linear layer on top; 0 for none.")] = 0,
    layers: Annotated[int, Size] = 1,
    bidirectional: bool = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Count the parameters of a network, with one bias per gate (textbooks) and with two (PyTorch)."""
    from elman.probe.parameters import count_parameters

    counts = {
        biases: count_parameters(kind, input_size, hidden_size, output_size, layers, bidirectional, biases)
        for biases in (1, 2)
    }
    if as_json:
        plain = {
            str(biases): {
                "total": sum(part.parameters for part in parts),
                "parts": [{"name": part.name, "shape": part.shape, "parameters": part.parameters} for part in parts],
            }
            for biases, parts in counts.items()
        }
        print(json.dumps(plain, indent=2))
        return
    for biases, words in (
        (1, "one bias vector per gate (textbooks)"),
        (2, "two bias vectors per gate (PyTorch)"),
    ):
        print(f"{kind.upper()} with {words}")
        for part in counts[biases]:
            print(f"  {part.name:<36} {' x '.join(map(str, part.shape)):>14} {part.parameters:>14,}")
        print(f"  {'total':<36} {'':>14} {sum(part.parameters for part in counts[biases]):>14,}\n")
