"""The ranking's constants: what `tempo_rank` describes a reading by, and how much it counts.

The table is written by ``python -m chartstudio.engine.timing_bench.fit``, which fits it on
rendered music; no recording and no charted song took part.
"""

from __future__ import annotations

import numpy as np

_BANDS = ("all", "low", "middle", "high")

NAMES = (
    *("octave", "octave squared", "octave cubed", "density", "density squared"),
    *(f"{place}, {band}" for place in ("on", "half", "quarters", "thirds") for band in _BANDS),
    *(f"every second, {band}" for band in _BANDS),
    *("low and middle in turn", "low and high in turn"),
    *("every fourth, low", "every fourth, middle", "halves in turn, low", "halves in turn, middle"),
    *("change on beat over half", "change on beat over quarters"),
    *(f"change every {n}" for n in (2, 3, 4, 8)),
)
"""What `tempo_rank.features` gives, in order."""

# name, mean, weight
TABLE = (
    ("octave", -0.0279, -0.1017),
    ("octave squared", 0.4117, -2.2677),
    ("octave cubed", 0.0847, 0.2838),
    ("density", 1.2745, 0.0857),
    ("density squared", 2.1495, -0.3700),
    ("on, all", 0.1080, 1.7786),
    ("on, low", 0.0448, 0.9413),
    ("on, middle", 0.0126, 0.1547),
    ("on, high", -0.1140, 0.9667),
    ("half, all", 0.1080, 0.3396),
    ("half, low", 0.0448, 0.3119),
    ("half, middle", 0.0126, 0.2004),
    ("half, high", -0.1140, 0.2383),
    ("quarters, all", 0.0409, -0.0576),
    ("quarters, low", -0.0261, -0.8644),
    ("quarters, middle", -0.0636, -0.5359),
    ("quarters, high", -0.1942, 0.6796),
    ("thirds, all", 0.0502, -0.0285),
    ("thirds, low", -0.0190, -0.5595),
    ("thirds, middle", -0.0582, -0.0890),
    ("thirds, high", -0.1968, -0.4838),
    ("every second, all", 0.2154, -0.3361),
    ("every second, low", 0.2732, 0.8129),
    ("every second, middle", 0.3093, -0.1334),
    ("every second, high", 0.3745, 0.5617),
    ("low and middle in turn", -0.1412, 1.3400),
    ("low and high in turn", -0.1559, 0.8810),
    ("every fourth, low", 0.2944, -0.2308),
    ("every fourth, middle", 0.3180, 0.6241),
    ("halves in turn, low", 0.2732, -0.2891),
    ("halves in turn, middle", 0.3093, -1.5495),
    ("change on beat over half", 0.0063, 3.9322),
    ("change on beat over quarters", 0.0035, -0.3200),
    ("change every 2", -0.0692, -6.3742),
    ("change every 3", -0.0579, 0.2094),
    ("change every 4", -0.0288, 6.8702),
    ("change every 8", 0.0616, 1.5649),
)

MEANS = np.array([mean for _, mean, _ in TABLE])
WEIGHTS = np.array([weight for _, _, weight in TABLE])
