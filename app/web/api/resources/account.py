"""The account that a key belongs to."""

from app.domain.errors import NotAllowed
from app.reports.objects import account as reads
from app.web.api.call import Call, Json, Route
from app.web.api.objects.account import account


class AccountForeign(NotAllowed):
    """Another account's id; whether there is such an account is not told."""

    code = "account_invalid"


def retrieve(call: Call) -> Json:
    """The key's own account; raises AccountForeign for any other."""
    wanted = call.path.get("account", call.merchant_id)
    if wanted != call.merchant_id:
        raise AccountForeign(
            f"The provided key does not have access to account '{wanted}' (or that account does"
            " not exist).",
            param="account",
        )
    return account(reads.account(call.merchant_id))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/account", retrieve, {}, "account", "read", "account",
          "Retrieve your account"),
    Route("GET", "/v1/accounts/{account}", retrieve, {}, "account", "read", "account",
          "Retrieve your account by its id", doc="Only the id of the key's own account."),
)  # fmt: skip
