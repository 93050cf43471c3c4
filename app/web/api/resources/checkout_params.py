"""What the calls of checkout sessions take, and what they refuse, with the reason."""

from app.web.api.fields import (
    CREATED,
    PAGE,
    Choice,
    Email,
    Field,
    Hash,
    Id,
    List,
    Metadata,
    Moment,
    Text,
    Web,
    Whole,
    need,
    refused,
)
from app.web.api.objects.method_words import API_TYPES
from app.web.api.resources.intent_params import (
    ESCROW,
    NO_CARD_DATA,
    NO_CONNECT,
    NO_OPTIONS,
    NO_SAVING,
    NO_SHIPPING,
    NO_STATEMENT,
)

_NO_CATALOGUE = "there is no catalogue; say the price with the line, as price_data."
_NO_TAX = "taxes are not computed here; add a line for them."
_NO_COLLECTION = "the page asks for the e-mail address, the name and the card."

PRICE: dict[str, Field] = {
    "currency": need(Text(3, doc="ISO 4217 code.")),
    "unit_amount": need(Whole(0, doc="Minor units for one.")),
    "product_data": need(
        Hash(
            {
                "name": need(Text(250)),
                "description": Text(500),
                **refused("the page shows none.", "images", "unit_label"),
                **refused(_NO_TAX, "tax_code"),
                **refused("keep it in the checkout's metadata.", "metadata"),
            }
        )
    ),
    **refused(_NO_CATALOGUE, "product"),
    **refused("there are no subscriptions.", "recurring"),
    **refused(_NO_TAX, "tax_behavior"),
    **refused("send whole minor units as unit_amount.", "unit_amount_decimal"),
}
LINE: dict[str, Field] = {
    "quantity": Whole(1, 999_999, doc="One if not said."),
    "price_data": need(Hash(PRICE)),
    **refused(_NO_CATALOGUE, "price"),
    **refused("the customer cannot change quantities.", "adjustable_quantity"),
    **refused(_NO_TAX, "dynamic_tax_rates", "tax_rates"),
    **refused("keep it in the checkout's metadata.", "metadata"),
}
INTENT: dict[str, Field] = {
    "capture_method": Choice(("automatic", "manual")),
    "description": Text(500),
    "metadata": Metadata(),
    **ESCROW,
    **refused(NO_CONNECT, "on_behalf_of"),
    **refused("the page asks for it; or send customer_email.", "receipt_email"),
    **refused(NO_SAVING, "setup_future_usage"),
    **refused(NO_SHIPPING, "shipping"),
    **refused(NO_STATEMENT, "statement_descriptor", "statement_descriptor_suffix"),
}
CREATE: dict[str, Field] = {
    "mode": Choice(("payment",), doc="Only `payment`."),
    "line_items": need(List(Hash(LINE), 100, doc="What is bought.")),
    "success_url": Web(doc="May hold {CHECKOUT_SESSION_ID}."),
    "cancel_url": Web(doc="Where the page's way back leads."),
    "customer": Id("customer", doc="A customer of yours."),
    "customer_email": Email(doc="Stands in the page's form already."),
    "client_reference_id": Text(200, doc="Your own reference."),
    "metadata": Metadata(),
    "payment_intent_data": Hash(INTENT, doc="What the payment will hold."),
    "payment_method_types": List(
        Choice(API_TYPES),
        10,
        doc="What the page offers, of what is switched on for the account; all of that if not said. `card`"
        " brings the wallets that are switched on.",
    ),
    "submit_type": Choice(("auto", "pay", "book", "donate"), doc="The button's word."),
    "locale": Text(20, doc="The page's language."),
    "expires_at": Moment(doc="30 minutes to 24 hours from now; 24 hours if not said."),
    "ui_mode": Choice(("hosted_page", "hosted"), doc="Only the hosted page."),
    "currency": Text(3, doc="Must be the lines' own."),
    **refused("prices are shown in the currency of the lines.", "adaptive_pricing"),
    **refused("an expired checkout is opened anew by you.", "after_expiration"),
    **refused("there are no discounts.", "allow_promotion_codes", "discounts"),
    **refused(_NO_TAX, "automatic_tax", "tax_id_collection"),
    **refused(
        _NO_COLLECTION,
        "billing_address_collection", "consent_collection", "custom_fields", "custom_text",
        "customer_update", "name_collection", "phone_number_collection", "permissions",
        "payment_method_collection",
    ),
    **refused("the merchant's brand is set on the dashboard.", "branding_settings"),
    **refused("send `customer`.", "customer_account"),
    **refused("make the customer first.", "customer_creation"),
    **refused(
        "say which are wanted, as payment_method_types.",
        "excluded_payment_method_types", "wallet_options",
    ),
    **refused("there are no invoices.", "invoice_creation"),
    **refused("sell under your own name.", "managed_payments", "integration_identifier"),
    **refused("say all lines as line_items.", "optional_items"),
    **refused("there is one kind of page.", "origin_context", "redirect_on_completion"),
    **refused("send success_url.", "return_url"),
    **refused(NO_OPTIONS, "payment_method_options", "payment_method_configuration"),
    **refused(NO_CARD_DATA, "payment_method_data"),
    **refused(NO_SAVING, "saved_payment_method_options", "setup_intent_data"),
    **refused("addresses are not asked for.", "shipping_address_collection", "shipping_options"),
    **refused("there are no subscriptions.", "subscription_data"),
}  # fmt: skip
UPDATE: dict[str, Field] = {
    "metadata": Metadata(),
    **refused("what is bought is settled.", "line_items"),
    **refused("addresses are not asked for.", "shipping_options", "collected_information"),
}
LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "customer": Id("customer", doc="Only this customer's."),
    "payment_intent": Id("payment_intent", doc="Only this payment's."),
    "payment_link": Id("payment_link", doc="Only those opened from this link."),
    "status": Choice(("open", "complete", "expired"), doc="Only those that stand so."),
    **refused("send `customer`.", "customer_account"),
    **refused("search customers by e-mail first.", "customer_details"),
    **refused("there are no subscriptions.", "subscription"),
}
LINES: dict[str, Field] = {**PAGE}
