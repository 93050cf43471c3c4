"""The outside world, simulated: a processor, its card networks and banks, on an origin of their
own.

A separate process for development, demonstrations and tests; never part of a live deployment. It
knows nothing of Farthing but the currency table, speaks Stripe's wire protocol, and keeps a true
record of the money it moved, so that books can be compared with what really happened.
"""
