"""Kafka's topics, as the topic table in `shared.events.topics` names them."""
