"""Uneven series: the generator keeps its law, the reader says what is wrong."""

import math

import pytest
import torch

from elman.data.errors import DataError
from elman.data.irregular import Series, Waves, as_batch, read_stays, split_series

HEAD = "RecordID,Time,Parameter,Value\n"


def stay(record, values):
    return "".join(f"{record},{k // 60:02}:{k % 60:02},HR,{v}\n" for k, v in enumerate(values))


def test_a_wave_goes_on_after_its_last_value():
    values, gaps, beyond = Waves(30, noise=0).draw_on(200, torch.Generator().manual_seed(0), [0.0, 4.0])
    torch.testing.assert_close(beyond[0], values[-1])
    assert values.abs().max() <= 1
    assert abs(gaps.mean().item() - 1) < 5 / math.sqrt(6000)


def test_two_values_and_the_period_tell_every_other():
    waves = Waves(20, shortest=5.0, longest=5.0 + 1e-6, noise=0)
    values, gaps, _ = waves.draw_on(50, torch.Generator().manual_seed(1), [])
    angle = 2 * math.pi / 5 * gaps.double()
    v = values.double()
    a, b = angle[1:-1], angle[2:]
    expected = (v[1:-1] * torch.sin(a + b) - v[:-2] * torch.sin(b)) / torch.sin(
        a
    )  # sin(x + b) from sin(x), sin(x - a)
    clear = torch.sin(a).abs() > 0.1
    torch.testing.assert_close(expected[clear], v[2:][clear], atol=1e-3, rtol=0)


def test_stays_are_in_order_and_without_what_is_missing(tmp_path):
    path = tmp_path / "set.csv"
    rows = stay("7", range(70, 82)) + "7,00:00,HR,99\n7,00:30,HR,-1\n7,00:05,Temp,37\n" + stay("8", [60] * 9)
    path.write_text(HEAD + rows)
    (one,) = read_stays(path)
    assert one.values == tuple(map(float, range(70, 82)))
    assert one.times[:3] == (0, 1 / 60, 2 / 60)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no column RecordID, Time, Parameter, Value"),
        ("RecordID,Time,Value\n", "has no column Parameter"),
        (HEAD, "has no stay"),
        (HEAD + "7,now,HR,70\n", "line 2: expected a time"),
        (HEAD + "7,00:00,HR,fast\n", "line 2"),
        (HEAD + "7,00:00,HR\n", "line 2"),
    ],
)
def test_files_that_are_none(tmp_path, text, said):
    path = tmp_path / "set.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        read_stays(path)


def test_no_series_is_in_both_parts():
    many = [Series((0.0,), (float(k),)) for k in range(50)]
    train, test = split_series(many, seed=3)
    assert {s.values for s in train} | {s.values for s in test} == {s.values for s in many}
    assert len(train) + len(test) == 50


def test_a_batch_has_each_rows_own_gaps():
    values, gaps, lengths = as_batch([Series((1.0, 3.0, 3.5), (1, 2, 3)), Series((0.0, 9.0), (4, 5))])
    assert lengths.tolist() == [3, 2]
    assert gaps.T.tolist() == [[0, 2, 0.5], [0, 9, 0]]
    assert values.T.tolist() == [[1, 2, 3], [4, 5, 0]]
