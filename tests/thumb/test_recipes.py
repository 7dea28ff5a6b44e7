"""The Thumb modules are what their recipes give, and a wrong recipe is refused."""

import re
from pathlib import Path

import pytest

from host_tools.errors import RivuletError
from host_tools.paths import ROOT
from host_tools.thumb import __main__ as command
from host_tools.thumb.function import module
from host_tools.thumb.modules import modules
from host_tools.thumb.source import read

_MODULES = modules()


_SOURCES = sorted((ROOT / "host_tools" / "thumb").glob("*/*.s"))


def lines_of(folder: Path, body: str, macros: str = "") -> list[str]:
    """The instructions and comments of a function f(a) that consists of `body`."""
    source = folder / "f.s"
    source.write_text(f"{macros}\n.function f a\n{body}\n")
    found = read(source)
    text = module("ltc", "# first", "Doc.", found.pop("f"), found)
    return [line.strip() for line in text.partition("# a\n")[2].splitlines()]


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: path.name)
def test_the_committed_module_is_what_the_recipe_gives(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == _MODULES[path], "run: python -m host_tools.thumb"
    assert text.startswith("# Generated from host_tools/thumb/recipes/")


def test_every_fragment_is_used() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in _SOURCES)
    used = set(re.findall(r"(?:^|;) *(\w+)", text, re.MULTILINE))
    assert set(re.findall(r"\.macro (\w+)", text)) - used == set()


def test_only_what_differs_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = {tmp_path / f"{name}.py": f"{name}\n" for name in ("same", "edited", "missing")}
    monkeypatch.setattr(command, "modules", lambda: texts)
    monkeypatch.setattr(command, "FIRMWARE", tmp_path / "firmware")
    monkeypatch.setattr("sys.argv", ["thumb"])
    (tmp_path / "same.py").write_text("same\n")
    (tmp_path / "edited.py").write_text("by hand\n")
    command.main()
    assert capsys.readouterr().out.splitlines() == [
        "same.py is up to date",
        "edited.py written",
        "missing.py written",
    ]
    assert {path: path.read_text() for path in texts} == texts


# Encodings as the ARMv6-M Architecture Reference Manual has them.
@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("ldm r7!, {r2, r5}", "data(2, 0xCF24)  # ldm r7!, {r2, r5}"),
        ("stm r1!, {r2}", "data(2, 0xC104)  # stm r1!, {r2}"),
        ("ldm r7, {r4, r7}", "data(2, 0xCF90)  # ldm r7, {r4, r7}"),
        ("ands r4, r5", "and_(r4, r5)"),
        ("ldr r6, [sp, 12]", "data(2, 0x9E03)  # ldr r6, [sp, 12]"),
        ("str r1, [sp, 4]", "data(2, 0x9101)  # str r1, [sp, 4]"),
        ("ldr r2, [r3, r4]", "data(2, 0x591A)  # ldr r2, [r3, r4]"),
        ("str r4, [r0, r3]", "data(2, 0x50C4)  # str r4, [r0, r3]"),
        ("add r12, r4", "data(2, 0x44A4)  # add r12, r4"),
        ("add r5, r4", "data(2, 0x4425)  # add r5, r4"),
        ("cmp r1, lr", "data(2, 0x4571)  # cmp r1, lr"),
        ("uxth r7, r4", "data(2, 0xB2A7)  # uxth r7, r4"),
        ("adds r5, r4", "add(r5, r5, r4)"),
        ("cmp r1, r2", "cmp(r1, r2)"),
        ("mov r8, r1", "mov(r8, r1)"),
        ("movs r1, 0", "mov(r1, 0)"),
        ("ldr r1, [a, X_AT]", "ldr(r1, [r0, _X_AT])"),
        ("ldr r1, [a, SCALE - OWN]", "ldr(r1, [r0, _SCALE - _OWN])"),
        ("push {r4, lr}", "push({r4, lr})"),
        ("adds a, LAYER_BYTES", "add(r0, 32)  # LAYER_BYTES"),
    ],
)
def test_instructions(tmp_path: Path, written: str, line: str) -> None:
    assert lines_of(tmp_path, written) == [line]


# Encodings as the ARMv7-M Architecture Reference Manual has them.
@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("vadd s1, s2, s31", "vadd(s1, s2, s31)"),
        ("vmov s5, r6", "vmov(s5, r6)"),
        ("vmrs", "vmrs(APSR_nzcv, FPSCR)"),
        ("vmov s31, s4", "data(2, 0xEEF0, 0xFA42)  # vmov s31, s4"),
        ("vcmp s7, 0", "data(2, 0xEEF5, 0x3A40)  # vcmp s7, 0"),
        ("vabs s1, s30", "data(2, 0xEEF0, 0x0ACF)  # vabs s1, s30"),
        ("vcvt.s32.f32 s3, s4", "data(2, 0xEEFD, 0x1AC2)  # vcvt.s32.f32 s3, s4"),
        ("vcvt.f32.s32 s8, s9", "data(2, 0xEEB8, 0x4AE4)  # vcvt.f32.s32 s8, s9"),
        ("vldr s31, [r7, 12]", "data(2, 0xEDD7, 0xFA03)  # vldr s31, [r7, 12]"),
        ("vstr s6, [r12, 0]", "data(2, 0xED8C, 0x3A00)  # vstr s6, [r12, 0]"),
        ("vldm a!, {s16-s23}", "data(2, 0xECB0, 0x8A08)  # vldm r0!, {s16-s23}"),
        ("vstm r2!, {s5}", "data(2, 0xECE2, 0x2A01)  # vstm r2!, {s5}"),
        ("vpush {s16-s31}", "data(2, 0xED2D, 0x8A10)  # vpush {s16-s31}"),
        ("vpop {s17-s18}", "data(2, 0xECFD, 0x8A02)  # vpop {s17-s18}"),
    ],
)
def test_instructions_of_the_floating_point_unit(tmp_path: Path, written: str, line: str) -> None:
    assert lines_of(tmp_path, written) == [line]


def test_names_and_labels_of_a_macro_are_its_own(tmp_path: Path) -> None:
    macros = """
.macro halve x, before     @ not copied
    .tmp a=r7
LOOP:
    before, 2
    lsrs x, x, 1; mov a, x; bne LOOP
.endm
"""
    body = """
LOOP:
    .reg count=r3 (of halves), t=a
    halve count, <adds r4>
    .stack FIRST, SECOND (kept)
    halve t, <subs r4, r4>; str a, [sp, SECOND]

    # Done.
    b LOOP"""
    assert lines_of(tmp_path, body, macros) == [
        "label(LOOP)",
        "# count=r3 (of halves), t=r0",
        "label(LOOP_2)",
        "add(r4, 2)",
        "lsr(r3, r3, 1)",
        "mov(r7, r3)",
        "bne(LOOP_2)",
        "# [sp]: FIRST, SECOND (kept)",
        "label(LOOP_3)",
        "sub(r4, r4, 2)",
        "lsr(r0, r0, 1)",
        "mov(r7, r0)",
        "bne(LOOP_3)",
        "data(2, 0x9001)  # str r0, [sp, 4]",
        "",
        "# Done.",
        "b(LOOP)",
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("vldr s32, [r0, 0]", "f.s:5: no register is called s32"),
        ("vldr r1, [r0, 0]", "f.s:5: r1 must be one of s0 to s31"),
        ("vldr s1, [r0, 6]", "f.s:5: [r0, 6]: the offset must be"),
        ("vldr s1, [sp, 4]", "f.s:5: sp must be one of r0 to r12"),
        ("vstm r0!, {s4-s1}", "f.s:5: {s4-s1} must be in ascending order"),
        ("vfoo s1, s2", "f.s:5: no instruction or macro is called vfoo"),
        ("move r1, r2", "f.s:5: no instruction or macro is called move"),
        ("mov r1, x", "f.s:5: no register is called x"),
        ("movs r1, r2", "f.s:5: mov takes two registers"),
        ("mov r1, 5", "f.s:5: mov takes two registers"),
        ("ldm r0!, {r3, r2}", "f.s:5: {r3, r2} must be in ascending order"),
        ("stm r2!, {r1, r2}", "f.s:5: r2! is written back and must not be in {r1, r2}"),
        ("ldm r2, {r3, r4}", "f.s:5: r2 must be in {r3, r4}, or written back"),
        ("uxth r8, r1", "f.s:5: r8 must be one of r0 to r7"),
        ("ldr r1, [sp, 6]", "f.s:5: [sp, 6]: the offset must be"),
        ("add r1, 5", "f.s:5: 5 must be a register"),
        (".endm\nbx lr", "f.s:6: the line is outside of a macro"),
        (".reg x=five", "f.s:5: x=five: five is not a register"),
        ("AT:\n.stack AT", "f.s:6: AT is a label or another word"),
        ("twice r1, r2", "f.s:5: twice takes x"),
        ("twice r9", "f.s:5, f.s:2: r9 must be one of r0 to r7"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, body: str, reason: str) -> None:
    macros = ".macro twice x"
    with pytest.raises(RivuletError) as raised:
        lines_of(tmp_path, body, f"{macros}\nuxth x, x; uxth x, x\n.endm")
    assert reason in str(raised.value)
