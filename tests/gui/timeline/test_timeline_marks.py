from chartstudio.editor.checks import SongIssue
from chartstudio.gui.timeline.marks import IssueMarks


def issue(severity, start_s, end_s=None, chart=0, text=""):
    end_s = start_s if end_s is None else end_s
    return SongIssue(chart, "x", severity, text, 0, 0, start_s, end_s)


def test_only_the_charts_own_issues_the_gravest_last():
    found = IssueMarks.of(
        [issue("error", 1.0), issue("hint", 2.0), issue("warning", 3.0, chart=1)], 0
    )
    assert [i.severity for i in found.issues] == ["hint", "error"]


def test_issues_on_one_pixel_are_one_mark():
    found = IssueMarks.of([issue("error", i / 10_000) for i in range(1000)], 0)
    x = found.starts_s * 100
    spans = list(found.spans(x, x, 500, 4))
    assert len(spans) == 10
    assert spans[0] == ("error", 0, 4)


def test_marks_outside_the_view_are_left_out_and_long_ones_cut():
    found = IssueMarks.of([issue("error", -50), issue("error", 20, 9000), issue("error", 800)], 0)
    spans = list(found.spans(found.starts_s, found.ends_s, 500, 4))
    assert spans == [("error", 20, 480)]


def test_what_is_wrong_at_a_time():
    found = IssueMarks.of([issue("hint", 1.0, 3.0, text="a"), issue("error", 2.0, text="b")], 0)
    assert [i.text for i in found.at(2.05, 0.1)] == ["b", "a"]
    assert [i.text for i in found.at(2.95, 0.1)] == ["a"]
    assert found.at(4.0, 0.1) == ()
