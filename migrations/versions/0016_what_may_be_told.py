"""Charges are told of the tries that reached a bank, and a secret only while it is the first one.

Until now a try's status and reason had to do for the first; of older rows they still say enough.
"""

from alembic import op

revision = "0016_what_may_be_told"
down_revision = "0015_event_requests"


def upgrade() -> None:
    op.execute("ALTER TABLE payments ADD COLUMN charge_attempt_id text")
    op.execute("ALTER TABLE operations ADD COLUMN reached_bank boolean NOT NULL DEFAULT false")
    # The words here are those of refusals that no bank spoke: the processor's, and our own.
    op.execute("""
        UPDATE operations o SET reached_bank = true
        FROM payments p
        WHERE p.merchant_id = o.merchant_id AND p.id = o.payment_id AND o.kind = 'authorize'
          AND ((p.attempt_id = o.id AND p.authorized_minor > 0)
               OR (o.status = 'failed' AND o.reason <> 'authenticate'
                   AND coalesce(o.error, '') NOT IN (
                       'not_processed', 'processor_credentials', 'invalid_request',
                       'resource_missing', 'parameter_unknown', 'parameter_missing', 'url_invalid',
                       'token_already_used', 'payment_method_unexpected_state')))
    """)
    op.execute("""
        UPDATE payments p SET charge_attempt_id = o.id
        FROM (SELECT merchant_id, payment_id, max(id) AS id FROM operations
              WHERE reached_bank GROUP BY merchant_id, payment_id) o
        WHERE o.merchant_id = p.merchant_id AND o.payment_id = p.id
    """)
    op.execute("ALTER TABLE webhook_endpoints ADD COLUMN secret_set_at timestamptz")
    # What was changed since may have been the secret: then it is not told again.
    op.execute("UPDATE webhook_endpoints SET secret_set_at = updated_at")
    op.execute("ALTER TABLE webhook_endpoints ALTER COLUMN secret_set_at SET NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE webhook_endpoints DROP COLUMN secret_set_at")
    op.execute("ALTER TABLE operations DROP COLUMN reached_bank")
    op.execute("ALTER TABLE payments DROP COLUMN charge_attempt_id")
