"""What referral decides from values alone.

regions     the regions and countries there are, and how a source's spelling is read
directory   the field offices and what each serves
places      what one place of a tip says about the offices that may be right
routing     which office a lead's places point to, how surely, and why
referral    what a referral is, and what a change of it tells whom
lifecycle   what an office's response does to a referral
planning    what a new version of a lead does to its referral
"""
