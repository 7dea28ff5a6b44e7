"""The counted cycles: instructions are told apart, and the page is what the command writes."""

import pytest

from host_tools.bench.timings import Instruction, count, decode, m0_plus, m4

_M4 = m4(3)


# Encodings as the ARMv7-M Architecture Reference Manual has them; cycles as the manuals' tables.
@pytest.mark.parametrize(
    ("name", "halves", "taken", "on_m0_plus", "on_m4"),
    [
        ("muls r3, r2", (0x4353, 0), False, 1, 1),
        ("add r8, r5", (0x44A8, 0), False, 1, 1),
        ("ldr r5, [sp, 36]", (0x9D09, 0), False, 2, 2),
        ("ldr r5, [r2, r5]", (0x5955, 0), False, 2, 2),
        ("ldrb r4, [r0, 1]", (0x7844, 0), False, 2, 2),
        ("str r1, [sp, 24]", (0x9106, 0), False, 2, 1),
        ("ldm r1!, {r2, r3}", (0xC90C, 0), False, 3, 3),
        ("stm r1!, {r2}", (0xC104, 0), False, 2, 2),
        ("push {r4, r5, lr}", (0xB530, 0), False, 4, 4),
        ("pop {r4, r5}", (0xBC30, 0), False, 3, 3),
        ("pop {r4, r5, pc}", (0xBD30, 0), True, 6, 7),
        ("bne back", (0xD1F0, 0), True, 2, 4),
        ("bne on", (0xD1F0, 0), False, 1, 1),
        ("b on", (0xE010, 0), True, 2, 4),
        ("bx lr", (0x4770, 0), True, 2, 4),
        ("bl there", (0xF000, 0xF810), True, 3, 4),
        ("smlad r4, r5, r6, r7", (0xFB25, 0x7406), False, 1, 1),
        ("ldm r0!, {r4, r12}", (0xE8B0, 0x1010), False, 3, 3),
        ("ldr r2, [r1], 4", (0xF851, 0x2B04), False, 2, 2),
    ],
)
def test_cycles_of_an_instruction(
    name: str, halves: tuple[int, int], taken: bool, on_m0_plus: int, on_m4: int
) -> None:
    each = decode(*halves, taken)
    assert (m0_plus(each, None), _M4(each, None)) == (on_m0_plus, on_m4), name


# Table 7-1 of the Cortex-M4's manual.
@pytest.mark.parametrize(
    ("name", "halves", "cycles"),
    [
        ("vadd.f32 s1, s2, s31", (0xEE71, 0x0A2F), 1),
        ("vmul.f32 s1, s2, s31", (0xEE61, 0x0A2F), 1),
        ("vdiv.f32 s1, s2, s31", (0xEEC1, 0x0A2F), 14),
        ("vcvt.s32.f32 s3, s4", (0xEEFD, 0x1AC2), 1),
        ("vcmp.f32 s1, s2", (0xEEF4, 0x0A41), 1),
        ("vmrs APSR_nzcv, fpscr", (0xEEF1, 0xFA10), 1),
        ("vmov s5, r6", (0xEE02, 0x6A90), 1),
        ("vldr s31, [r7, 12]", (0xEDD7, 0xFA03), 2),
        ("vstr s6, [r12]", (0xED8C, 0x3A00), 2),
        ("vldmia r1!, {s16-s23}", (0xECB1, 0x8A08), 9),
        ("vpush {s16-s31}", (0xED2D, 0x8A10), 17),
    ],
)
def test_cycles_of_the_floating_point_unit(
    name: str, halves: tuple[int, int], cycles: int
) -> None:
    assert _M4(decode(*halves, False), None) == cycles, name


@pytest.mark.parametrize(
    ("halves", "waits"),
    [
        ((0xEE71, 0x0A2F), True),  # vadd s1, s2, s31
        ((0xEE71, 0x0A83), False),  # vadd s1, s3, s6
        ((0xED82, 0x1A00), True),  # vstr s2, [r2]
        ((0xECA2, 0x1A02), True),  # vstmia r2!, {s2, s3}
        ((0xECE2, 0x1A02), False),  # vstmia r2!, {s3, s4}
        ((0xED92, 0x1A00), False),  # vldr s2, [r2]
        ((0xEE11, 0x6A10), True),  # vmov r6, s2
        ((0xEEF1, 0xFA10), False),  # vmrs
    ],
)
def test_what_uses_a_result_at_once_waits_a_cycle(halves: tuple[int, int], waits: bool) -> None:
    before = decode(0xEE31, 0x1A21, False)  # vadd s2, s2, s3
    after = decode(*halves, False)
    assert _M4(after, before) - _M4(after, None) == waits


def test_loads_that_follow_each_other_overlap_on_an_m4() -> None:
    load = Instruction("load", 1)
    assert count([load, load, load], _M4) == 4
    assert count([load, load, load], m0_plus) == 6


def test_an_instruction_of_unknown_length_is_refused() -> None:
    with pytest.raises(ValueError, match="0xFBB0"):
        decode(0xFBB0, 0xF0F1, False)


def test_the_page_is_what_the_command_writes() -> None:
    pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
    from host_tools.bench import cycles

    assert cycles.PAGE.read_text("utf-8") == cycles.page(), (
        "run: python -m host_tools.bench.cycles"
    )
