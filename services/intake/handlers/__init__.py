"""The use cases of intake. Each is given its transaction and never commits.

take       tips as their sources send them: new, amended or repeated
decide     a person reviews a tip, or records what research found
feedback   what linker and referral tell: a rejected tip is news again, a source's tips came to something
republish  stored facts through the outbox again
announce   the events that the others write
"""
