"""The WSGI entry: the only module-level app."""

from app import create_app, logs

logs.configure()

app = create_app()
