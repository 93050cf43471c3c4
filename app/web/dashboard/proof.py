"""The proof: whether the book holds, how it was checked, and the file that proves it to others."""

from datetime import datetime, timedelta

from flask import Blueprint, Response, flash, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.errors import Conflict, InvalidRequest
from app.reports import proof as reports
from app.reports.periods import day_start
from app.services import proof, proof_file
from app.web import downloads
from app.web.auth import merchant_required
from app.web.context import actor, current_merchant, current_person, deps
from app.web.dashboard import filters
from app.web.render import is_fragment, page, toast

blueprint = Blueprint("proof", __name__)


@blueprint.get("/")
def index() -> Response:
    """What is proved; htmx asks again while a check runs."""
    found = reports.proof(current_merchant(), now=deps().clock.now())
    return page("dashboard/proof.html", "state", proof=found)


@blueprint.post("/verify")
@merchant_required("ledger")
def verify() -> AnyResponse:
    """Check the book now; one check at a time, however often the button is pressed."""
    proof.request_proof(deps(), proof.RequestProof(current_merchant(), actor()))
    if not is_fragment():
        flash("The check has begun")
        return redirect(url_for("dashboard.proof.index"), 303)
    return toast(index(), "The check has begun")


@blueprint.get("/download")
def download() -> AnyResponse:
    """The signed file: the whole book, or the seals that hold the days in the address."""
    first, last = filters.date_of("from"), filters.date_of("to")
    merchant_id, zone = current_merchant(), current_person().timezone
    start = day_start(first, zone) if first else None
    end = day_start(last + timedelta(days=1), zone) if last else None
    try:
        pieces = proof_file.export_proof(deps(), proof_file.ExportProof(merchant_id, start, end))
    except (Conflict, InvalidRequest) as error:
        flash(error.message)
        return redirect(url_for("dashboard.proof.index"), 303)
    return downloads.stream(pieces, _filename(merchant_id, start, end), "application/x-ndjson")


def _filename(merchant_id: str, start: datetime | None, end: datetime | None) -> str:
    span = [f"{moment:%Y-%m-%d}" for moment in (start, end) if moment]
    return "-".join(["proof", merchant_id, *span]) + ".jsonl"
