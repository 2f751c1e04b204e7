"""How well and how fast a person is found among a million: `make bench-lookup`.

cultures    what people are called, by where they come from
population  the invented people of a register
damage      thirteen ways in which a name is written otherwise
register    the people loaded into the product's own index, and asked for over its HTTP
trigram     the same names under `pg_trgm`, asked for in the same run
febrl       name and birth date scored on FEBRL's records, where those are at hand
variants    name variants that people really wrote, where those are at hand
"""
