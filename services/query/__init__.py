"""query: is this traveller relevant to a developing investigation? A graded answer that says why.

Owns      the projection of subjects, decisions, clusters, leads and referrals; look-ups and their answers; passenger
          lists and alerts; notes
Consumes  intake.tips, linker.links, linker.leads, referral.referrals
Publishes query.activity (lookup.answered, manifest.submitted, manifest.screened, alert.raised, alert.acknowledged,
          note.added)

`domain/`    what a look-up asks, how names compare, how evidence becomes a grade, what is read again, who sees what
`handlers/`  project facts, answer a look-up, add and list notes
`store/`     all SQL: the projection, the candidates of a look-up, what stands behind a person
`http/`      the routes
`stream.py`  which event versions are projected

A record is one subject party of one tip; its id is the party's. A person is the records of one cluster, under the
oldest record id that the caller may see. Not here: deciding which tips belong together (linker), nor which office
is right (referral).
"""
