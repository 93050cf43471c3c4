"""`make bench`: the goals of docs/performance.md, each beside its yardstick in one interleaved run."""
