"""`platform leaderboard import`: rows find their runs, none is there twice, misfits are counted and refused."""

import pytest

from analysis.records.submissions import Member, read_submissions

HEADER = "fileName,date,description,status,publicScore,privateScore"


@pytest.fixture
def take_in(platform, lab, tmp_path):
    def take(*rows, args=(), header=HEADER):
        path = tmp_path / "export.csv"
        path.write_text("\n".join([header, *rows]) + "\n")
        return platform("leaderboard", "import", str(path), "--competition", "birdclef", *args)

    return take


def on_record(lab):
    return read_submissions(lab.results, "birdclef")


def test_run_keys_are_found_in_descriptions_and_file_names(take_in, lab):
    one, two, three = (lab.run(seed=seed) for seed in (1, 2, 3))
    done = take_in(
        f'submission.csv,2025-05-03 10:00:00,"tuneful {one} {two}@3, rank mean",complete,0.75,',
        f"{three}.csv,2025-05-02 10:00:00,,SubmissionStatus.COMPLETE,0.5,0.25",
    )
    assert done.returncode == 0, done.stderr
    older, newer = on_record(lab)
    assert older.members == (Member("loss", three, 2),)
    assert (older.public, older.private, older.submitted_at) == (0.5, 0.25, "2025-05-02 10:00:00")
    assert newer.members == (Member("loss", one, 2), Member("loss", two, 3))
    assert (newer.public, newer.private, newer.source) == (0.75, None, "imported")
    assert "2 scored rows: 2 added, 0 updated, 0 as before." in done.stdout


def test_an_export_taken_in_again_adds_nothing_and_fills_in_private_scores(take_in, lab):
    key = lab.run()
    row = f"s.csv,2025-05-03,{key},complete,0.75,"
    take_in(row)
    again = take_in(row)
    assert "1 scored rows: 0 added, 0 updated, 1 as before." in again.stdout
    later = take_in(row + "0.625")
    assert "0 added, 1 updated, 0 as before." in later.stdout
    assert [(one.number, one.public, one.private) for one in on_record(lab)] == [(1, 0.75, 0.625)]


def test_rows_without_a_score_are_counted_and_left_out(take_in, lab):
    key = lab.run()
    done = take_in(
        f"a.csv,2025-05-03,{key},complete,0.75,",
        "b.csv,2025-05-04,,pending,,",
        "c.csv,2025-05-05,,SubmissionStatus.ERROR,None,None",
        "d.csv,2025-05-06,,error,,",
    )
    assert "Skipped 1 rows with status 'pending'." in done.stdout
    assert "Skipped 2 rows with status 'error'." in done.stdout
    assert [one.name for one in on_record(lab)] == ["a.csv"]


def test_a_row_of_no_run_is_refused_with_counts_of_both_sides_unless_allowed_or_mapped(take_in, lab):
    key, other = lab.run(seed=1), lab.run(seed=2)
    rows = [f"a.csv,2025-05-03,{key},complete,0.75,", "b.csv,2025-05-04,by hand,complete,0.5,"]
    refused = take_in(*rows)
    assert refused.returncode == 2
    assert "1 of 2 scored rows are of no run on record, and 1 of 2 runs on record are in no row" in refused.stderr
    assert "line 3, 'b.csv' names no run key" in refused.stderr
    assert on_record(lab) == []
    mapped = take_in(*rows, args=["--map", "b.csv=loss:1"])
    assert mapped.returncode == 0, mapped.stderr
    assert [one.members[0].run for one in on_record(lab)] == [key, other]
    allowed = take_in(*rows, "c.csv,2025-05-05,0123456789abcdef,complete,0.5,", args=["--allow-unknown"])
    assert allowed.returncode == 0, allowed.stderr
    assert "1 added, 0 updated, 2 as before." in allowed.stdout
    assert on_record(lab)[2].members == ()


def test_files_of_one_name_are_mapped_by_their_dates(take_in, lab):
    keys = [lab.run(seed=seed) for seed in (1, 2)]
    rows = [f"submission.csv,2025-05-0{day} 10:00:00,,complete,0.75," for day in (3, 4)]
    assert "Try: --map DATE=RUN" in take_in(*rows).stderr
    dates = ["--map", "2025-05-03 10:00:00=loss:0", "--map", "2025-05-04 10:00:00=loss:1"]
    assert take_in(*rows, args=dates).returncode == 0
    assert [one.members[0].run for one in on_record(lab)] == keys


def test_an_ensemble_with_an_unknown_member_is_no_ensemble_of_the_known_ones(take_in, lab):
    key = lab.run()
    row = f"a.csv,2025-05-03,{key} 0123456789abcdef,complete,0.75,"
    assert "names the run 0123456789abcdef" in take_in(row).stderr
    take_in(row, args=["--allow-unknown"])
    assert on_record(lab)[0].members == ()


def test_rows_of_the_same_runs_are_refused_unless_allowed_and_never_doubled(take_in, lab):
    key = lab.run()
    rows = [f"a.csv,2025-05-0{day},{key} try {day},complete,0.{day},0.{day}" for day in (3, 4)]
    refused = take_in(*rows)
    assert refused.returncode == 2
    assert "1 of 2 scored rows are of the same runs as another submission" in refused.stderr
    assert "line 3, 'a.csv', the same as line 2" in refused.stderr
    assert on_record(lab) == []
    for count in ("2 added, 0 updated, 0 as before", "0 added, 0 updated, 2 as before"):
        assert count in take_in(*rows, args=["--allow-repeated"]).stdout
    assert [one.public for one in on_record(lab)] == [0.3, 0.4]


def test_a_submission_typed_before_is_recognised_by_its_runs_and_score(take_in, platform, lab):
    key = lab.run()
    platform("leaderboard", "add", "loss", "--public", "0.75", "--competition", "birdclef", "--name", "mine")
    take_in(f"a.csv,2025-05-03,{key},complete,0.75,0.5")
    assert [(one.name, one.public, one.private) for one in on_record(lab)] == [("mine", 0.75, 0.5)]
    conflict = take_in(f"a.csv,2025-05-03,{key},complete,0.25,0.5")
    assert conflict.returncode == 2 and "the same as submission 1" in conflict.stderr


def test_a_submission_on_record_stands_for_one_row_only(take_in, platform, lab):
    key = lab.run()
    platform("leaderboard", "add", "loss", "--public", "0.75", "--competition", "birdclef")
    refused = take_in(*(f"a.csv,2025-05-0{day},{key},complete,0.75," for day in (3, 4)))
    assert refused.returncode == 2 and "1 of 2 scored rows are of the same runs" in refused.stderr


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (["a.csv,2025,k,complete,85%,"], HEADER, "export.csv:2: publicScore is '85%', want a number"),
        (["a.csv,2025,k,complete,nan,"], HEADER, "export.csv:2: publicScore is 'nan', want a finite number"),
        (["a.csv,2025,k,complete,0,777,"], HEADER, "export.csv:2: 7 cells, the header has 6"),
        (["a.csv,2025,k,complete,,"], HEADER, "export.csv:2: status is complete, but there is no score"),
        (["a.csv,1"], "fileName,publicScore", "no column is called 'date'"),
        (["a;1"], "fileName;date", "cells are not separated by commas"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_its_line(take_in, lab, rows, header, message):
    done = take_in(*rows, header=header)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert on_record(lab) == []


def test_a_map_that_fits_nothing_is_refused(take_in, lab):
    key = lab.run()
    row = f"a.csv,2025-05-03,{key},complete,0.75,"
    unused = take_in(row, args=["--map", "b.csv=loss"])
    assert "no scored row has the fileName or date 'b.csv' of --map" in unused.stderr
    assert "--map must be FILE=RUN" in take_in(row, args=["--map", "a.csv"]).stderr
