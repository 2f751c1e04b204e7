"""Every route × outcome is on record, and no answer leaves without. Generated from the routes' tables.

`asks` says what a request is; `worlds` makes, for each service, what there is to ask for and a request for each route
that gets a good answer. A route without one fails the test, so a new route needs a line there.
"""
