/* Wycheproof: the cases that broke other implementations, run against the provider of this build.
 *
 *     wycheproof_test SHARED        the folder that holds vectors/wycheproof/x25519_test.json …;
 *                                   NEXUS_SHARED in the environment goes before it
 *
 * One row per kind of case (its verdict and its flags); a failure names each tcId under it. What
 * Wycheproof leaves to the implementation ("acceptable") is decided in `decisions` below. */
#include "core/base/text.h"
#include "core/crypto/crypto.h"
#include "core/crypto/hkdf.h"
#include "core/crypto/hmac.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD_MAX 16384 /* bytes of the longest field in any file, rounded up */
#define LABEL_MAX 160

/* ---- what is acceptable -------------------------------------------------------------------- */

enum verdict {
    VALID,
    INVALID,
    UNDECIDED, /* a flag that nobody has thought about yet: its row fails */
};

/* The first flag of a case that stands here decides. */
static const struct {
    const char *flag;
    enum verdict verdict;
} decisions[] = {
    /* RFC 7748 §6.1: a peer that can make the shared value zero has brought no secret. */
    {"ZeroSharedSecret", INVALID},
    /* RFC 7748 §5: X25519 is defined for points of the twist and takes every spelling of a
     * coordinate; Noise asks for no check beyond that of zero. */
    {"Twist", VALID},
    {"NonCanonicalPublic", VALID},
};

static bool has_flag(const json_t *test, const char *flag)
{
    const json_t *flags = json_object_get(test, "flags");

    for (size_t i = 0; i < json_array_size(flags); i++) {
        if (strcmp(json_string_value(json_array_get(flags, i)), flag) == 0)
            return true;
    }
    return false;
}

static enum verdict verdict_of(const json_t *test)
{
    const char *result = json_string_value(json_object_get(test, "result"));

    if (strcmp(result, "valid") == 0)
        return VALID;
    if (strcmp(result, "invalid") == 0)
        return INVALID;
    for (size_t i = 0; i < NX_COUNT_OF(decisions); i++) {
        if (has_flag(test, decisions[i].flag))
            return decisions[i].verdict;
    }
    return UNDECIDED;
}

/* ---- the algorithms ------------------------------------------------------------------------ */

/* A field of a case or of its group, in hex. Each has its own memory for as long as a case runs. */
static struct nx_bytes field(const json_t *object, const char *name)
{
    static struct {
        uint8_t bytes[FIELD_MAX];
    } memory[8];
    static size_t next_index;
    const char *text = json_string_value(json_object_get(object, name));

    next_index = (next_index + 1) % NX_COUNT_OF(memory);
    NX_CHECK(text != NULL);
    return bytes_of_hex(text, memory[next_index].bytes, FIELD_MAX);
}

/* Each answers whether the case came out as `verdict` says. */

static bool x25519_holds(const json_t *group, const json_t *test, enum verdict verdict)
{
    uint8_t shared[NX_X25519_LEN];
    struct nx_bytes secret = field(test, "private");
    struct nx_bytes public_key = field(test, "public");

    (void)group;
    if (secret.len != NX_X25519_LEN || public_key.len != NX_X25519_LEN)
        return verdict == INVALID; /* no call can express it */
    if (nx_crypto_x25519(shared, secret.ptr, public_key.ptr) != NX_OK)
        return verdict == INVALID;
    return verdict == VALID &&
           nx_bytes_equal(nx_bytes_of(shared, sizeof(shared)), field(test, "shared"));
}

static bool ed25519_holds(const json_t *group, const json_t *test, enum verdict verdict)
{
    struct nx_bytes key = field(json_object_get(group, "publicKey"), "pk");
    struct nx_bytes signature = field(test, "sig");

    if (key.len != NX_ED25519_PUBLIC_LEN || signature.len != NX_ED25519_SIGNATURE_LEN)
        return verdict == INVALID; /* no call can express it */
    bool verified = nx_crypto_ed25519_verify(signature.ptr, field(test, "msg"), key.ptr) == NX_OK;
    return verified == (verdict == VALID);
}

static bool aead_holds(const json_t *group, const json_t *test, enum verdict verdict)
{
    static uint8_t sealed[FIELD_MAX + NX_AEAD_TAG_LEN], out[FIELD_MAX + NX_AEAD_TAG_LEN];
    struct nx_bytes key = field(test, "key");
    struct nx_bytes nonce = field(test, "iv");
    struct nx_bytes associated = field(test, "aad");
    struct nx_bytes plain = field(test, "msg");
    struct nx_bytes text = field(test, "ct");
    struct nx_bytes tag = field(test, "tag");
    struct nx_aead aead;

    (void)group;
    if (key.len != NX_AEAD_KEY_LEN || nonce.len != NX_AEAD_NONCE_LEN || tag.len != NX_AEAD_TAG_LEN)
        return verdict == INVALID; /* no call can express it */
    memcpy(sealed, text.ptr, text.len);
    memcpy(sealed + text.len, tag.ptr, tag.len);
    struct nx_bytes whole = nx_bytes_of(sealed, text.len + tag.len);

    nx_crypto_aead_init(&aead, key.ptr);
    bool opened = nx_crypto_aead_open(&aead, nonce.ptr, associated, whole, out) == NX_OK;
    bool holds = opened == (verdict == VALID);
    if (opened)
        holds = holds && nx_bytes_equal(nx_bytes_of(out, text.len), plain);
    nx_crypto_aead_seal(&aead, nonce.ptr, associated, plain, out);
    bool same = nx_bytes_equal(nx_bytes_of(out, plain.len + NX_AEAD_TAG_LEN), whole);
    nx_crypto_aead_wipe(&aead);
    return holds && same == (verdict == VALID);
}

static bool hmac_holds(const json_t *group, const json_t *test, enum verdict verdict)
{
    uint8_t mac[NX_SHA256_LEN];
    struct nx_bytes tag = field(test, "tag");
    json_int_t tag_bits = json_integer_value(json_object_get(group, "tagSize"));

    NX_CHECK(tag_bits > 0 && tag.len <= sizeof(mac));
    nx_hmac(mac, NX_HASH_SHA256, field(test, "key"), field(test, "msg"));
    bool equal = tag.len == (size_t)tag_bits / 8 && nx_crypto_equal(mac, tag.ptr, tag.len);
    return equal == (verdict == VALID);
}

static bool hkdf_holds(const json_t *group, const json_t *test, enum verdict verdict)
{
    static uint8_t out[FIELD_MAX];
    uint8_t key[NX_SHA256_LEN];
    json_int_t size = json_integer_value(json_object_get(test, "size"));

    (void)group;
    NX_CHECK(size >= 0 && size <= FIELD_MAX);
    nx_hkdf_extract(key, NX_HASH_SHA256, field(test, "salt"), field(test, "ikm"));
    enum nx_status status = nx_hkdf_expand(out, (size_t)size, NX_HASH_SHA256,
                                           nx_bytes_of(key, sizeof(key)), field(test, "info"));
    if (status != NX_OK)
        return verdict == INVALID && status == NX_E_LIMIT;
    return verdict == VALID && nx_bytes_equal(nx_bytes_of(out, (size_t)size), field(test, "okm"));
}

/* ---- a file -------------------------------------------------------------------------------- */

static const char *shared; /* where data that the project does not hold is kept */

/* "valid: Ktv, Twist": the row that a case belongs to. */
static void label_of(const json_t *test, char label[LABEL_MAX])
{
    static const char *const decided[] = {
        [VALID] = ", taken", [INVALID] = ", refused", [UNDECIDED] = ", undecided"};
    struct nx_text t = nx_text_over(label, LABEL_MAX);
    const char *result = json_string_value(json_object_get(test, "result"));
    const json_t *flags = json_object_get(test, "flags");

    nx_text_add(&t, result);
    if (strcmp(result, "acceptable") == 0)
        nx_text_add(&t, decided[verdict_of(test)]);
    nx_text_add(&t, ": ");
    for (size_t i = 0; i < json_array_size(flags); i++) {
        nx_text_add(&t, i > 0 ? ", " : "");
        nx_text_add(&t, json_string_value(json_array_get(flags, i)));
    }
    if (json_array_size(flags) == 0)
        nx_text_add(&t, "without a flag");
}

static void note_failure(const json_t *test)
{
    char line[300];
    struct nx_text t = nx_text_over(line, sizeof(line));

    nx_text_add(&t, "tcId ");
    nx_text_add_u64(&t, (uint64_t)json_integer_value(json_object_get(test, "tcId")));
    nx_text_add(&t, ": ");
    nx_text_add(&t, json_string_value(json_object_get(test, "comment")));
    unit_note(line);
}

/* Every case of the file that has this label; answers how many. */
static size_t run_label(const json_t *groups, const char *label,
                        bool (*holds)(const json_t *group, const json_t *test,
                                      enum verdict verdict))
{
    size_t count = 0;
    size_t failed_count = 0;

    unit_row(label);
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const json_t *tests = json_object_get(group, "tests");

        for (size_t j = 0; j < json_array_size(tests); j++) {
            const json_t *test = json_array_get(tests, j);
            char own_label[LABEL_MAX];

            label_of(test, own_label);
            if (strcmp(own_label, label) != 0)
                continue;
            count++;
            if (!holds(group, test, verdict_of(test))) {
                failed_count++;
                note_failure(test);
            }
        }
    }
    EXPECT_EQ(failed_count, 0);
    return count;
}

/* Adds the label to the list unless it is there. */
static void add_label(json_t *labels, const char *label)
{
    for (size_t i = 0; i < json_array_size(labels); i++) {
        if (strcmp(json_string_value(json_array_get(labels, i)), label) == 0)
            return;
    }
    json_array_append_new(labels, json_string(label));
}

static json_t *labels_of(const json_t *groups)
{
    json_t *labels = json_array();

    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *tests = json_object_get(json_array_get(groups, i), "tests");

        for (size_t j = 0; j < json_array_size(tests); j++) {
            char label[LABEL_MAX];

            label_of(json_array_get(tests, j), label);
            add_label(labels, label);
        }
    }
    return labels;
}

static void run_file(const char *name,
                     bool (*holds)(const json_t *group, const json_t *test, enum verdict verdict))
{
    char path[4096];
    json_error_t error;

    snprintf(path, sizeof(path), "%s/vectors/wycheproof/%s", shared, name);
    unit_row("the file can be read");
    json_t *file = json_load_file(path, 0, &error);
    if (!EXPECT(file != NULL)) {
        unit_note(error.text);
        return;
    }

    const json_t *groups = json_object_get(file, "testGroups");
    json_t *labels = labels_of(groups);
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(labels); i++)
        count += run_label(groups, json_string_value(json_array_get(labels, i)), holds);

    unit_row("every case of the file was run");
    EXPECT_EQ(count, json_integer_value(json_object_get(file, "numberOfTests")));
    json_decref(labels);
    json_decref(file);
}

static void x25519_file(void)
{
    run_file("x25519_test.json", x25519_holds);
}

static void ed25519_file(void)
{
    run_file("ed25519_test.json", ed25519_holds);
}

static void aead_file(void)
{
    run_file("chacha20_poly1305_test.json", aead_holds);
}

static void hmac_file(void)
{
    run_file("hmac_sha256_test.json", hmac_holds);
}

static void hkdf_file(void)
{
    run_file("hkdf_sha256_test.json", hkdf_holds);
}

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"wycheproof/x25519", x25519_file},          {"wycheproof/ed25519", ed25519_file},
        {"wycheproof/chacha20-poly1305", aead_file}, {"wycheproof/hmac-sha256", hmac_file},
        {"wycheproof/hkdf-sha256", hkdf_file},
    };
    char folder[4096];

    if (argc != 2) {
        fprintf(stderr, "usage: wycheproof_test SHARED\n");
        return 2;
    }
    shared = getenv("NEXUS_SHARED") != NULL ? getenv("NEXUS_SHARED") : argv[1];
    snprintf(folder, sizeof(folder), "%s/vectors/wycheproof", shared);
    if (access(folder, R_OK | X_OK) != 0) {
        printf("ok 1 - wycheproof # SKIP no vectors at %s; NEXUS_SHARED may name another "
               "place\n1..1\n",
               folder);
        return 0;
    }
    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
