"""Looking at the bytes of a delimited text, once, before the engine reads it.

Belongs here: its encoding, and what in it the engine's reader would pass over or misread in silence.
Does not belong here: cells and columns (see `csv_reader` and `load`).

Measured on 280 MB of plain ASCII: 0.2 s, as the rare bytes are looked for first.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import bool_, int64, uint8
    from numpy.typing import NDArray

# A longer piece is memory that the system hands out anew each time, which takes longer than the look.
CHUNK = 1 << 17
OVERLAP = 4
HEAD = 4096
# The engine passes over a last line that is longer than its buffer, without a word.
LONGEST_LINE = 8 << 20
FALLBACK_ENCODING = "cp1252"
# Bytes by which a number is not written in plain digits: `1.5`, `1e2`, `1_000`, `0x1F`, `0b11`.
MARKS = (b".", b"e", b"E", b"_", b"x", b"X", b"b", b"B")
# It reads a NUL as the end of a cell or refuses the file, depending on where it stands.
NUL = b"\x00"


@dataclass(frozen=True)
class TextFacts:
    """What is known of a text file before it is read.

    `plain_numbers`: no cell is a number in disguise, so that the engine may be trusted with whole numbers.
    `even`: no empty line, no NUL byte, no endless line; otherwise rows must be made even first.
    `lines`: how many there are, where no cell can hold a line end (there is no quotation mark); else None.
    """

    encoding: str
    plain_numbers: bool
    even: bool
    lines: int | None = None


def look(path: Path) -> TextFacts:
    """Read the file once from start to end."""
    decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    plain, even, tail, lines, quoted, since = True, True, b"", 0, False, 0
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            if not tail and (wide := _utf_16(chunk[:HEAD])):
                return TextFacts(wide, plain_numbers=False, even=False)
            if decoder is not None and not _is_utf8(decoder, chunk):
                decoder = None
            window = tail + chunk
            ends = _places(window, b"\n")
            plain = plain and not _disguised(window)
            even = even and NUL not in chunk and not _has_empty_line(window, ends)
            quoted = quoted or b'"' in chunk
            lines += int((ends >= len(tail)).sum())
            since = since + len(chunk) if not len(ends) else len(window) - int(ends[-1]) - 1
            even = even and since < LONGEST_LINE
            tail = window[-OVERLAP:]
    if decoder is not None:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            decoder = None
    encoding = "utf-8" if decoder is not None else FALLBACK_ENCODING
    return TextFacts(encoding, plain, even, None if quoted else lines + (not tail.endswith(b"\n")))


def may_be_text(head: bytes) -> bool:
    """Whether a file that begins with `head` can be read as text; a few NUL bytes do no harm."""
    if NUL not in head or _utf_16(head[:HEAD]):
        return True
    few = head.count(NUL) * 20 <= len(head)
    return few and not any(octet < ord(" ") and octet not in b"\x00\t\n\r\f" for octet in head)


def _utf_16(head: bytes) -> str | None:
    """UTF-16 by its mark, or by every other byte being NUL, as in Latin letters without the mark."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    half = len(head) // 2
    even, odd = head[0::2].count(NUL), head[1::2].count(NUL)
    if half and odd > 0.8 * half and even == 0:
        return "utf-16-le"
    return "utf-16-be" if half and even > 0.8 * half and odd == 0 else None


def _is_utf8(decoder: codecs.IncrementalDecoder, chunk: bytes) -> bool:
    pending, _ = decoder.getstate()
    if not pending and chunk.isascii():
        return True
    try:
        decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _has_empty_line(window: bytes, ends: NDArray[int64]) -> bool:
    """The reader skips an empty line, and every row after it would be counted one too low."""
    if b"\r" in window and (b"\n\r\n" in window or b"\r\r" in window):
        return True
    return bool((ends[1:] - ends[:-1] == 1).any())


def _disguised(window: bytes) -> bool:
    """Whether the engine might take a number in here for another than the digits that a person sees."""
    import numpy

    marks = [mark for mark in MARKS if mark in window]
    if not marks:
        return False
    window = b"\n" + window + b"\n"
    octets = numpy.frombuffer(window, dtype=numpy.uint8)
    for mark in marks:
        places = _places(window, mark)
        before, after = octets[places - 1], octets[places + 1]
        digit = _is_digit(before)
        if mark == b".":
            found = digit | _is_digit(after)
        elif mark in b"eE_":
            tail = _is_digit(after) | (after == ord("+")) | (after == ord("-")) | (after == ord("_"))
            found = digit & tail
        else:
            found = before == ord("0")
        if bool(found.any()):
            return True
    return False


def _places(window: bytes, octet: bytes) -> NDArray[int64]:
    import numpy

    return numpy.flatnonzero(numpy.frombuffer(window, dtype=numpy.uint8) == octet[0])


def _is_digit(octets: NDArray[uint8]) -> NDArray[bool_]:
    return (octets >= ord("0")) & (octets <= ord("9"))
