@0xa70eff1a7b3a3ea2;
# The messages of dsoftbus.capnp as the Rust host stack has them: an old peer's view, for tests.

struct ConnectRequest {
  deviceId @0 :Text;
}

struct ConnectResponse {
  ok @0 :Bool;
}
