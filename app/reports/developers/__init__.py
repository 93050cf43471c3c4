"""What a merchant's developers look at: requests, keys of repeats, events and their deliveries."""
