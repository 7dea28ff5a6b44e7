"""Documentation: docs/README.md lists every page, and every relative link leads somewhere."""

import re
from pathlib import Path
from urllib.parse import unquote

from host_tools.paths import DOCS, ROOT

_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]+`")
# [text](target) and ![text](target "title"); the text may hold a picture's brackets.
_LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
_REFERENCE = re.compile(r"^ *\[[^\]]+\]: *(\S+)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def pages() -> list[Path]:
    """The Markdown files of the repository, without what is made or installed in it."""
    found = []
    for path in ROOT.rglob("*.md"):
        top = path.relative_to(ROOT).parts[0]
        if not top.startswith(".") and top not in ("build", "dist"):
            found.append(path)
    return sorted(found)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    made: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        times = sum(
            each == slug or re.fullmatch(rf"{slug}-\d+", each) is not None for each in made
        )
        made.add(f"{slug}-{times}" if times else slug)
    return made


def links(text: str) -> list[str]:
    """The relative links of a page, pictures among them."""
    prose = _CODE.sub("`", _FENCE.sub("", text))
    found = _LINK.findall(prose) + _REFERENCE.findall(prose)
    return [unquote(target) for target in found if not _ELSEWHERE.match(target)]


def dead_links(page: Path) -> list[str]:
    """The relative links of a page whose file or heading does not exist."""
    return [target for target in links(page.read_text(encoding="utf-8")) if _dead(page, target)]


def _dead(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    path = page.parent / name if name else page
    if not path.exists():
        return True
    return bool(anchor) and anchor not in anchors(path.read_text(encoding="utf-8"))


def test_relative_links_lead_somewhere() -> None:
    assert ROOT / "README.md" in pages()
    dead = {str(page.relative_to(ROOT)): dead_links(page) for page in pages()}
    assert not {page: targets for page, targets in dead.items() if targets}


def test_the_index_lists_every_page() -> None:
    lines = (DOCS / "README.md").read_text(encoding="utf-8").replace("\n  ", " ").splitlines()
    described = {
        found[1] for line in lines if (found := re.match(r"- \[[^]]+\]\(([^)]+)\): \S", line))
    }
    there = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"README.md"}
    assert there and not there - described


def test_the_readme_leads_to_the_index() -> None:
    assert "docs/README.md" in links((ROOT / "README.md").read_text(encoding="utf-8"))


def test_dead_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# One *thing*, `two`\n\n## Same\n\n## Same\n")
    good = "[a](other.md) [b](other.md#one-thing-two) [c](other.md#same-1) [d](#here) ![e](.)"
    page.write_text(
        f"# Here\n\n{good} [f](https://example.org) `[g](no.md)`\n```\n[h](no.md)\n```\n"
    )
    assert dead_links(page) == []
    page.write_text(
        "[a](no.md) [b](other.md#three) [![c](no.svg)](other.md#same-2)\n\n[d]: no.txt\n"
    )
    assert dead_links(page) == ["no.md", "other.md#three", "no.svg", "other.md#same-2", "no.txt"]
