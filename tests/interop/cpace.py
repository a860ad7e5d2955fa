"""docs/contracts/pairing.md from parts that nobody here wrote: ristretto255 is that of libsodium, through
ctypes, hashes are Python's. A typist or an owner is a few lines:

    half = Half(CODE, channel)          channel: who is who, and h of the session
    half.share                          to be sent
    half.confirmations(their_share)     (typist's, owner's)"""

import ctypes
import ctypes.util
import hashlib
import hmac
import os

ORDER = 2**252 + 27742317777372353535851937790883648493
MODE_ENTER = 1
START, SHARE, CONFIRM_TYPIST, CONFIRM_OWNER, NO = range(1, 6)
BUSY, WRONG_CODE, EXPIRED, UNSUPPORTED, CANCELLED, NOT_STORED, MALFORMED = range(1, 8)
LABEL = b"nexus-dsoftbus-cpace-v1"

_path = ctypes.util.find_library("sodium")
sodium = ctypes.CDLL(_path) if _path else None


def from_hash(digest):
    point = ctypes.create_string_buffer(32)
    assert len(digest) == 64 and sodium.crypto_core_ristretto255_from_hash(point, digest) == 0
    return point.raw


def multiply(scalar, point):
    """None where the point is none, or the product is neutral."""
    product = ctypes.create_string_buffer(32)
    if sodium.crypto_scalarmult_ristretto255(product, scalar, point) != 0:
        return None
    return product.raw


def lv(*parts):
    """lv_cat of the draft; every part here is shorter than 128 bytes."""
    assert all(len(part) < 128 for part in parts)
    return b"".join(bytes([len(part)]) + part for part in parts)


def generator(prs, ci, sid):
    head = lv(b"CPaceRistretto255", prs)
    zeros = bytes(max(0, 128 - 1 - len(head)))
    return from_hash(hashlib.sha512(head + lv(zeros, ci, sid)).digest())


def isk(sid, k, said):
    return hashlib.sha512(lv(b"CPaceRistretto255_ISK", sid, k) + said).digest()


class Half:
    """One side's. A device has `id`, `key` and `static`."""

    def __init__(self, code, h, is_typist, typist, owner, scalar=None):
        self.h, self.is_typist, self.typist, self.owner = h, is_typist, typist, owner
        scalar = scalar or int.from_bytes(os.urandom(64), "little") % ORDER
        self.scalar = scalar.to_bytes(32, "little")
        ci = lv(LABEL, bytes([MODE_ENTER]), typist.id, owner.id)
        self.share = multiply(self.scalar, generator(code.encode(), ci, h))

    def confirmations(self, their_share):
        shares = (self.share, their_share) if self.is_typist else (their_share, self.share)
        said = b"".join(
            lv(share, lv(role, device.key, device.static))
            for share, role, device in zip(shares, (b"typist", b"owner"), (self.typist, self.owner))
        )
        secret = isk(self.h, multiply(self.scalar, their_share), said)
        extracted = hmac.digest(self.h, secret, "sha512")

        def confirmation(role):  # one block of HKDF's expansion
            key = hmac.digest(extracted, LABEL + b" confirm " + role + b"\1", "sha512")
            return hmac.digest(key, self.h + said, "sha512")[:32]

        return confirmation(b"typist"), confirmation(b"owner")
