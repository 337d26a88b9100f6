"""Link one WebAssembly object file to a module, without a linker on the user's machine.

LLVM writes an object whose sections are those of a module already: there is one object, so every index in the code
is final. What is missing are exports, whose names are in the object's symbol table, and what is too much are the
custom sections. See the "WebAssembly Object File Linking" convention of the WebAssembly tool conventions.
"""

from collections.abc import Collection, Iterator

__all__ = ["HELPERS", "link"]

MAGIC = b"\0asm\x01\0\0\0"
CUSTOM, IMPORT, EXPORT, CODE, DATA, DATA_COUNT = 0, 2, 7, 10, 11, 12
LAST = 13  # highest section number
#: Functions that a module may import: the products' module has the first, JavaScript the others.
HELPERS = frozenset([
    "product", "memcpy", "memset", "sinf", "cosf", "erff", "atanf", "asinf", "acosf", "tanf", "sinhf", "coshf",
    "asinhf", "acoshf", "atanhf", "atan2f", "powf", "fmodf",
])  # fmt: skip
KINDS = {0: "function", 1: "table", 2: "memory", 3: "global"}
UNDEFINED, EXPLICIT_NAME = 0x10, 0x40  # flags of a symbol
SYMBOL_TABLE = 8


class Reader:
    """Reads numbers and names, and never beyond the end of its bytes.

    Args:
        data: the bytes.
        what: what they are, for messages.
    """

    def __init__(self, data: bytes, what: str):
        self.data, self.what, self.at = data, what, 0

    def bad(self, why: str) -> ValueError:
        """Return an error that names the place."""
        return ValueError(f"malformed WebAssembly object: {why} in {self.what}, at byte {self.at}")

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        part = self.data[self.at : self.at + count]
        if len(part) < count:
            raise self.bad(f"{count} bytes expected, {len(part)} left")
        self.at += count
        return part

    def byte(self) -> int:
        """Return the next byte as a number."""
        return self.take(1)[0]

    def number(self) -> int:
        """Return an unsigned number below ``2**32`` in LEB128."""
        value = 0
        for shift in range(0, 35, 7):
            digit = self.byte()
            value |= (digit & 127) << shift
            if digit < 128:
                if value >= 1 << 32:
                    break
                return value
        raise self.bad("a number of more than 32 bits")

    def name(self) -> str:
        """Return a string."""
        try:
            return self.take(self.number()).decode()
        except UnicodeDecodeError:
            raise self.bad("a name that is not UTF-8") from None

    def part(self, what: str) -> "Reader":
        """Return a reader of the next bytes, whose number comes first."""
        return Reader(self.take(self.number()), what)

    def done(self) -> bool:
        """Return whether all bytes are read."""
        return self.at >= len(self.data)


def unsigned(number: int) -> bytes:
    """Write a number in LEB128."""
    out = bytearray()
    while True:
        digit, number = number & 127, number >> 7
        out.append(digit | 128 if number else digit)
        if not number:
            return bytes(out)


def string(text: str) -> bytes:
    """Write a string."""
    return unsigned(len(text.encode())) + text.encode()


def section(number: int, body: bytes) -> bytes:
    """Write a section."""
    return bytes([number]) + unsigned(len(body)) + body


def link(obj: bytes, names: Collection[str]) -> bytes:
    """Return a module that exports functions of an object file, and imports a memory ``env.memory``.

    It may also import functions of :data:`HELPERS`, and the globals and tables that its code uses.

    Args:
        obj: the object file, as LLVM writes it.
        names: the functions to export.

    Raises:
        ValueError: if the object is malformed, lacks a function, or needs one that nobody provides.
    """
    if not obj.startswith(MAGIC):
        raise ValueError(f"malformed WebAssembly object: it begins with {obj[:8]!r}, expected {MAGIC!r}")
    sections = list(_sections(obj))
    imports, functions = b"", 0
    found: dict[str, int] = {}
    for number, body in sections:
        if number == IMPORT:
            imports, functions = _imports(Reader(body, "the imports"))
        elif number == CUSTOM:
            found |= _symbols(body)
    if missing := sorted(set(names) - set(found)):
        raise ValueError(f"malformed WebAssembly object: it has no function {', '.join(missing)}")
    code = next((Reader(body, "the code").number() for number, body in sections if number == CODE), 0)
    for name in names:
        if not functions <= found[name] < functions + code:
            raise ValueError(f"malformed WebAssembly object: {name} is function {found[name]} of {functions + code}")
    exports = unsigned(len(names)) + b"".join(string(name) + b"\0" + unsigned(found[name]) for name in names)
    out = bytearray(MAGIC)
    waiting = True
    for number, body in sections:
        if number in (CUSTOM, EXPORT):
            continue
        if waiting and (number > EXPORT and number != LAST):  # sections have a fixed order; tags come before globals
            out += section(EXPORT, exports)
            waiting = False
        out += section(number, imports if number == IMPORT else body)
    if waiting:
        out += section(EXPORT, exports)
    return bytes(out)


def _sections(obj: bytes) -> Iterator[tuple[int, bytes]]:
    whole = Reader(obj, "the object")
    whole.at = len(MAGIC)
    seen: set[int] = set()
    while not whole.done():
        number = whole.byte()
        if number > LAST:
            raise whole.bad(f"section {number} of 0 to {LAST}")
        if number != CUSTOM and number in seen:
            raise whole.bad(f"section {number} twice")
        seen.add(number)
        yield number, whole.part(f"section {number}").data


def _imports(read: Reader) -> tuple[bytes, int]:
    """Return the imports with the memory renamed, and how many of them are functions."""
    count = read.number()
    out, functions = bytearray(unsigned(count)), 0
    for _ in range(count):
        module, name, start, kind = read.name(), read.name(), read.at, read.byte()
        if kind == 0:
            if name not in HELPERS:
                raise ValueError(f"the module needs the function {name[:80]!r}, which a page does not have")
            read.number()
            functions += 1
        elif kind in (1, 2):
            if kind == 1:
                read.byte()
            for _ in range(1 + (read.number() & 1)):
                read.number()
        elif kind == 3:
            read.take(2)
        else:
            raise read.bad(f"an import of kind {kind}, expected one of {KINDS}")
        named = "memory" if kind == 2 else name
        out += string(module) + string(named) + read.data[start : read.at]
    return bytes(out), functions


def _symbols(body: bytes) -> dict[str, int]:
    """Return the index of each function that a custom section defines; empty unless it is the symbol table's."""
    read = Reader(body, "a custom section")
    found: dict[str, int] = {}
    if read.name() != "linking":
        return found
    read.number()  # version
    while not read.done():
        kind = read.byte()
        part = read.part("the symbol table")
        if kind != SYMBOL_TABLE:
            continue
        for _ in range(part.number()):
            symbol, flags = part.byte(), part.number()
            if symbol in (0, 2, 4, 5):  # function, global, tag, table
                index = part.number()
                if not flags & UNDEFINED or flags & EXPLICIT_NAME:
                    name = part.name()
                    if symbol == 0 and not flags & UNDEFINED:
                        found[name] = index
            elif symbol == 1:  # data
                part.name()
                if not flags & UNDEFINED:
                    for _ in range(3):
                        part.number()
            elif symbol == 3:  # section
                part.number()
            else:
                raise part.bad(f"a symbol of kind {symbol}")
    return found
