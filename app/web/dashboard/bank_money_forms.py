"""The form about sending a customer's balance back."""

from wtforms import HiddenField

from app.services.bank_returns import RequestReturn
from app.web.dashboard.forms import MoneyForm


class ReturnForm(MoneyForm):
    """All of what is free, or a part."""

    token = HiddenField()

    def command(self, merchant_id: str, payer_id: str, actor: str) -> RequestReturn:
        """What to ask the use-case for; the dialog's own key makes a double click one."""
        token = str(self.token.data or "")
        key = f"dashboard:{payer_id}:{token}"[:200] if token else None
        return RequestReturn(merchant_id, payer_id, self.chosen, actor, key)
