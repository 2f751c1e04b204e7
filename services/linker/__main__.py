"""`python -m services.linker http | worker | migrate | check | republish | redrive | relink`."""

import sys

from services.linker.app import SERVICE
from shared.service import main

if __name__ == "__main__":
    sys.exit(main(SERVICE))
