"""intake: takes tips from their sources, each exactly once, and keeps what people decide and find about them.

Owns      sources, tips with every content they had, reviews, research results, what became of each source's tips
Consumes  linker.links (a rejected tip is news again), referral.referrals (source statistics)
Publishes intake.tips, intake.activity

`domain/`    canonical content and its hash, the life of a tip, media in text, lines and CSV: change rules here
`handlers/`  take tips, review and research, hear from others, republish
`store.py`   all SQL
`http/`      what is posted (`forms`) and how it is read (`reading`); routes: `tips`, `batches`, `people`; `answers`
`stream.py`  which event versions are heard

A content, a review and a research result are stored as the very event that announced them. Not here: normalising an
identifier or judging whether it fits its type (linker), and which tips belong together (linker).
"""
