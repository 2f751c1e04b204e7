"""The use cases of query: load, decide, save, announce, in the transaction they are given; they never commit.

project  keep the projection in step with the facts of other services
lookups  answer look-ups, and show the answers again
manifests  take passenger lists and show them
screening  look their passengers up, once and again when something changes
alerts   show that an answer changed, and take note of it
rebuild    build the projection anew
notes    add and list notes on records
desk     what all of them are given
"""
