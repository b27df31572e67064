"""docs/checks.md has every check as it is registered, and no other."""

import re
from pathlib import Path

import pytest

from trainers.config.build import FIELDS
from tuneful.checks.registry import CHECKS

PAGE = (Path(__file__).parents[3] / "docs" / "checks.md").read_text()
SECTIONS = dict(re.findall(r"^### (TF\d{3}) (.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
SETTINGS = re.findall(r"`((?:[a-z_]+\.)+[a-z_]+)[=`]", PAGE)


def test_the_page_and_the_registry_have_the_same_codes_once_each():
    assert sorted(re.findall(r"^### (TF\d{3})", PAGE, re.MULTILINE)) == sorted(CHECKS)


@pytest.mark.parametrize("code", CHECKS)
def test_a_section_has_severity_title_what_is_found_evidence_fix_and_where_it_was_seen(code):
    heading, _, body = SECTIONS[code].partition("\n")
    assert heading == f"{CHECKS[code].severity}: {CHECKS[code].title}"
    for part in ("- **Finds** ", "- **Evidence**: ", "- **Fix**: ", "- **Seen in** "):
        assert body.count(part) == 1


def test_the_settings_that_the_page_names_exist():
    sweep_only = {"objective.metric"}
    assert len(SETTINGS) > 30
    assert set(SETTINGS) - set(FIELDS) - sweep_only <= {"augmentation.concatenate", "augmentation.background"}
