"""Generated tasks and the .ts reader: what they promise, exactly."""

import pytest
import torch

from elman.data.errors import DataError
from elman.data.tasks import Recall
from elman.data.ts import read_ts


def test_recall_hides_the_answer_everywhere_but_in_the_first_step():
    task = Recall(steps=6, symbols=3, distractors=2)
    x, y = task.draw(500, torch.Generator().manual_seed(0))
    assert x.shape == (6, 500, task.input_size)
    assert torch.equal(x.sum(-1), torch.ones(6, 500))
    assert torch.equal(x[0].argmax(-1), y)
    assert (x[1:].argmax(-1) >= 3).all()
    assert set(y.tolist()) == {0, 1, 2}
    assert task.chance == pytest.approx(1 / 3)


def test_the_same_seed_draws_the_same():
    first, second = (Recall(5).draw(4, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first[0], second[0])


def test_ts_records(tmp_path):
    path = tmp_path / "file.ts"
    path.write_text("# comment\n@problemName x\n@data\n1,2,3:4,5,6:a\n7:8:b\n")
    first, second = read_ts(path)
    assert first.values.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert (first.label, second.label) == ("a", "b")
    assert second.values.shape == (1, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@data\n", "holds no sequences"),
        ("1,2:a\n", "holds no sequences"),
        ("@data\n1,2:1:a\n", "line 2: channels must be numbers, all of one length"),
        ("@data\n1,x:a\n", "line 2: channels must be numbers"),
        ("@data\n1,nan:a\n", "line 2: a sequence needs at least one channel of finite numbers"),
        ("@data\na\n", "line 2: a sequence needs at least one channel"),
    ],
)
def test_ts_files_that_are_none(tmp_path, text, message):
    path = tmp_path / "file.ts"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_ts(path)
