"""A further cell is in a study's tables, figures and summary; claims and defaults stay as they were."""

from dataclasses import replace

import pytest
import torch

from elman.lab.study import Study
from elman.lab.workspace import Desk
from elman.studies import find_study

TEXT = "the cat sat on the mat and the dog sat on the log\n" * 20
SMALL = {
    "15.11": {"lags": "3,4", "hidden_size": "4", "updates": "3", "batch_size": "4", "test_size": "10",
              "vowel_epochs": "1", "seeds": "1"},
    "15.12": {"embedding_size": "4", "hidden_size": "6", "updates": "3", "batch_size": "2", "window": "8",
              "temperatures": "0.5,1", "sample_length": "20", "seeds": "1"},
    "15.18": {"steps": "4", "hidden_size": "4", "seeds": "1"},
}  # fmt: skip


def found_with(study: Study, cells: str, folder):
    settings = SMALL[study.exercise] | ({"text": str(folder / "own.txt")} if study.exercise == "15.12" else {})
    plan = study.plan(False, settings | ({"cells": cells} if cells else {}))
    records = []
    for trial in study.trials(plan):
        torch.manual_seed(trial.seed or 0)
        record = study.module.run(plan, trial, Desk(folder / trial.name))
        records.append(replace(record, trial=trial))
    return plan, study.findings(plan, records)


@pytest.mark.parametrize("exercise", SMALL)
def test_a_further_cell_is_in_the_tables_the_figures_and_the_summary(exercise, tmp_path, monkeypatch):
    monkeypatch.setenv("ELMAN_DATA", str(tmp_path))
    (tmp_path / "own.txt").write_text(TEXT)
    study = find_study(exercise)
    plan, default = found_with(study, "", tmp_path)
    further_plan, found = found_with(study, "MGUCell,JANETCell", tmp_path)
    for cell in ("MGUCell", "JANETCell"):
        assert any(cell in str(row[0]) for table in found.tables for row in table.rows)
        assert any(cell in series.name for figure in found.figures for series in getattr(figure, "series", ()))
        assert cell in found.summary
    assert study.claims(further_plan) == study.claims(plan)
    assert str(found.claims) == str(default.claims)
    assert {verdict.n for verdict in found.claims if verdict.claim.needs} <= {0}
    of_default = [row for table in default.tables for row in table.rows]
    assert all(row in [row for table in found.tables for row in table.rows] for row in of_default)
    assert not any("MGUCell" in str(row[0]) for row in of_default)


def test_the_default_language_model_keeps_its_name(tmp_path):
    (tmp_path / "own.txt").write_text(TEXT)
    study = find_study("15.12")
    trials = study.trials(study.plan(True, {"text": str(tmp_path / "own.txt")}))
    assert [trial.name for trial in trials] == ["lstm-seed0", "lstm-seed1", "n-grams"]
    assert all(set(trial.inputs) == {"own.txt"} for trial in trials)


@pytest.mark.parametrize("quick", [False, True])
def test_a_further_cell_leaves_the_score_to_reach(quick):
    study = find_study("15.12")
    plain, further = study.plan(quick), study.plan(quick, {"cells": "MGUCell"})
    assert study.claims(plain) == study.claims(further)
    assert study.claims(plain)[0].at_most == (1.75 if quick else 1.55)
    assert study.claims(plain)[0].needs == "tinyshakespeare"
