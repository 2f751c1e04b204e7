"""Delivery: from Kafka into a transaction (`consume`, `inbox`, `dead_letter`), and from there to Kafka (`outbox`).

Kafka's offsets are a hint; the truth is the fence row that moves with the effects. Nothing here knows a business word.
"""
