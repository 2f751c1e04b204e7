"""`python -m services.intake http | worker | migrate | check | republish | redrive`."""

import sys

from services.intake.app import SERVICE
from shared.service import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
