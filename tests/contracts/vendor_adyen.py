"""Makes `adyen.json` anew: `python tests/contracts/vendor_adyen.py checkout-v71.json`.

Of answers the schemas listed here are kept, word for word; a reference to any other becomes a schema
that matches nothing, so the sandbox cannot start to send what no contract here describes. Of requests
only the names of their fields are kept.
"""

import json
import sys
from pathlib import Path
from typing import Any

CONTRACT = Path(__file__).with_name("adyen.json")
KEPT = (
    "Amount",
    "CheckoutRedirectAction",
    "CheckoutThreeDS2Action",
    "InputDetail",
    "ListStoredPaymentMethodsResponse",
    "PaymentCancelResponse",
    "PaymentCaptureResponse",
    "PaymentDetailsResponse",
    "PaymentMethod",
    "PaymentMethodsResponse",
    "PaymentRefundResponse",
    "PaymentResponse",
    "PaymentReversalResponse",
    "ResponsePaymentMethod",
    "ServiceError",
    "StandalonePaymentCancelResponse",
    "StoredPaymentMethod",
    "StoredPaymentMethodResource",
    "ThreeDS2Result",
)
ASKED = (
    "BrowserInfo",
    "CardDetails",
    "PaymentCancelRequest",
    "PaymentCaptureRequest",
    "PaymentCompletionDetails",
    "PaymentDetailsRequest",
    "PaymentMethodToStore",
    "PaymentMethodsRequest",
    "PaymentRefundRequest",
    "PaymentRequest",
    "PaymentReversalRequest",
    "StandalonePaymentCancelRequest",
    "StoredPaymentMethodRequest",
)
PREFIX = "#/components/schemas/"
# Words about the interface that judge nothing.
REMARKS = {
    "x-addedInVersion",
    "x-deprecatedInVersion",
    "x-deprecatedMessage",
    "deprecated",
    "title",
}


def cut(node: Any) -> Any:
    """The same schema, with references to what is not kept matching nothing."""
    if isinstance(node, list):
        return [cut(item) for item in node]
    if not isinstance(node, dict):
        return node
    target = node.get("$ref")
    if isinstance(target, str) and target.removeprefix(PREFIX) not in KEPT:
        return {"not": {}}
    # Adyen's `x-anyOf` lists the names that an open map of text may have; the map stays open.
    return {
        name: cut(value)
        for name, value in node.items()
        if name not in REMARKS and name != "x-anyOf"
    }


def main() -> None:
    """Read the specification named on the command line and write the part that is needed."""
    source = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    schemas = source["components"]["schemas"]
    found = {
        "openapi": source["openapi"],
        "info": source["info"],
        "components": {"schemas": {name: cut(schemas[name]) for name in KEPT}},
        "x-requests": {name: sorted(schemas[name]["properties"]) for name in ASKED},
    }
    text = json.dumps(found, indent=1, sort_keys=True)
    CONTRACT.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
