"""What the demo's merchants sell, who buys it, and what their cards do."""

PRODUCTS = {
    "USD": (
        ("Copper teapot", 8900),
        ("Walnut tray", 4999),
        ("Linen apron", 3850),
        ("Wren print", 2400),
    ),
    "EUR": (("Enamel jug", 4200), ("Oak board", 6450)),
    "JPY": (("Iron kettle", 12800), ("Tea whisk", 2600)),
    "GBP": (("Field journal", 1850), ("Brass pen", 5400), ("Ink, oak gall", 950)),
}

# (payment method token, weight): what customers' cards do.
CARDS = (
    ("pm_card_visa", 40),
    ("pm_card_visa_applePay", 8),
    ("pm_card_visa_googlePay", 4),
    ("pm_card_mastercard", 24),
    ("pm_card_amex", 8),
    ("pm_card_visa_debit", 8),
    ("pm_card_chargeDeclined", 4),
    ("pm_card_chargeDeclinedInsufficientFunds", 4),
)

NAMES = (
    "Ada Novak",
    "Ben Okafor",
    "Chiara Rossi",
    "Daan Visser",
    "Elif Demir",
    "Freya Lind",
    "Grace Kim",
)
