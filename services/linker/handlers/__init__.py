"""The use cases of the linker: load, decide, save, announce, in the transaction they are given; they never commit.

batch       apply a batch of facts from other services
decide      apply what a person decided: judgements, and tiers set by hand
release     apply what a person decided about a lead: that it may go on, or is silent
values      what tips hold: stored, counted, and weighed anew
learn       the model made anew as tips come in, and every tip linked anew by it
settle      what follows from any change: components, clusters, leads
holds       what leads are to their neighbours: tied, so that they wait, or related by a victim
related     what a lead has to do with others, as its readers are told
pictures    the second stage: near copies of pictures
links       tell whom a tip is linked to, when that is news
deconflict  who is told of whom, because of a tip or a look-up
notices     what was raised, announced and taken note of
announce    events, kept so that they can be sent again
"""
