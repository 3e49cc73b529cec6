"""No secret stays readable, whatever has been done to it on the way, and nothing else is touched."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import time
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.packer.lines import LineSplitter
from imagesmith.redact import MARK, Redactor, redact_url, too_short

AWKWARD = """Pa,ss wörd{{ .X }}$HOME"quoted" 'single' `tick` \\back/slash<&>%41+=${a}%{b}"""

Encoder = Callable[[str], str]


def _dotnet(text: str) -> str:
    """As `System.Text.Json` writes it: short escapes, and UTF-16 units in capital hex digits for the rest."""
    short = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\"}

    def escaped(sign: str) -> str:
        units = sign.encode("utf-16-be")
        return "".join(f"\\u{int.from_bytes(units[at : at + 2]):04X}" for at in range(0, len(units), 2))

    plain = {chr(code) for code in range(32, 127)} - set("\"&'+<>`\\")
    return "".join(sign if sign in plain else short.get(sign) or escaped(sign) for sign in text)


ENCODERS: dict[str, Encoder] = {
    "raw": lambda text: text,
    "json": json.dumps,
    "json with unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "json in json": lambda text: json.dumps(json.dumps(text))[3:-3],
    "json as Go writes it": lambda text: (
        json.dumps(text, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    ),
    "json with escaped slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "query": lambda text: urllib.parse.quote(text, safe=""),
    "query in small letters": lambda text: _small_percents(urllib.parse.quote(text, safe="")),
    "path": urllib.parse.quote,
    "form": urllib.parse.quote_plus,
    "html": html.escape,
    "html without quotes": lambda text: html.escape(text, quote=False),
    "xml": lambda text: html.escape(text, quote=False).replace("'", "&apos;").replace('"', "&quot;"),
    "packer's machine-readable": lambda text: (
        text.replace(",", "%!(PACKER_COMMA)").replace("\r", "\\r").replace("\n", "\\n")
    ),
    "sh": shlex.quote,
    "sh, by hand": lambda text: "'" + text.replace("'", "'\\''") + "'",
    "powershell, single": lambda text: "'" + text.replace("'", "''") + "'",
    "hcl": lambda text: text.replace("${", "$${").replace("%{", "%%{"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 of a line": lambda text: base64.b64encode(f"x:{text}\n".encode()).decode(),
    "basic authentication": lambda text: base64.b64encode(f"u:{text}".encode()).decode(),
    "urlsafe base64": lambda text: base64.urlsafe_b64encode(f"a{text}".encode()).decode(),
    "json as .NET writes it": _dotnet,
    "json as Windows PowerShell writes it": lambda text: (
        json.dumps(text, ensure_ascii=False)
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("'", "\\u0027")
    ),
    "clixml": lambda text: html.escape(text, quote=False).replace("\n", "_x000A_").replace("\r", "_x000D_"),
    "cmd": lambda text: "".join(f"^{sign}" if sign in '&|<>^()%!"' else sign for sign in text),
    "json in packer's machine-readable": lambda text: json.dumps(text).replace(",", "%!(PACKER_COMMA)"),
    "base64 in a query": lambda text: urllib.parse.quote(base64.b64encode(text.encode()).decode(), safe=""),
    "powershell's encoded command": lambda text: base64.b64encode(f"$p='{text}'".encode("utf-16-le")).decode(),
}


ENCODERS_OF_BYTES: dict[str, Callable[[bytes], str]] = {
    "standard": lambda data: base64.b64encode(data).decode(),
    "for URLs": lambda data: base64.urlsafe_b64encode(data).decode(),
    "in a query": lambda data: urllib.parse.quote(base64.b64encode(data).decode().rstrip("="), safe=""),
    "in a query of small letters": lambda data: _small_percents(
        urllib.parse.quote(base64.b64encode(data).decode().rstrip("="), safe="")
    ),
}


def _small_percents(text: str) -> str:
    return "".join("%" + part[:2].lower() + part[2:] if index else part for index, part in enumerate(text.split("%")))


def _longest_piece(secret: str, text: str, encode: Encoder) -> int:
    """How many characters of what the encoder makes of the secret can still be read in one piece."""
    encoded = encode(secret)
    best = 0
    for start in range(len(encoded)):
        while encoded[start : start + best + 1] in text and start + best < len(encoded):
            best += 1
    return best


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("secret", [AWKWARD, "s3cret,with-comma", "Summer2026!", "äöü€😀geheim", "0123456789abcdef"])
def test_every_encoding_of_a_secret_is_masked(encoder: str, secret: str) -> None:
    encode = ENCODERS[encoder]
    text = Redactor([secret]).redact(f"## {encode(secret)} ##")
    assert MARK in text
    assert text.startswith("## ")
    assert text.endswith(" ##")
    if "base64" in encoder or encoder in {"basic authentication", "powershell's encoded command"}:
        assert _decoded_pieces(text).isdisjoint(_pieces(secret))
    else:
        assert _longest_piece(secret, text.replace(MARK, "\n\n"), encode) < 4


def _pieces(secret: str) -> set[str]:
    return {secret[start : start + 3] for start in range(len(secret) - 2)}


def _decoded_pieces(text: str) -> set[str]:
    found = set()
    for piece in text.replace(MARK, " ").split():
        body = piece.rstrip("=").replace("-", "+").replace("_", "/")
        for skip in range(4):
            whole = body[skip : skip + (len(body) - skip) // 4 * 4]
            data = base64.b64decode(whole + "====" * 0)
            for decoded in (data.decode("latin-1"), data.decode("utf-16-le", "replace")):
                found |= {decoded[start : start + 3] for start in range(len(decoded) - 2)}
    return found


secrets = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=40).filter(lambda text: text.strip())
words = st.text("abcdefghij ", max_size=20)


@given(secrets, words, words, st.sampled_from([name for name in ENCODERS if "base64" not in name]))
def test_random_secrets_do_not_survive_random_surroundings(secret: str, before: str, after: str, name: str) -> None:
    encoded = ENCODERS[name](secret)
    text = Redactor([secret]).redact(before + encoded + after)
    if secret not in MARK:
        assert secret not in text.replace(MARK, "")
    assert MARK in text


@pytest.mark.parametrize("encode", ENCODERS_OF_BYTES)
@given(secret=secrets.filter(str.isprintable), before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_base64_leaves_no_bit_of_the_secret_at_any_alignment(
    encode: str, secret: str, before: bytes, after: bytes
) -> None:
    """What is left are the characters that hold bits of the neighbours alone."""
    data, text_of = secret.encode(), ENCODERS_OF_BYTES[encode]
    text = Redactor([secret]).redact(text_of(before + data + after))
    plain = text_of(before + b"\0" * len(data) + after), text_of(before + b"\xff" * len(data) + after)
    same = [one == other for one, other in zip(_units(plain[0]), _units(plain[1]), strict=True)]
    first, last = same.index(False), len(same) - same[::-1].index(False)
    left, mark, right = text.partition(MARK)
    assert mark
    units = _units(text_of(before + data + after))
    assert left == "".join(units[:first])
    assert right.rstrip("=") == "".join(units[last:])


def _units(text: str) -> list[str]:
    """The characters of base64, also percent-encoded ones, without fill."""
    return re.findall("%2[BbFf]|[^=%]", text)


@given(st.lists(secrets, max_size=6), st.text(max_size=200))
def test_text_without_a_secret_is_untouched(known: list[str], text: str) -> None:
    if not any(part in text for secret in known for part in (secret, *secret.splitlines())) and "=" not in text:
        known = [secret for secret in known if secret.isalnum() and secret.isascii()]
        assert Redactor(known).redact(text) == text


@given(st.lists(st.text("ab", min_size=6, max_size=10), min_size=1, max_size=4), st.text("ab", max_size=60))
def test_overlapping_secrets_leave_nothing_of_either(known: list[str], text: str) -> None:
    left = Redactor(known).redact(text).split(MARK)
    covered = [False] * len(text)
    for secret in known:
        for start in range(len(text)):
            if text.startswith(secret, start):
                covered[start : start + len(secret)] = [True] * len(secret)
    expected = "".join("#" if hidden else character for character, hidden in zip(text, covered, strict=True))
    assert [piece for piece in left if piece] == [piece for piece in expected.split("#") if piece]


def test_each_line_of_a_multi_line_secret_is_masked() -> None:
    key = "-----BEGIN PRIVATE KEY-----\r\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"
    redact = Redactor([key]).redact
    assert redact("==> b:   hkiG9w0BAQEFAASC") == f"==> b:   {MARK}"
    assert redact(json.dumps({"key": key})) == f'{{"key": "{MARK}"}}'
    assert redact(key.replace("\r\n", "\n")).strip() == MARK
    assert "MIIE" not in redact("body " + key.replace("\r\n", "\n").replace("\n", "\\n"))


def test_a_long_secret_is_masked_whole_and_in_part() -> None:
    secret = "".join(chr(33 + index * 7 % 90) for index in range(5000))
    twin = secret[:3000] + "x" * 100
    redact = Redactor([secret, twin]).redact
    assert redact(f"a{secret}b") == f"a{MARK}b"
    assert redact(f"a{twin}b{secret}") == f"a{MARK}b{MARK}"
    assert redact(f"<{secret[:200]}").startswith(f"<{MARK}")


def test_a_secret_of_a_hundred_thousand_characters_is_known_in_a_moment() -> None:
    secret = "".join(f"{index:05};" for index in range(17_000))
    start = time.perf_counter()
    assert Redactor([secret]).redact(f"a{json.dumps(secret)}") == f'a"{MARK}"'
    assert time.perf_counter() - start < 5


def test_short_secrets_are_masked_only_where_they_stand_alone() -> None:
    redact = Redactor(["abc", "7", "$", "admin"]).redact
    assert redact("password: abc") == f"password: {MARK}"
    assert redact("abcdef fabc") == "abcdef fabc"
    assert redact("administrator admin") == f"administrator {MARK}"
    assert redact("pin=7 port 77") == f"pin={MARK} port 77"


def test_empty_and_blank_secrets_mask_nothing() -> None:
    assert Redactor(["", "   ", "\n"]).redact("a text   with\nspaces") == "a text   with\nspaces"
    assert Redactor().redact("") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://x.blob.core.windows.net/c/f.sh?sv=2024&sig=aB%2Fc%3D&se=2026", f"sig={MARK}&se=2026"),
        ('{"u": "https://x/c\\u0026sig=aBc%3D"}', f'sig={MARK}"}}'),
        ("sig=aBc/+=", f"sig={MARK}"),
        ("url=https%3A%2F%2Fx%3Fsig%3DaBc%253D", f"sig%3D{MARK}"),
    ],
)
def test_signatures_are_masked_even_when_nobody_named_them(text: str, expected: str) -> None:
    assert Redactor().redact(text).endswith(expected)
    assert Redactor(["unrelated secret"]).redact(text).endswith(expected)


@pytest.mark.parametrize("text", ["design=round", "a sig of relief", "signal=9", "orig=1"])
def test_words_that_only_look_like_signatures_stay(text: str) -> None:
    assert Redactor().redact(text) == text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://contoso.blob.core.windows.net/s/a.sh?sv=1&sig=x",
            f"https://contoso.blob.core.windows.net/s/a.sh?{MARK}",
        ),
        ("https://user:pa@ss@contoso.com:8443/a#frag", "https://contoso.com:8443/a"),
        ("https://contoso.com/a.sh", "https://contoso.com/a.sh"),
        ("scripts/a.sh", "scripts/a.sh"),
        ("https://[bad/a?sig=x", "https://[bad/a"),
    ],
)
def test_urls_are_shown_without_query_and_password(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_a_redactor_does_not_show_its_secrets() -> None:
    assert "hunter2" not in repr(Redactor(["hunter2-and-more"]))


def test_a_text_cut_in_the_middle_of_a_secret_can_be_made_safe() -> None:
    redactor = Redactor(["correct horse battery staple"])
    cut = ("x" * 500 + "correct horse battery staple")[:-3]
    assert "correct" not in redactor.redact(cut)[: -redactor.longest]


def _repeating(text: str, times: int) -> float:
    redactor = Redactor(["a" * 4000, "secret-word"])
    start = time.perf_counter()
    redactor.redact(text * times)
    return time.perf_counter() - start


@pytest.mark.parametrize("text", ["a", "secret-wor", "secret-word", "sig=", "sig%3"])
def test_time_grows_with_the_text_and_not_faster(text: str) -> None:
    short, long = _repeating(text, 20_000), _repeating(text, 200_000)
    assert long < 40 * short + 0.5


def _long_pieces(secret: str, text: str) -> list[str]:
    """What can still be read of a secret: runs of eight characters of it."""
    runs = {secret[start : start + 8] for start in range(len(secret) - 7)}
    return [run for run in runs if run in text]


cuts = st.lists(st.integers(1, 60), min_size=1, max_size=3)
LEADS = ["", "    azure-arm.image: ", "==> azure-arm.image: ", "1795492602,,ui,message,    azure-arm.image: ", "   "]


@given(st.from_regex(r"[A-Za-z0-9+/_!-]{12,80}", fullmatch=True), cuts, words, words, st.sampled_from(LEADS))
def test_a_secret_broken_over_lines_is_masked(
    secret: str, places: list[int], before: str, after: str, lead: str
) -> None:
    redact = Redactor([secret]).line_redactor()
    ends = sorted({place % len(secret) or 1 for place in places})
    pieces = [secret[start:end] for start, end in zip([0, *ends], [*ends, len(secret)], strict=True)]
    lines = [lead + piece for piece in pieces]
    lines[0] = lead + before + pieces[0]
    lines[-1] += after
    told = [redact(line) for line in lines]
    if len(pieces) == 2 or min(map(len, pieces)) >= 8:  # of more than two, the short ones tell nothing alone
        assert not _long_pieces(secret, "".join(text.removeprefix(lead) for text in told)), told
    assert not _long_pieces(secret, "\n".join(told))


@given(st.from_regex(r"[A-Za-z0-9]{12,40}", fullmatch=True), st.integers(1, 3))
def test_base64_that_is_wrapped_is_masked(secret: str, shift: int) -> None:
    encoded = base64.encodebytes(b"x" * (60 + shift) + secret.encode() + b"y" * 30).decode()
    redact = Redactor([secret]).line_redactor()
    told = "".join(redact(line) for line in encoded.splitlines())
    core = base64.b64encode(b"\0" * ((60 + shift) % 3) + secret.encode()).decode()[4:-4]
    assert not _long_pieces(core, told)


@given(st.from_regex(r"[A-Za-z0-9+/=,]{8,40}", fullmatch=True), st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_a_secret_split_over_chunks_of_a_pipe_is_masked(secret: str, sizes: list[int]) -> None:
    data = f"1,,ui,say,==> b: token {secret} end\n1,,ui,say,==> b: next\n".encode()
    splitter, redact, told, at = LineSplitter(), Redactor([secret]).line_redactor(), "", 0
    for size in [*sizes, len(data)]:
        for lines, _cut in splitter.feed(data[at : at + size]):
            told += "".join(f"{redact(line)}\n" for line in lines.decode().split("\n"))
        at += size
    assert secret not in told
    assert told.endswith(f"token {MARK} end\n1,,ui,say,==> b: next\n")


def test_lines_between_two_pieces_do_not_hide_the_second() -> None:
    redact = Redactor(["correct-horse-battery"]).line_redactor()
    assert redact("    b: token correct-") == f"    b: token {MARK}"
    assert redact("==> b: something else") == "==> b: something else"
    assert redact("    b: horse-battery is it") == f"    b: {MARK} is it"


def test_lines_without_a_secret_are_untouched_even_after_a_piece() -> None:
    redact = Redactor(["correct-horse-battery"]).line_redactor()
    for line in ("the answer is corr", "ect", "horse", "", "battery-powered", "it is correct"):
        assert redact(line) == line


def test_a_record_of_several_lines_is_judged_line_by_line() -> None:
    redact = Redactor(["correct-horse-battery"]).line_redactor()
    told = redact("1,,ui,say,==> b: token correct-ho\\n==> b: rse-battery end")
    assert told == f"1,,ui,say,==> b: token {MARK}\\n==> b: {MARK} end"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\\n", "\\r\\n", "\\\\n"])
def test_a_secret_that_is_broken_within_one_text_is_masked(line_end: str) -> None:
    """A record of Packer is one line and holds several; its error has them with real line ends (packer.md §4.2)."""
    redact = Redactor(["correct-horse-battery"]).line_redactor()
    told = redact(f"1,b,error,it failed with correct-ho{line_end}rse-battery{line_end}end")
    assert told == f"1,b,error,it failed with {MARK}{line_end}{MARK}{line_end}end"
    assert redact("rse-battery") == MARK, "what begins with the end of a secret is masked in any case"


def test_a_break_that_is_a_part_of_a_secret_does_not_hide_it() -> None:
    redact = Redactor(["C:\\new\\nest-17"]).line_redactor()
    assert redact("1,b,error,found C:\\new\\nest-17 in it\\nend") == f"1,b,error,found {MARK} in it\\nend"


def test_many_backslashes_are_looked_through_once() -> None:
    redact = Redactor(["correct-horse-battery"]).line_redactor()
    text = "\\" * 500_000 + " \\n correct-horse-battery"
    assert redact(text) == "\\" * 500_000 + f" \\n {MARK}"


@given(st.lists(st.from_regex(r"[A-Za-z0-9]{12,40}", fullmatch=True), max_size=5), st.lists(st.text(max_size=80)))
def test_what_a_redactor_masks_its_line_redactor_masks_too(known: list[str], lines: list[str]) -> None:
    redactor = Redactor(known)
    redact = redactor.line_redactor()
    for line in lines:
        assert redactor.redact(line) == redact(line) or redactor.redact(line).count(MARK) <= redact(line).count(MARK)


@given(
    st.lists(st.sampled_from(["correct-horse", "a,b", "b\nac", "ab\ncd", "é" * 9]), max_size=4),
    st.lists(
        st.lists(
            st.sampled_from(
                ["correct-", "correct", "-horse", "horse", "a,b", "ac", "ab", "cd", "é" * 5, "x ", "?sig=1", "\\n"]
            )
        ).map("".join),
        min_size=1,
        max_size=12,
    ),
)
def test_lines_that_are_not_suspect_are_given_back_and_nothing_is_pending(known: list[str], lines: list[str]) -> None:
    """So a log needs only its suspects looked at, one by one."""
    redact = Redactor(known).line_redactor()
    suspects = redact.suspects(lines)
    for number, line in enumerate(lines):
        if redact.settled and number not in suspects:
            assert redact(line) == line
            assert redact.settled
        else:
            redact(line)


def test_a_log_without_secrets_has_no_suspects() -> None:
    redact = Redactor(["correct-horse-battery"]).line_redactor()
    lines = ["the design of a cart", "", "C:\\temp", "é", "x" * 70_000, "staples"]
    assert redact.suspects(lines) == frozenset()
    assert redact.suspects([*lines, "it is correct-horse-battery", *lines]) == {6}


def test_texts_longer_than_a_window_are_searched_whole() -> None:
    secret = "correct-horse-battery-staple"  # noqa: S105 - made up
    redactor = Redactor([secret])
    for at in (0, 65_440, 65_472, 65_480, 65_500, 65_535, 131_000):
        text = "x" * at + secret + "y" * 70_000
        assert redactor.redact(text) == "x" * at + MARK + "y" * 70_000


def test_halves_of_surrogate_pairs_do_not_stop_the_search() -> None:
    redact = Redactor(["correct-horse", "b\ud800roken-one"]).redact
    assert redact("\ud83d correct-horse \udc00 b\ud800roken-one") == f"\ud83d {MARK} \udc00 {MARK}"


@pytest.mark.parametrize(
    ("value", "reason"), [("", "is empty"), ("abcde", "has 5 characters"), ("7", "has 1 character,")]
)
def test_a_short_value_is_no_secret(value: str, reason: str) -> None:
    assert reason in (too_short(value) or "")


def test_six_characters_are_a_secret() -> None:
    assert too_short("abcdef") is None
