"""Reads a file of metadata."""

import json
from pathlib import Path

from host_tools.convert import Settings
from host_tools.errors import RivuletError


def read_metadata(path: Path) -> Settings:
    """Read the metadata that `--metadata` names. Raises RivuletError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RivuletError(f"{path}: not JSON ({error})") from None
    if not isinstance(content, dict):
        raise RivuletError(f"{path}: must hold a JSON object")
    return content
