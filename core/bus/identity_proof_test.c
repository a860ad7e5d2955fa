#include "core/bus/identity_proof.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/v1_session.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

/* ---- the contract's vectors ------------------------------------------------------------------- */

static void identity_of(const struct v1_device *device, struct dsb_identity *identity)
{
    uint8_t seed[NX_ED25519_SEED_LEN];

    fixed_of_hex(device->seed, seed, sizeof(seed));
    dsb_identity_init(identity, seed);
}

static const struct {
    const char *name;
    const struct v1_device *device;
    enum dsb_proof_role role;
} vectors[] = {
    {"the first device as a responder", &v1_session.initiator, DSB_PROOF_SERVER},
    {"the first device as an initiator", &v1_session.initiator, DSB_PROOF_CLIENT},
    {"the second device as a responder", &v1_session.responder, DSB_PROOF_SERVER},
    {"the second device as an initiator", &v1_session.responder, DSB_PROOF_CLIENT},
};

static void vector_row(const struct v1_device *device, enum dsb_proof_role role)
{
    struct dsb_identity identity;
    struct dsb_identity_proof proof;
    struct dsb_identity_claim claim;
    struct nx_bytes text = nx_bytes_of_text(device->proofs[role].text);

    identity_of(device, &identity);
    dsb_identity_prove(&identity, role, &proof);
    EXPECT_BYTES(nx_bytes_of(proof.text, proof.len), text);
    EXPECT_STATUS(dsb_identity_verify(text, role, identity.noise_static, &claim, NULL), NX_OK);
    EXPECT_BYTES(nx_bytes_of(claim.id, sizeof(claim.id)),
                 nx_bytes_of(identity.id, sizeof(identity.id)));
    EXPECT_BYTES(nx_bytes_of(claim.ed25519, sizeof(claim.ed25519)),
                 nx_bytes_of(identity.ed25519, sizeof(identity.ed25519)));
    dsb_identity_wipe(&identity);
}

/* ---- what a proof may look like ---------------------------------------------------------------- */

/* A proof in the making: of the first device as an initiator, until a row changes it. */
struct maker {
    struct dsb_identity identity;
    uint8_t noise_static[NX_X25519_LEN];
    char id_text[DSB_ID_TEXT_MAX + 1];
    uint8_t key[NX_ED25519_PUBLIC_LEN + 1];
    uint32_t key_len;
    uint8_t signature[NX_ED25519_SIGNATURE_LEN + 1];
    uint32_t signature_len;
    char memory[DSB_PROOF_PAYLOAD_MAX + 2];
};

static void maker_begin(struct maker *m)
{
    memset(m, 0, sizeof(*m));
    identity_of(&v1_session.initiator, &m->identity);
    memcpy(m->noise_static, m->identity.noise_static, NX_X25519_LEN);
    memcpy(m->id_text, m->identity.id_text, sizeof(m->id_text));
    memcpy(m->key, m->identity.ed25519, NX_ED25519_PUBLIC_LEN);
    m->key_len = NX_ED25519_PUBLIC_LEN;
    fixed_of_hex(v1_session.initiator.proofs[DSB_PROOF_CLIENT].signature, m->signature,
                 NX_ED25519_SIGNATURE_LEN);
    m->signature_len = NX_ED25519_SIGNATURE_LEN;
}

static void add_array(struct nx_text *t, const uint8_t *bytes, uint32_t len)
{
    nx_text_add(t, "[");
    for (uint32_t i = 0; i < len; i++) {
        nx_text_add(t, i == 0 ? "" : ",");
        nx_text_add_u64(t, bytes[i]);
    }
    nx_text_add(t, "]");
}

/* `form` with $I, $K and $S replaced by what the maker holds. */
static struct nx_bytes maker_text(struct maker *m, const char *form)
{
    struct nx_text t = nx_text_over(m->memory, sizeof(m->memory));

    for (const char *c = form; *c != '\0'; c++) {
        if (*c != '$') {
            nx_text_add_bytes(&t, nx_bytes_of(c, 1));
            continue;
        }
        c++;
        if (*c == 'I') {
            nx_text_add(&t, "\"");
            nx_text_add(&t, m->id_text);
            nx_text_add(&t, "\"");
        } else if (*c == 'K') {
            add_array(&t, m->key, m->key_len);
        } else {
            add_array(&t, m->signature, m->signature_len);
        }
    }
    NX_CHECK(!t.cut);
    return nx_bytes_of(m->memory, t.len);
}

/* Verifies as a client's proof; nothing is told of a claim that does not hold. */
static enum nx_status maker_verify(struct maker *m, struct nx_bytes text, struct nx_why *why)
{
    struct dsb_identity_claim claim, before;

    memset(&claim, 0x5a, sizeof(claim));
    memcpy(&before, &claim, sizeof(before));
    enum nx_status status =
        dsb_identity_verify(text, DSB_PROOF_CLIENT, m->noise_static, &claim, why);
    if (status != NX_OK)
        EXPECT(memcmp(&claim, &before, sizeof(before)) == 0);
    return status;
}

static const struct {
    const char *name;
    const char *form;
    enum nx_status status;
} forms[] = {
    {"the three members in the order in which they are written",
     "{\"device_id\":$I,\"verifying_key\":$K,\"signature\":$S}", NX_OK},
    {"the order of the members does not matter",
     "{\"signature\":$S,\"verifying_key\":$K,\"device_id\":$I}", NX_OK},
    {"a member that is not known is ignored",
     "{\"v\":2,\"device_id\":$I,\"verifying_key\":$K,\"x\":{\"a\":[null]},\"signature\":$S}",
     NX_OK},
    {"white space does not matter",
     " {\n\"device_id\" : $I ,\t\"verifying_key\": $K,\r\n\"signature\" :$S } ", NX_OK},
    {"an escape in a key's name spells the same name",
     "{\"device\\u005fid\":$I,\"verifying_key\":$K,\"signature\":$S}", NX_OK},
    {"an id twice is refused",
     "{\"device_id\":$I,\"device_id\":$I,\"verifying_key\":$K,\"signature\":$S}", NX_E_MALFORMED},
    {"a key twice is refused",
     "{\"device_id\":$I,\"verifying_key\":$K,\"verifying_key\":$K,\"signature\":$S}",
     NX_E_MALFORMED},
    {"a signature twice is refused",
     "{\"device_id\":$I,\"verifying_key\":$K,\"signature\":$S,\"signature\":$S}", NX_E_MALFORMED},
    {"a name spelled by escape is the same name twice",
     "{\"device_id\":$I,\"device\\u005fid\":$I,\"verifying_key\":$K,\"signature\":$S}",
     NX_E_MALFORMED},
    {"without an id there is no proof", "{\"verifying_key\":$K,\"signature\":$S}", NX_E_MALFORMED},
    {"without a key there is no proof", "{\"device_id\":$I,\"signature\":$S}", NX_E_MALFORMED},
    {"without a signature there is no proof", "{\"device_id\":$I,\"verifying_key\":$K}",
     NX_E_MALFORMED},
    {"an id that is no string is refused",
     "{\"device_id\":null,\"verifying_key\":$K,\"signature\":$S}", NX_E_MALFORMED},
    {"an id of 65 digits is refused",
     "{\"device_id\":\"00000000000000000000000000000000000000000000000000000000000000000\","
     "\"verifying_key\":$K,\"signature\":$S}",
     NX_E_IDENTITY},
    {"a key that is a string is refused",
     "{\"device_id\":$I,\"verifying_key\":$I,\"signature\":$S}", NX_E_MALFORMED},
    {"a signature that is a string is refused",
     "{\"device_id\":$I,\"verifying_key\":$K,\"signature\":$I}", NX_E_MALFORMED},
    {"a name in another case is another name",
     "{\"Device_id\":$I,\"verifying_key\":$K,\"signature\":$S}", NX_E_MALFORMED},
    {"a list of the three is refused", "[$I,$K,$S]", NX_E_MALFORMED},
    {"nothing is refused", "", NX_E_MALFORMED},
    {"what follows the object is not overlooked",
     "{\"device_id\":$I,\"verifying_key\":$K,\"signature\":$S}0", NX_E_MALFORMED},
    {"16 members are looked at",
     "{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":0,\"j\":0,\"k\":0,"
     "\"l\":0,\"m\":0,\"device_id\":$I,\"verifying_key\":$K,\"signature\":$S}",
     NX_OK},
    {"17 members are not",
     "{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":0,\"j\":0,\"k\":0,"
     "\"l\":0,\"m\":0,\"n\":0,\"device_id\":$I,\"verifying_key\":$K,\"signature\":$S}",
     NX_E_LIMIT},
};

#define WHOLE "{\"device_id\":$I,\"verifying_key\":$K,\"signature\":$S}"

/* ---- what it has to say ------------------------------------------------------------------------ */

/* The identity point; R and s of a signature that holds under it for every message, wherever such a
 * key is let through. */
static void small_order_key(struct maker *m, const char *key)
{
    uint8_t id[DSB_ID_LEN];

    fixed_of_hex(key, m->key, NX_ED25519_PUBLIC_LEN);
    dsb_identity_id_of(m->key, id);
    nx_hex_encode(nx_bytes_of(id, sizeof(id)), m->id_text);
    memset(m->signature, 0, sizeof(m->signature));
    m->signature[0] = 1;
}

static void identity_point(struct maker *m)
{
    small_order_key(m, "0100000000000000000000000000000000000000000000000000000000000000");
}

static void identity_point_spelled_anew(struct maker *m)
{
    small_order_key(m, "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
}

/* s + L, which signs the same where nobody asks whether s is below L (RFC 8032 §5.1.7). */
static void second_signature(struct maker *m)
{
    uint8_t order[32];
    unsigned carry = 0;

    fixed_of_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", order,
                 sizeof(order));
    for (size_t i = 0; i < sizeof(order); i++) {
        carry += m->signature[32 + i] + (unsigned)order[i];
        m->signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void short_key(struct maker *m)
{
    m->key_len--;
}

static void long_key(struct maker *m)
{
    m->key_len++;
}

static void another_id(struct maker *m)
{
    memcpy(m->id_text, v1_session.responder.id, DSB_ID_TEXT_MAX);
}

static void upper_case_id(struct maker *m)
{
    NX_CHECK(m->id_text[6] == 'a');
    m->id_text[6] = 'A';
}

static void short_id(struct maker *m)
{
    m->id_text[DSB_ID_TEXT_MAX - 1] = '\0';
}

static void short_signature(struct maker *m)
{
    m->signature_len--;
}

static void long_signature(struct maker *m)
{
    m->signature_len++;
}

static void another_signature(struct maker *m)
{
    m->signature[5] ^= 1;
}

static void signature_of_a_server(struct maker *m)
{
    fixed_of_hex(v1_session.initiator.proofs[DSB_PROOF_SERVER].signature, m->signature,
                 NX_ED25519_SIGNATURE_LEN);
}

static void another_static(struct maker *m)
{
    fixed_of_hex(v1_session.responder.noise_static, m->noise_static, NX_X25519_LEN);
}

/* The second device's key and id over the first one's signature. */
static void another_device(struct maker *m)
{
    another_id(m);
    fixed_of_hex(v1_session.responder.ed25519, m->key, NX_ED25519_PUBLIC_LEN);
}

static const struct {
    const char *name;
    void (*changes[2])(struct maker *m);
    enum nx_status status;
    const char *why;
} claims[] = {
    {"a key of 31 bytes", {short_key}, NX_E_MALFORMED, "proof: the key is not 32 bytes"},
    {"a key of 33 bytes", {long_key}, NX_E_MALFORMED, "proof: the key is not 32 bytes"},
    {"another device's id", {another_id}, NX_E_IDENTITY, "proof: the id is not the key's"},
    {"the id in upper case", {upper_case_id}, NX_E_IDENTITY, "proof: the id is not the key's"},
    {"an id of 63 digits", {short_id}, NX_E_IDENTITY, "proof: the id is not the key's"},
    {"a signature of 63 bytes",
     {short_signature},
     NX_E_MALFORMED,
     "proof: the signature is not 64 bytes"},
    {"a signature of 65 bytes",
     {long_signature},
     NX_E_MALFORMED,
     "proof: the signature is not 64 bytes"},
    {"a forged signature", {another_signature}, NX_E_CRYPTO, "proof: the signature does not hold"},
    {"the proof of the other role",
     {signature_of_a_server},
     NX_E_CRYPTO,
     "proof: the signature does not hold"},
    {"a good proof for another static key",
     {another_static},
     NX_E_CRYPTO,
     "proof: the signature does not hold"},
    {"another device's signature",
     {another_device},
     NX_E_CRYPTO,
     "proof: the signature does not hold"},
    {"a signature whose s is not below the order",
     {second_signature},
     NX_E_CRYPTO,
     "proof: the signature does not hold"},
    {"a key of small order, under which anything is signed",
     {identity_point},
     NX_E_CRYPTO,
     "proof: the signature does not hold"},
    {"the same key in a second spelling",
     {identity_point_spelled_anew},
     NX_E_CRYPTO,
     "proof: the signature does not hold"},
    {"the key's length is asked before the id",
     {short_key, another_id},
     NX_E_MALFORMED,
     "proof: the key is not 32 bytes"},
    {"the id is asked before the signature's length",
     {another_id, short_signature},
     NX_E_IDENTITY,
     "proof: the id is not the key's"},
    {"the id is asked before the signature",
     {another_id, another_signature},
     NX_E_IDENTITY,
     "proof: the id is not the key's"},
};

static void claim_row(size_t row)
{
    struct maker m;
    struct nx_why why = {""};

    maker_begin(&m);
    for (size_t i = 0; i < 2 && claims[row].changes[i] != NULL; i++)
        claims[row].changes[i](&m);
    struct nx_bytes text = maker_text(&m, WHOLE);
    EXPECT_STATUS(maker_verify(&m, text, &why), claims[row].status);
    EXPECT_TEXT(why.text, claims[row].why);
    EXPECT_STATUS(maker_verify(&m, text, NULL), claims[row].status);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void length_rows(void)
{
    struct maker m;

    maker_begin(&m);
    size_t len = maker_text(&m, WHOLE).len;
    memset(m.memory + len, ' ', sizeof(m.memory) - len);

    unit_row("2,000 bytes are looked at");
    EXPECT_STATUS(maker_verify(&m, nx_bytes_of(m.memory, DSB_PROOF_PAYLOAD_MAX), NULL), NX_OK);

    unit_row("2,001 bytes are not");
    EXPECT_STATUS(maker_verify(&m, nx_bytes_of(m.memory, DSB_PROOF_PAYLOAD_MAX + 1), NULL),
                  NX_E_LIMIT);
}

/* With a list of `count` numbers beside the proof's own 103 keys and values. */
static enum nx_status verify_with_list(uint32_t count)
{
    char form[DSB_PROOF_PAYLOAD_MAX];
    struct nx_text t = nx_text_over(form, sizeof(form));
    struct maker m;

    maker_begin(&m);
    nx_text_add(&t, "{\"x\":[0");
    for (uint32_t i = 1; i < count; i++)
        nx_text_add(&t, ",0");
    nx_text_add(&t, "],\"device_id\":$I,\"verifying_key\":$K,\"signature\":$S}");
    return maker_verify(&m, maker_text(&m, form), NULL);
}

static void broken_rows(void)
{
    struct maker m;
    uint32_t passed_count = 0;

    maker_begin(&m);
    size_t len = maker_text(&m, WHOLE).len;

    unit_row("every truncation is refused");
    for (size_t i = 0; i < len; i++)
        passed_count += maker_verify(&m, nx_bytes_of(m.memory, i), NULL) != NX_E_MALFORMED;
    EXPECT_EQ(passed_count, 0);

    unit_row("a flipped bit in any byte is refused");
    for (size_t i = 0; i < len; i++) {
        m.memory[i] ^= (char)(1 << i % 7);
        passed_count += maker_verify(&m, nx_bytes_of(m.memory, len), NULL) == NX_OK;
        m.memory[i] ^= (char)(1 << i % 7);
    }
    EXPECT_EQ(passed_count, 0);
    EXPECT_STATUS(maker_verify(&m, nx_bytes_of(m.memory, len), NULL), NX_OK);
}

UNIT_SUITE(identity_proof_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(vectors); i++) {
        unit_row(vectors[i].name);
        vector_row(vectors[i].device, vectors[i].role);
    }
    for (size_t i = 0; i < NX_COUNT_OF(forms); i++) {
        struct maker m;

        unit_row(forms[i].name);
        maker_begin(&m);
        EXPECT_STATUS(maker_verify(&m, maker_text(&m, forms[i].form), NULL), forms[i].status);
    }
    for (size_t i = 0; i < NX_COUNT_OF(claims); i++) {
        unit_row(claims[i].name);
        claim_row(i);
    }
    length_rows();
    unit_row("256 keys and values are looked at, 257 are not");
    EXPECT_STATUS(verify_with_list(DSB_PROOF_NODES_MAX - 103 - 2), NX_OK);
    EXPECT_STATUS(verify_with_list(DSB_PROOF_NODES_MAX - 103 - 1), NX_E_LIMIT);
    broken_rows();
}
