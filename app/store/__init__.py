"""SQLAlchemy models and queries by noun. Only services and reports import it."""
