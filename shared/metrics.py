"""Every metric's name, unit and meaning, in one place. Prometheus text is served at `/metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The instruments of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.http_seconds = Histogram(
            "cets_http_request_seconds",
            "Time from a request's first byte to its answer's last, by route, method and status.",
            ["method", "route", "status"],
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.batch_seconds = Histogram(
            "cets_batch_seconds",
            "Time of one pump transaction, from the first statement to the commit.",
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.records = Counter(
            "cets_records",
            "Records consumed, by what became of them: applied, skipped (seen before), dead_letter.",
            ["topic", "outcome"],
            registry=self.registry,
        )
        self.lag_records = Gauge(
            "cets_lag_records",
            "Records on the topic that this group has not applied yet.",
            ["topic"],
            registry=self.registry,
        )
        self.outbox_rows = Gauge(
            "cets_outbox_rows", "Events committed here and not yet on Kafka.", registry=self.registry
        )
        self.outbox_age_seconds = Gauge(
            "cets_outbox_age_seconds", "Age of the oldest event not yet on Kafka.", registry=self.registry
        )
        self.flags = Counter("cets_flags", "What sensors flagged, by sensor.", ["sensor"], registry=self.registry)
        self.manifests_live = Gauge(
            "cets_manifests_live", "Passenger lists whose flight is not over.", registry=self.registry
        )
        self.alert_seconds = Histogram(
            "cets_alert_seconds",
            "Time from the first change of a tip to the alert about a passenger whom it concerns.",
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.relayed = Counter(
            "cets_relayed_records", "Events put on Kafka and acknowledged by it.", registry=self.registry
        )
        self.refused = Counter(
            "cets_requests_refused",
            "Requests refused, by problem (unauthenticated, forbidden, invalid, …).",
            ["problem"],
            registry=self.registry,
        )

        self._add_parts()
        self._add_audit()

    def _add_parts(self) -> None:
        self.waiting_rows = Gauge(
            "cets_waiting_rows",
            "Rows committed that a part of the worker has yet to look at.",
            ["part"],
            registry=self.registry,
        )
        self.waiting_age_seconds = Gauge(
            "cets_waiting_age_seconds",
            "Time for which the oldest of these rows has waited.",
            ["part"],
            registry=self.registry,
        )
        self.failing_parts = Gauge(
            "cets_failing_parts",
            "Whether (1) a part of the worker fails at its work.",
            ["part"],
            registry=self.registry,
        )

    def _add_audit(self) -> None:
        self.unsound_logs = Gauge(
            "cets_unsound_logs",
            "Logs that are signed no further, since what is stored is not what was written.",
            registry=self.registry,
        )
        self.anomalies = Counter(
            "cets_audit_anomalies",
            "Entries of the audit log that no service can have sent so, before which Kafka lost records, or that audit "
            "could not look into, by kind.",
            ["kind"],
            registry=self.registry,
        )
        self.late_reports = Gauge(
            "cets_audit_late_reports",
            "Months that began more than 35 days ago and whose report lacks a signature, or is not there.",
            registry=self.registry,
        )
        self.missing_numbers = Gauge(
            "cets_audit_missing_numbers",
            "Records that services sent and the audit log does not have, though it is at the end of Kafka.",
            registry=self.registry,
        )

    def render(self) -> bytes:
        """Return all values in Prometheus text format, version 0.0.4."""
        return generate_latest(self.registry)
