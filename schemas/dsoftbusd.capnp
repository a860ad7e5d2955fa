@0xab7fc5abf8ffe1e1;
# What a program of this machine (nx, the SDK) and its dsoftbusd say to each other over the daemon's
# socket (docs/contracts/ipc.md). A call's body is the struct that its operation names below; where none
# is named the body is empty.
#
# A reply whose status is not ok has a Failure as its body, or nothing.
#
# Ids and keys are 64 lower-case hex digits, addresses "ADDR:PORT", times of others "how long ago", and a
# status is a number of docs/contracts/errors.md.

enum Operation {
  none @0;
  # No message names it.

  status @1;
  # reply: Status.

  discover @2;
  # Discover. news: Discovered, one for each device that is there, sorted by id. Without watch the reply
  # follows. With it, news go on until the call is cancelled.

  peers @3;
  # news: Peer, one for each device that is paired or has a session, sorted by id. Then the reply.

  offer @4;
  # Offer. news: PairingBegun with the digits, which go to this caller and to nobody else. reply: Paired.

  accept @5;
  # Accept. news: PairingBegun without digits. reply: Paired.
  # Cancelling an offer or accept ends it; so does the end of the connection that began it.

  unpair @6;
  # PeerName. reply: Paired, who it was.

  connect @7;
  # PeerName. reply: Connected, when there is a session, also when there was one before.

  connectV1 @8;
  # ConnectV1. reply: Connected, as soon as the session is admitted.

  ping @9;
  # PeerName. reply: Pong.

  open @10;
  # Open. reply: Opened, when the peer took the stream; from then on the connection carries it, and no
  # further call.

  listen @11;
  # Listen. news: one with no body, when the daemon takes such streams for us from now on. reply: Opened,
  # for the first that comes; from then on the connection carries it, and no further call. A second
  # listener of the same kind, channel and peer is refused: exists.

  # What follows is said in messages of kind STREAM, under the id of the call that opened it.

  data @12;
  # Both ways: bytes of the stream, not Cap'n Proto, 0 to 65,536 of them. The last piece of a message has
  # the flag "ends message"; a byte stream has no messages and no such flag.

  finish @13;
  # Both ways, no body: nothing more comes from this side, all that came before is whole.

  abort @14;
  # From the client: Abort. Give the stream up, both ways.

  ended @15;
  # From the daemon: Ended, once, the last word. Whoever began the end.

  call @16;
  # Call, like those above a message of kind CALL. reply: Answer. The deadline in its head is that of the
  # whole, a session that has to be made first among it; without one it is 30 seconds. Cancelling it cancels
  # the call at the peer.

  doctor @17;
  # Doctor. reply: Diagnosis, after up to 25 s: it listens, announces where this device announces at
  # all, and dials the device that is asked about. One at a time; a further one is refused: busy.

  limits @18;
  # reply: Limits.

  watch @19;
  # news: Happening, the first with what = watching as soon as everything from then on is told; then each as
  # it comes, until the call is cancelled.
}

struct Failure {
  # Why a call was not done.

  why @0 :Text;
  # One sentence for a person, with the next thing to try where there is one.

  candidates @1 :List(Candidate);
  # The name or prefix fits more than one device: these. The status is then not-found.

  codeSpent @2 :Bool;
  # offer, accept: the digits are used up; to try again takes new ones.

  byPeer @3 :Bool;
  # call: it is what the peer's service answered, and not a failure to reach it.
}

struct Candidate {
  id @0 :Text;
  name @1 :Text;

  lastSeenMs @2 :UInt64 = 18446744073709551615;
  # How long ago its beacon was heard; the largest number: none is known.
}

struct PeerName {
  peer @0 :Text;
  # Here and below: a device's name as it is shown, or the beginning of its id. It has to fit exactly one
  # device.
}

# ---- status -----------------------------------------------------------------------------------------

struct Status {
  version @0 :Text;
  deviceId @1 :Text;
  noiseStatic @2 :Text;
  name @3 :Text;

  listen @4 :List(Text);
  # Where sessions are taken; a port that was 0 is the one that was found.

  peerCount @5 :UInt32;
  # Paired devices. "peers" tells them.

  sessionCount @6 :UInt32;
  # Of those peers lists, with a session just now.

  streamCount @7 :UInt32;
  clientCount @8 :UInt32;

  discovery @9 :DiscoveryMode;
  deviceCount @10 :UInt32;
  # Present devices, without ourselves.

  offer @11 :PairingState;
  accept @12 :PairingState;
  failedPairings @13 :UInt32;
  # Codes that were spent and paired nobody, restarts included.

  registry @14 :RegistryState;
  registryWhy @15 :Text;
  # Empty when ready.

  counts @16 :List(Count);
  # What was dropped and refused, for whoever looks for a reason.

  uptimeMs @17 :UInt64;
}

enum DiscoveryMode {
  off @0;
  quiet @1;
  loopback @2;
  multicast @3;
}

enum PairingState {
  closed @0;
  open @1;
  starting @2;
  sharing @3;
  confirming @4;
  storing @5;
}

enum RegistryState {
  loading @0;
  ready @1;
  damaged @2;
  refused @3;
}

struct Count {
  name @0 :Text;
  # "discovery.forged", "gate.limited": stable words of docs/contracts/ipc.md.

  value @1 :UInt64;
}

# ---- limits -------------------------------------------------------------------------------------------

struct Limits {
  limits @0 :List(Limit);
}

struct Limit {
  scope @0 :Text;
  # "programs", "pairing": whose limit it is; stable words, as is the name.

  name @1 :Text;
  limit @2 :UInt64;
  used @3 :UInt64;

  highWater @4 :UInt64;
  # The most in use at once since the daemon began; 0 with hasHighWater = false.

  hasHighWater @5 :Bool;

  option @6 :Text;
  # Of dsoftbusd, by which it is used or raised; empty: it is built in.
}

# ---- what happens -------------------------------------------------------------------------------------

struct Happening {
  what @0 :HappeningWhat;
  id @1 :Text;
  name @2 :Text;

  status @3 :Int32;
  # Of pairingFailed, dialFailed and sessionEnded: why, as a status.

  why @4 :Text;
  # The same as a sentence, where there is one.
}

enum HappeningWhat {
  watching @0;
  seen @1;
  changed @2;
  gone @3;
  keyConflict @4;
  paired @5;
  pairingFailed @6;
  unpaired @7;
  oneSided @8;
  # It takes us for paired and we do not, or the other way round.

  sessionUp @9;
  sessionEnded @10;
  dialFailed @11;
  missed @12;
  # More happened than was taken.
}

# ---- discovery --------------------------------------------------------------------------------------

struct Discover {
  watch @0 :Bool;
}

struct Discovered {
  what @0 :DiscoveredWhat;

  device @1 :Device;
  # Not with listed and missed. Of one that is gone: only its id.
}

enum DiscoveredWhat {
  here @0;
  # Of the list.

  listed @1;
  # The list is complete; from here on it is told what changes.

  seen @2;
  changed @3;
  gone @4;
  keyConflict @5;
  # A paired device's own signature stands over another Noise static.

  missed @6;
  # More happened than was taken: ask again.
}

struct Device {
  id @0 :Text;
  name @1 :Text;
  noiseStatic @2 :Text;

  addresses @3 :List(Text);
  # Where a session may be tried, the best first.

  services @4 :List(Text);
  isSelf @5 :Bool;
  isPaired @6 :Bool;
  hasKeyConflict @7 :Bool;
  lastSeenMs @8 :UInt64;
}

# ---- peers ------------------------------------------------------------------------------------------

struct Peer {
  id @0 :Text;
  name @1 :Text;

  noiseStatic @2 :Text;
  # The pinned one: the fingerprint that a person compares.

  isPaired @3 :Bool;
  # Not: a v1 node that was allowed, for as long as it has a session; or a device that is here and
  # takes us for paired, which is one-sided.

  pairedAtS @4 :UInt64;
  # Seconds since 1970 by this machine's clock; 0: it had none. To be shown, nothing more.

  isPresent @5 :Bool;
  # Its beacon was heard and still counts.

  addresses @6 :List(Text);

  oneSided @7 :Bool;
  # One of the two is paired with the other and not the other way round: pair again.

  session @8 :SessionState;
  sessionAddress @9 :Text;
  sessionMs @10 :UInt64;
  # How long it has been up.

  protocol @11 :UInt16;
  # Of the session: 0 v1, 1 native.

  lastEnd @12 :SessionEnd;
  # Absent when no session with it has ended since the daemon began.
}

enum SessionState {
  none @0;
  dialling @1;
  up @2;
  ending @3;
}

struct SessionEnd {
  status @0 :Int32;
  byPeer @1 :Bool;
  code @2 :UInt16;
  why @3 :Text;
  agoMs @4 :UInt64;

  unconfirmedMessages @5 :UInt64;
  unconfirmedBytes @6 :UInt64;
  # Accepted from programs here, on all streams of that session, and not confirmed by the peer.
}

struct ConnectV1 {
  address @0 :Text;
  deviceId @1 :Text;
  noiseStatic @2 :Text;
}

struct Connected {
  id @0 :Text;
  name @1 :Text;
  address @2 :Text;
  protocol @3 :UInt16;
}

struct Pong {
  roundTripNs @0 :UInt64;
}

# ---- pairing ----------------------------------------------------------------------------------------

struct Offer {
  peer @0 :Text;
  # A device that was discovered; or the whole id of one that was not.
}

struct Accept {
  peer @0 :Text;
  # A device that was discovered.

  code @1 :Text;
  # As it was typed. Never in an argument, a log or a marker.
}

struct PairingBegun {
  id @0 :Text;
  name @1 :Text;
  noiseStatic @2 :Text;
  # The fingerprint that a person compares; empty while it is not known.

  addresses @3 :List(Text);

  code @4 :Text;
  # offer: six digits, to be shown to the person who asked.

  lifeMs @5 :UInt32;
  # So long the digits are good.
}

struct Paired {
  id @0 :Text;
  name @1 :Text;
}

# ---- typed calls ------------------------------------------------------------------------------------

struct Call {
  peer @0 :Text;

  service @1 :Text;
  # 1 to 60 bytes: the stream is "rpc/" and this (docs/contracts/rpc.md).

  method @2 :UInt16;

  replyMax @3 :UInt32 = 61440;
  # Bytes of body that the answer may have.

  body @4 :Data;
  # What the method takes, as a message of its own: at most 61,440 bytes. It is passed on as it is.
}

struct Answer {
  id @0 :Text;
  name @1 :Text;
  # The peer.

  body @2 :Data;
  # What the method answered, as a message of its own.
}

# ---- doctor -----------------------------------------------------------------------------------------

struct Doctor {
  peer @0 :Text;
  # A device by its name or id; one that is not known is looked for. Empty: nobody in particular.
}

struct Diagnosis {
  rungs @0 :List(Finding);
  # All of them, in the order of the ladder (docs/doctor.md), but for the first, which is that the
  # daemon answers.

  cause @1 :Text;
  # A stable word of docs/doctor.md; empty: nothing is wrong.

  remedy @2 :Text;
  id @3 :Text;
  name @4 :Text;
  # The device that was asked about; both empty when it is not known.
}

struct Finding {
  rung @0 :UInt16;
  # Its number, which stays: 1 interface, 2 multicast, 3 beacon, 4 address, 5 tcp, 6 handshake,
  # 7 identity, 8 version, 9 paired, 11 service.

  word @1 :Text;
  state @2 :RungState;

  evidence @3 :Text;
  # One sentence; empty when it was not reached.
}

enum RungState {
  notReached @0;
  ok @1;
  unknown @2;
  # Nothing is known of it, and nothing behind it needs it.

  failed @3;
}

# ---- streams ----------------------------------------------------------------------------------------

enum StreamKind {
  msg @0;
  byte @1;

  frame @2;
  # A channel of a v1 session: "channel" is its number in decimal digits. Each message is one Frame, whole
  # in one piece. open is answered at once, since a v1 node accepts nothing. Of several programs that have
  # it open, the one that has had it longest is given its frames. finish from the client is answered by
  # ended as soon as the session has taken what came before; what the v1 node makes of it is not known.
  # abort ends the channel here, and not the session, which others use.
}

struct Open {
  peer @0 :Text;
  kind @1 :StreamKind;
  channel @2 :Text;
  # 1 to 59 bytes: with "byte/" in front it is a stream's name of at most 64.

  priority @3 :UInt8 = 255;
  # 0, the highest, to 7; 255: the usual one of its kind.
}

struct Listen {
  kind @0 :StreamKind;
  channel @1 :Text;

  peer @2 :Text;
  # Empty: whoever is paired.
}

struct Opened {
  id @0 :Text;
  name @1 :Text;
  # The peer.
}

struct Abort {
  code @0 :UInt16;
  # 1 cancelled, 256 and above the application's; others are the daemon's own, and malformed.

  why @1 :Text;
  # At most 120 bytes.
}

struct Ended {
  status @0 :Int32;
  # 2, end: both sides finished and everything was confirmed. Aborted, with code and why. Closed: the
  # session went first.

  byPeer @1 :Bool;
  code @2 :UInt16;
  why @3 :Text;

  unconfirmedMessages @4 :UInt64;
  unconfirmedBytes @5 :UInt64;
  # Accepted and not confirmed: the peer may have them, or not.
}
