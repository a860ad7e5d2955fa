#include "core/bus/pairing_code.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    const char *typed;
    enum nx_status status;
    const char *code;
} reads[] = {
    {"six digits are a code", "042137", NX_OK, "042137"},
    {"a code of zeros is a code", "000000", NX_OK, "000000"},
    {"spaces do not count", " 042 137 ", NX_OK, "042137"},
    {"hyphens do not count", "04-21-37", NX_OK, "042137"},
    {"five digits are none", "42137", NX_E_MALFORMED, ""},
    {"seven digits are none", "0421370", NX_E_MALFORMED, ""},
    {"six digits and then a letter are none", "042137x", NX_E_MALFORMED, ""},
    {"a letter among them is refused", "04213O", NX_E_MALFORMED, ""},
    {"the character before the digits is refused", "04213/", NX_E_MALFORMED, ""},
    {"the character after the digits is refused", "04213:", NX_E_MALFORMED, ""},
    {"a tab is no space", "042\t137", NX_E_MALFORMED, ""},
    {"a sign is no digit", "+42137", NX_E_MALFORMED, ""},
    {"digits of another script are none", "\xd9\xa0\xd9\xa4\xd9\xa2", NX_E_MALFORMED, ""},
    {"a full-width digit is none", "04213\xef\xbc\x97", NX_E_MALFORMED, ""},
    {"hyphens alone are none", "------", NX_E_MALFORMED, ""},
    {"nothing is none", "", NX_E_MALFORMED, ""},
};

/* Words of randomness handed out in order, to see which draws are thrown away. */
struct script {
    const uint32_t *words;
    size_t count;
    size_t used;
};

static enum nx_status script_fill(void *source, uint8_t *out, size_t len)
{
    struct script *s = source;

    if (s->used == s->count || len != 4)
        return NX_E_IO;
    for (size_t i = 0; i < 4; i++)
        out[i] = (uint8_t)(s->words[s->used] >> (8 * i));
    s->used++;
    return NX_OK;
}

static void draw_rows(void)
{
    /* 4294967290 is the largest multiple of ten that 32 bits reach. */
    static const uint32_t words[] = {10, 4294967290u, 4294967295u, 4294967289u, 11, 2, 33, 4};
    struct script script = {words, NX_COUNT_OF(words), 0};
    struct nx_rng scripted = {script_fill, &script};
    uint8_t code[DSB_PAIRING_CODE_LEN];

    unit_row("draws that would favour low digits are thrown away, a leading zero is kept");
    EXPECT_STATUS(dsb_pairing_code_draw(&scripted, code), NX_OK);
    EXPECT_BYTES(nx_bytes_of(code, sizeof(code)), nx_bytes_of_text("091234"));

    unit_row("without randomness there is no code, not even a part of one");
    script = (struct script){words, 4, 0};
    EXPECT_STATUS(dsb_pairing_code_draw(&scripted, code), NX_E_IO);
    EXPECT_BYTES(nx_bytes_of(code, sizeof(code)), nx_bytes_of("\0\0\0\0\0\0", 6));
}

/* 4,000 codes: each digit at each place 400 times, give or take. Six standard deviations are 114;
 * the generator is seeded, so the row answers the same on every run. */
static void statistics_rows(void)
{
    enum {
        CODES = 4000
    };
    uint32_t seen[DSB_PAIRING_CODE_LEN][10] = {{0}};
    struct nx_prng prng;
    struct nx_rng rng = nx_prng_as_rng(&prng);
    bool all_drawn = true;

    nx_prng_init(&prng, 7, "codes");
    for (size_t i = 0; i < CODES; i++) {
        uint8_t code[DSB_PAIRING_CODE_LEN] = {0};

        all_drawn &= dsb_pairing_code_draw(&rng, code) == NX_OK;
        for (size_t at = 0; at < DSB_PAIRING_CODE_LEN; at++) {
            bool is_digit = code[at] >= '0' && code[at] <= '9';

            all_drawn &= is_digit;
            seen[at][is_digit ? code[at] - '0' : 0]++;
        }
    }

    unit_row("a code is always six digits");
    EXPECT(all_drawn);
    unit_row("one code in ten begins with a zero");
    EXPECT(seen[0][0] > CODES / 10 - 114 && seen[0][0] < CODES / 10 + 114);
    unit_row("every digit is as likely as every other, at every place");
    for (size_t at = 0; at < DSB_PAIRING_CODE_LEN; at++) {
        for (size_t digit = 0; digit < 10; digit++)
            EXPECT(seen[at][digit] > CODES / 10 - 114 && seen[at][digit] < CODES / 10 + 114);
    }
}

UNIT_SUITE(pairing_code_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(reads); i++) {
        uint8_t code[DSB_PAIRING_CODE_LEN];
        uint8_t want[DSB_PAIRING_CODE_LEN] = {0};

        if (reads[i].status == NX_OK)
            memcpy(want, reads[i].code, sizeof(want));
        unit_row(reads[i].name);
        memset(code, 0xee, sizeof(code));
        EXPECT_STATUS(dsb_pairing_code_read(nx_bytes_of_text(reads[i].typed), code),
                      reads[i].status);
        EXPECT_BYTES(nx_bytes_of(code, sizeof(code)), nx_bytes_of(want, sizeof(want)));
    }
    draw_rows();
    statistics_rows();
}
