"""Write every Thumb module whose text differs from its recipe."""

import argparse

from host_tools.errors import RivuletError
from host_tools.paths import FIRMWARE
from host_tools.thumb.modules import modules


def main() -> None:
    argparse.ArgumentParser(prog="python -m host_tools.thumb", description=__doc__).parse_args()
    try:
        texts = modules()
    except RivuletError as error:
        raise SystemExit(f"error: {error}") from None
    for path, text in texts.items():
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        if changed:
            path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{path.relative_to(FIRMWARE.parent)} {'written' if changed else 'is up to date'}")


if __name__ == "__main__":
    main()
