"""The version of the words that our API speaks."""

API_VERSION = "2026-10-28.endive"
