"""Reads and changes the files of a board: facts, hashes, verified copies, renames."""

import errno
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import msgspec

from host_tools.deploy.payload import FAILED, MANIFEST, POINTER, PayloadFile
from host_tools.errors import BoardCodeError, RivuletError
from host_tools.link.raw_repl import RawRepl
from host_tools.text import visible

# bytes copied, bytes in all, name of the file being copied
Progress = Callable[[int, int, str], None]

# A file is written under its name and this suffix first.
NEW = ".new"
MISSING = "-"

# To execute this many characters at once takes a few kilobytes of the board's heap for a moment.
_BATCH_CHARS = 3000
# In base64 4 characters stand for 3 bytes: most files fit in one batch.
_CHUNK_BYTES = 1536

# Paths are relative to the folder that the board starts in, "/" on most boards.
AGENT = """\
import hashlib,json,os,sys
from binascii import a2b_base64,hexlify
def digest(p):
 h=hashlib.sha256()
 b=bytearray(512)
 m=memoryview(b)
 try:
  with open(p,'rb') as f:
   while True:
    n=f.readinto(b)
    if not n:break
    h.update(m[:n])
 except OSError:return '-'
 return hexlify(h.digest()).decode()
def tree(p):
 for i in os.ilistdir(p):
  n=p+'/'+i[0]
  if i[1]&0x4000:tree(n)
  else:print(digest(n),n)
def folder(p):
 try:os.mkdir(p)
 except OSError:
  if not os.stat(p)[0]&0x4000:raise
def begin(p):
 global out
 out=open(p,'wb')
def put(b):
 out.write(a2b_base64(b))
def copy(s,p):
 begin(p)
 b=bytearray(512)
 m=memoryview(b)
 with open(s,'rb') as f:
  while True:
   n=f.readinto(b)
   if not n:break
   out.write(m[:n])
def end(p,h):
 out.close()
 if digest(p)!=h:raise OSError('the copy differs: '+p)
"""

_SURVEY = f"""\
try:
 import ulab
 u=ulab.__version__
except ImportError:u=None
def said(p):
 try:
  with open(p) as f:return f.read().strip()
 except OSError:return ''
try:
 with open('{MANIFEST}') as f:l=json.load(f)['files']
except (OSError,ValueError,KeyError):l=[]
s=os.statvfs('.')
i=sys.implementation
print(json.dumps(dict(name=i[0],version='.'.join(str(n) for n in i[1][:3]),platform=sys.platform,
 mpy=getattr(i,'_mpy',0),ulab=u,float_bytes=8 if 1.0+1e-12!=1.0 else 4,block_bytes=s[0],
 free_bytes=s[1]*s[4],active=said('{POINTER}'),
 failed=said('{FAILED}'),installed=l)))
"""


@dataclass(frozen=True)
class BoardFacts:
    """What a board says of its runtime, its flash and the firmware on it."""

    # Of the runtime: "micropython", "1.28.0", "rp2".
    name: str
    version: str
    platform: str
    # sys.implementation._mpy
    mpy: int
    ulab: str | None
    float_bytes: int
    block_bytes: int
    free_bytes: int
    # The folder that firmware/active names, empty if there is none.
    active: str
    # The folder whose firmware did not import, empty if none.
    failed: str
    # The files of firmware from before the two folders; they are in the folder that the board
    # starts in.
    installed: list[str]


def survey(repl: RawRepl) -> BoardFacts:
    """Read the board's facts, and define there what the other functions of this module call.

    Raises RivuletError.
    """
    try:
        repl.run(AGENT)
        facts = msgspec.convert(json.loads(repl.run(_SURVEY)), BoardFacts)
    except (BoardCodeError, ValueError, RecursionError) as error:
        raise RivuletError(
            f"the board on {repl.port} lacks what flashing needs ({visible(error)}): install a "
            "current MicroPython on it"
        ) from error
    if facts.name != "micropython":
        raise RivuletError(f"the board on {repl.port} runs {facts.name}, not MicroPython")
    return facts


def digests(repl: RawRepl, paths: list[str]) -> dict[str, str]:
    """Return the SHA-256 of each file as the board reads it, MISSING if there is none."""
    said = _run_batched(repl, (_Step(f"print(digest({path!r}))") for path in paths))
    found = said.split()
    if len(found) != len(paths):
        raise RivuletError(
            f"the board on {repl.port} answered {len(found)} of {len(paths)} questions about its "
            "files: flash again"
        )
    return dict(zip(paths, found, strict=True))


def tree(repl: RawRepl, folder: str) -> dict[str, str]:
    """Return the SHA-256 of every file in a folder and below, by its path from there."""
    try:
        said = repl.run(f"tree({folder!r})")
    except BoardCodeError as error:
        if _errno(error) == errno.ENOENT:
            return {}
        raise
    found = {}
    for line in said.splitlines():
        digest, _, path = line.partition(" ")
        if not path.startswith(folder + "/"):
            raise RivuletError(
                f"the board on {repl.port} listed its files as '{visible(line)}': flash again"
            )
        found[path[len(folder) + 1 :]] = digest
    return found


def write(
    repl: RawRepl,
    files: list[PayloadFile],
    progress: Progress | None = None,
    local: Mapping[str, str] | None = None,
) -> None:
    """Write each file. The board reads it back and compares.

    local: by path, where the board has the file's content already. The board copies that itself.
    """
    folders = {
        str(parent) for file in files for parent in PurePosixPath(file.path).parents if parent.name
    }
    _run_batched(repl, (_Step(f"folder({path!r})") for path in sorted(folders)))
    sources = local or {}
    total = sum(len(file.data) for file in files)
    steps = (step for file in files for step in _steps(file, sources.get(file.path)))
    _run_batched(repl, steps, progress and (lambda done, name: progress(done, total, name)))


def copy_beside(repl: RawRepl, files: list[PayloadFile]) -> None:
    """Write each file under its name + NEW."""
    write(repl, [PayloadFile(file.path + NEW, file.data) for file in files])


def replace(repl: RawRepl, files: list[PayloadFile]) -> None:
    """Rename each file's copy beside into its place, in this order."""
    _run_batched(repl, (_Step(f"os.rename({file.path + NEW!r},{file.path!r})") for file in files))


def remove(repl: RawRepl, paths: list[str]) -> None:
    """Delete these files."""
    _run_batched(repl, (_Step(f"os.remove({path!r})") for path in paths))


@dataclass(frozen=True)
class _Step:
    code: str
    # How many bytes of which file it copies.
    size: int = 0
    name: str = ""


def _steps(file: PayloadFile, source: str | None) -> Iterable[_Step]:
    if source is not None:
        yield _Step(f"copy({source!r},{file.path!r})", len(file.data), file.path)
    else:
        yield _Step(f"begin({file.path!r})", 0, file.path)
        for start in range(0, len(file.data), _CHUNK_BYTES):
            chunk = file.data[start : start + _CHUNK_BYTES]
            yield _Step(f"put({b64encode(chunk)!r})", len(chunk), file.path)
    yield _Step(f"end({file.path!r},{file.sha256!r})", 0, file.path)


def _run_batched(
    repl: RawRepl, steps: Iterable[_Step], after: Callable[[int, str], None] | None = None
) -> str:
    """Run the steps in order, as many at once as the board's heap has room for."""
    said = ""
    done = 0
    batch: list[_Step] = []

    def run() -> None:
        nonlocal said, done
        try:
            said += repl.run("\n".join(step.code for step in batch))
        except BoardCodeError as error:
            if _errno(error) == errno.ENOSPC:
                raise RivuletError(
                    f"the board on {repl.port} is full: delete files there"
                ) from error
            raise
        done += sum(step.size for step in batch)
        if after:
            after(done, batch[-1].name)
        batch.clear()

    for step in steps:
        if batch and sum(len(each.code) + 1 for each in batch) + len(step.code) > _BATCH_CHARS:
            run()
        batch.append(step)
    if batch:
        run()
    return said


def _errno(error: BoardCodeError) -> int | None:
    found = re.search(r"OSError: (?:\[Errno )?(\d+)\b", error.last_line)
    return int(found[1]) if found else None
