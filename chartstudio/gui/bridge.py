"""The document's one listener list, as one Qt signal."""

from PySide6.QtCore import QObject, Signal

from chartstudio.editor.document import Document


class Bridge(QObject):
    """Emits every `editor.document.Change` of a document on the GUI thread.

    Parameters
    ----------
    document : Document
        Changed on the GUI thread only.
    """

    changed = Signal(object)

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
        document.listen(self.changed.emit)
