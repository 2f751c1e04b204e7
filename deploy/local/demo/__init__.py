"""`make demo`: the whole way of a tip, shown on a running stack with invented data, every claim checked.

`story` tells it step by step, `world` talks to the services, `__main__` runs it.
"""
