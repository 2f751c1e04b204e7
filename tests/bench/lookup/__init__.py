"""How well and how fast a person is found among a million: `make bench-lookup`.

culture     how the names of a culture are made
cultures    what people are called, by where they come from (and cultures_further)
population  the invented people of a register
damage      thirteen ways in which a name is written otherwise
register    the people loaded into the product's own index, and asked for over its HTTP
trigram     the same names under `pg_trgm`, asked for in the same run
others      data of other people, fetched once and never committed
febrl       name and birth date scored on FEBRL's records
variants    name variants that people really wrote
"""
