"""What a look-up asks, how a name is compared, and what an answer rests on: pure, from values alone.

`subject` says what of a tip is kept, `question` reads what a caller gave, `names` compares names, `evidence` weighs one
person's records field by field, `grade` makes a grade of it and ranks the people, `answer` writes it all down, `sight`
says what of it a caller may be told. `manifest` and `passenger_list` read passenger lists, `telling` compares a new
answer about a passenger with what was told before. Nothing here knows where a record is kept.
"""
