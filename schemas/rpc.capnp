@0x9c90d41f08a39389;
# Typed calls: what travels on a stream `rpc/<service>` (docs/contracts/rpc.md). One message of the stream
# is one Envelope. Whoever opened the stream calls, the other side answers.

struct Envelope {
  union {
    request @0 :Request;
    reply @1 :Reply;
    cancel @2 :Cancel;
  }
  # A member that this version does not know is passed over.
}

struct Request {
  callId @0 :UInt64;
  # Never 0, and above that of every request before it on this stream.

  method @1 :UInt16;
  # Of the service's interface: the number behind its @.

  deadlineMs @2 :UInt32;
  # How long an answer is waited for, from when this arrives: 1 to 3,600,000.

  replyMax @3 :UInt32;
  # Bytes of body that a reply may have; more than 61,440 asks for no more than that.

  body @4 :Data;
  # A Cap'n Proto message of its own, table of segments and all, whose root is what the method takes.
  # Empty: a struct with every field as it is by default.
}

struct Reply {
  callId @0 :UInt64;

  status @1 :Int32;
  # 0, or a failure: a number of docs/contracts/errors.md.

  why @2 :Text;
  # Of a failure: a sentence for a person, at most 120 bytes.

  body @3 :Data;
  # What the method answers, as in Request. Of a failure it is passed over.
}

struct Cancel {
  callId @0 :UInt64;
  # No longer wanted. It is answered all the same: aborted, or what crossed this.
}
