"""Makes `stripe.json` and `parameters.json` anew: `python tests/contracts/vendor.py openapi.json`.

Only the schemas listed here are kept, word for word; a reference to any other becomes a schema
that matches nothing, so neither the sandbox nor our API can start to send what no contract here
describes. Of requests only the names of their parameters are kept.
"""

import json
import sys
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).with_name("stripe.json")
PARAMETERS = Path(__file__).with_name("parameters.json")
_CARD_DETAILS = "payment_flows_private_payment_methods_card_details_api_resource"
_ENTERPRISE = f"{_CARD_DETAILS}_enterprise_features"
KEPT = (
    "account",
    "account_branding_settings",
    "account_business_profile",
    "account_capabilities",
    "account_card_payments_settings",
    "account_dashboard_settings",
    "account_decline_charge_on",
    "account_future_requirements",
    "account_invoices_settings",
    "account_payments_settings",
    "account_payout_settings",
    "account_requirements",
    "account_sepa_debit_payments_settings",
    "account_settings",
    "account_tos_acceptance",
    "account_unification_account_controller",
    "account_unification_account_controller_fees",
    "account_unification_account_controller_losses",
    "account_unification_account_controller_stripe_dashboard",
    "address",
    "api_errors",
    "balance",
    "balance_amount",
    "balance_amount_by_source_type",
    "balance_amount_net",
    "balance_detail",
    "balance_detail_ungated",
    "balance_net_available",
    "balance_transaction",
    "billing_details",
    "charge",
    "charge_fraud_details",
    "charge_outcome",
    "charge_transfer_data",
    "checkout.session",
    "checkout_card_payment_method_options",
    "checkout_session_payment_method_options",
    "customer",
    "customer_tax",
    "deleted_customer",
    "deleted_webhook_endpoint",
    "dispute",
    "dispute_enhanced_eligibility",
    "dispute_enhanced_eligibility_visa_compelling_evidence3",
    "dispute_enhanced_eligibility_visa_compliance",
    "dispute_enhanced_evidence",
    "dispute_enhanced_evidence_visa_compelling_evidence3",
    "dispute_enhanced_evidence_visa_compliance",
    "dispute_evidence",
    "dispute_evidence_details",
    "dispute_payment_method_details",
    "dispute_payment_method_details_card",
    "error",
    "event",
    "fee",
    "file",
    "invoice_setting_custom_field",
    "invoice_setting_customer_rendering_options",
    "invoice_setting_customer_setting",
    "item",
    "networks",
    "notification_event_data",
    "notification_event_request",
    "payment_flows_amount_details",
    "payment_flows_amount_details_client",
    "payment_flows_amount_details_client_resource_tip",
    "payment_flows_automatic_payment_methods_payment_intent",
    f"{_ENTERPRISE}_extended_authorization_extended_authorization",
    f"{_ENTERPRISE}_incremental_authorization_incremental_authorization",
    f"{_ENTERPRISE}_overcapture_overcapture",
    f"{_CARD_DETAILS}_multicapture",
    "payment_intent",
    "payment_intent_card_processing",
    "payment_intent_next_action",
    "payment_intent_next_action_redirect_to_url",
    "payment_intent_payment_method_options",
    "payment_intent_payment_method_options_card",
    "payment_intent_processing",
    "payment_method",
    "payment_method_card",
    "payment_method_card_checks",
    "payment_method_details",
    "payment_method_details_card",
    "payment_method_details_card_checks",
    "payment_method_details_card_network_token",
    "payment_pages_checkout_session_adaptive_pricing",
    "payment_pages_checkout_session_after_expiration",
    "payment_pages_checkout_session_automatic_tax",
    "payment_pages_checkout_session_branding_settings",
    "payment_pages_checkout_session_checkout_address_details",
    "payment_pages_checkout_session_collected_information",
    "payment_pages_checkout_session_custom_text",
    "payment_pages_checkout_session_custom_text_position",
    "payment_pages_checkout_session_customer_details",
    "payment_pages_checkout_session_invoice_creation",
    "payment_pages_checkout_session_phone_number_collection",
    "payment_pages_checkout_session_saved_payment_method_options",
    "payment_pages_checkout_session_total_details",
    "payment_pages_checkout_session_total_details_resource_breakdown",
    "payout",
    "payouts_trace_id",
    "radar_radar_options",
    "refund",
    "refund_destination_details",
    "refund_destination_details_card",
    "shipping",
    "three_d_secure_details_charge",
    "three_d_secure_usage",
    "token",
    "transfer",
    "transfer_data",
    "transfer_reversal",
    "transfer_schedule",
    "webhook_endpoint",
)
PREFIX = "#/components/schemas/"
RESOURCES = (
    "account",
    "balance",
    "balance_transactions",
    "charges",
    "checkout",
    "customers",
    "disputes",
    "events",
    "files",
    "payment_intents",
    "payment_methods",
    "payouts",
    "refunds",
    "transfers",
    "webhook_endpoints",
)
# The published part has lost every property of this name; Stripe takes it here.
DESCRIBED = {
    "POST /v1/charges": ("description",),
    "POST /v1/charges/{charge}": ("description",),
    "POST /v1/checkout/sessions": ("payment_intent_data[description]",),
    "POST /v1/customers": ("description",),
    "POST /v1/customers/{customer}": ("description",),
    "POST /v1/payment_intents": ("description",),
    "POST /v1/payment_intents/{intent}": ("description",),
    "POST /v1/payouts": ("description",),
    "POST /v1/webhook_endpoints": ("description",),
    "POST /v1/webhook_endpoints/{webhook_endpoint}": ("description",),
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
    return {name: cut(value) for name, value in node.items()}


def parameters(operation: dict[str, Any]) -> set[str]:
    """The names of what a call takes: `limit`, `shipping`, `shipping[address]`, `items[][price]`."""
    names: set[str] = set()
    for found in operation.get("parameters", ()):
        if found["in"] == "query":
            names |= named(found["name"], found["schema"])
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for name, schema in content["schema"].get("properties", {}).items():
            names |= named(name, schema)
    return names


def named(name: str, schema: dict[str, Any]) -> set[str]:
    """A parameter's own name, and those of what is directly inside of it."""
    inside = {f"{name}[{inner}]" for inner in properties(schema)}
    listed = {f"{name}[][{inner}]" for inner in properties(schema.get("items", {}))}
    return {name} | inside | listed


def properties(schema: dict[str, Any]) -> set[str]:
    """The names in an object, or in any object that it may be."""
    names = set(schema.get("properties", {}))
    for choice in schema.get("anyOf", ()):
        names |= properties(choice)
    return names


def operations(source: dict[str, Any]) -> dict[str, list[str]]:
    """What each call of our resources takes."""
    return {
        call: sorted(parameters(operation) | set(DESCRIBED.get(call, ())))
        for path, methods in source["paths"].items()
        for method, operation in methods.items()
        if path.split("/")[2] in RESOURCES
        for call in [f"{method.upper()} {path}"]
    }


def main() -> None:
    """Read the specification named on the command line and write the parts that are needed."""
    source = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    schemas = source["components"]["schemas"]
    part = {
        "openapi": source["openapi"],
        "info": source["info"],
        "components": {"schemas": {name: cut(schemas[name]) for name in KEPT}},
        "x-event-types": source["x-event-types"],
    }
    write(SCHEMAS, part)
    write(PARAMETERS, operations(source))


def write(target: Path, found: dict[str, Any]) -> None:
    """Write so that a change is read line by line."""
    target.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
