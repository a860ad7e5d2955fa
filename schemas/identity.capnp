@0xb74f4d7b6ce50c7a;
# The identity daemon: who this device is, and signatures with its key.

struct GetDeviceIdRequest {
}

struct GetDeviceIdResponse {
  deviceId @0 :Text;
  # 64 lower-case hex digits.
}

struct SignRequest {
  payload @0 :Data;
}

struct SignResponse {
  ok @0 :Bool;
  signature @1 :Data;
  # 64 bytes when ok.
}

struct VerifyRequest {
  payload @0 :Data;
  signature @1 :Data;
  verifyingKey @2 :Data;
}

struct VerifyResponse {
  valid @0 :Bool;
}
