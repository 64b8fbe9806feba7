"""What is remembered of delays, and what a broken file costs."""

import json
from pathlib import Path

from chartstudio.editor.settings import Settings, load, save


def test_a_delay_belongs_to_its_device() -> None:
    speakers = Settings(sound_device="Speakers").with_sound_delay(0.012)
    earbuds = Settings(sound_device="Earbuds", sound_delays=speakers.sound_delays).with_sound_delay(
        0.18
    )
    assert dict(earbuds.sound_delays) == {"Speakers": 0.012, "Earbuds": 0.18}
    assert earbuds.sound_delay_s == earbuds.tap_delay_s == 0.18
    assert speakers.sound_delay_s == 0.012
    assert Settings(sound_device="Television").sound_delay_s == 0.0


def test_a_delay_is_replaced_and_forgotten() -> None:
    first = Settings(sound_device="a").with_sound_delay(0.1)
    assert first.with_sound_delay(0.2).sound_delays == (("a", 0.2),)
    assert first.with_sound_delay(0.0).sound_delays == ()


def test_delays_survive_and_broken_ones_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    kept = Settings(sync="itg", sound_device="a", picture_delay_s=0.01).with_sound_delay(0.1)
    save(kept, path)
    assert load(path) == kept
    stored = json.loads(path.read_text("utf-8"))
    stored["sound_delays"] += [["b"], ["c", "0.1"], [1, 0.1], "d"]
    path.write_text(json.dumps(stored), "utf-8")
    assert load(path) == kept
