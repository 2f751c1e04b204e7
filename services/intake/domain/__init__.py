"""What intake decides from values alone.

content  what a source said, in one canonical form, and the ids of its parties
tip      what becomes of a tip when its source speaks again, a person reviews it, or a link makes it news
lines    a stream of bytes cut into lines and CSV records, each bounded
table    the columns of an upload, and a row made into a tip
"""
