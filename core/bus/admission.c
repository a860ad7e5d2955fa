#include "core/bus/admission.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "schemas/dsoftbus.capnp.h"

enum {
    SEGMENTS_MAX = 4, /* of a message by another encoder; ours has one */
};

static const char *const refusal_words[] = {
    [DSB_REFUSAL_NONE] = "",
    [DSB_REFUSAL_UNKNOWN] = "unknown",
    [DSB_REFUSAL_ONE_SIDED] = "one-sided",
    [DSB_REFUSAL_IDENTITY] = "identity",
    [DSB_REFUSAL_DENIED] = "denied",
    [DSB_REFUSAL_BUSY] = "busy",
    [DSB_REFUSAL_LIMIT] = "limit",
    [DSB_REFUSAL_V1] = "v1",
};

const char *dsb_refusal_word(enum dsb_refusal refusal)
{
    return refusal_words[refusal];
}

static enum nx_status append(struct nx_capn_builder *b, struct nx_writer *out)
{
    struct nx_bytes message;

    NX_CHECK(nx_capn_builder_finish(b, &message) == NX_OK); /* DSB_ADMISSION_LEN_MAX holds either */
    if (nx_writer_room(out) < message.len)
        return NX_E_LIMIT;
    nx_write_bytes(out, message);
    return NX_OK;
}

enum nx_status dsb_connect_request_encode(const struct dsb_connect_request *request,
                                          struct nx_writer *out)
{
    uint8_t memory[DSB_ADMISSION_LEN_MAX];
    char id_text[2 * DSB_ID_LEN + 1];
    struct nx_capn_builder b;

    nx_hex_encode(nx_bytes_of(request->id, DSB_ID_LEN), id_text);
    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    struct dsoftbus_connect_request_builder r = dsoftbus_connect_request_new_root(&b);
    dsoftbus_connect_request_set_device_id(r, nx_bytes_of_text(id_text));
    dsoftbus_connect_request_set_protocol(r, request->protocol);
    dsoftbus_connect_request_set_features(r, request->features);
    dsoftbus_connect_request_set_purpose(r, request->purpose);
    dsoftbus_connect_request_set_paired(r, request->is_paired);
    if (request->has_attestation)
        dsoftbus_connect_request_set_attestation(
            r, nx_bytes_of(request->attestation, sizeof(request->attestation)));
    return append(&b, out);
}

enum nx_status dsb_connect_response_encode(const struct dsb_connect_response *response,
                                           struct nx_writer *out)
{
    uint8_t memory[DSB_ADMISSION_LEN_MAX];
    struct nx_capn_builder b;

    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    struct dsoftbus_connect_response_builder r = dsoftbus_connect_response_new_root(&b);
    dsoftbus_connect_response_set_ok(r, response->ok);
    dsoftbus_connect_response_set_protocol(r, response->protocol);
    dsoftbus_connect_response_set_features(r, response->features);
    dsoftbus_connect_response_set_paired(r, response->is_paired);
    if (response->has_attestation)
        dsoftbus_connect_response_set_attestation(
            r, nx_bytes_of(response->attestation, sizeof(response->attestation)));
    if (response->refusal != DSB_REFUSAL_NONE)
        dsoftbus_connect_response_set_reason(r,
                                             nx_bytes_of_text(dsb_refusal_word(response->refusal)));
    return append(&b, out);
}

/* 64 bytes, or none at all. */
static enum nx_status take_attestation(struct nx_bytes data, bool *has,
                                       uint8_t attestation[NX_ED25519_SIGNATURE_LEN])
{
    if (data.len != 0 && data.len != NX_ED25519_SIGNATURE_LEN)
        return NX_E_MALFORMED;
    *has = data.len != 0;
    if (*has)
        memcpy(attestation, data.ptr, data.len);
    return NX_OK;
}

enum nx_status dsb_connect_request_decode(struct nx_bytes in, struct dsb_connect_request *request)
{
    struct nx_capn_segment table[SEGMENTS_MAX];
    struct nx_capn_message m;
    struct dsb_connect_request read = {0};
    enum nx_status status =
        nx_capn_message_open(&m, &nx_capn_limits_default, in, table, SEGMENTS_MAX);

    if (status != NX_OK)
        return status;

    struct dsoftbus_connect_request_reader r = dsoftbus_connect_request_root(&m);
    struct nx_bytes id = dsoftbus_connect_request_get_device_id(r);
    struct nx_bytes attestation = dsoftbus_connect_request_get_attestation(r);
    read.protocol = dsoftbus_connect_request_get_protocol(r);
    read.features = dsoftbus_connect_request_get_features(r);
    read.purpose = dsoftbus_connect_request_get_purpose(r);
    read.is_paired = dsoftbus_connect_request_get_paired(r);
    if (m.status != NX_OK)
        return m.status;

    if (nx_hex_decode(id, read.id, DSB_ID_LEN) != NX_OK ||
        take_attestation(attestation, &read.has_attestation, read.attestation) != NX_OK ||
        read.has_attestation != (read.protocol != DSB_PROTOCOL_V1) ||
        read.purpose > DSB_PURPOSE_PAIR)
        return NX_E_MALFORMED;
    *request = read;
    return NX_OK;
}

static bool find_refusal(struct nx_bytes word, enum dsb_refusal *refusal)
{
    for (size_t i = 0; i < NX_COUNT_OF(refusal_words); i++) {
        if (nx_bytes_equal(word, nx_bytes_of_text(refusal_words[i]))) {
            *refusal = (enum dsb_refusal)i;
            return true;
        }
    }
    return false;
}

enum nx_status dsb_connect_response_decode(struct nx_bytes in,
                                           struct dsb_connect_response *response)
{
    struct nx_capn_segment table[SEGMENTS_MAX];
    struct nx_capn_message m;
    struct dsb_connect_response read = {0};
    enum nx_status status =
        nx_capn_message_open(&m, &nx_capn_limits_default, in, table, SEGMENTS_MAX);

    if (status != NX_OK)
        return status;

    struct dsoftbus_connect_response_reader r = dsoftbus_connect_response_root(&m);
    struct nx_bytes attestation = dsoftbus_connect_response_get_attestation(r);
    struct nx_bytes reason = dsoftbus_connect_response_get_reason(r);
    read.ok = dsoftbus_connect_response_get_ok(r);
    read.protocol = dsoftbus_connect_response_get_protocol(r);
    read.features = dsoftbus_connect_response_get_features(r);
    read.is_paired = dsoftbus_connect_response_get_paired(r);
    if (m.status != NX_OK)
        return m.status;

    if (!find_refusal(reason, &read.refusal) ||
        take_attestation(attestation, &read.has_attestation, read.attestation) != NX_OK ||
        (read.has_attestation && read.protocol == DSB_PROTOCOL_V1) ||
        (read.ok && !read.has_attestation && read.protocol != DSB_PROTOCOL_V1) ||
        (read.ok && read.refusal != DSB_REFUSAL_NONE))
        return NX_E_MALFORMED;
    *response = read;
    return NX_OK;
}

/* ---- attestation --------------------------------------------------------------------------- */

/* Starts with its label and a NUL, like everything but the v1 proof that this key ever signs. */
static const char label[] = "nexus-dsoftbus-attest-v2";

enum {
    H_LEN = 32,
    MESSAGE_LEN = sizeof(label) + 1 + H_LEN + 2 * DSB_ID_LEN + 2 + 8 + 2 + 1,
};

static struct nx_bytes message_of(const struct dsb_attested *a, uint8_t memory[MESSAGE_LEN])
{
    struct nx_writer w = nx_writer_over(memory, MESSAGE_LEN);

    nx_write_bytes(&w, nx_bytes_of(label, sizeof(label)));
    nx_write_u8(&w, a->by_initiator ? 1 : 2);
    nx_write_bytes(&w, nx_bytes_of(a->h, H_LEN));
    nx_write_bytes(&w, nx_bytes_of(a->own_id, DSB_ID_LEN));
    nx_write_bytes(&w, nx_bytes_of(a->peer_id, DSB_ID_LEN));
    nx_write_u16le(&w, a->protocol);
    nx_write_u64le(&w, a->features);
    nx_write_u16le(&w, a->purpose);
    nx_write_u8(&w, a->is_paired ? 1 : 0);
    NX_CHECK(!w.overflow && w.len == MESSAGE_LEN);
    return nx_writer_bytes(&w);
}

void dsb_attest(const struct dsb_attested *attested, const struct dsb_identity *identity,
                uint8_t attestation[NX_ED25519_SIGNATURE_LEN])
{
    uint8_t memory[MESSAGE_LEN];

    nx_crypto_ed25519_sign(attestation, message_of(attested, memory), identity->secret_seed);
}

enum nx_status dsb_attestation_verify(const struct dsb_attested *attested,
                                      const uint8_t ed25519[NX_ED25519_PUBLIC_LEN],
                                      const uint8_t attestation[NX_ED25519_SIGNATURE_LEN])
{
    uint8_t memory[MESSAGE_LEN];

    return nx_crypto_ed25519_verify(attestation, message_of(attested, memory), ed25519);
}
