"""The business in plain Python: no Flask, no database, no clock, no network."""
