"""The page of a leaderboard: what it says of the published example, and of much or little data."""

import dataclasses
import html
import re

import pytest

from analysis.leaderboard.shake_up import Split
from analysis.report.leaderboard import examine, leaderboard_page
from analysis.report.leaderboard.effect_figures import contrast_figure, effects_figure
from analysis.report.leaderboard.scatter import scatter_figure

LONG = "x" * 3000


def text(page):
    """What a reader sees, without markup, scripts and figures."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_example_has_its_verdict_with_the_sentences_of_the_terminal(detkov, detkov_page):
    said = text(detkov_page)
    assert "No evidence: nothing shows that local_auc predicts public_auc" in said
    assert "no evidence local_auc public_auc 13 +0.10 -0.45 to +0.62 0.74 0.006 0.0208" in said
    assert "0.779 best on the leaderboard 0.773 picked by validation 0.006 lost by that pick" in said
    for reason in detkov.headline.reasons:
        assert reason.sentence in said
    assert "no wider than one configuration does by itself (range 0.0105" in said
    assert "Next: Make local_auc less noisy" in said


def test_the_flipped_triple_of_the_example_is_shown_in_figures_and_words(detkov, detkov_page):
    (triple,) = detkov.headline.contrasts
    (line,) = contrast_figure(triple, "local_auc", "public_auc").data
    assert line.text == ("kept", "longest", "concatenated")
    assert list(line.x) == sorted(line.x, reverse=True) and list(line.y) == sorted(line.y)
    assert "sign flipped, 3 of 3 pairs go against each other" in text(detkov_page)
    gains = effects_figure(detkov.effects).data
    assert [max(gains[0].x) < 0, min(gains[1].x) > 0] == [True, True]  # validation falls, the leaderboard rises
    assert "Confounded: never changed alone backbone b0 -> b2 was never changed alone" in text(detkov_page)


def test_every_figure_has_words_and_every_part_left_out_has_a_reason(detkov_page):
    labels = re.findall(r'class="plot"[^>]*aria-label="([^"]+)"', detkov_page)
    assert len(labels) == len(re.findall(r'class="plot"', detkov_page)) == 6
    assert all(len(label) > 20 for label in labels)
    said = text(detkov_page)
    assert "Which score to follow: local_auc is the only validation score" in said
    assert "The interval of private scores: the sizes of the public and the private test are not known" in said


def test_three_submissions_say_that_they_are_too_few(make):
    said = text(leaderboard_page(examine(make(3))))
    assert "3 submissions have both scores; below 5 anything can look like a relation." in said
    assert "The sign of every setting: too few submissions" in said


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_submissions_make_a_page_too(make, n):
    assert "no evidence" in text(leaderboard_page(examine(make(n))))


def test_rows_without_a_score_are_suggested_and_the_rest_is_ranked(make):
    found = examine(make(12, waiting=4))
    said = text(leaderboard_page(found))
    assert "What to submit next" in said and "chosen for" in said
    assert {one.name for one in found.suggestions} <= {"run 12", "run 13", "run 14", "run 15"}
    assert found.ranking.selection.winner.name == "map run"
    assert "Usable: choose by map run: of 2 candidates" in said
    assert "4 rows have no leaderboard score: they could be submitted next." in said


def test_private_scores_and_their_interval_are_shown_where_sizes_are_known(make):
    page = leaderboard_page(examine(make(12, private=True), split=Split(300, 600, 0.004)))
    assert "Of 12 submissions with both scores, the best by public score is number" in text(page)
    assert "the interval in which the private score is expected" in text(page)
    assert "Shake-up" not in text(leaderboard_page(examine(make(12))))


def test_200_submissions_are_one_page(make):
    page = leaderboard_page(examine(make(200, private=True)))
    assert page.count("data-row=") == 200
    assert len(page) < 6_000_000


def test_long_names_are_cut_where_they_are_labels_and_whole_where_they_are_copied(make):
    page = leaderboard_page(examine(make(6, name=LONG)))
    assert f'"{LONG} 3"' in page
    figures = re.findall(r"data-plot=.*?</script>", page, flags=re.DOTALL)
    assert len(figures) > 4 and not any(LONG in figure for figure in figures)


def test_a_command_is_copied_where_there_is_one_and_the_name_elsewhere(make):
    subject = dataclasses.replace(make(6), copies={"run 0": "platform train chorus"})
    assert (subject.copied, subject.copy("run 0"), subject.copy("run 1")) == (
        "command",
        "platform train chorus",
        "run 1",
    )
    assert make(6).copied == "name"


def test_a_point_without_a_score_is_no_point(make):
    subject = make(6)
    table = subject.table.copy()
    table.iloc[2, 0] = float("nan")
    points = scatter_figure(examine(dataclasses.replace(subject, table=table))).data[0]
    assert len(points.x) == 6
