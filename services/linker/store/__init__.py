"""All SQL of the linker. Every function works inside the caller's transaction, on whole batches.

graph   tips, values and who holds them, judgements, and where each tip is filed
leads   leads, what their offices and people say of them, and the newest event about each thing
shown   what HTTP shows
"""
