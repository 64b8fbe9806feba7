"""Everything that the window's commands act on, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from chartstudio.editor.document import Document
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.checker import Checker
from chartstudio.gui.dialogs.ask import Ask
from chartstudio.gui.drafting import Drafting
from chartstudio.gui.engine_host import EngineHost
from chartstudio.gui.exporting import Exporter
from chartstudio.gui.files import SongFiles
from chartstudio.gui.finishing import Finishing
from chartstudio.gui.installing import Installer
from chartstudio.gui.jobs import Jobs
from chartstudio.gui.keeper import Keeper
from chartstudio.gui.library import Library
from chartstudio.gui.playback import Playback
from chartstudio.gui.preferences import Preferences
from chartstudio.gui.song_density import SongDensity
from chartstudio.gui.tempo import TempoFinder
from chartstudio.gui.timeline.timeline import Timeline
from chartstudio.gui.timeline.view import ViewState
from chartstudio.gui.training import Training
from chartstudio.gui.training_models import Models
from chartstudio.gui.training_sample import Samples


@dataclass(frozen=True, eq=False)
class Studio:
    """The parts of one window, built by `app.build`."""

    document: Document
    bridge: Bridge
    preferences: Preferences
    jobs: Jobs
    engine: EngineHost
    files: SongFiles
    keeper: Keeper
    library: Library
    models: Models
    training: Training
    samples: Samples
    checker: Checker
    drafting: Drafting
    finishing: Finishing
    song_density: SongDensity
    tempo: TempoFinder
    exporter: Exporter
    installer: Installer
    playback: Playback
    view: ViewState
    timeline: Timeline
    ask: Ask
