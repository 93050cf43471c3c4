"""The read side: queries into frozen rows. Nothing here writes, and every query names its merchant."""
