"""A seller's own list of what came to them: transfers belong to the platform, and are found by either."""

from alembic import op

revision = "0031_transfers_of_a_seller"
down_revision = "0030_fees_go_back"


def upgrade() -> None:
    op.execute("CREATE INDEX transfers_of_seller ON transfers (seller_merchant_id, id)")


def downgrade() -> None:
    op.execute("DROP INDEX transfers_of_seller")
