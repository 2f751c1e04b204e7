"""The use cases of the linker: load, decide, save, announce, in the transaction they are given; they never commit.

batch     apply a batch of facts from other services
decide    apply what a person decided: judgements, and tiers set by hand
settle    what follows from any change: components, clusters, leads
links     tell whom a tip is linked to, when that is news
announce  events, kept so that they can be sent again
"""
