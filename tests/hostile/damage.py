"""Ways to damage a file, drawn by a seed: what disks, editors, spreadsheets, converters and enemies do to bytes."""

import random
import re

NUMBERS = ("nan", "NaN", "inf", "-inf", "1e999", "-1", "0", "-0", "0.0", "1e308", "-1e308", "1e-320", "9" * 400,
           "1_0",
           "1,5", "12,50", "0x10", "1e5", "99999999999", "4294967296", "٣", "", " ", "true", "null",
           '"1"')  # fmt: skip
PIECES = (b"", b",", b";", b"\n", b"\n\n", b"\r", b"\t", b":", b'"', b"'", b"\\", b"[", b"]", b"{", b"}", b"|", b"#",
          b"\x00", b"\x0b", b"\x0c", b"\x1a", b"\x1c", b"\xff", b"\xfc", b"\xed\xa0\x80", b"\xef\xbb\xbf",
           b"\xff\xfe",
          "ü".encode(), "\u2028".encode(), "\x85".encode(), "\u202e".encode(), "e\u0301".encode(), "😀".encode(),
          b"nan", b"NaN", b"-1", b"1e999", b"9" * 400, b"@data", b"2020-13-45", b"2020-02-30",
           b"2020-01-01T00:00+14:00",
          b"X:", b"K:", b"M:0/0", b"C////", b"z999999", b"(9", b">>>>", b"null", b"__class__", b"../..")  # fmt: skip
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def damaged(data: bytes, choice: random.Random) -> bytes:
    """Return the bytes with one to three things done to them."""
    for _ in range(choice.choice((1, 1, 1, 2, 3))):
        data = choice.choice(WAYS)(data, choice)
    return data


def _span(data: bytes, choice: random.Random) -> tuple[int, int]:
    at = choice.randrange(len(data) + 1)
    return at, min(len(data), at + choice.choice((0, 1, 1, 2, 3, 8, 30, 1000)))


def cut_short(data, choice):
    return data[: choice.randrange(len(data) + 1)]


def bit(data, choice):
    if not data:
        return data
    at = choice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << choice.randrange(8)]) + data[at + 1 :]


def some_bytes(data, choice):
    at, end = _span(data, choice)
    return data[:at] + choice.randbytes(end - at) + data[end:]


def piece(data, choice):
    at, end = _span(data, choice)
    return data[:at] + choice.choice(PIECES) + data[choice.choice((at, end)) :]


def removed(data, choice):
    at, end = _span(data, choice)
    return data[:at] + data[end:]


def doubled(data, choice):
    at, end = _span(data, choice)
    return data[:end] + data[at:end] * choice.choice((1, 1, 2, 50)) + data[end:]


def number(data, choice):
    """One number becomes another, or none at all."""
    found = list(NUMBER.finditer(data))
    if not found:
        return data
    old = choice.choice(found)
    return data[: old.start()] + choice.choice(NUMBERS).encode() + data[old.end() :]


def lines(data, choice):
    """Whole lines lost, doubled, exchanged, emptied, or in another order."""
    rows = data.split(b"\n")
    a, b = choice.randrange(len(rows)), choice.randrange(len(rows))
    how = choice.randrange(7)
    if how == 0:
        del rows[a]
    elif how == 1:
        rows.insert(b, rows[a])
    elif how == 2:
        rows[a], rows[b] = rows[b], rows[a]
    elif how == 3:
        rows.insert(a, choice.choice((b"", b" ", b",,,,,", b"\t\t", b"# note", b"%", b"x" * 300)))
    elif how == 4:
        choice.shuffle(rows)
    elif how == 5:
        rows = rows[:1]
    else:
        rows = rows[::-1]
    return b"\n".join(rows)


def cells(data, choice):
    """Cells of a line lost, doubled or exchanged, or two columns exchanged throughout."""
    separator = choice.choice((b",", b"\t", b":"))
    rows = [row.split(separator) for row in data.split(b"\n")]
    width = max(map(len, rows))
    if width < 2:
        return data
    a, b = choice.randrange(width), choice.randrange(width)
    chosen = rows if choice.random() < 0.3 else [choice.choice([row for row in rows if len(row) > 1])]
    how = choice.randrange(4)
    for row in chosen:
        if max(a, b) >= len(row):
            continue
        if how == 0:
            row[a], row[b] = row[b], row[a]
        elif how == 1:
            del row[a]
        elif how == 2:
            row.insert(b, row[a])
        else:
            row[a] = choice.choice(PIECES)
    return b"\n".join(separator.join(row) for row in rows)


def same_number(data, choice):
    """Every number but those of the first column the same: a series that never changes."""
    return re.sub(rb"(?<=,)\d+(\.\d+)?(?=[,\n])", choice.choice((b"1", b"0", b"-1", b"1e308")), data)


def encoded(data, choice):
    """The same text in another encoding, with other line ends, or with a mark in front."""
    text = data.decode("utf-8", "replace")
    return choice.choice((
        lambda: b"\xef\xbb\xbf" + data,
        lambda: data.replace(b"\n", b"\r\n"),
        lambda: data.replace(b"\n", b"\r"),
        lambda: data.replace(b"\n", b"\n\n"),
        lambda: text.encode("utf-16"),
        lambda: text.encode("utf-8") + "Zürich".encode("latin-1"),
        lambda: data + b"\x1a",
        lambda: data.replace(b",", b";"),
        lambda: data.replace(b".", b","),
        lambda: re.sub(rb"[^,\n]+", rb'"\g<0>"', data),
        lambda: data.upper(),
    ))()  # fmt: skip


def zones(data, choice):
    """Some times get a zone."""
    return re.sub(
        rb"\d\d:\d\d:\d\d",
        lambda found: found[0] + choice.choice((b"", b"", b"Z", b"+01:00", b"-23:59", b"+99:99")),
        data,
    )


def long_or_deep(data, choice):
    at = choice.randrange(len(data) + 1)
    unit = choice.choice((b"x", b"[", b'{"a":', b"(", b'"', b"9", b" ", b"\xff", b"/", b">", b",", b":"))
    return data[:at] + unit * choice.choice((1000, 5000, 20_000, 200_000)) + data[at:]


def nothing_left(data, choice):
    return choice.choice(
        (b"", b"\n", b" ", b"\x00", b"\xef\xbb\xbf", b"[]", b"{}", b"null", data[:1], choice.randbytes(80))
    )


def twice(data, choice):
    return data + data


WAYS = (cut_short, bit, bit, some_bytes, piece, piece, piece, removed, doubled, number, number, number, lines, lines,
        cells, cells, same_number, encoded, zones, long_or_deep, nothing_left, twice)  # fmt: skip
