"""Rails: the ways money leaves for a merchant's bank account."""
