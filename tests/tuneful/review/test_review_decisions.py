"""Decisions as a team shares them: written to a table, read from one, shown, taken back."""

import sys

import pytest

from trainers.data.catalogue import load_catalogue
from trainers.errors import DataError
from tuneful.cli.main import main
from tuneful.review.decisions import Imported, export_decisions, import_decisions, logged, undo_decisions


@pytest.fixture
def said(monkeypatch, capsys):
    """Runs `platform data review birds ARGS`: (exit code, output, errors)."""

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["platform", "data", "review", "birds", *args])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    return run


def test_what_one_person_decided_another_takes_over_once(session, birds, tmp_path):
    session.decide(0, "relabel", ["owl", "wren"])
    session.decide(1, "drop", None)
    table = tmp_path / "shared.csv"
    assert export_decisions("birds", table) == 2
    second = session.queue.clips[1].row["clip_id"]
    assert table.read_text() == f"clip_id,decision,labels\nb,relabel,owl;wren\n{second},drop,\n"
    decided = load_catalogue("birds").digest
    undo_decisions("birds", 2)
    assert load_catalogue("birds").digest == birds.digest
    assert import_decisions("birds", table) == Imported(new=2, known=0, unknown=0)
    assert load_catalogue("birds").digest == decided
    assert import_decisions("birds", table) == Imported(new=0, known=2, unknown=0)


def test_clips_that_are_not_here_are_counted(birds, tmp_path):
    table = tmp_path / "shared.csv"
    table.write_text("clip_id,decision,labels\nzz,drop,\na,keep,\n")
    assert import_decisions("birds", table) == Imported(new=1, known=0, unknown=1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,burn,", "csv:3: the decision is 'burn'"),
        ("a,relabel,lark", "csv:3: no clip of birds is labelled 'lark'"),
        ("a,drop,owl", "csv:3: drop takes no labels"),
        ("b,keep,", "csv:3: 'b' is decided twice"),
    ],
)
def test_a_table_with_a_mistake_is_refused_whole(birds, tmp_path, rows, message):
    table = tmp_path / "shared.csv"
    table.write_text(f"clip_id,decision,labels\nb,drop,\n{rows}\n")
    with pytest.raises(DataError, match=message):
        import_decisions("birds", table)
    assert logged("birds") == ()


def test_the_log_is_shown_and_taken_back(session, said):
    session.decide(0, "relabel", ["owl"])
    code, output, _ = said("--log")
    assert (code, "b  wren -> owl" in output, "1 relabelled" in output) == (0, True, True)
    code, output, _ = said("--undo", "1")
    assert (code, output.startswith("Undone:")) == (0, True)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "needs a run to rank the clips by. Try: --run"),
        (("--log", "--undo", "1"), "--log and --undo can't go together"),
        (("--undo", "1"), "1 decisions can't be undone, 0 stand"),
        (("--export", "out.csv"), "nobody has decided anything about birds"),
        (("--import", "none.csv"), "none.csv: no such table"),
        (("--run", "none"), "no sweep is called 'none'"),
    ],
)
def test_a_mistake_is_one_message(birds, said, args, message):
    code, _, errors = said(*args)
    assert (code, message in errors) == (2, True), errors
