"""Intake, running in the test's loop."""

from collections.abc import Awaitable, Callable

import pytest

from services.intake.app import SERVICE
from shared.db.pool import Pool
from tests.conftest import CallService
from tests.fakes import FakeClock
from tests.integration.intake.desk import Desk


@pytest.fixture
async def desk(call_service: CallService, pool_of: Callable[[str], Awaitable[Pool]], clock: FakeClock) -> Desk:
    """Intake with a database of its own."""
    return Desk(await call_service(SERVICE, clock=clock), await pool_of("intake"))
