"""Headlines: what they say follows from the verdicts alone, for any numbers, and for every study that has one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.lab.findings import Claim
from elman.lab.headlines import headline
from elman.lab.verdicts import judge
from elman.studies import all_studies

ANSWER = Claim("a", "Attention helps.", "here", "accuracy", at_least=0.0, role="answer", otherwise="Attention hurts.")
CONTROL = Claim("c", "The flow is one.", "here", at_most=0.1, role="control", otherwise="The flow is not one.")
SIDE = Claim("s", "A side claim.", "here", at_least=0.0)
VALUES = st.lists(st.floats(-1, 1), max_size=4)


@given(VALUES, VALUES, VALUES)
def test_a_headline_says_what_the_verdicts_say(answer, control, side):
    verdicts = [judge(ANSWER, answer), judge(CONTROL, control), judge(SIDE, side)]
    said = headline(verdicts)
    assert said.startswith({
        "holds": "Attention helps (", "does not hold": "Attention hurts (",
        "undecided": "Undecided: attention helps (",
    }[verdicts[0].verdict])  # fmt: skip
    assert ("a control fails: the flow is not one" in said) == (verdicts[1].verdict == "does not hold")
    assert ("a control is undecided: the flow is one" in said) == (verdicts[1].verdict == "undecided")
    assert "side claim" not in said
    assert said.endswith(".")


def test_without_an_answer_there_is_no_headline():
    assert headline([judge(CONTROL, 0.5), judge(SIDE, 1.0)]) == ""


def test_a_claim_without_its_contrary_is_denied_and_names_keep_their_capital():
    plain = Claim("p", "An LSTM counts.", "here", at_least=0.0, role="answer")
    named = Claim("n", "Norvig's corrector wins.", "here", at_least=0.0, role="answer")
    said = headline([judge(plain, -1.0), judge(named, 1.0)])
    assert said == "It does not hold that an LSTM counts (−1); Norvig's corrector wins (1)."


@pytest.mark.parametrize("quick", [False, True])
def test_every_study_that_has_a_control_or_a_contrary_has_an_answer(quick):
    for study in all_studies():
        claims = study.claims(study.plan(quick))
        answers = [claim for claim in claims if claim.role == "answer"]
        assert answers or not any(claim.role or claim.otherwise for claim in claims), study.exercise
        assert all(claim.otherwise.endswith(".") for claim in claims if claim.otherwise)
        assert len(answers) <= 3, "one sentence"
