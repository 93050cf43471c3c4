"""`python -m app.web.api` writes the OpenAPI document; with `--table` the tables of docs/api.md, with
`--events` the one of docs/webhooks.md.
"""

import sys

import orjson

from app.web.api.openapi import document
from app.web.api.parameter_table import event_table, tables

WRITERS = {"--table": tables, "--events": event_table}


def main(arguments: list[str]) -> None:
    """Write what was asked for."""
    if arguments:
        sys.stdout.write(WRITERS[arguments[0]]())
        return
    written = orjson.dumps(document("https://farthing.example"), option=orjson.OPT_INDENT_2)
    sys.stdout.write(written.decode() + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
