"""LLVM assembly as text: names, loops, vectors."""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Lanes", "Writer"]


@dataclass(frozen=True)
class Lanes:
    """The vector type of a kernel: ``count`` numbers of ``bits`` bits."""

    bits: int  # 32 or 64
    count: int

    @property
    def scalar(self) -> str:
        """LLVM's name of one number."""
        return "float" if self.bits == 32 else "double"

    @property
    def type(self) -> str:
        """LLVM's name of the vector."""
        return f"<{self.count} x {self.scalar}>"

    @property
    def integer(self) -> str:
        """A vector of integers as wide as the numbers."""
        return f"<{self.count} x i{self.bits}>"

    @property
    def mask(self) -> str:
        """A vector of as many bits."""
        return f"<{self.count} x i1>"

    @property
    def suffix(self) -> str:
        """How intrinsics name the vector."""
        return f"v{self.count}f{self.bits}"

    @property
    def bytes(self) -> int:
        """Bytes of one number."""
        return self.bits // 8

    def number(self, x: float) -> str:
        """Write a constant, exactly."""
        if self.bits == 32:
            x = struct.unpack("f", struct.pack("f", x))[0]
        return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"

    def splat(self, x: float) -> str:
        """Write a vector of one constant."""
        return "<" + ", ".join([f"{self.scalar} {self.number(x)}"] * self.count) + ">"

    def integers(self, x: int) -> str:
        """Write a vector of one integer."""
        return "<" + ", ".join([f"i{self.bits} {x}"] * self.count) + ">"


class Writer:
    """Writes one function."""

    def __init__(self, lanes: Lanes, declared: set[str]):
        self.lanes, self.declared = lanes, declared
        self.slots: list[str] = []  # allocas, all at the function's head
        self.lines: list[str] = []
        self.count = 0

    def name(self, stem: str = "v") -> str:
        """Return a new name."""
        self.count += 1
        return f"%{stem}{self.count}"

    def put(self, line: str) -> None:
        """Write a line."""
        self.lines.append("  " + line)

    def do(self, expression: str) -> str:
        """Write an expression; return the name of its value."""
        name = self.name()
        self.put(f"{name} = {expression}")
        return name

    def label(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label[1:]}:")

    def slot(self, kind: str) -> str:
        """Return memory of the function's own; LLVM turns it into registers."""
        name = self.name("slot")
        self.slots.append(f"  {name} = alloca {kind}")
        return name

    def function(self, head: str) -> str:
        """Return the finished text; ``head`` is everything before the brace."""
        return "\n".join([head + " {", "entry:", *self.slots, *self.lines, "}", ""])

    def arguments(self, **kinds: str) -> None:
        """Read named arguments, of eight bytes each, from ``%job``."""
        for index, (name, kind) in enumerate(kinds.items()):
            self.put(f"%{name} = load {kind}, ptr {self.at('%job', index, 'i64')}")

    def own_range(self) -> None:
        """Read ``%first`` and ``%last`` of this thread from ``%ranges``."""
        pair = self.integer("mul", "%thread", 2)
        for offset, name in enumerate(("first", "last")):
            self.put(f"%{name} = load i64, ptr {self.at('%ranges', self.integer('add', pair, offset), 'i64')}")

    # Integers and addresses.

    def integer(self, op: str, a: str | int, b: str | int) -> str:
        """Write an operation on two integers."""
        return self.do(f"{op} i64 {a}, {b}")

    def min(self, a: str | int, b: str | int) -> str:
        """Return the smaller integer."""
        return self.do(f"select i1 {self.do(f'icmp slt i64 {a}, {b}')}, i64 {a}, i64 {b}")

    def max(self, a: str | int, b: str | int) -> str:
        """Return the larger integer."""
        return self.do(f"select i1 {self.do(f'icmp sgt i64 {a}, {b}')}, i64 {a}, i64 {b}")

    def at(self, base: str, index: str | int, kind: str | None = None) -> str:
        """Return the address of an element."""
        return self.do(f"getelementptr {kind or self.lanes.scalar}, ptr {base}, i64 {index}")

    @contextmanager
    def loop(self, stop: str | int, step: str | int = 1, start: str | int = 0) -> Iterator[str]:
        """Count from ``start`` while below ``stop``."""
        slot, head, body, end = self.slot("i64"), *(self.name(s) for s in ("head", "body", "end"))
        self.put(f"store i64 {start}, ptr {slot}")
        self.put(f"br label {head}")
        self.label(head)
        index = self.do(f"load i64, ptr {slot}")
        self.put(f"br i1 {self.do(f'icmp slt i64 {index}, {stop}')}, label {body}, label {end}")
        self.label(body)
        yield index
        self.put(f"store i64 {self.integer('add', index, step)}, ptr {slot}")
        self.put(f"br label {head}")
        self.label(end)

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        """Write a block that runs if the condition holds."""
        then, end = self.name("then"), self.name("done")
        self.put(f"br i1 {condition}, label {then}, label {end}")
        self.label(then)
        yield
        self.put(f"br label {end}")
        self.label(end)

    # Vectors. ``mask`` is None or the constant mask of a row's last, shorter vector.

    def declare(self, line: str) -> None:
        """Note that a function from outside is used."""
        self.declared.add(f"declare {line}")

    def load(self, address: str, mask: str | None = None) -> str:
        """Load a vector."""
        V = self.lanes
        if mask is None:
            return self.do(f"load {V.type}, ptr {address}, align {V.bytes}")
        self.declare(f"{V.type} @llvm.masked.load.{V.suffix}.p0(ptr, i32, {V.mask}, {V.type})")
        return self.do(
            f"call {V.type} @llvm.masked.load.{V.suffix}.p0(ptr {address}, i32 {V.bytes}, {V.mask} {mask}, "
            f"{V.type} {V.splat(0)})"
        )

    def store(self, value: str, address: str, mask: str | None = None) -> None:
        """Store a vector."""
        V = self.lanes
        if mask is None:
            self.put(f"store {V.type} {value}, ptr {address}, align {V.bytes}")
            return
        self.declare(f"void @llvm.masked.store.{V.suffix}.p0({V.type}, ptr, i32, {V.mask})")
        self.put(
            f"call void @llvm.masked.store.{V.suffix}.p0({V.type} {value}, ptr {address}, i32 {V.bytes}, "
            f"{V.mask} {mask})"
        )

    def broadcast(self, scalar: str) -> str:
        """Return a vector of one number."""
        V = self.lanes
        first = self.do(f"insertelement {V.type} poison, {V.scalar} {scalar}, i32 0")
        return self.do(f"shufflevector {V.type} {first}, {V.type} poison, <{V.count} x i32> zeroinitializer")

    def mask_of(self, count: int) -> str:
        """Return the constant mask of the first lanes."""
        return "<" + ", ".join(f"i1 {int(i < count)}" for i in range(self.lanes.count)) + ">"

    def mask_below(self, count: str) -> str:
        """The mask of the first ``count`` lanes, known only when running; negative counts as none."""
        lanes = f"<{self.lanes.count} x i64>"
        first = self.do(f"insertelement {lanes} poison, i64 {count}, i32 0")
        every = self.do(f"shufflevector {lanes} {first}, {lanes} poison, <{self.lanes.count} x i32> zeroinitializer")
        index = "<" + ", ".join(f"i64 {i}" for i in range(self.lanes.count)) + ">"
        return self.do(f"icmp slt {lanes} {index}, {every}")

    def table(self, numbers: Sequence[float], kind: str) -> str:
        """Return the address of constants: ``i32``, or the kernel's own numbers if ``kind`` is their type."""
        text = ", ".join(f"{kind} {x if kind == 'i32' else self.lanes.number(x)}" for x in numbers)
        name = f"@table_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
        self.declared.add(f"{name} = internal constant [{len(numbers)} x {kind}] [{text}], align 64")
        return name

    def gather(self, base: str, index: str, mask: str | None) -> str:
        """Load the numbers at a vector of ``i32`` places."""
        V = self.lanes
        addresses = self.do(f"getelementptr {V.scalar}, ptr {base}, <{V.count} x i32> {index}")
        kind = f"v{V.count}p0"
        self.declare(f"{V.type} @llvm.masked.gather.{V.suffix}.{kind}(<{V.count} x ptr>, i32, {V.mask}, {V.type})")
        return self.do(
            f"call {V.type} @llvm.masked.gather.{V.suffix}.{kind}(<{V.count} x ptr> {addresses}, i32 {V.bytes}, "
            f"{V.mask} {mask or self.mask_of(V.count)}, {V.type} {V.splat(0)})"
        )

    def op(self, op: str, a: str, b: str) -> str:
        """Write an operation on two vectors."""
        return self.do(f"{op} {self.lanes.type} {a}, {b}")

    def fma(self, a: str, b: str, c: str) -> str:
        """Return ``a b + c``."""
        V = self.lanes
        self.declare(f"{V.type} @llvm.fma.{V.suffix}({V.type}, {V.type}, {V.type})")
        return self.do(f"call {V.type} @llvm.fma.{V.suffix}({V.type} {a}, {V.type} {b}, {V.type} {c})")

    def unary(self, intrinsic: str, a: str) -> str:
        """Call an intrinsic on one vector."""
        V = self.lanes
        self.declare(f"{V.type} @llvm.{intrinsic}.{V.suffix}({V.type})")
        return self.do(f"call {V.type} @llvm.{intrinsic}.{V.suffix}({V.type} {a})")

    def whole(self, op: str, a: str, b: str | int) -> str:
        """Write an operation on two vectors of integers."""
        V = self.lanes
        return self.do(f"{op} {V.integer} {a}, {V.integers(b) if isinstance(b, int) else b}")

    def bits(self, a: str) -> str:
        """Read numbers as integers."""
        return self.do(f"bitcast {self.lanes.type} {a} to {self.lanes.integer}")

    def number(self, a: str) -> str:
        """Read integers as numbers."""
        return self.do(f"bitcast {self.lanes.integer} {a} to {self.lanes.type}")

    def compare(self, test: str, a: str, b: str) -> str:
        """Compare two vectors."""
        return self.do(f"fcmp {test} {self.lanes.type} {a}, {b}")

    def select(self, condition: str, a: str, b: str) -> str:
        """Choose lane by lane."""
        V = self.lanes
        return self.do(f"select {V.mask} {condition}, {V.type} {a}, {V.type} {b}")
