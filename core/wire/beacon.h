/* Beacon: the datagram by which a device says that it is there. NXSB version 1, bit for bit, and the
 * signed second part that a version 1 reader skips (docs/contracts/discovery.md has the tables).
 *
 *     "NXSB" 1 | n, device id | port | Noise static | n, services…      the v1 part
 *     "NXS2"   | sequence | TTL | n, name | signature                   the v2 trailer
 *
 * A beacon is a hint and no proof of anything: the codec says what the bytes say. Whether the
 * signature holds is asked by whoever knows the key, over dsb_beacon_message (core/bus/discovery.h). */
#ifndef NX_CORE_WIRE_BEACON_H
#define NX_CORE_WIRE_BEACON_H

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/status.h"

#define DSB_BEACON_STATIC_LEN    32
#define DSB_BEACON_SIGNATURE_LEN 64

/* What is signed: "nexus-dsoftbus-beacon-v2" and its NUL (25 bytes), then the beacon up to there. */
#define DSB_BEACON_MESSAGE_MAX (25 + DSB_BEACON_MAX - DSB_BEACON_SIGNATURE_LEN)

/* Texts are borrowed: decoded, from the datagram; to encode, from the caller. */
struct dsb_beacon {
    struct nx_bytes device_id; /* 1..DSB_ID_TEXT_MAX bytes of UTF-8 */
    uint16_t port;             /* of sessions; 0: none is offered */
    uint8_t noise_static[DSB_BEACON_STATIC_LEN];
    uint8_t service_count;
    struct nx_bytes services[DSB_BEACON_SERVICES_MAX]; /* 1..DSB_BEACON_SERVICE_NAME_MAX each */

    bool has_trailer; /* the rest is zero without it */
    uint64_t sequence;
    uint16_t ttl_s;       /* DSB_BEACON_TTL_MIN_S..DSB_BEACON_TTL_MAX_S */
    struct nx_bytes name; /* at most DSB_BEACON_NAME_MAX bytes of UTF-8, for display only */
    uint8_t signature[DSB_BEACON_SIGNATURE_LEN];
};

/* Reads a beacon of any length. What follows the v1 part and is no v2 trailer is ignored, as is what
 * follows the signature. `signed_part`, which may be NULL, becomes the span of `in` that the
 * signature covers (empty without a trailer). Borrows `in` for as long as `beacon` is used. `why` may
 * be NULL; `beacon` stays as it was unless NX_OK.
 * NX_OK.
 * NX_E_MALFORMED: truncated; not the magic; an empty device id or service name; a text that is not
 * UTF-8; a trailer that breaks off or names a TTL of 0.
 * NX_E_VERSION: another version than 1.
 * NX_E_LIMIT: a device id, service name or name too long, too many services, a TTL too long. */
NX_MUST_CHECK enum nx_status dsb_beacon_decode(struct nx_bytes in, struct dsb_beacon *beacon,
                                               struct nx_bytes *signed_part, struct nx_why *why);

/* Bytes on the wire, signature included. */
size_t dsb_beacon_len(const struct dsb_beacon *beacon);

/* Makes a beacon fit into `cap` bytes, or into DSB_BEACON_MAX where that is less, by leaving out what
 * matters least: services from the last one on, then the name.
 * NX_OK; NX_E_LIMIT: even without them it does not fit; `beacon` stays as it was. */
NX_MUST_CHECK enum nx_status dsb_beacon_fit(struct dsb_beacon *beacon, size_t cap);

/* Appends the beacon with its signature, byte for byte what decode reads. It never exceeds
 * DSB_BEACON_MAX: a longer one is made to fit first.
 * NX_OK; NX_E_INVALID: a field breaks the rules above, `why` (which may be NULL) says which;
 * NX_E_LIMIT: over DSB_BEACON_MAX, or over the room in `out`, which stays as it was. */
NX_MUST_CHECK enum nx_status dsb_beacon_encode(const struct dsb_beacon *beacon,
                                               struct nx_writer *out, struct nx_why *why);

/* The same without the signature: what is signed, to be followed by DSB_BEACON_SIGNATURE_LEN bytes.
 * The limit counts those too. Of a beacon without a trailer it is the whole. */
NX_MUST_CHECK enum nx_status dsb_beacon_encode_signed_part(const struct dsb_beacon *beacon,
                                                           struct nx_writer *out,
                                                           struct nx_why *why);

/* The message under the signature, built in `message`: the label, its NUL, the signed part, which is
 * at most DSB_BEACON_MAX - DSB_BEACON_SIGNATURE_LEN bytes. Answers the span of it. */
struct nx_bytes dsb_beacon_message(struct nx_bytes signed_part,
                                   uint8_t message[DSB_BEACON_MESSAGE_MAX]);

#endif
