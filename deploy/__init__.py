"""How CETS is put on machines: the local stack, and the roles and topics any installation needs.

Nothing in `services` or `shared` imports from here.
"""
