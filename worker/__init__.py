"""RQ: one queue of wake-ups, and the schedule that sweeps up whatever a lost wake-up left behind."""
