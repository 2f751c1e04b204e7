"""How the lure world is paid: handles at payment services, wallets, gift cards, mules. All values are well-formed."""

from random import Random
from typing import Any

from tests.bench.linking.lure_words import draw_code

_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_FACTORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CARD_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def draw_wallet(rng: Random) -> dict[str, Any]:
    """Return a payment identifier: a crypto-currency address."""
    if rng.random() < 0.65:
        return {"type": "payment", "value": spell_bitcoin(rng.getrandbits(160)), "service": "bitcoin"}
    return {"type": "payment", "value": f"0x{rng.getrandbits(160):040x}", "service": "ethereum"}


def draw_gift_card(rng: Random) -> dict[str, Any]:
    """Return a payment identifier that comes up once: the code of a gift card."""
    code = "-".join(draw_code(rng, _CARD_LETTERS, 4) for _ in range(4))
    return {"type": "payment", "value": code, "service": "gift card"}


def draw_imei(rng: Random) -> str:
    """Return a device number of 15 digits, the last by Luhn."""
    digits = f"35{rng.randrange(10**12):012d}"
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(digits))
    return f"{digits}{-sum(value - 9 * (value > 9) for value in doubled) % 10}"


def spell_bitcoin(key_hash: int) -> str:
    """Return the address of a key by the 160 bits of its hash: version 0, with the checksum of BIP 173."""
    groups = [0, *(key_hash >> 155 - 5 * place & 31 for place in range(32))]
    check = 1
    for value in [3, 3, 0, 2, 3, *groups, 0, 0, 0, 0, 0, 0]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, factor in enumerate(_BECH32_FACTORS):
            check ^= factor if top >> bit & 1 else 0
    checksum = [(check ^ 1) >> 5 * (5 - place) & 31 for place in range(6)]
    return "bc1" + "".join(_BECH32[value] for value in groups + checksum)
