"""The control plane of research sessions: what a namespace has to pay for them with."""

# Annotations are read by FastAPI when the routes are made.
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel

from mock_server.api.control.models import Given
from mock_server.api.control.plane import new_router, refusals
from mock_server.api.control.route import Asked
from mock_server.prsm.price import CURRENCY, hundredths, shown

router: Final = new_router()
#: Credits: beyond it there is nothing to buy.
_MOST: Final = 1_000_000_000


def _decimal(text: str) -> str:
    found = hundredths(text)
    if found is None or found > 100 * _MOST:
        raise ValueError(f'has to be a decimal from 0 to {_MOST} in a string, as "12.50"')
    return text


class BalanceOrder(Given):
    """What the namespace is to have."""

    balance: Annotated[str, AfterValidator(_decimal)]


class BalanceTold(BaseModel):
    """What the namespace has, without what is reserved for sessions that have not ended."""

    balance: str
    currency: str
    namespace: str


@router.get("/prsm/balance", operation_id="read_balance", summary="What the namespace has", responses=refusals(503))
async def read_balance(asked: Asked) -> BalanceTold:
    """All users of a namespace pay from one balance."""
    return _told(await asked.face.research.balance(asked.call.namespace), asked)


@router.post(
    "/prsm/balance", operation_id="set_balance", summary="Set what the namespace has", responses=refusals(400, 503)
)
async def set_balance(order: BalanceOrder, asked: Asked) -> BalanceTold:
    """What is reserved by then comes back to it all the same, as far as it is not used."""
    amount = hundredths(order.balance)
    assert amount is not None, "the model takes decimals alone"
    return _told(await asked.face.research.set_balance(asked.call.namespace, amount), asked)


def _told(amount: int, asked: Asked) -> BalanceTold:
    return BalanceTold(balance=shown(amount), currency=CURRENCY, namespace=asked.call.namespace)
