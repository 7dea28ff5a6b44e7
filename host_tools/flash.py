"""Putting the firmware on a board: only what changed, verified, and never a part of a file."""

from dataclasses import dataclass

from host_tools.board_files import (
    MISSING,
    NEW,
    BoardFacts,
    Progress,
    copy_beside,
    digests,
    replace_and_remove,
    survey,
)
from host_tools.boards import Board
from host_tools.errors import RivuletError
from host_tools.mpy import compiler_version, runtime_abi
from host_tools.payload import MANIFEST, PayloadFile, build_payload
from host_tools.provision import Access, provision
from host_tools.raw_repl import RawRepl, raw_repl
from host_tools.wire import Board as RunningBoard
from host_tools.wire import NotRunning


@dataclass(frozen=True)
class FlashReport:
    port: str
    board: str
    # Such as "MicroPython 1.28.0 on rp2".
    runtime: str
    float_bytes: int
    # Such as ".mpy for armv6m", or "source", and then why.
    form: str
    # The version of ulab in the board's MicroPython, None where it has none.
    ulab: str | None
    copied: tuple[str, ...]
    bytes_copied: int
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def up_to_date(self) -> bool:
        return not self.copied and not self.removed


def flash(
    port: str,
    board: Board,
    progress: Progress | None = None,
    timeout_scale: float = 1.0,
    *,
    key: bytes | None = None,
    access: Access | None = None,
) -> FlashReport:
    """Make the firmware on the board at `port` that of `board`, and restart it into its program.

    Files are copied beside the old ones and verified there. Only when all of them stand are they
    renamed into place, which takes a moment. Wherever an interruption comes, each file is the old
    one or the new one, whole, and the next flash goes on from there.

    key: with it a keyed board that runs is released first. access: what to change of who may
    command the board and which models it takes.
    """
    if key is not None:
        _release(port, key, timeout_scale)
    with raw_repl(port, timeout_scale) as repl:
        facts = survey(repl)
        arch, form = _choose_form(board, facts)
        payload = build_payload(board, arch)
        plan = _plan(repl, payload, facts.installed)
        _check_space(port, plan.to_copy, facts)
        copy_beside(repl, plan.to_copy, progress)
        replace_and_remove(repl, plan.changed, plan.stale)
        if plan.changed:
            _verify(repl, payload)
        if access is not None:
            provision(repl, access)
    changed = {file.path for file in plan.changed}
    listed = [file.path for file in payload if file.path != MANIFEST]
    return FlashReport(
        port=port,
        board=board.name,
        runtime=f"MicroPython {facts.version} on {facts.platform}",
        float_bytes=facts.float_bytes,
        form=form,
        ulab=facts.ulab,
        copied=tuple(path for path in listed if path in changed),
        bytes_copied=sum(len(file.data) for file in plan.to_copy),
        unchanged=tuple(path for path in listed if path not in changed),
        removed=tuple(plan.stale),
    )


def _release(port: str, key: bytes, timeout_scale: float) -> None:
    try:
        with RunningBoard(port, timeout_scale, key, any_protocol=True) as running:
            running.release()
    except NotRunning:
        pass  # at its prompt, or without Rivulet: nothing is locked


def _choose_form(board: Board, facts: BoardFacts) -> tuple[str | None, str]:
    """The architecture to compile for, None for source; and the same in words."""
    abi = runtime_abi(facts.mpy)
    if abi.version != compiler_version():
        return None, (
            f"source (the board loads .mpy {abi.version}, mpy-cross writes {compiler_version()})"
        )
    if abi.arch != board.arch:
        return None, (
            f"source (the board's native code is {abi.arch}, that of a {board.name} {board.arch})"
        )
    return board.arch, f".mpy for {board.arch}"


@dataclass(frozen=True)
class _Plan:
    # Not on the board as they should be.
    changed: list[PayloadFile]
    # Of these, the ones that an interrupted flash did not already copy beside.
    to_copy: list[PayloadFile]
    # On the board, ours, and no longer part of the firmware.
    stale: list[str]


def _plan(repl: RawRepl, payload: list[PayloadFile], installed: list[str]) -> _Plan:
    wanted = [file.path for file in payload]
    # What an earlier firmware had, or this one in its other form (module.py, module.mpy).
    former = {*installed, *(file.twin for file in payload if file.twin)} - {*wanted}
    names = sorted({*wanted, *former})
    there = digests(repl, names)
    changed = [file for file in payload if there[file.path] != file.sha256]
    kept = {*wanted} - {file.path for file in changed}
    unwanted = sorted(former) + [name + NEW for name in sorted(former | kept)]
    return _Plan(
        changed=changed,
        to_copy=[file for file in changed if there[file.path + NEW] != file.sha256],
        stale=[path for path in unwanted if there[path] != MISSING],
    )


def _check_space(port: str, files: list[PayloadFile], facts: BoardFacts) -> None:
    block = facts.block_bytes
    needed = sum(-(-len(file.data) // block) * block for file in files)
    if needed > facts.free_bytes:
        raise RivuletError(
            f"the board on {port} has {facts.free_bytes} bytes free and copying takes {needed}: "
            "delete files there"
        )


def _verify(repl: RawRepl, payload: list[PayloadFile]) -> None:
    there = digests(repl, [file.path for file in payload])
    wrong = [file.path for file in payload if there[file.path] != file.sha256]
    if wrong:
        raise RivuletError(
            f"the board on {repl.port} reads back other bytes than were written in "
            f"{', '.join(wrong)}: flash again, and if it happens again, erase its file system"
        )
