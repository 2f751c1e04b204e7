"""All SQL of query. Every function works inside the caller's transaction, on many rows at once.

projection  what other services' facts say of subjects, decisions, clusters, leads and referrals
search      the candidates of a look-up
people      what stands behind a person, and which records a caller may see
lookups     look-ups and the answers they got
manifests  passenger lists, who waits to be looked up, and what was told
passengers  which passengers a tip may concern
touched  tips of which something changed
alerts   that an answer about a passenger changed
rebuild     what has yet to be told again
notes       what officers wrote on records
"""
