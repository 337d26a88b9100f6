"""Plans, measures and headlines of several studies, each held to what it once said wrongly."""

import pytest

from elman.errors import UnknownName
from elman.lab.study import Record, Trial
from elman.studies import ex12_char_lm, ex31_variational_dropout, find_study
from elman.studies.shared.reversing import implied_per_digit


@pytest.mark.parametrize(
    ("exercise", "field"),
    [("15.31", "probability"), ("15.31", "words"), ("15.14", "dropout"), ("15.14", "word_dropout")],
)
@pytest.mark.parametrize("wrong", ["1.5", "-0.1", "1"])
def test_a_probability_is_checked_with_the_plan_and_not_in_the_trials(exercise, field, wrong):
    with pytest.raises(UnknownName, match=field):
        find_study(exercise).plan(settings={field: wrong})


def test_a_text_of_one_line_can_be_sampled():
    assert ex12_char_lm.first_character("to be or not to be") == "t"
    assert ex12_char_lm.first_character("to be\nor not") == "\n"


def calibrated(**errors):
    """Records of variational and standard dropout with these calibration errors at the best and the last epoch."""
    return [
        Record({f"{when} {name}": value + 0.001 * seed for when in ("best", "end") for name, value in
                (("ece", errors[f"{arm}_{when}"]), ("accuracy", 0.8))}, {"validation": [0.5], "end confidence": [0.6],
                "end right": [0.6]}, trial=Trial(arm, seed))
        for arm in ("standard", "variational") for seed in range(4)
    ]  # fmt: skip


def test_accuracy_and_calibration_in_one_headline_are_of_one_epoch():
    study, plan = find_study("15.31"), ex31_variational_dropout.Plan()
    errors = {"standard_best": 0.05, "variational_best": 0.02, "standard_end": 0.1, "variational_end": 0.2}
    said = study.findings(plan, calibrated(**errors)).summary
    assert said.endswith("at the best epoch, variational dropout is better calibrated than standard dropout "
                         "(0.03 calibration error reduced).")  # fmt: skip
    worse = study.findings(plan, calibrated(**errors | {"variational_best": 0.09})).summary
    assert worse.endswith("at the best epoch, standard dropout is better calibrated than variational dropout "
                          "(−0.04 calibration error reduced).")  # fmt: skip


def test_three_cells_that_read_the_same_strings_are_not_three_values():
    study = find_study("15.32")
    plan = study.plan()
    (rule,) = [claim for claim in study.claims(plan) if claim.key == "rule"]
    from elman.lab.arms import Arms

    records = [
        Record({"rule": 0.6 + 0.01 * seed}, trial=Trial(arm, seed)) for arm in ("LSTM", "GRU") for seed in range(3)
    ]
    assert rule.measure(Arms(records)) == [0.6, 0.61, 0.62]


def test_a_model_without_a_bottleneck_is_not_said_to_have_one():
    """With p = 0.9 per digit whole strings fall from 0.59 at 5 digits to 0.35 at 10, and no digit is harder."""
    study = find_study("15.9")
    plan = study.plan(quick=True)
    exact = {n: 0.9**n for n in range(3, 11)}
    arms = ("16 units", "48 units", "16 units, attention")
    records = [
        Record({"parameters": 1.0} | {f"exact|{n}": share for n, share in exact.items()}, trial=Trial(arm, seed))
        for arm in arms for seed in range(3)
    ]  # fmt: skip
    verdicts = {v.claim.key: v for v in study.findings(plan, records).claims}
    assert verdicts["length"].verdict == "does not hold"
    assert verdicts["length"].measured == pytest.approx(0.0, abs=1e-9)
    assert implied_per_digit(0.9**10, 10, 200) == pytest.approx(0.9)


def solved(finer):
    """Records of the waves in which the ODE-RNN is ahead, with its error when solved with finer steps."""
    errors = {"LSTM without gaps": 0.3, "LSTM, gap as input": 0.2, "LSTM, gap as input, 3x updates": 0.1,
              "GRU with decay": 0.2, "ODE-RNN": 0.05}  # fmt: skip
    return [
        Record({"error": error + 0.001 * seed, "longer": 0.4, "parameters": 8000.0}
               | ({"finer": finer + 0.001 * seed} if arm == "ODE-RNN" else {}),
               {"far": [1.0] * 8, "by gap": [0.1] * 8, "gap": [float(k) + 0.1 for k in range(8)]},
               trial=Trial(arm, seed, {"series": "waves"}))
        for arm, error in errors.items() for seed in range(4)
    ]  # fmt: skip


def test_a_failed_control_is_in_the_headline():
    study, plan = find_study("15.35"), find_study("15.35").plan()
    fine, failed = (study.findings(plan, solved(finer)).summary for finer in (0.05, 0.12))
    assert "control" not in fine
    assert "a control fails: steps a quarter as long change the ODE-RNN's error" in failed
    assert failed.startswith("The ODE-RNN's error is below that of the LSTM that ignores the gaps")


def test_the_book_can_draw_few_seeds_as_lines_and_says_so():
    study, plan = find_study("15.35"), find_study("15.35").plan()
    for figure in study.findings(plan, solved(0.05)).figures:
        assert all(len(series.seeds) == 4 and series.low is None for series in figure.series)
        assert figure.caption.endswith("each thin line is one seed.")
