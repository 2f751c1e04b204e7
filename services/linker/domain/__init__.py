"""What the linker decides, from values alone: no IO, no clock, no chance.

    facts      what a tip says, in the linker's words
    rules      which kinds of values may join tips, and what is assumed of each: by hand, versioned
    evidence   who holds which value
    profile    how a tip describes its subjects otherwise, and how two such descriptions agree
    setting    where, on which platform and when it is said to have happened
    model      what was learned: how much an equal value says, by its kind and by its own holders
    estimate   the model, made from the tips at hand
    caution    how sure two clusters must be one person's, learned too
    pdq        hashes of pictures: which look-ups find every hash near one
    pictures   what pictures a tip shows, and what near copies say of tips
    links      the links of a tip with their reasons
    likeness   names, birth dates and settings among the reasons
    cluster    the partition of tips, from shared values, descriptions and judgements
    builder    the steps by which clusters are built, over tips and values as numbers
    descriptions  what names, birth dates and settings say of two clusters, asked once
    preservation  until when evidence can be had, and what stops that clock
    priority   the tier of a lead, its factors, and when its evidence perishes
    snapshot   a lead as it is published, bounded to fit an event
    hold       why a lead waits for a person
    deconflict who is told that another is after the same value
    lead       which leads open, change, merge, split, close and come back

**Everything follows from the set** of tip versions, research results, judgements and the model; nothing from the order
in which they came. A link is therefore not kept as an event to remember: it is read off the present holdings. The
store keeps

- a row per `Holding`, replaced as a whole when a tip is amended or researched,
- per key a `KeyStat` (distinct tips, distinct tips that call it viral), counted from those rows, and its reliability,
- per tip its profile, its `component_id` and `cluster_id`, per judgement a row.

One change is then worked through in four steps:

1. Replace the changed tips' holdings (`holdings_of`), recount their keys, and weigh those anew (`Model.reliability`):
   what the holders of a key say of each other decides what it says of them.
2. Load the touched components *whole*: the `component_id`s of the changed tips, of the holders of each touched key
   that joins or joined, of two holders of any other key that says something else now, and of both tips of each
   judgement that changed or names a new tip. All tips that carry one of these ids, the keys they share (`cluster` wants
   all holders of each that joins), their profiles and the judgements between them go to `cluster`.
3. Write the memberships that differ (`moves`).
4. Load the leads whose anchor is among those tips, and the facts of every cluster that has an anchor or an actionable
   tip; write what `plan_leads` returns. The same step serves a review, a release or a referral's answer, where the
   clusters stay as they are. Leads elsewhere whose hold or relations hang on what changed are settled with them.
"""
