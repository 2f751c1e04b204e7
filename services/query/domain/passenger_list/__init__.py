"""Passenger lists as airlines and offices write them, read into one `Manifest`: pure, from bytes alone.

edifact    the segments of an interchange, whoever wrote it how
envelope   that interchanges, groups and messages are whole
paxlst     what the segments of a passenger list mean: flight, travellers, their count
traveller  what they say of one traveller
table      the same as a table of comma-separated values

A list is read whole or refused with the place (segment or line) that is wrong. What is wrong with one passenger, or
merely suspicious, is a remark: the others are looked up all the same.
"""
