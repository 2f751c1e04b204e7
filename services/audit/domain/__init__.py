"""What audit decides, from values alone: no IO, no clock, no chance.

    header   what of a record outlives its body, as canonical bytes
    record   a Kafka record read: its header and its body
    logged   an event of the log, as those see it who follow the log
    export   a range of the log with its proof, as lines of JSON
    producers  whether a record was sent by the service that it names
    merkle   the running root of a growing list
    log      what a batch of records adds to the log of one partition
    check    whether the stored log of one partition is what was written

The format, so that anyone can write a verifier without this code
-----------------------------------------------------------------
Each Kafka partition has a log of its own: a row in `head`, and in `entry` one row for each record, in offset order.
`index` counts the entries of a log from 0 without holes; `kafka_offset` grows strictly. Nothing is random: the same
records of Kafka give the same bytes, whoever writes them and however they are batched. All integers are big-endian.

*body* holds the record as it lay on Kafka: key, value, number of headers (4 bytes), then name and value of each header
in Kafka's order. Key, value, names and header values are each 4 bytes of length and the bytes; length `ffffffff` and
no bytes stand for null.

*header* holds what must outlive the body, which may have to be removed by law. 132 bytes in fixed places come first:

       0   1  format, 1
       1   1  which fields are there: 1 key hash, 2 producer, 4 seq, 8 mac, 16 event (all fields marked *), 32 actor id;
              a field that is not there is zero bytes, or a text of no length
       2   4  partition
       6   8  offset
      14   8  timestamp: Kafka's, milliseconds since 1970 UTC, -1 when it has none
      22   8  seq: from the Kafka header `seq`
      30   8  occurred at*: microseconds since 1970 UTC
      38  16  event id*
      54  32  key hash: SHA-256 of the key; not there when the key is null
      86  32  mac: from the Kafka header `mac`, which spells it in hex
     118  14  the lengths of seven texts in UTF-8, 2 bytes each

and then these texts: topic (without the prefix by which a system marks its topics on a shared cluster), producer (the
Kafka header `producer`), type*, subject's kind*, subject's id*, actor's id (of an event that someone did), outcome*
(`payload.outcome` where that is a text, else `ok`). Offset, timestamp, seq and occurred at are two's complement.

Of several Kafka headers of one name the first counts. One that does not fit is not there: a producer longer than 200
bytes or not UTF-8, a seq that is not 1 to 18 digits, a mac that is not 64 hex digits. The event's fields come from the
envelope in the value (`shared.events.envelope`). There is no event when the value is no envelope, when its texts have
more than 500 bytes together, when its time lies outside the years 2 to 9998 in UTC, and in every record of a topic
that ends in `.dlq`, which holds what someone could not read.

    commit = SHA-256(body)
    leaf   = SHA-256(00 || header || commit)

*kind* is not in the leaf, for it follows from the headers: `opaque` without an event, `duplicate` when an earlier
entry of the same log has the same event id, else `event`. The columns `kafka_offset` and `event_id` repeat the header.
Of entries of kind event, up to where the log was followed (`projected`), a row in `event` with the same `head_id` and
`index` repeats `type`, `occurred_at`, `subject_kind`, `subject_id`, `actor_id` and `outcome`, for searching; of others
there is none. What else follows the log (`event.is_verified`, `shown`, …) rests on bodies and keys, and can be made
anew: `verify --derived` does so, and compares.

`head` has the log's topic and partition, its size, the offset that comes next (the last entry's plus one), and the
*frontier*: the roots of the perfect trees that the leaves fill from the left, one for each bit set in size, largest
first, 32 bytes each; an inner node is SHA-256(01 || left || right). Joined from the right they give the Merkle Tree
Hash of RFC 9162, section 2.1.1.

What is signed are notes (`note`): of each log that has grown a checkpoint (C2SP tlog-checkpoint) under the name
`<log name>/<topic>/<partition>`, and of all logs together a note whose text is the log name and then, in the order of
topic and partition, a line `topic partition size root` for each log that has entries, the root in base64. One Ed25519
key signs both. The *tiles* of a log (`tiles`) hold 256 hashes each: 256 leaves, or the roots of 256 tiles below.
"""
