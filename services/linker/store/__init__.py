"""All SQL of the linker. Every function works inside the caller's transaction, on whole batches.

graph     tips, judgements, and where each tip is filed
values    what tips hold, how common each value is, and how it stands
models    what was learned, and what there is to learn from
pictures  picture hashes, and the search for those near one
near      which pictures are near which, and what that says of tips
leads     leads, what their offices and people say of them, and the newest event about each thing
holds     what decides whether leads wait, and what people released and silenced
related   leads beside a lead, as its readers are told of them
notices   who has a value, who asked for it, and the notices raised
inboxes   notices as those see them whom they tell
shown     what HTTP shows
"""
