#include "core/base/hex.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    const char *text;
    enum nx_status status;
    uint8_t bytes[2];
} decodes[] = {
    {"two digits a byte, first the high one", "01ef", NX_OK, {0x01, 0xef}},
    {"upper-case digits are refused, so that no id has two spellings", "01EF", NX_E_MALFORMED, {0}},
    {"a character that is no digit is refused", "01eg", NX_E_MALFORMED, {0}},
    {"a digit too few is refused", "01e", NX_E_MALFORMED, {0}},
    {"half a byte too many is refused", "01ef0", NX_E_MALFORMED, {0}},
    {"a byte too many is refused", "01ef00", NX_E_MALFORMED, {0}},
    {"nothing is not two bytes", "", NX_E_MALFORMED, {0}},
};

UNIT_SUITE(hex_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(decodes); i++) {
        uint8_t out[2] = {0};

        unit_row(decodes[i].name);
        EXPECT_STATUS(nx_hex_decode(nx_bytes_of_text(decodes[i].text), out, sizeof(out)),
                      decodes[i].status);
        EXPECT_BYTES(nx_bytes_of(out, sizeof(out)), nx_bytes_of(decodes[i].bytes, 2));
    }

    unit_row("encoding writes lower-case digits and ends the text");
    char text[5];
    nx_hex_encode(nx_bytes_of("\xab\x0c", 2), text);
    EXPECT_TEXT(text, "ab0c");
}
