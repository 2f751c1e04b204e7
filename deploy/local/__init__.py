"""The local stack: real Kafka, real PostgreSQL and the five services as ordinary, supervised processes.

`python -m deploy.local up | down | status | reset | logs | token | offices | fetch | lock`; the Makefile is the usual
way in. The rooms, from the machine up: `bootstrap` (makes `.venv`; standard library only), `report` (what a person
sees), `layout` (folders and ports), `offices` (their codes), `keys` (secrets and settings files), `fetch` (downloads),
`processes` (what runs), `server` (one of ours, for tests), `postgres` and `kafka` (how each is run), `unprivileged`
(gives up root), `supervise` (keeps all running), `provision` (roles, topics, schemas), `ready` (what is up), `stack`
(joins the parts). `demo` and `synth` show it at work on invented tips.
"""
