#include "core/wire/beacon.h"

#include "core/base/memory.h"
#include "core/base/text.h"

#define HEAD_LEN    41 /* of the v1 part without the device id and the services */
#define TRAILER_LEN 79 /* of the trailer without the name, signature included */

static const char magic[4] = {'N', 'X', 'S', 'B'};
static const char trailer_magic[4] = {'N', 'X', 'S', '2'};
static const char label[] = "nexus-dsoftbus-beacon-v2"; /* signed with its NUL */

_Static_assert(sizeof(label) + DSB_BEACON_MAX - DSB_BEACON_SIGNATURE_LEN == DSB_BEACON_MESSAGE_MAX,
               "the message is the label and what lies before the signature");

/* ---- decode -------------------------------------------------------------------------------- */

static enum nx_status malformed(struct nx_why *why, const char *text)
{
    if (why != NULL)
        nx_why_set(why, text);
    return NX_E_MALFORMED;
}

static enum nx_status over(struct nx_why *why, const char *what, uint64_t limit, uint64_t asked)
{
    if (why != NULL)
        nx_why_limit(why, what, limit, asked);
    return NX_E_LIMIT;
}

static enum nx_status unsupported(struct nx_why *why, uint8_t version)
{
    if (why != NULL) {
        struct nx_text t = nx_text_over(why->text, sizeof(why->text));

        nx_text_add(&t, "beacon: unsupported version ");
        nx_text_add_u64(&t, version);
    }
    return NX_E_VERSION;
}

/* A text of 1..max bytes behind its length. */
static enum nx_status read_text(struct nx_reader *r, size_t max, const char *what,
                                struct nx_bytes *text, struct nx_why *why)
{
    uint8_t len = nx_read_u8(r);

    if (r->short_read)
        return malformed(why, "beacon: truncated");
    if (len == 0)
        return malformed(why, what);
    if (len > max)
        return over(why, what, max, len);
    *text = nx_read_bytes(r, len);
    if (r->short_read)
        return malformed(why, "beacon: truncated");
    if (!nx_utf8_is_valid(*text))
        return malformed(why, "beacon: a text is not UTF-8");
    return NX_OK;
}

static enum nx_status read_head(struct nx_reader *r, struct nx_why *why)
{
    struct nx_bytes word = nx_read_bytes(r, sizeof(magic));

    if (r->short_read)
        return malformed(why, "beacon: truncated");
    if (memcmp(word.ptr, magic, sizeof(magic)) != 0)
        return malformed(why, "beacon: bad magic");

    uint8_t version = nx_read_u8(r);
    if (r->short_read)
        return malformed(why, "beacon: truncated");
    return version == 1 ? NX_OK : unsupported(why, version);
}

static enum nx_status read_v1(struct nx_reader *r, struct dsb_beacon *b, struct nx_why *why)
{
    enum nx_status status = read_head(r, why);

    if (status == NX_OK)
        status = read_text(r, DSB_ID_TEXT_MAX, "beacon: device_id length", &b->device_id, why);
    if (status != NX_OK)
        return status;

    b->port = nx_read_u16be(r);
    struct nx_bytes noise_static = nx_read_bytes(r, DSB_BEACON_STATIC_LEN);
    b->service_count = nx_read_u8(r);
    if (r->short_read)
        return malformed(why, "beacon: truncated");
    memcpy(b->noise_static, noise_static.ptr, DSB_BEACON_STATIC_LEN);
    if (b->service_count > DSB_BEACON_SERVICES_MAX)
        return over(why, "beacon: service count", DSB_BEACON_SERVICES_MAX, b->service_count);

    for (size_t i = 0; i < b->service_count && status == NX_OK; i++)
        status = read_text(r, DSB_BEACON_SERVICE_NAME_MAX, "beacon: service name length",
                           &b->services[i], why);
    return status;
}

static bool trailer_follows(const struct nx_reader *r)
{
    return r->rest.len >= sizeof(trailer_magic) &&
           memcmp(r->rest.ptr, trailer_magic, sizeof(trailer_magic)) == 0;
}

static enum nx_status read_trailer(struct nx_reader *r, struct dsb_beacon *b, struct nx_why *why)
{
    (void)nx_read_bytes(r, sizeof(trailer_magic));
    b->has_trailer = true;
    b->sequence = nx_read_u64be(r);
    b->ttl_s = nx_read_u16be(r);
    uint8_t name_len = nx_read_u8(r);

    if (r->short_read)
        return malformed(why, "beacon: truncated in the trailer");
    if (b->ttl_s < DSB_BEACON_TTL_MIN_S)
        return malformed(why, "beacon: a TTL of 0");
    if (b->ttl_s > DSB_BEACON_TTL_MAX_S)
        return over(why, "beacon: TTL in seconds", DSB_BEACON_TTL_MAX_S, b->ttl_s);
    if (name_len > DSB_BEACON_NAME_MAX)
        return over(why, "beacon: name length", DSB_BEACON_NAME_MAX, name_len);

    b->name = nx_read_bytes(r, name_len);
    struct nx_bytes signature = nx_read_bytes(r, DSB_BEACON_SIGNATURE_LEN);
    if (r->short_read)
        return malformed(why, "beacon: truncated in the trailer");
    if (!nx_utf8_is_valid(b->name))
        return malformed(why, "beacon: a text is not UTF-8");
    memcpy(b->signature, signature.ptr, DSB_BEACON_SIGNATURE_LEN);
    return NX_OK;
}

enum nx_status dsb_beacon_decode(struct nx_bytes in, struct dsb_beacon *beacon,
                                 struct nx_bytes *signed_part, struct nx_why *why)
{
    struct nx_reader r = nx_reader_over(in);
    struct dsb_beacon read = {0};
    size_t signed_len = 0;
    enum nx_status status = read_v1(&r, &read, why);

    if (status == NX_OK && trailer_follows(&r)) {
        status = read_trailer(&r, &read, why);
        signed_len = in.len - r.rest.len - DSB_BEACON_SIGNATURE_LEN;
    }
    if (status != NX_OK)
        return status;

    *beacon = read;
    if (signed_part != NULL)
        *signed_part = nx_bytes_of(signed_len == 0 ? NULL : in.ptr, signed_len);
    return NX_OK;
}

/* ---- encode -------------------------------------------------------------------------------- */

size_t dsb_beacon_len(const struct dsb_beacon *beacon)
{
    size_t len = HEAD_LEN + beacon->device_id.len;

    for (size_t i = 0; i < beacon->service_count; i++)
        len += 1 + beacon->services[i].len;
    return beacon->has_trailer ? len + TRAILER_LEN + beacon->name.len : len;
}

enum nx_status dsb_beacon_fit(struct dsb_beacon *beacon, size_t cap)
{
    size_t max = cap < DSB_BEACON_MAX ? cap : DSB_BEACON_MAX;
    size_t len = dsb_beacon_len(beacon);
    uint8_t service_count = beacon->service_count;
    struct nx_bytes name = beacon->name;

    while (len > max && service_count > 0)
        len -= 1 + beacon->services[--service_count].len;
    if (len > max && beacon->has_trailer) {
        len -= name.len;
        name = nx_bytes_of(NULL, 0);
    }
    if (len > max)
        return NX_E_LIMIT;

    beacon->service_count = service_count;
    beacon->name = name;
    return NX_OK;
}

static bool text_is_good(struct nx_bytes text, size_t min, size_t max)
{
    return text.len >= min && text.len <= max && nx_utf8_is_valid(text);
}

/* NULL, or the rule that is broken. */
static const char *broken_rule(const struct dsb_beacon *b)
{
    if (!text_is_good(b->device_id, 1, DSB_ID_TEXT_MAX))
        return "beacon: device_id is 1 to 64 bytes of UTF-8";
    if (b->service_count > DSB_BEACON_SERVICES_MAX)
        return "beacon: at most 16 services";
    for (size_t i = 0; i < b->service_count; i++) {
        if (!text_is_good(b->services[i], 1, DSB_BEACON_SERVICE_NAME_MAX))
            return "beacon: a service name is 1 to 64 bytes of UTF-8";
    }
    if (!b->has_trailer)
        return NULL;
    if (b->ttl_s < DSB_BEACON_TTL_MIN_S || b->ttl_s > DSB_BEACON_TTL_MAX_S)
        return "beacon: the TTL is 1 to 300 seconds";
    if (!text_is_good(b->name, 0, DSB_BEACON_NAME_MAX))
        return "beacon: the name is at most 32 bytes of UTF-8";
    return NULL;
}

static void write_text(struct nx_writer *w, struct nx_bytes text)
{
    nx_write_u8(w, (uint8_t)text.len);
    nx_write_bytes(w, text);
}

static void write_signed_part(const struct dsb_beacon *b, struct nx_writer *w)
{
    nx_write_bytes(w, nx_bytes_of(magic, sizeof(magic)));
    nx_write_u8(w, 1);
    write_text(w, b->device_id);
    nx_write_u16be(w, b->port);
    nx_write_bytes(w, nx_bytes_of(b->noise_static, DSB_BEACON_STATIC_LEN));
    nx_write_u8(w, b->service_count);
    for (size_t i = 0; i < b->service_count; i++)
        write_text(w, b->services[i]);
    if (!b->has_trailer)
        return;

    nx_write_bytes(w, nx_bytes_of(trailer_magic, sizeof(trailer_magic)));
    nx_write_u64be(w, b->sequence);
    nx_write_u16be(w, b->ttl_s);
    write_text(w, b->name);
}

static enum nx_status check(const struct dsb_beacon *b, size_t room, struct nx_why *why)
{
    const char *rule = broken_rule(b);
    size_t max = room < DSB_BEACON_MAX ? room : DSB_BEACON_MAX;

    if (rule != NULL) {
        if (why != NULL)
            nx_why_set(why, rule);
        return NX_E_INVALID;
    }
    if (dsb_beacon_len(b) > max)
        return over(why, "beacon: bytes", max, dsb_beacon_len(b));
    return NX_OK;
}

enum nx_status dsb_beacon_encode_signed_part(const struct dsb_beacon *beacon, struct nx_writer *out,
                                             struct nx_why *why)
{
    enum nx_status status = check(beacon, nx_writer_room(out), why);

    if (status == NX_OK)
        write_signed_part(beacon, out);
    return status;
}

enum nx_status dsb_beacon_encode(const struct dsb_beacon *beacon, struct nx_writer *out,
                                 struct nx_why *why)
{
    enum nx_status status = dsb_beacon_encode_signed_part(beacon, out, why);

    if (status == NX_OK && beacon->has_trailer)
        nx_write_bytes(out, nx_bytes_of(beacon->signature, DSB_BEACON_SIGNATURE_LEN));
    return status;
}

struct nx_bytes dsb_beacon_message(struct nx_bytes signed_part,
                                   uint8_t message[DSB_BEACON_MESSAGE_MAX])
{
    struct nx_writer w = nx_writer_over(message, DSB_BEACON_MESSAGE_MAX);

    nx_write_bytes(&w, nx_bytes_of(label, sizeof(label)));
    nx_write_bytes(&w, signed_part);
    NX_CHECK(!w.overflow);
    return nx_writer_bytes(&w);
}
