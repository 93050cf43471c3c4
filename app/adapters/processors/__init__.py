"""One file per processor, and the registry of them."""
