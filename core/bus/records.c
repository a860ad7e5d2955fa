#include "core/bus/records.h"

_Static_assert(DSB_RECORD_BODY_MAX == DSB_NOISE_MESSAGE_MAX, "a record is one Noise message");
_Static_assert(DSB_RECORD_PLAIN_MAX == DSB_RECORD_BODY_MAX - NX_AEAD_TAG_LEN, "without its tag");

enum nx_status dsb_records_init(struct dsb_records *r, struct dsb_noise *handshake)
{
    *r = (struct dsb_records){.ended = NX_E_CLOSED, .rest_until = NX_NEVER};

    enum nx_status status = dsb_noise_split(handshake, &r->sending, &r->receiving);
    if (status == NX_OK)
        r->ended = NX_OK;
    return status;
}

void dsb_records_wipe(struct dsb_records *r)
{
    dsb_noise_cipher_wipe(&r->sending);
    dsb_noise_cipher_wipe(&r->receiving);
    r->ended = NX_E_CLOSED;
    r->rest_until = NX_NEVER;
}

void dsb_records_admit(struct dsb_records *r, enum dsb_records_protocol protocol)
{
    NX_CHECK(r->protocol == DSB_RECORDS_ADMISSION && protocol != DSB_RECORDS_ADMISSION);
    r->protocol = protocol;
}

/* May there be a record of this number? */
static enum nx_status check_number(const struct dsb_records *r, uint64_t number)
{
    enum nx_status status = NX_OK;

    switch (r->protocol) {
    case DSB_RECORDS_ADMISSION:
        status = number == 0 ? NX_OK : NX_E_STATE;
        break;
    case DSB_RECORDS_V1:
        status = number < DSB_RECORD_V1_COUNT_MAX ? NX_OK : NX_E_LIMIT;
        break;
    case DSB_RECORDS_NATIVE:
        break; /* the cipher knows its own end */
    }
    return status;
}

/* Both sides come by here just before they use the number. */
static void rekey_if_due(const struct dsb_records *r, struct dsb_noise_cipher *cipher)
{
    bool is_due = cipher->next_number != 0 && cipher->next_number % DSB_RECORD_REKEY_COUNT == 0;

    if (is_due && r->protocol == DSB_RECORDS_NATIVE)
        dsb_noise_cipher_rekey(cipher);
}

/* ---- sending --------------------------------------------------------------------------------- */

struct nx_writer dsb_records_room(const struct nx_writer *out, size_t plain_max)
{
    const size_t overhead = DSB_RECORD_HEAD_LEN + NX_AEAD_TAG_LEN;
    size_t room = nx_writer_room(out);

    if (room <= overhead)
        return nx_writer_over(NULL, 0);
    size_t cap = room - overhead;
    cap = cap > plain_max ? plain_max : cap;
    cap = cap > DSB_RECORD_PLAIN_MAX ? DSB_RECORD_PLAIN_MAX : cap;
    return nx_writer_over(out->ptr + out->len + DSB_RECORD_HEAD_LEN, cap);
}

enum nx_status dsb_records_seal(struct dsb_records *r, size_t plain_len, struct nx_writer *out)
{
    struct nx_writer plain = dsb_records_room(out, DSB_RECORD_PLAIN_MAX);

    if (r->ended == NX_E_CLOSED)
        return NX_E_CLOSED;
    if (plain_len == 0 || plain_len > plain.cap)
        return NX_E_INVALID;
    enum nx_status status = check_number(r, r->sending.next_number);
    if (status != NX_OK)
        return status;

    rekey_if_due(r, &r->sending);
    status = dsb_noise_cipher_seal(&r->sending, nx_bytes_of(NULL, 0),
                                   nx_bytes_of(plain.ptr, plain_len), plain.ptr);
    if (status != NX_OK)
        return status;
    nx_write_u32be(out, (uint32_t)(plain_len + NX_AEAD_TAG_LEN));
    out->len += plain_len + NX_AEAD_TAG_LEN;
    return NX_OK;
}

/* ---- receiving ------------------------------------------------------------------------------- */

static enum nx_status end(struct dsb_records *r, enum nx_status why)
{
    dsb_noise_cipher_wipe(&r->receiving);
    r->ended = why;
    r->rest_until = NX_NEVER;
    return why;
}

/* The deadline is that of the first byte: those that follow do not move it. */
static enum nx_status wait_for_rest(struct dsb_records *r, struct nx_instant now, size_t in_len)
{
    if (in_len > 0 && nx_instant_is_never(r->rest_until))
        r->rest_until = nx_instant_after(now, nx_seconds(DSB_RECORD_REST_S));
    return NX_WOULD_BLOCK;
}

enum nx_status dsb_records_open(struct dsb_records *r, struct nx_instant now, uint8_t *in,
                                size_t in_len, struct nx_bytes *plain, size_t *used)
{
    /* The driver may bring what arrived before it brings the tick: the deadline counts all the
     * same. */
    dsb_records_tick(r, now);
    if (r->ended != NX_OK)
        return r->ended;

    struct nx_reader reader = nx_reader_over(nx_bytes_of(in, in_len));
    uint32_t body_len = nx_read_u32be(&reader);
    if (reader.short_read)
        return wait_for_rest(r, now, in_len);

    enum nx_status status = check_number(r, r->receiving.next_number);
    if (status != NX_OK)
        return end(r, status);
    if (body_len <= NX_AEAD_TAG_LEN)
        return end(r, NX_E_MALFORMED);
    if (body_len > DSB_RECORD_BODY_MAX)
        return end(r, NX_E_LIMIT);
    struct nx_bytes body = nx_read_bytes(&reader, body_len);
    if (reader.short_read)
        return wait_for_rest(r, now, in_len);

    rekey_if_due(r, &r->receiving);
    status =
        dsb_noise_cipher_open(&r->receiving, nx_bytes_of(NULL, 0), body, in + DSB_RECORD_HEAD_LEN);
    if (status != NX_OK)
        return end(r, status);
    r->rest_until = NX_NEVER;
    *plain = nx_bytes_of(body.ptr, body.len - NX_AEAD_TAG_LEN);
    *used = DSB_RECORD_HEAD_LEN + body.len;
    return NX_OK;
}

void dsb_records_tick(struct dsb_records *r, struct nx_instant now)
{
    if (nx_instant_reached(r->rest_until, now))
        (void)end(r, NX_E_TIMEOUT);
}

struct nx_instant dsb_records_deadline(const struct dsb_records *r)
{
    return r->rest_until;
}
