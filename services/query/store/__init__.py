"""All SQL of query. Every function works inside the caller's transaction, on many rows at once.

projection  what other services' facts say of subjects, decisions, clusters, leads and referrals
search      the candidates of a look-up
people      what stands behind a person, and which records a caller may see
lookups     look-ups and the answers they got
notes       what officers wrote on records
"""
