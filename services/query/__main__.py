"""`python -m services.query http | worker | migrate | check | redrive`."""

import sys

from services.query.app import SERVICE
from shared.service import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
