"""linker: which tips belong together, why, and what leads they make.

Owns      identifiers and who holds them, judgements, clusters, leads, tiers set by hand, releases, silences, notices
Consumes  intake.tips, referral.referrals (also the offices), query.activity (look-ups)
Publishes linker.links (tip.clustered, tip.linked, value.capped, value.uncapped, judgement.recorded,
          judgement.withdrawn), linker.leads (lead.opened, lead.updated, lead.merged, lead.closed, lead.released,
          lead.prioritised, lead.silenced), linker.notices (notice.raised, notice.acknowledged), linker.activity

`domain/`    what links, what makes a cluster and a lead, how urgent it is: change rules here (`domain/rules.py`)
`handlers/`  apply a batch, settle what follows, learn what values say, look for near copies of pictures, apply a
             person's decision, deconflict, announce, show
`store/`     all SQL: the graph, the leads, the notices, what is shown
`http/`      links of a tip, export of clusters, judgements, leads with their graph, tier, release, silence, notices
`stream.py`  events of other services in the linker's words

One transaction at a time decides, a batch's or a judgement's (`store.graph.lock_graph`): link decisions need one view
of all tips. PostgreSQL holds the graph; no process keeps any of it. `relink` learns anew from all tips. Not here: which
office gets a lead (referral), who is shown on a look-up (query), and what makes a tip actionable (a person, at intake).
"""
