#include "core/bus/admission.h"

#include "core/base/memory.h"
#include "core/bus/v1_session.h"
#include "schemas/dsoftbus.capnp.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

/* ---- what v1 nodes say (docs/contracts/wire.md §2) ------------------------------------------- */

static const char v1_request[] = "000000000b0000000000000000000100010000000a02000035363437356161373"
                                 "534363334373463303238356466356462"
                                 "66326263616237336461363531333538383339653962373734383162326561623"
                                 "13037373038630000000000000000";
static const char v1_id[] = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c";

static void v1_rows(void)
{
    uint8_t bytes[256];
    uint8_t id[DSB_ID_LEN];
    struct dsb_connect_request request;
    struct dsb_connect_response response;

    unit_row("a v1 node's request is read: its id, protocol 0, and nothing attested");
    EXPECT_STATUS(
        dsb_connect_request_decode(bytes_of_hex(v1_request, bytes, sizeof(bytes)), &request),
        NX_OK);
    fixed_of_hex(v1_id, id, sizeof(id));
    EXPECT_BYTES(nx_bytes_of(request.id, DSB_ID_LEN), nx_bytes_of(id, sizeof(id)));
    EXPECT_EQ(request.protocol, DSB_PROTOCOL_V1);
    EXPECT_EQ(request.purpose, DSB_PURPOSE_SESSION);
    EXPECT(!request.has_attestation && !request.is_paired);

    unit_row("a v1 node's yes is read");
    EXPECT_STATUS(
        dsb_connect_response_decode(
            bytes_of_hex("000000000200000000000000010000000100000000000000", bytes, sizeof(bytes)),
            &response),
        NX_OK);
    EXPECT(response.ok);
    EXPECT_EQ(response.protocol, DSB_PROTOCOL_V1);

    unit_row("a v1 node's no is read, and has no reason");
    EXPECT_STATUS(
        dsb_connect_response_decode(
            bytes_of_hex("000000000200000000000000010000000000000000000000", bytes, sizeof(bytes)),
            &response),
        NX_OK);
    EXPECT(!response.ok);
    EXPECT_EQ(response.refusal, DSB_REFUSAL_NONE);
}

/* ---- ours, there and back -------------------------------------------------------------------- */

static struct dsb_connect_request a_request(void)
{
    struct dsb_connect_request request = {
        .protocol = DSB_PROTOCOL_NATIVE,
        .purpose = DSB_PURPOSE_PAIR,
        .is_paired = true,
        .has_attestation = true,
    };

    memset(request.id, 0xa5, sizeof(request.id));
    memset(request.attestation, 0x5a, sizeof(request.attestation));
    return request;
}

static struct dsb_connect_response a_response(void)
{
    struct dsb_connect_response response = {
        .ok = true,
        .protocol = DSB_PROTOCOL_NATIVE,
        .is_paired = true,
        .has_attestation = true,
    };

    memset(response.attestation, 0x5a, sizeof(response.attestation));
    return response;
}

static enum nx_status request_through(const struct dsb_connect_request *request,
                                      struct dsb_connect_request *read)
{
    uint8_t bytes[DSB_ADMISSION_LEN_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    EXPECT_STATUS(dsb_connect_request_encode(request, &out), NX_OK);
    return dsb_connect_request_decode(nx_writer_bytes(&out), read);
}

static enum nx_status response_through(const struct dsb_connect_response *response,
                                       struct dsb_connect_response *read)
{
    uint8_t bytes[DSB_ADMISSION_LEN_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    EXPECT_STATUS(dsb_connect_response_encode(response, &out), NX_OK);
    return dsb_connect_response_decode(nx_writer_bytes(&out), read);
}

static void there_and_back_rows(void)
{
    struct dsb_connect_request request = a_request();
    struct dsb_connect_request request_read = {0};
    struct dsb_connect_response response = a_response();
    struct dsb_connect_response response_read = {0};

    unit_row("a request says the same on the other side");
    EXPECT_STATUS(request_through(&request, &request_read), NX_OK);
    EXPECT_EQ(memcmp(&request, &request_read, sizeof(request)), 0);

    unit_row("a response says the same on the other side");
    EXPECT_STATUS(response_through(&response, &response_read), NX_OK);
    EXPECT_EQ(memcmp(&response, &response_read, sizeof(response)), 0);

    for (int refusal = DSB_REFUSAL_UNKNOWN; refusal <= DSB_REFUSAL_V1; refusal++) {
        unit_row_number("each reason for a no is read as itself, with or without an attestation:",
                        (uint64_t)refusal);
        for (int attested = 0; attested < 2; attested++) {
            response = a_response();
            response.ok = false;
            response.refusal = (enum dsb_refusal)refusal;
            response.has_attestation = attested != 0;
            EXPECT_STATUS(response_through(&response, &response_read), NX_OK);
            EXPECT_EQ(response_read.refusal, refusal);
            EXPECT_EQ(response_read.has_attestation, attested);
        }
    }

    unit_row("too little room is told and nothing is written");
    uint8_t small[100];
    struct nx_writer out = nx_writer_over(small, sizeof(small));
    EXPECT_STATUS(dsb_connect_request_encode(&request, &out), NX_E_LIMIT);
    EXPECT_EQ(out.len, 0);
}

/* ---- rejects --------------------------------------------------------------------------------- */

static void request_rejects(void)
{
    struct dsb_connect_request read;
    struct dsb_connect_request request = a_request();

    unit_row("a native request without an attestation is refused");
    request.has_attestation = false;
    EXPECT_STATUS(request_through(&request, &read), NX_E_MALFORMED);

    unit_row("a v1 request with an attestation is refused");
    request = a_request();
    request.protocol = DSB_PROTOCOL_V1;
    EXPECT_STATUS(request_through(&request, &read), NX_E_MALFORMED);

    unit_row("a purpose that is none is refused");
    request = a_request();
    request.purpose = DSB_PURPOSE_PAIR + 1;
    EXPECT_STATUS(request_through(&request, &read), NX_E_MALFORMED);

    unit_row("a later protocol and features that nobody knows are read");
    request = a_request();
    request.protocol = 7;
    request.features = UINT64_MAX;
    EXPECT_STATUS(request_through(&request, &read), NX_OK);
    EXPECT_EQ(read.protocol, 7);
    EXPECT_EQ(read.features, UINT64_MAX);
}

static void response_rejects(void)
{
    struct dsb_connect_response read;
    struct dsb_connect_response response = a_response();

    unit_row("a native yes without an attestation is refused");
    response.has_attestation = false;
    EXPECT_STATUS(response_through(&response, &read), NX_E_MALFORMED);

    unit_row("a v1 yes with an attestation is refused");
    response = a_response();
    response.protocol = DSB_PROTOCOL_V1;
    EXPECT_STATUS(response_through(&response, &read), NX_E_MALFORMED);

    unit_row("a yes with a reason for a no is refused");
    response = a_response();
    response.refusal = DSB_REFUSAL_BUSY;
    EXPECT_STATUS(response_through(&response, &read), NX_E_MALFORMED);
}

/* A request whose id and attestation are what the row says, whatever we would write ourselves. */
static enum nx_status crafted(const char *id, size_t attestation_len)
{
    static const uint8_t zeros[65];
    uint8_t memory[512];
    struct nx_capn_builder b;
    struct nx_bytes message;
    struct dsb_connect_request read;

    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    struct dsoftbus_connect_request_builder r = dsoftbus_connect_request_new_root(&b);
    dsoftbus_connect_request_set_device_id(r, nx_bytes_of_text(id));
    dsoftbus_connect_request_set_protocol(r, DSB_PROTOCOL_NATIVE);
    dsoftbus_connect_request_set_attestation(r, nx_bytes_of(zeros, attestation_len));
    EXPECT_STATUS(nx_capn_builder_finish(&b, &message), NX_OK);
    return dsb_connect_request_decode(message, &read);
}

static const struct {
    const char *name;
    const char *id;
    size_t attestation_len;
    enum nx_status status;
} crafts[] = {
    {"64 lower-case digits and 64 bytes are a request", v1_id, 64, NX_OK},
    {"an id in upper case is refused",
     "56475AA75463474C0285DF5DBF2BCAB73DA651358839E9B77481B2EAB107708C", 64, NX_E_MALFORMED},
    {"an id of 63 digits is refused",
     "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708", 64, NX_E_MALFORMED},
    {"an id that is a name is refused", "node-a", 64, NX_E_MALFORMED},
    {"no id is refused", "", 64, NX_E_MALFORMED},
    {"an id that is not even text is refused", "\xff\xfe", 64, NX_E_MALFORMED},
    {"an attestation of 63 bytes is refused", v1_id, 63, NX_E_MALFORMED},
    {"an attestation of 65 bytes is refused", v1_id, 65, NX_E_MALFORMED},
};

/* Likewise a response. */
static enum nx_status crafted_no(const char *reason, size_t attestation_len)
{
    static const uint8_t zeros[65];
    uint8_t memory[512];
    struct nx_capn_builder b;
    struct nx_bytes message;
    struct dsb_connect_response read;

    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    struct dsoftbus_connect_response_builder r = dsoftbus_connect_response_new_root(&b);
    dsoftbus_connect_response_set_protocol(r, DSB_PROTOCOL_NATIVE);
    dsoftbus_connect_response_set_reason(r, nx_bytes_of_text(reason));
    dsoftbus_connect_response_set_attestation(r, nx_bytes_of(zeros, attestation_len));
    EXPECT_STATUS(nx_capn_builder_finish(&b, &message), NX_OK);
    return dsb_connect_response_decode(message, &read);
}

static const struct {
    const char *name;
    const char *reason;
    size_t attestation_len;
    enum nx_status status;
} crafted_noes[] = {
    {"a word of the list and 64 bytes are a no", "busy", 64, NX_OK},
    {"a reason that is none of the list is refused", "because", 64, NX_E_MALFORMED},
    {"a reason with more behind its word is refused", "busy!", 64, NX_E_MALFORMED},
    {"a reason that is not even text is refused", "\xff", 64, NX_E_MALFORMED},
    {"a no with an attestation of 63 bytes is refused", "busy", 63, NX_E_MALFORMED},
};

static void crafted_no_rows(void)
{
    struct dsb_connect_response read;

    for (size_t i = 0; i < NX_COUNT_OF(crafted_noes); i++) {
        unit_row(crafted_noes[i].name);
        EXPECT_STATUS(crafted_no(crafted_noes[i].reason, crafted_noes[i].attestation_len),
                      crafted_noes[i].status);
    }

    unit_row("a response that is no message is refused");
    EXPECT_STATUS(dsb_connect_response_decode(nx_bytes_of("\0\0\0", 3), &read), NX_E_MALFORMED);
}

static void crafted_rows(void)
{
    uint8_t bytes[DSB_ADMISSION_LEN_MAX + 1];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    struct dsb_connect_request request = a_request();
    struct dsb_connect_request read;

    for (size_t i = 0; i < NX_COUNT_OF(crafts); i++) {
        unit_row(crafts[i].name);
        EXPECT_STATUS(crafted(crafts[i].id, crafts[i].attestation_len), crafts[i].status);
    }

    unit_row("a request cut short anywhere is refused");
    EXPECT_STATUS(dsb_connect_request_encode(&request, &out), NX_OK);
    for (size_t len = 0; len < out.len; len++)
        EXPECT(dsb_connect_request_decode(nx_bytes_of(bytes, len), &read) < 0);

    unit_row("a byte behind a request is refused");
    nx_write_u8(&out, 0);
    EXPECT_STATUS(dsb_connect_request_decode(nx_writer_bytes(&out), &read), NX_E_MALFORMED);
}

/* ---- attestation ----------------------------------------------------------------------------- */

static void attestation_rows(void)
{
    uint8_t seed[32] = {1, 2, 3};
    uint8_t h[32] = {9};
    uint8_t other_h[32] = {8};
    uint8_t peer[DSB_ID_LEN] = {7};
    uint8_t other[DSB_ID_LEN] = {6};
    uint8_t signature[NX_ED25519_SIGNATURE_LEN];
    struct dsb_identity identity;

    dsb_identity_init(&identity, seed);
    const struct dsb_attested said = {
        .by_initiator = true,
        .h = h,
        .own_id = identity.id,
        .peer_id = peer,
        .protocol = DSB_PROTOCOL_NATIVE,
        .features = 1,
        .purpose = DSB_PURPOSE_PAIR,
        .is_paired = true,
    };
    dsb_attest(&said, &identity, signature);

    unit_row("an attestation holds for what it says");
    EXPECT_STATUS(dsb_attestation_verify(&said, identity.ed25519, signature), NX_OK);

    const struct {
        const char *name;
        struct dsb_attested claim;
    } others[] = {
        {"it does not hold in the other role",
         {false, h, identity.id, peer, 1, 1, DSB_PURPOSE_PAIR, true}},
        {"nor for another handshake",
         {true, other_h, identity.id, peer, 1, 1, DSB_PURPOSE_PAIR, true}},
        {"nor from another device", {true, h, other, peer, 1, 1, DSB_PURPOSE_PAIR, true}},
        {"nor for another device", {true, h, identity.id, other, 1, 1, DSB_PURPOSE_PAIR, true}},
        {"nor reflected", {true, h, peer, identity.id, 1, 1, DSB_PURPOSE_PAIR, true}},
        {"nor for another protocol", {true, h, identity.id, peer, 2, 1, DSB_PURPOSE_PAIR, true}},
        {"nor for other features", {true, h, identity.id, peer, 1, 0, DSB_PURPOSE_PAIR, true}},
        {"nor for another purpose", {true, h, identity.id, peer, 1, 1, DSB_PURPOSE_SESSION, true}},
        {"nor for another registry", {true, h, identity.id, peer, 1, 1, DSB_PURPOSE_PAIR, false}},
    };
    for (size_t i = 0; i < NX_COUNT_OF(others); i++) {
        unit_row(others[i].name);
        EXPECT_STATUS(dsb_attestation_verify(&others[i].claim, identity.ed25519, signature),
                      NX_E_CRYPTO);
    }
    dsb_identity_wipe(&identity);
}

/* docs/contracts/wire.md §2, computed by tests/interop/peer.py. */
static const struct {
    const char *name;
    bool by_initiator;
    uint16_t protocol;
    uint64_t features;
    uint16_t purpose;
    bool is_paired;
    const char *signature;
} golden[] = {
    {"the initiator's attestation of the golden session", true, 1, 0, DSB_PURPOSE_SESSION, false,
     "834d9515c64d2dc588fb94ef10d39c07a9d6a4fc7ad6466728b435dadec8b989"
     "11789efddd71ac57181b10ea3ec536049551a8f523480692de9e5bc466175a04"},
    {"the responder's attestation of the golden session", false, 1, 0, DSB_PURPOSE_SESSION, false,
     "509e06f9dbeb1f2f0e230c9a6f0ad4858a5915f9ac498261bc8da9c893fbb043"
     "6809675a5ca64c73f3f903cd7bb383c50f6808da97d2d43ea0844980f2fbac06"},
    {"an attestation in which the order of every byte counts", true, 0x0102, 0x0304050607080910,
     DSB_PURPOSE_PAIR, true,
     "2dc77ab7ceb3ce8c81e34e8e24820ee8f07fc1aa52d5b004584b01dce949c201"
     "d3a349cbed35beb4788fe716c7bde19a6a9fcd2d91a7a9162133f79ff095910b"},
};

static void golden_attestation_rows(void)
{
    uint8_t h[32];
    uint8_t seed[32];
    uint8_t wanted[NX_ED25519_SIGNATURE_LEN];
    uint8_t signature[NX_ED25519_SIGNATURE_LEN];
    struct dsb_identity initiator;
    struct dsb_identity responder;

    fixed_of_hex(v1_session.initiator.seed, seed, sizeof(seed));
    dsb_identity_init(&initiator, seed);
    fixed_of_hex(v1_session.responder.seed, seed, sizeof(seed));
    dsb_identity_init(&responder, seed);
    fixed_of_hex(v1_session.h, h, sizeof(h));
    for (size_t i = 0; i < NX_COUNT_OF(golden); i++) {
        const struct dsb_identity *own = golden[i].by_initiator ? &initiator : &responder;
        const struct dsb_identity *peer = golden[i].by_initiator ? &responder : &initiator;
        const struct dsb_attested said = {
            .by_initiator = golden[i].by_initiator,
            .h = h,
            .own_id = own->id,
            .peer_id = peer->id,
            .protocol = golden[i].protocol,
            .features = golden[i].features,
            .purpose = golden[i].purpose,
            .is_paired = golden[i].is_paired,
        };

        unit_row(golden[i].name);
        dsb_attest(&said, own, signature);
        EXPECT_BYTES(nx_bytes_of(signature, sizeof(signature)),
                     bytes_of_hex(golden[i].signature, wanted, sizeof(wanted)));
    }
    dsb_identity_wipe(&initiator);
    dsb_identity_wipe(&responder);
}

UNIT_SUITE(admission_test)
{
    v1_rows();
    there_and_back_rows();
    request_rejects();
    response_rejects();
    crafted_rows();
    crafted_no_rows();
    attestation_rows();
    golden_attestation_rows();
}
