"""What the editor does that is not drawing: document, edits, clipboard, checks. No Qt."""
