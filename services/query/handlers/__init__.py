"""The use cases of query: load, decide, save, announce, in the transaction they are given; they never commit.

project  keep the projection in step with the facts of other services
lookups  answer a look-up, and show the answer again
notes    add and list notes on records
desk     what all of them are given
"""
