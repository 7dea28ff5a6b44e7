"""Where things are in a checkout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRMWARE = ROOT / "firmware"
BOARDS = ROOT / "boards"
MODELS = ROOT / "models"
DOCS = ROOT / "docs"
BUILD = ROOT / "build"
# What was obtained from package registries; safe to delete, made anew when needed.
CACHE = BUILD / "cache"
