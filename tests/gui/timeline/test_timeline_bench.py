from chartstudio.core.note import sort_notes
from chartstudio.gui.timeline import bench


def test_the_big_song_is_as_big_as_it_says():
    song = bench.big_song(n_notes=2000, duration_s=60.0)
    for chart in song.charts:
        assert len(chart.notes) == 2000
        assert chart.notes == sort_notes(chart.notes)
        last_s = song.timing.seconds_at(chart.notes[-1].end)
        assert 55.0 < last_s < 61.0
        assert any(n.kind == "hold" for n in chart.notes)


def test_scrolling_draws_every_frame(stage):
    start_s = stage.view.start_s
    times = bench.scrolling(stage.timeline, 5, step_px=10)
    assert len(times) == 5
    assert min(times) > 0
    assert stage.view.start_s > start_s + 0.4


def test_p95():
    assert bench.p95([1.0] * 95 + [100.0] * 5) < 50 < bench.p95([1.0] * 90 + [100.0] * 10)
