import pytest
from PySide6.QtGui import QColor

from chartstudio.gui.theme import DARK, SNAP_COLOURS
from chartstudio.gui.timeline.looks import KINDS
from chartstudio.gui.timeline.sprites import PAD_PX, SHAPES, Head, Look, Sprites
from chartstudio.modes import MODES

RED = SNAP_COLOURS[4].rgb()


@pytest.fixture
def sprites(qapp) -> Sprites:
    return Sprites()


def image(sprites, head, ratio=1.0):
    return sprites.get(head, ratio).toImage()


def drawn(picture) -> int:
    """Pixels that are not empty."""
    return sum(
        picture.pixelColor(x, y).alpha() > 0
        for x in range(picture.width())
        for y in range(picture.height())
    )


def test_every_lane_of_every_mode_has_a_shape(sprites):
    symbols = {lane.symbol for mode in MODES.values() for lane in mode.layout.lanes}
    assert symbols <= set(SHAPES)


@pytest.mark.parametrize("symbol", [*SHAPES, "something new"])
@pytest.mark.parametrize("look", list(Look))
def test_each_symbol_is_drawn_in_each_look(sprites, symbol, look):
    picture = image(sprites, Head(symbol, "tap", RED, (26, 26), look))
    assert picture.width() == 26 + 2 * PAD_PX
    assert 150 < drawn(picture) < picture.width() ** 2


def test_kinds_look_different(sprites):
    pictures = {
        kind: bytes(image(sprites, Head("up", kind, RED, (26, 26))).constBits()) for kind in KINDS
    }
    # Holds and rolls differ by their bodies.
    assert pictures["tap"] == pictures["hold"] == pictures["roll"]
    assert len(set(pictures.values())) == len(KINDS) - 2


def test_arrows_point_where_they_say(sprites):
    """The tip is the narrow end: fewest pixels in the outer fifth of its side."""

    def edges(symbol):
        picture = image(sprites, Head(symbol, "tap", RED, (30, 30)))
        low, high = PAD_PX + 6, PAD_PX + 24
        found = {"left": 0, "right": 0, "up": 0, "down": 0}
        for x in range(picture.width()):
            for y in range(picture.height()):
                if picture.pixelColor(x, y).alpha() > 128:
                    found["left"] += x < low
                    found["right"] += x >= high
                    found["up"] += y < low
                    found["down"] += y >= high
        return found

    opposite = {"left": "right", "right": "left", "up": "down", "down": "up"}
    for symbol, other in opposite.items():
        found = edges(symbol)
        assert found[symbol] < found[other] / 1.5, symbol
    corner = edges("up-left")
    assert corner["up"] > corner["down"]
    assert corner["left"] > corner["right"]
    assert corner["up"] == pytest.approx(corner["left"], abs=4)


def test_the_middle_has_the_asked_colour(sprites):
    for snap, colour in SNAP_COLOURS.items():
        picture = image(sprites, Head("key", "tap", colour.rgb(), (12, 40)))
        middle = picture.pixelColor(picture.width() // 2, picture.height() // 2)
        assert middle == QColor.fromRgb(colour.rgb()), snap


def test_ghosts_are_see_through_in_their_own_colour(sprites):
    picture = image(sprites, Head("centre", "tap", RED, (30, 30), Look.GHOST))
    middle = picture.pixelColor(picture.width() // 2, picture.height() // 2)
    assert 0 < middle.alpha() < 128
    assert abs(middle.hue() - DARK.ghost.hue()) < 8


def test_heads_are_drawn_once_and_sharp_on_fine_screens(sprites):
    head = Head("left", "tap", RED, (26, 26))
    assert sprites.get(head) is sprites.get(Head("left", "tap", RED, (26, 26)))
    assert sprites.get(head, 2.0).width() == 2 * sprites.get(head).width()
