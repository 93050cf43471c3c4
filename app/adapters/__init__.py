"""The outside world: implementations of the domain's ports."""
