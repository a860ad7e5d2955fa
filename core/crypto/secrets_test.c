#include "core/base/memory.h"
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    const char *a, *b;
    size_t len;
    bool equal;
} cases[] = {
    {"the same bytes are equal", "0123456789abcdef", "0123456789abcdef", 16, true},
    {"another first byte is not", "0123456789abcdef", "X123456789abcdef", 16, false},
    {"another last byte is not", "0123456789abcdef", "0123456789abcdeX", 16, false},
    {"one bit is enough", "0123456789abcdef", "0123456789abcdeg", 16, false},
    {"what lies behind the length does not count", "0123456789abcdef", "0123456789abcdeX", 15,
     true},
    {"nothing is equal to nothing", "a", "b", 0, true},
};

UNIT_SUITE(secrets_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        unit_row(cases[i].name);
        EXPECT_EQ(nx_crypto_equal(cases[i].a, cases[i].b, cases[i].len), cases[i].equal);
    }

    unit_row("wiping zeroes exactly what it was given");
    uint8_t memory[9], want[9] = {0xaa, 0, 0, 0, 0, 0, 0, 0, 0xaa};
    memset(memory, 0xaa, sizeof(memory));
    nx_crypto_wipe(memory + 1, 7);
    EXPECT_BYTES(nx_bytes_of(memory, 9), nx_bytes_of(want, 9));
    nx_crypto_wipe(memory, 0);
    EXPECT_EQ(memory[0], 0xaa);

    unit_row("starting twice is starting once");
    EXPECT_STATUS(nx_crypto_init(), NX_OK);
}
