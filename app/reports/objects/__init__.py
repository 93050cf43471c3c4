"""What the API reads: rows of one merchant as frozen values, a page at a time, by key."""
