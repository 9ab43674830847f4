"""A hook of MkDocs: the site has the files that the pages link to at the places where the repository has them."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
PATTERNS = (
    "*.md",
    "LICENSE",
    "docs/**/*.md",
    "docs/*.png",
    "conformance/*.md",
    "conformance/offers.toml",
    "reports/*.html",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take the files of the repository, with their paths in it, in place of those of docs/; keep the theme's."""
    names = sorted({path.relative_to(ROOT).as_posix() for pattern in PATTERNS for path in ROOT.glob(pattern)})
    mine = [File(name, str(ROOT), config.site_dir, config.use_directory_urls) for name in names]
    others = [one for one in files if one.src_dir != config.docs_dir]
    return Files([*mine, *others])
