"""The linking benchmark: generated worlds whose truth is known, a score, and what simpler linkers reach on them."""
