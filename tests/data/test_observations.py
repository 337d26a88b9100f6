"""Irregular records and labelled sequences, from long and from wide tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data.errors import DataError
from elman.data.observations import read_observations
from elman.data.sequences import read_sequences


@pytest.fixture
def saved(tmp_path):
    def save(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return save


CELLS = st.dictionaries(
    st.tuples(st.sampled_from(["p", "q", "r"]), st.integers(0, 20), st.integers(0, 2)),
    st.floats(-100, 100),
    min_size=1,
)


@settings(max_examples=40)
@given(CELLS, st.randoms())
def test_long_and_wide_tables_are_the_same_records(tmp_path_factory, cells, random):
    folder = tmp_path_factory.mktemp("tables")
    names = ["HR", "Temp", "Na"]
    order = list(cells)
    random.shuffle(order)
    long = ["RecordID,Time,Parameter,Value"]
    long += [
        f"{group},{time // 2:02}:{time % 2 * 30:02},{names[k]},{cells[group, time, k]!r}" for group, time, k in order
    ]
    rows = sorted({(group, time) for group, time, _ in order}, key=lambda row: random.random())
    wide = ["id,time,HR,Temp,Na"]
    wide += [f"{group},{time / 2}," + ",".join(repr(cells.get((group, time, k), "")).strip("'") for k in range(3))
             for group, time in rows]  # fmt: skip
    (folder / "long.csv").write_text("\n".join(long))
    (folder / "wide.csv").write_text("\n".join(wide))
    there = [name for k, name in enumerate(names) if any(key[2] == k for key in cells)]
    a = read_observations(folder / "long.csv", columns=there)
    b = read_observations(folder / "wide.csv", columns=there)
    assert (
        {record.group for record in a.records} == {record.group for record in b.records} == {key[0] for key in cells}
    )
    for record in a.records:
        other = next(other for other in b.records if other.group == record.group)
        np.testing.assert_array_equal(record.times, other.times)
        np.testing.assert_array_equal(record.values, other.values)
        assert int((~np.isnan(record.values)).sum()) == sum(key[0] == record.group for key in cells)


def test_dates_repeats_and_short_records(saved):
    path = saved(
        "id,time,HR,note\na,2020-01-01 10:00,60,x\na,2020-01-01 10:30,62,y\na,2020-01-01 10:30,64,y\n"
        "b,2020-01-05,1,z\n"
    )
    found = read_observations(path, least=2)
    assert found.records[0].times.tolist() == [0, 0.5]
    assert found.records[0].values.tolist() == [[60], [63]]
    said = " ".join(found.understood)
    assert "1 repeated measurements were averaged" in said
    assert "1 of 2 records have fewer than 2 rows" in said
    assert "columns without numbers are left out: note" in said


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("id,time,HR\na,00:10,6\na,0:70,6\n", {}, "line 3: expected a time as hh:mm, got '0:70'"),
        ("id,time,HR\na,1,6\n,2,6\n", {}, "line 3 has no record in column 'id'"),
        ("id,time,HR\na,1,6\na,,6\n", {}, "line 3 has no time"),
        (
            "id,time,parameter,value\na,1,HR,6\n",
            {"columns": ["Temp"]},
            "no 'Temp' in column 'parameter'; there are HR",
        ),
        ("id,time,HR\na,1,6\n", {"least": 2}, "has no record with 2 rows of HR"),
        ("id,time,HR\na,1,6\n", {"group": "ward"}, "has no column 'ward'"),
    ],
)
def test_what_is_not_a_record(saved, text, options, said):
    with pytest.raises(DataError, match=said):
        read_observations(saved(text), **options)


SEQUENCES = st.lists(
    st.tuples(st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=6), st.sampled_from(["up", "down"])),
    min_size=2, max_size=6,
)  # fmt: skip


@settings(max_examples=40)
@given(SEQUENCES, st.randoms())
def test_a_row_or_a_step_a_row_are_the_same_sequences(tmp_path_factory, sequences, random):
    folder = tmp_path_factory.mktemp("tables")
    longest = max(len(values) for values, _ in sequences)
    rows = ["label," + ",".join(f"t{k}" for k in range(longest))]
    rows += [",".join([label, *map(repr, values), *[""] * (longest - len(values))]) for values, label in sequences]
    steps = [(k, t, v, label) for k, (values, label) in enumerate(sequences) for t, v in enumerate(values)]
    shuffled = sorted(steps, key=lambda step: random.random())
    (folder / "rows.csv").write_text("\n".join(rows))
    (folder / "steps.csv").write_text(
        "\n".join(["id,t,x,label", *(f"s{k},{t},{v!r},{y}" for k, t, v, y in shuffled)])
    )
    a = read_sequences(folder / "rows.csv", label="label")
    b = read_sequences(folder / "steps.csv", sequence="id", label="label", time="t")
    expected = [(values, label) for values, label in sequences]
    assert [(one.values[:, 0].tolist(), one.label) for one in a.records] == expected
    order = list(dict.fromkeys(k for k, *_ in shuffled))
    assert [(one.values[:, 0].tolist(), one.label) for one in b.records] == [expected[k] for k in order]


def test_ts_and_files_of_the_ucr_archive(saved):
    assert len(read_sequences(saved("@data\n1,2:3,4:a\n5:6:b\n", "x.ts"))) == 2
    text = "".join(f"  {1 + k % 2}.0e+00  {k}.5e+00  -1.0e-1\n" for k in range(9))
    found = read_sequences(saved(text, "ucr.txt"))
    assert [one.label for one in found.records[:3]] == ["1", "2", "1"]
    assert found.records[2].values[:, 0].tolist() == pytest.approx([2.5, -0.1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("label,a,b\nx,1,2\nx,,2\n", "line 3: the value in column 'a' is missing; only the end may be empty"),
        ("label,a,b\nx,1,2\n,1,2\n", "line 3 has no label"),
        ("id,a,label\n1,1,x\n1,2,y\n", "line 3: sequence '1' has the label 'y' here and 'x' elsewhere"),
        ("id,a,label\n1,1,x\n1,,x\n", "line 3: the value in column 'a' is missing"),
        ("id,t,a,label\n1,5,1,x\n1,5,2,x\n", "line 3: sequence '1' has this t twice"),
        ("label,a\nx,1\ny,big\ny,2\n", "line 3: expected a finite number, got 'big'"),
    ],
)
def test_what_is_not_a_sequence(saved, text, said):
    with pytest.raises(DataError, match=said):
        read_sequences(saved(text))
