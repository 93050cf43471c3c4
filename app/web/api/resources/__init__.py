"""The calls of the API, one file a resource: what each takes and what it does."""
