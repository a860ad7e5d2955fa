@0xfab90d8ab062b6c0;
# What two nodes say to each other inside a session, before and beside the mux
# (docs/contracts/wire.md). The first fields are those of the Rust host stack, bit for bit; a peer
# that knows only them ignores the rest.

struct Announce {
  deviceId @0 :Text;
  services @1 :List(Text);
  port @2 :UInt16;
}

struct ConnectRequest {
  # The first message of an initiator after the handshake.

  deviceId @0 :Text;
  # Its own id, equal to the authenticated one.

  protocol @1 :UInt16;
  # 0 or absent: v1; 1: native.

  features @2 :UInt64;
  # A bit set; unknown bits are ignored. No bit is defined yet.

  attestation @3 :Data;
  # 64 bytes, or absent with protocol 0.

  purpose @4 :UInt16;
  # 0 session, 1 pair.

  paired @5 :Bool;
  # "You are in my registry."
}

struct ConnectResponse {
  ok @0 :Bool;

  protocol @1 :UInt16;
  # The lower of both.

  features @2 :UInt64;
  # The common set.

  attestation @3 :Data;
  # 64 bytes, or absent with protocol 0.

  reason @4 :Text;
  # Why not; at most 64 bytes, empty when ok.

  paired @5 :Bool;
  # "You are in my registry."
}

struct Frame {
  # All that a v1 session carries.
  chan @0 :UInt32;
  bytes @1 :Data;
}
