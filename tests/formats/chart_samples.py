"""Chart files made by hand, one corner each, and small songs as values.

No public file was found for text that is not UTF-8, negative BPM, keysounds on notes or old
warps, so all of those are made here.
"""

from dataclasses import replace

from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Effect, Extra, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.modes.osu.notes import Circle, Slider, Spinner

BEAT = TICKS_PER_BEAT
MEASURE = 4 * BEAT

SSC = """#VERSION:0.83;
#TITLE:Colons \\: and \\; and \\/\\/ slashes;
#SUBTITLE:;
#ARTIST:Somebody;
// a comment of its own
#GENRE:Test;
#ORIGIN:Nowhere;
#CREDIT:Someone;
#MUSIC:song.ogg;
#OFFSET:-0.009000;
#SAMPLESTART:12.500;
#SAMPLELENGTH:15.000;
#SELECTABLE:YES;
#BPMS:0.000=120.000
,16.000=240.500 // faster
;
#STOPS:8.000=0.500;
#DELAYS:8.000=0.250;
#WARPS:20.000=2.000;
#TIMESIGNATURES:0.000=4=4
,32.000=3=4;
#TICKCOUNTS:0.000=4;
#COMBOS:0.000=1,8.000=2=3;
#SPEEDS:0.000=1.000=0.000=0,4.000=2.000=1.500=1;
#SCROLLS:0.000=1.000,4.000=0.500;
#FAKES:24.000=1.000;
#LABELS:0.000=Song Start,4.000=Verse;
#BGCHANGES:0.000=bg.avi=1.000=0=0=1
,99999=-nosongbg-=1.000=0=0=0 // don't automatically add -songbackground-
;
#KEYSOUNDS:a.ogg,b.ogg;
#MADEUP:kept: as it is;

//---------------dance-single - first----------------
#NOTEDATA:;
#CHARTNAME:own name;
#STEPSTYPE:dance-single;
#DESCRIPTION:first;
#CHARTSTYLE:Pad;
#DIFFICULTY:Hard;
#METER:9;
#RADARVALUES:0,0,0,0,0,0,0,0,0,0,0,0,0,0;
#CREDIT:Someone else;
#NOTES2:
  // measure 0
1[0]000
0K[1]00
00M0
000L
,  // measure 1
2004
0000
3003
0F00
,
1000
,
0000
0000
0000
0000
0000
,
1100
0011
;

//---------------pump-double - ----------------
#NOTEDATA:;
#STEPSTYPE:pump-double;
#DESCRIPTION:;
#DIFFICULTY:Challenge;
#METER:17;
#BPMS:0=150;
#NOTES:
1000000001
0000000000
0000000000
0000000000
;

//---------------lights-cabinet - ----------------
#NOTEDATA:;
#STEPSTYPE:lights-cabinet;
#DIFFICULTY:Easy;
#METER:1;
#NOTES:
100000
;
#AFTERWARDS:still here;
"""

SM = """#TITLE:Old file;
#ARTIST:Somebody;
#MUSIC:song.mp3;
#OFFSET:0.100;
#BPMS:0.000=100.000,4.000=-100.000,8.000=100.000;
#FREEZES:16.000=1.000,20.000=-0.600;
#BGCHANGES:;

//---------------dance-single - ----------------
#NOTES:
     dance-single:
     smaniac:
     maniac:
     :
     0.1,0.2,0.3,0.4,0.5:
1000
0100
0010
0001
,
2000
0100
3000
0003
;

#NOTES:
     dance-double:
     Second:
     Trick:
     5:
     0,0,0,0,0:
10000001
;
"""

OSU = """osu file format v14

[General]
AudioFilename: song.mp3
AudioLeadIn: 0
PreviewTime: 12345
SampleSet: Soft
Mode: 3
WidescreenStoryboard: 1

[Editor]
Bookmarks: 1,2,3

[Metadata]
Title:Romanised
TitleUnicode:題名
Artist:Someone
ArtistUnicode:誰か
Creator:Mapper
Version:Hard // not a comment here
Source:Game
Tags:one two
BeatmapID:77

[Difficulty]
HPDrainRate:8
CircleSize:4
OverallDifficulty:8
ApproachRate:5
SliderMultiplier:1.4
SliderTickRate:1

[Events]
//Background and Video events
0,0,"bg.jpg",0,0
2,5000,6000

[TimingPoints]
1000,500,4,2,1,60,1,0
3000,-50,4,2,1,60,0,1
5250,400.5,3,2,1,70,1,8
5250,-200,3,1,0,80,0,0
7000,NaN,3,1,0,80,0,0

[HitObjects]
64,192,1000,1,0,0:0:0:0:
192,192,1250,5,2,1:0:0:70:clap.wav
320,192,1500,128,0,2500:0:0:0:0:
448,192,2001,128,8,2000:1:2:0:0:
64,100,3000,2,0,B|164:100,2,140,0|2,0:0|0:0,0:0:0:0:
64,100,4000,2,0,L|164:100,1,0
256,192,5000,12,0,5100,0:0:0:0:
this line is no object
511,192,6001,1,0,0:0:0:0:
""".replace("\n", "\r\n")

OSU_STANDARD = """osu file format v14

[General]
AudioFilename: song.mp3
PreviewTime: -1
StackLeniency: 0.4
Mode: 0

[Metadata]
Title:Objects
Artist:Someone
Creator:Mapper
Version:Insane
Tags:

[Difficulty]
HPDrainRate:6.5
CircleSize:4.2
OverallDifficulty:8
SliderMultiplier:1.6
SliderTickRate:2

[Events]
2,9000,9500
Sprite,Background,Centre,"sprite.png",320,240
 F,0,0,1000,0,1

[TimingPoints]
500,400,4,2,1,60,1,0
2100,-50,4,2,1,60,0,0
2900,-133.333333333333,4,3,2,40,0,1
5300,500,3,2,1,60,1,8
6300,NaN,3,2,1,60,0,0

[Colours]
Combo1 : 255,0,0

[HitObjects]
100,100,500,5,0,0:0:0:0:
300,200,900,1,10,2:1:3:70:own sound.wav
64,64,1300,2,0,L|224:64,1,160
64,64,1700,6,4,B|100:150|200:150|200:150|300:64,2,240.000000000001,2|0|8,1:2|0:0|0:0,0:0:0:0:
256,192,2100,54,0,P|320:256|384:192,3,80
0,384,2500,2,0,C|30:300|90:340|150:300,1,160
10,20,2900,2,2,B3|60:20|110:70|P|160:20|210:70,1,120
40,40,3700,2,0,L|340:40,1,0
256,192,4500,12,0,5100,0:0:0:0:
-20,400,5300,5,0
400,100,5800,2,0,L|400:300|400:300,1,200
512,384,6300,2,0,L|352:384,1,160
this line is no object
100,100,7300,1,0,0:0:0:0:
""".replace("\n", "\r\n")

OSU_V3 = """osu file format v3

[General]
AudioFilename: old.mp3
Mode: 3

[Metadata]
Title:Old
Artist:Older
Creator:Oldest
Version:Normal

[Difficulty]
CircleSize:7
SliderMultiplier: 1.4

[TimingPoints]
1600,422.554676258993

[HitObjects]
36,192,1600,1,0,
475,192,2000,1,0,
"""


def taiko(text: str = OSU) -> str:
    """The same file for another of osu!'s modes."""
    return text.replace("Mode: 3", "Mode: 1").replace("Version:Hard", "Version:Oni")


def tap(beat: float, lane: int, sound: str = "") -> LaneNote:
    tick = round(beat * BEAT)
    return LaneNote(tick, tick, lane, sound=sound)


def hold(beat: float, until: float, lane: int, kind: str = "hold") -> LaneNote:
    return LaneNote(round(beat * BEAT), round(until * BEAT), lane, kind)


def song_for(mode: str, n_lanes: int) -> Song:
    """A song from nothing, with one chart."""
    notes = [tap(i / 4, i % n_lanes) for i in range(32)]
    notes += [hold(9, 11, 0), hold(12, 12.5, n_lanes - 1)]
    return Song(
        Metadata(title="New song", artist="Nobody", genre="Test", preview_s=1.5),
        "song.ogg",
        TimingMap.constant(123.45, 0.321),
        (Chart(mode, "Hard", 7.0, sort_notes(notes)),),
    )


def osu_song() -> Song:
    """A song from nothing with one chart for osu!standard."""
    path = (("", 300.0, 100.0), ("B", 300.0, 200.0), ("", 400.0, 250.0))
    notes = [
        Circle(0, 0, 100.0, 50.0, True),
        Circle(BEAT // 2, BEAT // 2, 512.0, 384.0, sound="osu:2,"),
        Slider(BEAT, 2 * BEAT, 100.0, 100.0, "L", (("", 240.0, 100.0),), 140.0),
        Slider(3 * BEAT, 5 * BEAT, 100.0, 100.0, "P", path, 210.5, 3, True, 2),
        Slider(6 * BEAT, 6 * BEAT + BEAT // 3, 0.0, 0.0, "C", path[:1], 99.0, sound="osu:8,8|0,,"),
        Spinner(8 * BEAT, 12 * BEAT, True),
    ]
    return Song(
        Metadata(title="New song", artist="Nobody", preview_s=1.5),
        "song.ogg",
        TimingMap.constant(123.45, 0.321),
        (Chart("osu", "Hard", None, tuple(notes), settings=(("ar", 9.3), ("cs", 4.0))),),
    )


def taiko_song() -> Song:
    """A song from nothing with one chart for taiko."""
    kinds = ("don", "kat", "big-don", "big-kat")
    notes = [replace(tap(i / 4, 0), kind=kinds[i % 4]) for i in range(32)]
    notes += [hold(9, 11, 0, "drumroll"), hold(12, 12.25, 0, "drumroll"), hold(13, 15, 0, "denden")]
    chart = Chart("taiko", "Oni", None, sort_notes(notes), settings=(("od", 5.0),))
    return replace(osu_song(), charts=(chart,))


PAD_SONG = song_for("dance-single", 4)
KEY_SONG = song_for("mania-4k", 4)
OSU_SONG = osu_song()
DRUM_SONG = taiko_song()

RICH_SONG = Song(
    Metadata(
        title="題名 “quoted” \\ back",
        subtitle="sub",
        title_translit="Title",
        artist="A: B; C // D",
        tags="one two",
        preview_s=0.1,
        preview_length_s=10.0,
        disallow_training=True,
    ),
    "some audio.ogg",
    TimingMap.constant(90.0, -0.25, 3),
    (
        Chart(
            "dance-single",
            "Challenge",
            12.5,
            sort_notes([tap(0, 0, "sm:3"), hold(1, 2, 1, "roll"), tap(2.2, 3, "osu:2,0:0:0:70:")]),
            TimingMap.constant(91.5, -0.25),
            (Effect(0, "scroll", (0.5,)), Effect(BEAT, "label", ("Here",))),
            "label",
            "credit",
            Extra((("provenance", ((0, 5, "model", 1, "2026-01-01", False),)),)),
        ),
        Chart("taiko-ish", "empty", None),
    ),
    (Effect(2 * BEAT, "sv", ("nan",)),),
    Extra((("other", (1, 2.5, None, True, ("deep", ("er",)))),)),
    ("something was odd",),
)
