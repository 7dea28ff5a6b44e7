"""Power cuts on an emulated Pico's own flash: every state, and boots of the emulator from some."""

import dataclasses
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from host_tools.boards import load_board
from host_tools.deploy.board_files import survey
from host_tools.deploy.flash import install
from host_tools.deploy.payload import (
    ACTIVE,
    FOLDERS,
    MANIFEST,
    PayloadFile,
    build_payload,
    on_a_board,
)
from host_tools.faults import Given, Row
from host_tools.faults._models import IMU, hash_of, write_model
from host_tools.link.raw_repl import raw_repl
from host_tools.link.wire import Board
from host_tools.simulate.emulated import EmulatedPico, flash_image, flash_notes

ARCH = "armv6m"
# How many files the noted flash has to copy from folder to folder.
_COPIED = 6
# Patience for a board that runs twenty times slower than a real one, on a machine with other work.
_TIMEOUT_SCALE = 100.0


@dataclasses.dataclass
class Act:
    """What was done, its operations on the flash, and which models may run after a cut in it."""

    name: str
    first: int
    end: int
    allowed: list[bytes]
    flashes: bool


def sweep(given: Given, uf2: Path, boots: int, say: Callable[[str], None] = print) -> list[Row]:
    """Cut the power in every operation of pushes, a confirm, a rollback and a firmware flash, and
    boot the emulator from `boots` of the states that this leaves."""
    old, new, third, last = (
        write_model(given.folder / f"{name}.safetensors", i, channels=IMU, integers=True)
        for i, name in enumerate(("old", "new", "third", "last"))
    )
    folder = given.folder / "pico"
    folder.mkdir()
    payload = build_payload(load_board("rpi_pico"), ARCH)
    files = [
        *on_a_board(payload),
        # A part of the firmware in the other folder, as after a flash that was broken off.
        *(PayloadFile(f"{FOLDERS['b']}/{file.path}", file.data) for file in payload[:-_COPIED]),
        PayloadFile(ACTIVE, old),
    ]
    make_flash(given, folder / "flash.bin", files)
    base = given.folder / "base.bin"
    base.write_bytes((folder / "flash.bin").read_bytes())
    say("the Pico has its firmware and a model; noting what updates do to its flash")
    acts = _act(folder, uf2, old, new, third)
    report: dict[str, Any] = given.on_device(
        "pico_power",
        base=base.name,
        notes=f"pico/{flash_notes.NAME}",
        acts=[
            [act.name, act.first, act.end, [hash_of(m) for m in act.allowed], act.flashes]
            for act in acts
        ],
        last="last.safetensors",
    )
    counts = report["acts"].values()
    ran = sum((Counter(act["ran"]) for act in counts), Counter())
    states = ", ".join(f"{times} times the {which}" for which, times in sorted(ran.items()))
    booted, broken = _boot_some(given, uf2, base, acts, boots, last, say)
    return [
        Row(
            f"power cut in each of {acts[-1].end} programs and erasures on an emulated Pico's "
            f"flash: {', '.join(act.name for act in acts)}",
            sum(act["cuts"] for act in counts),
            "the old or the new firmware is complete; the old or the new model runs; the next "
            "push becomes active",
            states,
            report["broken"],
        ),
        Row(
            "an emulated Pico boots from such a flash",
            booted,
            "it answers, runs the old or the new model, and accepts the next push",
            f"{booted - len(broken)} boots, all good" if not broken else "not always",
            broken,
        ),
    ]


def make_flash(given: Given, path: Path, files: list[PayloadFile]) -> None:
    """A Pico's flash whose filesystem holds `files`, as a file at `path`."""
    flash_image.make(path, ((file.path, file.data) for file in files), given.interpreter)


def _act(folder: Path, uf2: Path, old: bytes, new: bytes, third: bytes) -> list[Act]:
    acts: list[Act] = []
    notes = folder / flash_notes.NAME
    notes.touch()
    pico = EmulatedPico(folder, uf2)
    pico.notes = True

    def done(name: str, allowed: list[bytes], flashes: bool = False) -> None:
        first = acts[-1].end if acts else 0
        acts.append(Act(name, first, len(list(flash_notes.read(notes))), allowed, flashes))

    with pico:
        port, scale = str(pico.port), _TIMEOUT_SCALE
        with Board(port, scale) as wire:
            done("start", [old])
            wire.push(new)
            done("push", [old, new])
            wire.confirm()
            done("confirm", [new])
            wire.push(third)
            done("second push", [new, third])
            wire.rollback()
            done("rollback", [third, new])
        with raw_repl(port, scale) as repl:
            facts = survey(repl)
            install(repl, _next_firmware(), facts)
        with Board(port, scale):
            done("firmware flash and start", [new], True)
    return acts


def _next_firmware() -> list[PayloadFile]:
    payload = build_payload(load_board("rpi_pico"), ARCH)
    manifest = PayloadFile(MANIFEST, payload[-1].data + b"\n")
    return [*payload[:-1], PayloadFile("rivulet/added.py", b"# new\n"), manifest]


def _boot_some(
    given: Given,
    uf2: Path,
    base: Path,
    acts: list[Act],
    boots: int,
    last: bytes,
    say: Callable[[str], None],
) -> tuple[int, list[str]]:
    draw = random.Random(given.seed)
    notes = list(flash_notes.read(given.folder / "pico" / flash_notes.NAME))
    folder = given.folder / "cut"
    folder.mkdir()
    broken: list[str] = []
    for boot in range(boots):
        # Each act in turn, so that none is missed for one that has more operations.
        act = acts[1 + boot % (len(acts) - 1)]
        cut = draw.randrange(act.first, act.end)
        content = bytearray(base.read_bytes())
        for note in notes[:cut]:
            flash_notes.apply(note, content, note.size)
        flash_notes.apply(notes[cut], content, draw.choice((0, 1, notes[cut].size // 2)))
        (folder / "flash.bin").write_bytes(content)
        where = f"{act.name}, operation {cut - act.first + 1} of {act.end - act.first}"
        try:
            with EmulatedPico(folder, uf2) as pico, Board(str(pico.port), _TIMEOUT_SCALE) as wire:
                facts = wire.status()
                if (
                    facts["model_hash"] not in map(hash_of, act.allowed)
                    or facts["firmware_trouble"]
                ):
                    broken.append(f"{where}: it runs {facts['model_hash'][:12]}")
                wire.push(last)
        except Exception as error:
            broken.append(f"{where}: {error}")
        say(f"booted from {where}: {'bad' if broken else 'well'}")
    return boots, broken
