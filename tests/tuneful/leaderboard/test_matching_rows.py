"""Rows of an export that name no run: a person at a terminal is asked, and nothing is written before the end."""

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import pytest

from analysis.records.submissions import Submission, add_submission, read_submissions
from tuneful.cli.matching import Talk, ask_for_runs, typed_answer
from tuneful.leaderboard.importing import planned
from tuneful.leaderboard.kaggle import Row
from tuneful.leaderboard.matching import Candidate, nearest

NOON = 1746273600.0
"""2025-05-03 12:00 UTC"""


def row(line, description="by hand", members=()):
    date = f"2025-05-03 12:00:{line:02d}"
    return Row(
        line, Submission("birds", "submission.csv", members, 0.7, description=description, submitted_at=date), ()
    )


@dataclass
class Person:
    """Answers in order, and notes what was said."""

    answers: list[str]
    said: list[str] = field(default_factory=list)

    def talk(self, on_record=(), repeated=False):
        return Talk(lambda _: self.answers.pop(0), self.said.append, lambda rows: planned(rows, on_record), repeated)


def keys(rows):
    return {one.line: [member.run for member in one.submission.members] for one in rows}


def test_candidates_share_the_rarest_words_and_ended_shortly_before():
    known = [
        Candidate("loss:1", "loss.name=focal, mixing.p=0.5", NOON - 9000),
        Candidate("loss:2", "loss.name=bce, mixing.p=0.5", NOON - 100),
        Candidate("loss:3", "loss.name=bce, mixing.p=0.5", NOON + 50),
    ]
    assert [one.name for one in nearest(row(0, "Focal"), known)] == ["loss:1", "loss:2", "loss:3"]
    assert [one.name for one in nearest(row(0, "mixing"), known)] == ["loss:2", "loss:1", "loss:3"]
    assert [one.name for one in nearest(row(0, "trial 3 of loss"), known, 1)] == ["loss:3"]
    assert known[1].ended == "2025-05-03 11:58"


def test_numbers_and_names_choose_runs_and_letters_leave_rows_as_they_are(lab):
    first, second = lab.run(seed=1), lab.run(seed=2)
    rows = [row(2, members=()), row(3, "trial 1"), row(4), row(5), row(6, "loss 0")]
    person = Person(["n", "1", "s", "loss:0 loss:1@3", "q"])
    found = ask_for_runs(lab.results, rows, person.talk())
    assert keys(found) == {2: [], 3: [second], 5: [first, second]}
    assert found[2].submission.members[1].epoch == 3
    assert "Row 1 of 5 that names no run on record: submission.csv, 2025-05-03 12:00:02, public 0.7" in person.said
    assert any(line.startswith("  1  loss:1, done 20") for line in person.said)


def test_what_is_no_answer_is_asked_again(lab):
    key = lab.run()
    person = Person(["", "7", "los:0", "loss@9", "1"])
    assert keys(ask_for_runs(lab.results, [row(2)], person.talk())) == {2: [key]}
    text = "\n".join(person.said)
    assert "Did you mean loss?" in text and "has 3 epochs, not 9" in text


def test_the_same_runs_twice_are_told_at_once(lab):
    key = lab.run()
    person = Person(["1", "1", "s"])
    assert keys(ask_for_runs(lab.results, [row(2), row(3)], person.talk())) == {2: [key]}
    assert any("These are the runs of line 2 too" in line for line in person.said)
    meant = Person(["1", "1"])
    assert keys(ask_for_runs(lab.results, [row(2), row(3)], meant.talk(repeated=True))) == {2: [key], 3: [key]}


def test_rows_on_record_are_not_asked_about(lab):
    lab.run()
    rows = [row(2), row(3)]
    known = add_submission(lab.results, Submission(**{**vars(rows[0].submission), "source": "imported"}))
    person = Person(["n"])
    assert len(ask_for_runs(lab.results, rows, person.talk([known]))) == 2
    assert sum(line.startswith("Row ") for line in person.said) == 1


def test_a_name_of_the_file_can_not_move_the_cursor(lab):
    lab.run()
    person = Person(["n"])
    ask_for_runs(lab.results, [row(2, "\x1b[2J\u202egood")], person.talk())
    assert "  \\x1b[2J\\u202egood" in person.said


HEADER = "fileName,date,description,status,publicScore,privateScore"
EXPORT = "\n".join([HEADER, *(f"s.csv,2025-05-0{day},by hand,complete,0.{day}," for day in (3, 4))])
COMMAND = "import sys; from tuneful.cli.main import main; sys.argv[1:] = {!r}; main()"


def in_terminal(folder, *answers):
    """`platform leaderboard import` with input and output in a terminal: exit code, output. No answer: Ctrl-C."""
    (folder / "export.csv").write_text(EXPORT)
    ours, theirs = pty.openpty()
    code = COMMAND.format(["leaderboard", "import", "export.csv", "--competition", "birds"])
    process = subprocess.Popen([sys.executable, "-c", code], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    told, deadline = b"", time.monotonic() + 60
    for number, answer in enumerate([*answers, None], 1):
        while told.count(b" > ") < number and time.monotonic() < deadline and (new := read(ours)) is not None:
            told += new
        if answer is not None:
            os.write(ours, answer)
        elif process.poll() is None and told.count(b" > ") == number:
            process.send_signal(signal.SIGINT)
    while (new := read(ours)) is not None and time.monotonic() < deadline:
        told += new
    os.close(ours)
    return process.wait(timeout=10), told.decode()


def read(terminal):
    """What has been said, or None after the other end was closed."""
    try:
        return os.read(terminal, 4096) if select.select([terminal], [], [], 0.1)[0] else b""
    except OSError:
        return None


def test_at_a_terminal_the_answers_are_put_on_record(lab, tmp_path):
    key = lab.run()
    code, told = in_terminal(tmp_path, b"1\n", b"n\n")
    assert code == 0, told
    assert "1  loss:0, done" in told and "2 scored rows: 2 added" in told
    members = [[member.run for member in one.members] for one in read_submissions(lab.results)]
    assert members == [[key], []]


def test_ctrl_c_after_some_answers_writes_nothing(lab, tmp_path):
    lab.run()
    code, told = in_terminal(tmp_path, b"1\n")
    assert code in (1, 130) and "Traceback" not in told
    assert read_submissions(lab.results) == []


def test_the_end_of_the_input_is_as_ctrl_c(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(KeyboardInterrupt):
        typed_answer("?")
