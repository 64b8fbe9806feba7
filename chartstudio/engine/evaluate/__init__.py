"""Drafts against human charts, every figure beside what needs no ears.

`protocol.evaluate` runs the whole of it; `measures.MEASURES` is the table of what is measured.
The measures themselves are pure functions on arrays and notes, one file per theme: `times`,
`listening`, `bars`, `patterns`, `levels`, `objects` (osu! and Beat Saber), and `nulls` for
what every one of them is set beside. Nothing here changes a model, and nothing here knows how
a model is trained.
"""
