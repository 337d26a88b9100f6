"""The command line, with the toy study as its only one."""

import sys
from pathlib import Path

LAB = Path(__file__).parents[1] / "lab"
sys.path.insert(0, str(LAB))

if __name__ == "__main__":
    import elman.studies
    from elman.__main__ import main
    from elman.lab.study import Study

    elman.studies.find_study = lambda name: Study("15.99", "toy-study", "toy_study", LAB / "toy_study.py")
    main()
