"""The five services of CETS. No service imports another; they meet in `shared.events` only.

intake    takes tips from sources, keeps their versions, reviews and research results
linker    finds which tips belong together, and makes leads of them
referral  sends each lead to the right field office, once, and keeps its follow-up
query     answers whether a person is relevant to a developing investigation
audit     keeps every event of every topic in a log that proves itself
"""
