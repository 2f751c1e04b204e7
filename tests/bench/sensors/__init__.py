"""How well sensors tell abuse from work: forty invented users over a month, some of whom abuse what they may see.

world    what happens, as the log would tell of it: tips, leads, referrals, passenger lists, look-ups, views
work     what users do all day: cases, flights, busy days, shifts, redress, and small sins that are no abuse
abuse    what is planted, of each kind several times
measure  the real follower on a real database, and what it flagged of what was planted
"""
