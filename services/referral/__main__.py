"""`python -m services.referral http | worker | migrate | check | republish | redrive`."""

import sys

from services.referral.app import SERVICE
from shared.service import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
