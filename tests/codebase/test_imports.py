import subprocess
import sys

from app.wiring import JOBS
from tests.codebase.project import ROOT
from worker.schedule import SCHEDULE


def test_the_import_contracts_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]

    done = subprocess.run(
        [*command, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_every_job_imports() -> None:
    for path in JOBS.values():
        module, _, name = path.rpartition(".")
        assert callable(
            getattr(sys.modules.get(module) or __import__(module, fromlist=[name]), name)
        )


def test_the_schedule_wakes_only_jobs_that_exist() -> None:
    assert {item.job for item in SCHEDULE} <= set(JOBS)
