"""Check digits that tell a real number from one that only looks like it."""


def has_luhn_check(digits: str) -> bool:
    """Return whether the last of the decimal digits checks the others (ISO/IEC 7812-1, annex B): IMEI, card numbers."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def has_iban_check(iban: str) -> bool:
    """Return whether a compact upper-case IBAN leaves 1 when divided by 97 (ISO 7064 MOD 97-10)."""
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 == 1
