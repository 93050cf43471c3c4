"""What a processor's script needs of the payment page: our module that speaks to it, and a policy.

Stripe shows the bank's page in a frame of its own origin. Adyen's component frames the bank's page
itself, and there are thousands of banks: the document in which the question is put may frame any of
them and may post to any of them. Card fields are never in that document.
"""

import json
from dataclasses import dataclass

from app.services.checkout_view import PaymentView
from app.web.security import checkout_csp


@dataclass(frozen=True, slots=True)
class Script:
    """`module` is how our script names its counterpart; `frames_banks`: it frames banks' pages itself."""

    module: str
    frames_banks: bool = False


# Each processor whose fields the checkout can show.
SCRIPTS: dict[str, Script] = {
    "stripe": Script("stripe"),
    "adyen": Script("adyen", frames_banks=True),
}


def frames_any(view: PaymentView, face: str) -> bool:
    """Whether this face puts the bank's question in a frame of ours."""
    return SCRIPTS[view.processor].frames_banks and face == "action"


def script_words(view: PaymentView, face: str) -> dict[str, object]:
    """What the page tells our script."""
    question = view.action.get("action") if face == "action" else None
    return {
        "script": SCRIPTS[view.processor].module,
        "frames": "any" if frames_any(view, face) else "processor",
        "question": json.dumps(question, separators=(",", ":")) if question else None,
    }


def policy_of(view: PaymentView, face: str) -> str:
    """The Content-Security-Policy of the page as it shows this face."""
    return checkout_csp(view.processor_js_url, frames_any=frames_any(view, face))
