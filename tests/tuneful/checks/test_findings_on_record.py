"""What the preflight checks found stays with the results: in the sweep's folder, its page and its status."""

import pytest

from analysis.errors import RecordsError
from analysis.records.sweep import CheckFinding, sweep_folder
from analysis.records.sweep_tables import SweepTables
from analysis.report import sweep_page
from tests.analysis.report.fake_sweep import realistic, without_confirm
from tuneful.checks.registry import on_record, refuse_errors
from tuneful.checks.subject import Finding
from tuneful.errors import CheckError

LEAK = Finding("TF004", "error", "a subject is on both sides", "12 <b>subjects</b>", "another split")
FEW = Finding("TF011", "warning", "too few positives", "3 of 9", "larger folds")
ALLOWED, WARNED = on_record([LEAK, FEW], ["TF004", "TF011"])


def test_only_an_error_whose_code_was_named_is_marked_as_allowed():
    assert [finding.allowed for finding in on_record([LEAK, FEW], ["TF011"])] == [False, False]
    assert (ALLOWED.allowed, WARNED.allowed) == (True, False)


def test_findings_are_read_back_as_they_were_written_and_replace_older_ones(tmp_path):
    folder = sweep_folder(tmp_path, "loss")
    assert folder.checks() == []
    folder.write_checks([ALLOWED, WARNED])
    assert folder.checks() == [ALLOWED, WARNED]
    folder.write_checks([])
    assert folder.checks() == []


def test_a_damaged_record_is_not_taken_for_none(tmp_path):
    folder = sweep_folder(tmp_path, "loss")
    folder.write_checks([ALLOWED])
    path = folder.path / "checks.json"
    path.write_text(path.read_text().replace('"allowed":true', '"allowed":false'))
    with pytest.raises(RecordsError, match=r"checks\.json: damaged\. Try: "):
        folder.checks()


def test_consent_to_a_check_that_does_not_exist_is_refused():
    with pytest.raises(CheckError, match=r"allow: no check is called 'TF4'\. "):
        refuse_errors([LEAK], ["TF4"])


def page(*checks: CheckFinding) -> str:
    tables = without_confirm(realistic())
    return sweep_page(SweepTables(tables.definition, tables.trials, tables.epochs, checks=checks))


def test_the_page_says_an_allowed_error_at_its_top_and_in_its_section():
    said = page(WARNED, ALLOWED)
    assert said.index("TF004 was found and allowed: a subject is on both sides.") < said.index("</header>")
    section = said.split("What the preflight checks found")[1].split("</section>")[0]
    assert section.index("ALLOWED ERROR") < section.index("TF011")
    assert "12 &lt;b&gt;subjects&lt;/b&gt;" in section
    assert "TF011 was found" not in said


def test_a_page_without_findings_has_no_section_for_them():
    assert "preflight" not in page()
