"""A card knows the wallet that it came from, and the number that the customer's device has instead of it.

The device's last digits are what a customer reads from their phone when they ask about a payment. The check
holds for new rows only: to look through millions of old ones would find nothing, and hold everybody up.
"""

from alembic import op

revision = "0028_wallets"
down_revision = "0027_methods_of_payments"

TABLES = ("payments", "payment_methods")


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"""
            ALTER TABLE {table}
                ADD COLUMN card_wallet text,
                ADD COLUMN card_device_last4 text,
                ADD CONSTRAINT {table}_device_digits
                    CHECK (card_device_last4 ~ '^[0-9]{{4}}$') NOT VALID
        """)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN card_wallet, DROP COLUMN card_device_last4")
