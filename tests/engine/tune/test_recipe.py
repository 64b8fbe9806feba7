"""Recipes: defaults, files of differences, and what is refused."""

import pytest

from chartstudio.core.errors import ChartStudioError, FormatError
from chartstudio.engine.tune.recipe import FEW_SONGS, Recipe, read_recipe, recipe_of


def test_a_file_says_only_what_differs(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('rank = 4\nrate = 1\nparts = ["placer"]\nmirror = "never"\n', "utf-8")
    assert read_recipe(path) == Recipe(rank=4, rate=1.0, parts=("placer",), mirror="never")
    path.write_text("", "utf-8")
    assert read_recipe(path) == Recipe()
    assert recipe_of({**Recipe().to_json(), "parts": ["encoder", "placer"]}) == Recipe()


def test_what_is_left_open_suits_what_learns_and_from_how_much():
    few, many = Recipe().for_songs(4), Recipe().for_songs(20)
    assert many.rate > few.rate > Recipe(full=True).for_songs(20).rate > 0
    assert many.n_steps > few.n_steps > 0
    assert many.batch > few.batch > 0
    said = Recipe(n_steps=7, batch=3, rate=0.5, full=True)
    assert said.for_songs(4) == said.for_songs(20) == said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ranks = 4", "there is no 'ranks' in a recipe; there is full, rank"),
        ("rank = 0", "rank = 0: it is to be 1 or more"),
        ("rank = 2.5", "a whole number"),
        ("rank = true", "a whole number"),
        ("full = 1", "true or false"),
        ("rate = -1.0", "not to be below 0"),
        ('rate = "fast"', "a number"),
        ('mirror = "sometimes"', "one of auto, always, never"),
        ("parts = []", "at least one part"),
        ("parts = [1]", "a list of texts"),
        ("rank = ", "is no TOML"),
    ],
)
def test_what_no_recipe_says_is_one_line_with_the_file(tmp_path, text, why):
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(FormatError) as found:
        read_recipe(path)
    assert why in str(found.value)
    assert str(found.value).startswith(str(path))
    assert "\n" not in str(found.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_recipe(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(FormatError, match="is no TOML"):
        read_recipe(tmp_path / "binary.toml")


def test_a_recipe_of_our_own_is_checked_too():
    with pytest.raises(ChartStudioError, match="batch = -1"):
        Recipe(batch=-1)


@pytest.mark.parametrize(
    ("folds", "n_songs", "n_parts"),
    [(0, 1, 1), (0, 3, 3), (0, FEW_SONGS, FEW_SONGS), (0, FEW_SONGS + 1, 1), (1, 3, 1),
     (5, 3, 3), (5, 40, 5), (0, 0, 1)],
)  # fmt: skip
def test_few_songs_are_left_out_one_by_one(folds, n_songs, n_parts):
    assert Recipe(folds=folds).n_parts(n_songs) == n_parts
