"""The three languages of our examples, each as a reader's own machine would run them."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from stripe import StripeResponse

from app.web.api.example_code import SETUP
from tests.sdk.node.packages import NODE, installed

SHELL = shutil.which("sh") or "sh"
# Evaluates what it is sent, a line each, and answers a line each.
NODE_LOOP = """
import { createInterface } from "node:readline";
const AsyncFunction = (async () => {}).constructor;
for await (const line of createInterface({ input: process.stdin })) {
  const { code, name } = JSON.parse(line);
  let told;
  try {
    told = { value: await new AsyncFunction("stripe", `${code}\\nreturn ${name};`)(stripe) };
  } catch (error) {
    told = { error: String(error.stack) };
  }
  process.stdout.write(`${JSON.stringify(told)}\\n`);
}
"""


class Language(Protocol):
    """Something that runs a piece of code and gives the answer in one of its variables."""

    def run(self, code: str, name: str) -> Any: ...


class Shell:
    """curl, in a shell with the two variables set."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._environ = environ

    def run(self, code: str, name: str) -> Any:
        done = subprocess.run(
            [SHELL, "-c", code], env=self._environ, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)


class Python:
    """The SDK in this very process, set up as the guide says."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {}
        exec(SETUP["python"], self._names)  # noqa: S102 - it is what is tested

    def run(self, code: str, name: str) -> Any:
        exec(code, self._names)  # noqa: S102 - it is what is tested
        value = self._names[name]
        return value.data if isinstance(value, StripeResponse) else value.to_dict()


class Node:
    """The SDK in a Node that waits for code."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, code: str, name: str) -> Any:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in is not None
        assert pipe_out is not None
        pipe_in.write(json.dumps({"code": code, "name": name}) + "\n")
        pipe_in.flush()
        line = pipe_out.readline()
        assert line, "Node ended"
        told = json.loads(line)
        assert "error" not in told, told["error"]
        return told["value"]


@contextmanager
def node(environ: dict[str, str], folder: Path, setup: str = SETUP["node"]) -> Iterator[Node]:
    """A Node in which `stripe` is the SDK."""
    (folder / "node_modules").symlink_to(installed() / "node_modules")
    script = folder / "loop.mjs"
    script.write_text(f"{setup}\n{NODE_LOOP}", encoding="utf-8")
    process = subprocess.Popen(
        [NODE, script], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Node(process)
    finally:
        process.kill()
        with process:
            process.wait()
