/* The host's AEAD is two libraries: whichever does the work, the bytes are libsodium's, also when
 * there is no memory for OpenSSL's context. */
#include "core/base/rng.h"
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 70000

static struct {
    uint8_t plain[TEXT_MAX];
    uint8_t got[TEXT_MAX + NX_AEAD_TAG_LEN];
    uint8_t want[TEXT_MAX + NX_AEAD_TAG_LEN];
} memory;

/* OpenSSL's heap, which refuses the allocation whose number this is. */
static struct {
    int64_t refused_index; /* counts down; negative: none */
    bool was_refused;
} heap = {.refused_index = -1};

static bool is_refused(void)
{
    if (heap.refused_index < 0 || heap.refused_index-- > 0)
        return false;
    heap.was_refused = true;
    return true;
}

static void *refusing_malloc(size_t len, const char *file, int line)
{
    (void)file, (void)line;
    return is_refused() ? NULL : malloc(len);
}

static void *refusing_realloc(void *old, size_t len, const char *file, int line)
{
    (void)file, (void)line;
    return is_refused() ? NULL : realloc(old, len);
}

static void plain_free(void *old, const char *file, int line)
{
    (void)file, (void)line;
    free(old);
}

/* Seals and opens `len` bytes both ways; the row fails where the two differ. */
static void expect_sodium(struct nx_aead *aead, uint64_t counter, size_t len, size_t associated_len)
{
    uint8_t nonce[NX_AEAD_NONCE_LEN] = {0};
    struct nx_bytes associated = nx_bytes_of(memory.plain + 1, associated_len);
    struct nx_bytes got = nx_bytes_of(memory.got, len + NX_AEAD_TAG_LEN);

    memcpy(nonce + 4, &counter, sizeof(counter));
    crypto_aead_chacha20poly1305_ietf_encrypt_detached(
        memory.want, memory.want + len, NULL, memory.plain, len, associated.ptr, associated.len,
        NULL, nonce, aead->secret_key);
    memcpy(memory.got, memory.plain, len);
    nx_crypto_aead_seal(aead, nonce, associated, nx_bytes_of(memory.got, len), memory.got);
    EXPECT(memcmp(memory.got, memory.want, len + NX_AEAD_TAG_LEN) == 0);
    EXPECT_STATUS(nx_crypto_aead_open(aead, nonce, associated, got, memory.got), NX_OK);
    EXPECT(memcmp(memory.got, memory.plain, len) == 0);
}

static void lengths(void)
{
    static const uint8_t key[NX_AEAD_KEY_LEN] = {0x42};
    struct nx_prng prng;
    struct nx_aead aead;

    nx_crypto_aead_init(&aead, key);

    unit_row("a small message makes no context");
    expect_sodium(&aead, 0, 1024, 0);
    EXPECT(aead.context == NULL);

    unit_row("a large one makes it, and the next one takes the same");
    expect_sodium(&aead, 1, 1025, 0);
    void *context = aead.context;
    EXPECT(context != NULL);
    expect_sodium(&aead, 2, 65519, 0);
    EXPECT(aead.context == context);

    unit_row("three hundred lengths, as they come, are libsodium's bytes");
    nx_prng_init(&prng, 7, "lengths");
    for (uint64_t i = 0; i < 300; i++) {
        size_t len = nx_prng_next(&prng) % (i % 3 == 0 ? TEXT_MAX : 2500);

        expect_sodium(&aead, 3 + i, len, nx_prng_next(&prng) % 40);
    }

    unit_row("a message that does not open leaves no error behind in OpenSSL's queue");
    memset(memory.got, 0, 5000);
    EXPECT_STATUS(nx_crypto_aead_open(&aead, key, nx_bytes_of(NULL, 0),
                                      nx_bytes_of(memory.got, 5000), memory.got),
                  NX_E_CRYPTO);
    EXPECT_EQ(ERR_peek_error(), 0);

    unit_row("and the next one opens");
    expect_sodium(&aead, 400, 5000, 5);
    nx_crypto_aead_wipe(&aead);
}

static void no_memory(void)
{
    static const uint8_t key[NX_AEAD_KEY_LEN] = {0x43};
    struct nx_aead aead;
    uint64_t index = 0;

    unit_row("each allocation refused in turn: the same bytes, only slower");
    do {
        nx_crypto_aead_init(&aead, key);
        heap.refused_index = (int64_t)index;
        heap.was_refused = false;
        expect_sodium(&aead, index, 5000, 5);
        heap.refused_index = -1;
        expect_sodium(&aead, index, 6000, 5);
        EXPECT_EQ(ERR_peek_error(), 0);
        nx_crypto_aead_wipe(&aead);
        index++;
    } while (heap.was_refused);
    EXPECT(index > 2); /* at least the context and what the cipher keeps in it */
}

int main(void)
{
    static const struct unit_suite suites[] = {
        {"host/aead, lengths", lengths},
        {"host/aead, memory", no_memory},
    };

    /* Before the first allocation of OpenSSL, or not at all. */
    if (CRYPTO_set_mem_functions(refusing_malloc, refusing_realloc, plain_free) != 1)
        return 1;
    if (nx_crypto_init() != NX_OK)
        return 1;
    for (size_t i = 0; i < TEXT_MAX; i++)
        memory.plain[i] = (uint8_t)(i * 31 + i / 251);
    return unit_run(suites, NX_COUNT_OF(suites));
}
