"""The linker: a module from an object, and one line for whatever is not an object."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import elman
from elman.engine import web
from elman.engine.cpu.product import product_text
from elman.engine.web import assemble
from elman.engine.web.link import Reader, link, unsigned


@pytest.fixture(scope="module")
def obj():
    declared: set[str] = set()
    return assemble._object(product_text(assemble.TILE, declared), declared)


def test_a_module_exports_what_was_asked(obj):
    module = link(obj, ["product"])
    assert module.startswith(b"\0asm\x01\0\0\0")
    assert b"\x07product\0" in module
    assert b"\x03env\x06memory" in module
    assert b"linking" not in module
    assert link(module[:8] + obj[8:], ["product"]) == module


def test_a_missing_function_is_named(obj):
    with pytest.raises(ValueError, match="it has no function backward, inference"):
        link(obj, ["product", "inference", "backward"])


def one_line(data):
    found = []
    try:
        link(data, ["product"])
    except ValueError as error:
        found.append(str(error))
    assert not any("\n" in text for text in found)


def test_every_truncation_is_refused_or_whole(obj):
    for length in [*range(0, len(obj), 13), *range(len(obj) - 40, len(obj))]:
        one_line(obj[:length])


@given(st.binary(max_size=300))
def test_random_bytes(data):
    one_line(data)
    one_line(b"\0asm\x01\0\0\0" + data)


@settings(max_examples=60)
@given(data=st.data())
def test_changed_bytes(obj, data):
    changed = bytearray(obj)
    for _ in range(data.draw(st.integers(1, 5))):
        changed[data.draw(st.integers(8, len(obj) - 1))] = data.draw(st.integers(0, 255))
    one_line(bytes(changed))


@given(st.integers(0, 2**32 - 1))
def test_numbers_come_back(number):
    assert Reader(unsigned(number), "a test").number() == number


@pytest.mark.parametrize("data", [b"\xff" * 5, b"\xff\xff\xff\xff\x7f", b"\x80", b""])
def test_numbers_that_are_too_long(data):
    with pytest.raises(ValueError, match="malformed WebAssembly object"):
        Reader(data, "a test").number()


def test_a_foreign_function_is_refused():
    declared = {"declare void @system(ptr)"}
    obj = assemble._object("define void @product(ptr %a) {\n  call void @system(ptr %a)\n  ret void\n}\n", declared)
    with pytest.raises(ValueError, match="needs the function 'system'"):
        link(obj, ["product"])


def test_a_cell_that_cannot_be_compiled_says_why():
    class Odd(elman.Cell):
        def step(self, drive, state):
            return elman.State(state.h.sort(1).values + drive[:, :1])

    with pytest.raises(ValueError, match="Odd cannot run in a page: "):
        web.compile(Odd(2, 3))


def test_any_input_needs_its_placeholder():
    with pytest.raises(ValueError, match=f"input_size must be {web.ANY}, got 3"):
        web.compile(elman.cells.RNNCell(3, 4), any_input=True)
