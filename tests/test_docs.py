"""The pages point at what is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("demo/*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    broken = [target for target in targets if "://" not in target and not (page.parent / target.partition("#")[0]).exists()]
    assert not broken


@pytest.mark.parametrize("name", ["README", "docs/tour", "docs/studio"])
def test_both_languages_point_at_the_same_code(name: str) -> None:
    english, spanish = ((ROOT / f"{name}{language}.md").read_text("utf-8") for language in ("", ".es"))
    assert code_links(english) == code_links(spanish)


def code_links(text: str) -> set[str]:
    return set(re.findall(r"\((?:\.\./)?((?:src|tests|demo)/[^)\s]+)\)", text))
