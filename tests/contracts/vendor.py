"""Makes `stripe.json` anew: `python tests/contracts/vendor.py path/to/openapi.json`.

Only the schemas listed here are kept, word for word; a reference to any other becomes a schema
that matches nothing, so the sandbox cannot start to send what no contract here describes.
"""

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("stripe.json")
_CARD_DETAILS = "payment_flows_private_payment_methods_card_details_api_resource"
_ENTERPRISE = f"{_CARD_DETAILS}_enterprise_features"
KEPT = (
    "account",
    "account_branding_settings",
    "account_capabilities",
    "account_card_payments_settings",
    "account_dashboard_settings",
    "account_decline_charge_on",
    "account_payments_settings",
    "account_sepa_debit_payments_settings",
    "account_settings",
    "address",
    "api_errors",
    "balance",
    "balance_amount",
    "balance_amount_by_source_type",
    "balance_detail_ungated",
    "balance_transaction",
    "billing_details",
    "charge",
    "charge_fraud_details",
    "charge_outcome",
    "deleted_webhook_endpoint",
    "error",
    "event",
    "fee",
    "networks",
    "notification_event_data",
    "notification_event_request",
    "payment_flows_amount_details",
    "payment_flows_amount_details_client",
    "payment_flows_amount_details_client_resource_tip",
    "payment_flows_automatic_payment_methods_payment_intent",
    "payment_intent",
    "payment_intent_next_action",
    "payment_intent_next_action_redirect_to_url",
    "payment_intent_payment_method_options",
    "payment_intent_payment_method_options_card",
    "payment_method",
    "payment_method_card",
    "payment_method_card_checks",
    "payment_method_details",
    "payment_method_details_card",
    "payment_method_details_card_checks",
    "payment_method_details_card_network_token",
    f"{_ENTERPRISE}_extended_authorization_extended_authorization",
    f"{_ENTERPRISE}_incremental_authorization_incremental_authorization",
    f"{_ENTERPRISE}_overcapture_overcapture",
    f"{_CARD_DETAILS}_multicapture",
    "radar_radar_options",
    "refund",
    "refund_destination_details",
    "refund_destination_details_card",
    "shipping",
    "three_d_secure_details_charge",
    "three_d_secure_usage",
    "token",
    "webhook_endpoint",
)
PREFIX = "#/components/schemas/"


def cut(node: Any) -> Any:
    """The same schema, with references to what is not kept matching nothing."""
    if isinstance(node, list):
        return [cut(item) for item in node]
    if not isinstance(node, dict):
        return node
    target = node.get("$ref")
    if isinstance(target, str) and target.removeprefix(PREFIX) not in KEPT:
        return {"not": {}}
    return {name: cut(value) for name, value in node.items()}


def main() -> None:
    """Read the specification named on the command line and write the part that is needed."""
    source = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    schemas = source["components"]["schemas"]
    part = {
        "openapi": source["openapi"],
        "info": source["info"],
        "components": {"schemas": {name: cut(schemas[name]) for name in KEPT}},
        "x-event-types": [kind for kind in source["x-event-types"] if wanted(kind)],
    }
    TARGET.write_text(json.dumps(part, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def wanted(kind: str) -> bool:
    """Events about money by card."""
    return kind.startswith(("payment_intent.", "charge.", "refund."))


if __name__ == "__main__":
    main()
