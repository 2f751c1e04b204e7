"""How fast it is, measured on a stack of its own: `make bench`, or `python -m tests.bench --quick` for a try.

`__main__` says in which order what is measured, `figures` hold it against the targets. `tips` measures what intake
takes and how the backlog drains, `delay` how soon a tip is a lead and on an office's topic, `audit` how fast the log is
written, `race` the pump beside plain inserts and beside an ordinary Faust agent. `http` and `watch` are how the bench
asks and looks; `usage` says what that cost, and what else the machine was doing.

A figure that falls short is printed as it is; only a measurement that went wrong makes the run fail.
"""
