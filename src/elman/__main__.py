"""``python -m elman`` and the command ``elman``."""

import sys

from elman.lazy import needed


def main() -> None:
    """Run the command line, or say in one line what to install for it."""
    try:
        from elman.cli import main as run
    except ModuleNotFoundError as error:
        if not needed(error):
            raise
        print(f"elman: {needed(error)}", file=sys.stderr)
        sys.exit(1)
    run()


if __name__ == "__main__":
    main()
