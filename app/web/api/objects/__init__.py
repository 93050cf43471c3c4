"""Our objects in Stripe's shapes, one file each. Amounts are in minor units, times in seconds."""
