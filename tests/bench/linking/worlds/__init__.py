"""Worlds that differ in kind: other sources, completeness, handle habits, noise and sharing. Each file is one kind.

A world file knows nothing of the linker or of the other worlds, so that what the linker learns from one is not built
into the next. All persons and addresses are invented.
"""
