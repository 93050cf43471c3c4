"""Use-cases by noun: `(deps, command) -> result`. The only place that opens units of work."""
