"""query: is this traveller relevant to a developing investigation? A graded answer that says why.

Owns      the projection of subjects, decisions, clusters, leads and referrals; look-ups and their answers; passenger
          lists and alerts; notes, hand-offs and statistics
Consumes  intake.tips, linker.links, linker.leads, referral.referrals
Publishes query.activity (lookup.answered, manifest.submitted, screening.requested, manifest.screened, alert.raised,
          alert.acknowledged, note.added, handoff.recorded, handoff.followed_up)

`domain/`    what a look-up asks, how names are filed and compared, how evidence becomes a grade, who sees what;
             passenger lists as they come, what is news about them; hand-offs and figures
`handlers/`  project facts, answer look-ups, screen passenger lists and raise alerts, notes, hand-offs, statistics,
             rebuild
`store/`     all SQL: the projection, the candidates of look-ups, what stands behind a person
`http/`      the routes
`stream.py`  which event versions are projected

A record is one subject party of one tip; its id is the party's. A person is the records of one cluster, under the
oldest record id that the caller may see. Not here: deciding which tips belong together (linker), nor which office
is right (referral).
"""
