"""The command line, with the toy study as its only one."""

import sys
from pathlib import Path

LAB = Path(__file__).parents[1] / "lab"
sys.path.insert(0, str(LAB))

if __name__ == "__main__":
    import elman.lab.study as lab
    from elman.__main__ import main

    lab.find_study = lambda name: lab.Study("15.99", "toy-study", "toy_study", LAB / "toy_study.py")
    main()
