"""referral: each lead to the right field office, once; and what becomes of it there.

Owns      the directory of field offices, referrals with every version and response, the manual queue
Consumes  linker.leads
Publishes referral.office.<code> (to the office), referral.referrals (to everyone else; also office.listed: the
          directory), referral.activity

`domain/`       where a lead belongs, what a response does, what a lead's change does: change rules here
`offices.json`  the field offices and the places they serve
`handlers.py`   carry leads into referrals, take an office's response, assign from the queue, tell the directory
`store.py`      all SQL: leads seen, referrals, offices as told, what was published
`http.py`       GET /v1/offices, GET /v1/referrals, GET /v1/referrals/{id}, POST …/responses, POST …/assignments
`stream.py`     which event versions are carried

A referral is routed once, when it is opened; later places do not move it, except while it waits in the queue. Not
here: what a lead is and when it is held (linker), and an agent's own case work (no part of CETS).
"""
