"""What crosses a service border: the envelope, the events each service publishes, the topic table.

Adding an optional field keeps an event's version; anything else is a new version, with a pure upcaster and a new
example beside the old ones (`tests/contract/examples/`).
"""
