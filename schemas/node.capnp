@0xef684401fb8cb9ca;
# The service `node`, on a stream `rpc/node`: what every device answers to those that it is paired with
# (docs/contracts/rpc.md).

const serviceName :Text = "node";

interface Service {
  echo @0 Echo -> Echo;
  # The same bytes back.

  info @1 InfoRequest -> Info;
  # What this device is, and how it fares. Nothing of other devices.
}

struct Echo {
  data @0 :Data;
  # At most 61,416 bytes, so that the struct around them is a body.
}

struct InfoRequest {
}

struct Info {
  name @0 :Text;
  deviceId @1 :Text;
  # 64 lower-case hex digits.

  version @2 :Text;
  protocol @3 :UInt16;
  # The highest that it speaks.

  uptimeMs @4 :UInt64;

  sessionCount @5 :UInt32;
  streamCount @6 :UInt32;
  # Of all sessions, of its own programs and of the devices it is paired with.

  callCount @7 :UInt32;
  # Typed calls of others that it has answered since it was started.

  limits @8 :List(Limit);
}

struct Limit {
  name @0 :Text;
  # As docs/contracts/limits.md has it, without DSB_, in small letters: "rpc_calls_max".

  value @1 :UInt64;
}
