"""What the linker decides, from values alone: no IO, no clock, no chance.

    facts      what a tip says, in the linker's words
    rules      which values may join tips, up to which frequency, at which weight
    evidence   who holds which value, and the links of a tip with their reasons
    cluster    the partition of tips, from shared values and judgements
    priority   the tier of a lead, its factors, and when its evidence perishes
    snapshot   a lead as it is published, bounded to fit an event
    lead       which leads open, change, merge, split, close and come back

**Everything follows from the set** of tip versions, research results, judgements and rules; nothing from the order
in which they came. A link is therefore not kept as an event to remember: it is read off the present holdings. The
store keeps

- a row per `Holding`, replaced as a whole when a tip is amended or researched,
- per key a `KeyStat` (distinct tips, distinct tips that call it viral), counted from those rows,
- per tip its `component_id` and `cluster_id`, per judgement a row.

One change is then worked through in four steps:

1. Replace the changed tips' holdings (`holdings_of`) and recount the keys that came or went. A key whose standing
   changed (`crossing`) touches all its holders, who may be joined or parted by it.
2. Load the touched components *whole*: the `component_id`s of the changed tips, of the holders of each changed key
   that joins, of the holders of each key that stopped joining, and of both tips of each judgement that changed or
   names a new tip. All tips that carry one of these ids, their joining keys (`cluster` wants all holders of each) and
   the judgements between them go to `cluster`.
3. Write the memberships that differ (`moves`).
4. Load the leads whose anchor is among those tips, and the facts of every cluster that has an anchor or an actionable
   tip; write what `plan_leads` returns. The same step serves a review, a hold or a referral's answer, where the
   clusters stay as they are.
"""
