"""Panels of the window, one dock or tab a file."""
