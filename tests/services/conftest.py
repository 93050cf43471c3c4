"""The processor's side of the shop under test."""

import pytest

from tests.factories import Shop
from tests.sandbox.server import SandboxServer
from tests.services.bank import Bank


@pytest.fixture
def bank(sandbox: SandboxServer, shop: Shop) -> Bank:
    """What the processor knows of the shop."""
    return Bank(sandbox, shop)
