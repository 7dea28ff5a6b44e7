"""Installs the firmware on a board, all of it or none, and sends only what changed."""

from dataclasses import dataclass

from host_tools.boards import BoardDefinition
from host_tools.deploy.board_files import (
    MISSING,
    NEW,
    BoardFacts,
    Progress,
    copy_beside,
    digests,
    remove,
    replace,
    survey,
    tree,
    write,
)
from host_tools.deploy.mpy import compiler_version, runtime_abi
from host_tools.deploy.payload import (
    FAILED,
    FOLDERS,
    MANIFEST,
    POINTER,
    STARTER,
    PayloadFile,
    build_payload,
    starter,
)
from host_tools.deploy.provision import AccessSettings, provision
from host_tools.errors import NotRunning, RivuletError
from host_tools.link.raw_repl import RawRepl, raw_repl
from host_tools.link.wire import Board
from host_tools.project import Project


@dataclass(frozen=True)
class FlashReport:
    """What a flash did. Paths are relative to the firmware's folder."""

    port: str
    board: str
    # Such as "MicroPython 1.28.0 on rp2".
    runtime: str
    float_bytes: int
    # Such as ".mpy for armv6m", or "source" with the reason.
    form: str
    # The version of ulab in the board's MicroPython, None if it has none.
    ulab: str | None
    copied: tuple[str, ...]
    bytes_copied: int
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    # Whether the board starts other firmware now than before.
    switched: bool

    @property
    def up_to_date(self) -> bool:
        return not self.switched and not self.removed


def flash(
    port: str,
    board: BoardDefinition,
    progress: Progress | None = None,
    timeout_scale: float = 1.0,
    *,
    key: bytes | None = None,
    access: AccessSettings | None = None,
    project: Project | None = None,
) -> FlashReport:
    """Install the firmware of `board` on the board at `port`, and restart it. Raises RivuletError.

    The firmware has two folders. The new one is completed in the folder that does not run and
    verified there. One rename switches to it. Until then the board starts the old firmware,
    complete. The next flash continues where an interrupted one stopped.

    key: releases a keyed board that runs. access: the access settings to change. project: what is
    wired to the board; None: the board's own default.
    """
    if key is not None:
        _release(port, key, timeout_scale)
    with raw_repl(port, timeout_scale) as repl:
        facts = survey(repl)
        arch, form = _choose_form(board, facts)
        payload = build_payload(board, arch, project)
        plan = install(repl, payload, facts, progress)
        if access is not None:
            provision(repl, access)
    outside = [file for file in plan.outside.values() if file.path != POINTER]
    copied = [*(file for file in plan.files if file.path not in plan.local), *outside]
    names = {file.path.removeprefix(plan.folder + "/") for file in copied}
    listed = [file.path for file in payload if file.path != MANIFEST]
    return FlashReport(
        port=port,
        board=board.name,
        runtime=f"MicroPython {facts.version} on {facts.platform}",
        float_bytes=facts.float_bytes,
        form=form,
        ulab=facts.ulab,
        copied=tuple(path for path in [*listed, STARTER] if path in names),
        bytes_copied=sum(len(file.data) for file in copied),
        unchanged=tuple(path for path in listed if path not in names),
        removed=tuple(plan.gone),
        switched=bool(plan.files or plan.outside),
    )


def _release(port: str, key: bytes, timeout_scale: float) -> None:
    try:
        with Board(port, timeout_scale, key, any_protocol=True) as running:
            running.release()
    except NotRunning:
        pass  # at its prompt, or without Rivulet: it needs no release


def _choose_form(board: BoardDefinition, facts: BoardFacts) -> tuple[str | None, str]:
    """Return the architecture to compile for, None for source, and the same in words."""
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
class FlashPlan:
    """What `install` has to do on a board."""

    # The folder of the new firmware; that of the old one if nothing in it changes.
    folder: str
    # Files to write into it, the manifest last.
    files: list[PayloadFile]
    # Those that the board copies from the old firmware: path of the copy -> path of the source.
    local: dict[str, str]
    # Files in the folder that are no part of the new firmware.
    stale: list[str]
    # Files to rename into place outside the folders, in this order.
    outside: dict[str, PayloadFile]
    # Files to remove at the end: left by firmware from before the two folders.
    former: list[str]
    # Files of the old firmware that the new one lacks, for the report.
    gone: list[str]


def install(
    repl: RawRepl, payload: list[PayloadFile], facts: BoardFacts, progress: Progress | None = None
) -> FlashPlan:
    """Install `payload` on the board. Returns what was done. Raises RivuletError."""
    plan = _plan(repl, payload, facts)
    _check_space(repl.port, plan, facts)
    _carry_out(repl, plan, payload, progress)
    return plan


def _plan(repl: RawRepl, payload: list[PayloadFile], facts: BoardFacts) -> FlashPlan:
    wanted = {file.path: file.sha256 for file in payload}
    other = {"a": "b", "b": "a"}
    # The folder that runs is the other one if the named one did not import.
    runs = other[facts.active] if facts.failed == facts.active != "" else facts.active
    old = FOLDERS.get(runs, "")
    running = tree(repl, old) if old else {}
    folder = old
    there = running
    if running != wanted:
        folder = FOLDERS[other.get(runs, "a")]
        there = tree(repl, folder)
    files = [
        PayloadFile(f"{folder}/{file.path}", file.data)
        for file in payload
        if there.get(file.path) != file.sha256
    ]
    if folder != old and not any(file.path.endswith(MANIFEST) for file in files):
        files.append(PayloadFile(f"{folder}/{MANIFEST}", payload[-1].data))
    local = {
        f"{folder}/{path}": f"{old}/{path}"
        for path, digest in wanted.items()
        if path != MANIFEST and running.get(path) == digest
    }
    switch = PayloadFile(POINTER, folder[-1].encode())
    outside = {} if folder == FOLDERS.get(facts.active) else {POINTER: switch}
    main = starter()
    former = [path for path in facts.installed if path != main.path]
    names = [main.path, FAILED, *former, *(path + NEW for path in facts.installed)]
    if facts.installed:
        names.append(MANIFEST)
    found = digests(repl, names)
    # After the pointer: an older main.py, or none, starts what it always started.
    if found[main.path] != main.sha256:
        outside[main.path] = main
    return FlashPlan(
        folder=folder,
        files=files,
        local={path: source for path, source in local.items() if path in _paths(files)},
        stale=[f"{folder}/{path}" for path in there if path not in wanted],
        outside=outside,
        former=[path for path in names if path != main.path and found[path] != MISSING],
        gone=sorted({*running, *former} - {*wanted}),
    )


def _paths(files: list[PayloadFile]) -> set[str]:
    return {file.path for file in files}


def _carry_out(
    repl: RawRepl, plan: FlashPlan, payload: list[PayloadFile], progress: Progress | None
) -> None:
    outside = list(plan.outside.values())
    if plan.files:
        manifest = f"{plan.folder}/{MANIFEST}"
        if digests(repl, [manifest])[manifest] != MISSING:
            remove(repl, [manifest])
        remove(repl, [path for path in plan.stale if path != manifest])
        write(repl, plan.files[:-1], progress, plan.local)
        _verify(repl, plan.folder, payload[:-1])
        write(repl, plan.files[-1:])
    copy_beside(repl, outside)
    replace(repl, outside)
    remove(repl, plan.former)


def _check_space(port: str, plan: FlashPlan, facts: BoardFacts) -> None:
    block = facts.block_bytes
    files = [*plan.files, *plan.outside.values()]
    needed = sum(-(-len(file.data) // block) * block for file in files)
    if needed > facts.free_bytes:
        raise RivuletError(
            f"the board on {port} has {facts.free_bytes} bytes free and copying takes {needed}: "
            "delete files on it"
        )


def _verify(repl: RawRepl, folder: str, payload: list[PayloadFile]) -> None:
    there = tree(repl, folder)
    wrong = [file.path for file in payload if there.get(file.path) != file.sha256]
    if wrong:
        raise RivuletError(
            f"the board on {repl.port} reads back other bytes than it was sent in "
            f"{', '.join(wrong)}: flash again; if that does not help, erase its file system"
        )
