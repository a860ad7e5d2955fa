#include "core/base/text.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    const char *bytes;
    uint32_t code_point; /* UINT32_MAX: refused */
} characters[] = {
    {"the last of one byte", "\x7f", 0x7f},
    {"the first of two bytes", "\xc2\x80", 0x80},
    {"the last of two bytes", "\xdf\xbf", 0x7ff},
    {"the first of three bytes", "\xe0\xa0\x80", 0x800},
    {"the last before the surrogates", "\xed\x9f\xbf", 0xd7ff},
    {"the first after the surrogates", "\xee\x80\x80", 0xe000},
    {"the last of three bytes", "\xef\xbf\xbf", 0xffff},
    {"the first of four bytes", "\xf0\x90\x80\x80", 0x10000},
    {"the last of all", "\xf4\x8f\xbf\xbf", 0x10ffff},

    {"a byte that only continues begins nothing", "\x80", UINT32_MAX},
    {"the last byte that only continues", "\xbf", UINT32_MAX},
    {"an overlong zero", "\xc0\x80", UINT32_MAX},
    {"an overlong slash of two bytes", "\xc0\xaf", UINT32_MAX},
    {"the largest overlong of two bytes", "\xc1\xbf", UINT32_MAX},
    {"an overlong slash of three bytes", "\xe0\x80\xaf", UINT32_MAX},
    {"the largest overlong of three bytes", "\xe0\x9f\xbf", UINT32_MAX},
    {"an overlong slash of four bytes", "\xf0\x80\x80\xaf", UINT32_MAX},
    {"the largest overlong of four bytes", "\xf0\x8f\xbf\xbf", UINT32_MAX},
    {"the first surrogate", "\xed\xa0\x80", UINT32_MAX},
    {"the last surrogate", "\xed\xbf\xbf", UINT32_MAX},
    {"the first after the last of all", "\xf4\x90\x80\x80", UINT32_MAX},
    {"a lead that only larger numbers would need", "\xf5\x80\x80\x80", UINT32_MAX},
    {"a form of five bytes", "\xf8\x88\x80\x80\x80", UINT32_MAX},
    {"a form of six bytes", "\xfc\x84\x80\x80\x80\x80", UINT32_MAX},
    {"a byte that is in no form", "\xff", UINT32_MAX},
    {"two bytes of which one is there", "\xc3", UINT32_MAX},
    {"three bytes of which two are there", "\xe2\x82", UINT32_MAX},
    {"four bytes of which three are there", "\xf0\x9f\x98", UINT32_MAX},
    {"a second byte that does not continue", "\xc3\x28", UINT32_MAX},
    {"a third byte that does not continue", "\xe2\x82\x28", UINT32_MAX},
    {"a fourth byte that does not continue", "\xf0\x9f\x98\xc0", UINT32_MAX},
};

static void characters_are_read(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(characters); i++) {
        struct nx_bytes bytes = nx_bytes_of_text(characters[i].bytes);
        struct nx_bytes rest = bytes;
        bool good = characters[i].code_point != UINT32_MAX;

        unit_row(characters[i].name);
        EXPECT_EQ(nx_utf8_next(&rest), characters[i].code_point);
        EXPECT_EQ(rest.len, good ? 0 : bytes.len);
        EXPECT(nx_utf8_is_valid(bytes) == good);
    }

    unit_row("a character is taken and the next one waits");
    struct nx_bytes rest = nx_bytes_of_text("\xe2\x82\xac!");
    EXPECT_EQ(nx_utf8_next(&rest), 0x20ac);
    EXPECT_BYTES(rest, nx_bytes_of_text("!"));

    unit_row("no text is well-formed text, and a zero is a character");
    EXPECT(nx_utf8_is_valid(nx_bytes_of(NULL, 0)));
    EXPECT(nx_utf8_is_valid(nx_bytes_of("a\0b", 3)));

    unit_row("one bad byte at the end spoils a text");
    EXPECT(!nx_utf8_is_valid(nx_bytes_of_text("all good\x80")));
}

static const struct {
    const char *name;
    const char *parts[3];
    size_t cap;
    const char *text;
    bool cut;
} additions[] = {
    {"parts follow one another", {"ab", "c", "d"}, 5, "abcd", false},
    {"what fits exactly is not cut", {"abc", "", ""}, 4, "abc", false},
    {"one character too many is left out", {"abcd", "", ""}, 4, "abc", true},
    {"after a cut nothing is added, though it would fit", {"ab\xc3\xa9", "c", ""}, 4, "ab", true},
    {"a character of four bytes is not split", {"\xf0\x9f\x98\x80", "", ""}, 4, "", true},
    {"room for the end alone holds nothing", {"", "a", ""}, 1, "", true},
};

static void additions_are_bounded(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(additions); i++) {
        char memory[8] = "#######";
        struct nx_text t = nx_text_over(memory, additions[i].cap);

        unit_row(additions[i].name);
        for (size_t k = 0; k < 3; k++)
            nx_text_add(&t, additions[i].parts[k]);
        EXPECT_TEXT(memory, additions[i].text);
        EXPECT_EQ(t.len, nx_bytes_of_text(additions[i].text).len);
        EXPECT(t.cut == additions[i].cut);
        EXPECT(memory[additions[i].cap] == '#');
    }

    char memory[48];
    struct nx_text t = nx_text_over(memory, sizeof(memory));

    unit_row("numbers are written in full, zero as one digit");
    nx_text_add_u64(&t, 0);
    nx_text_add(&t, " ");
    nx_text_add_u64(&t, 10);
    nx_text_add(&t, " ");
    nx_text_add_u64(&t, UINT64_MAX);
    EXPECT_TEXT(memory, "0 10 18446744073709551615");

    unit_row("bytes are written as lower-case hex");
    t = nx_text_over(memory, sizeof(memory));
    nx_text_add_hex(&t, nx_bytes_of("\x00\xaf\xff", 3));
    EXPECT_TEXT(memory, "00afff");

    unit_row("bytes that do not fit are cut");
    t = nx_text_over(memory, 5);
    nx_text_add_hex(&t, nx_bytes_of("\x00\xaf\xff", 3));
    EXPECT_TEXT(memory, "00af");
    EXPECT(t.cut);
}

static const struct {
    const char *name;
    uint32_t first, last; /* hidden, both; the neighbours outside are shown */
    bool before_is_shown, after_is_shown;
} hidden[] = {
    {"control characters below space", 0x00, 0x1f, false, true},
    {"delete and the second set of control characters", 0x7f, 0x9f, true, true},
    {"the soft hyphen", 0xad, 0xad, true, true},
    {"the grapheme joiner, which nobody sees", 0x34f, 0x34f, true, true},
    {"the Arabic letter mark, which changes direction", 0x61c, 0x61c, true, true},
    {"Hangul fillers, which nobody sees", 0x115f, 0x1160, true, true},
    {"Khmer vowels that nobody sees", 0x17b4, 0x17b5, true, true},
    {"Mongolian selectors and separator", 0x180b, 0x180f, true, true},
    {"zero width, and marks of direction", 0x200b, 0x200f, true, true},
    {"line and paragraph separators, embeddings and overrides", 0x2028, 0x202e, true, true},
    {"joiners, isolates and retired format characters", 0x2060, 0x206f, true, true},
    {"the wide Hangul filler", 0x3164, 0x3164, true, true},
    {"surrogates, which are no characters", 0xd800, 0xdfff, true, true},
    {"places within Arabic forms that are no characters", 0xfdd0, 0xfdef, true, true},
    {"the byte order mark", 0xfeff, 0xfeff, true, true},
    {"the narrow Hangul filler", 0xffa0, 0xffa0, true, true},
    {"annotations, and places that are kept for their like", 0xfff0, 0xfffb, true, true},
    {"the two last places of a plane, which are no characters", 0xfffe, 0xffff, true, true},
    {"musical format characters", 0x1d173, 0x1d17a, true, true},
    {"tags", 0xe0000, 0xe0fff, false, true},
    {"what Unicode does not have", 0x110000, UINT32_MAX, false, false},
};

static void some_characters_are_hidden(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(hidden); i++) {
        unit_row(hidden[i].name);
        EXPECT(!nx_char_is_shown(hidden[i].first));
        EXPECT(!nx_char_is_shown(hidden[i].last));
        EXPECT(nx_char_is_shown(hidden[i].first - 1) == hidden[i].before_is_shown);
        EXPECT(nx_char_is_shown(hidden[i].last + 1) == hidden[i].after_is_shown);
    }
}

static const struct {
    const char *name;
    const char *foreign;
    size_t cap;
    const char *shown;
} shows[] = {
    {"plain text stays", "Anna\xe2\x80\x99s phone", 32, "Anna\xe2\x80\x99s phone"},
    {"an override of direction is left out",
     "abc\xe2\x80\xae"
     "fed",
     32, "abcfed"},
    {"isolates are left out", "\xe2\x81\xa6x\xe2\x81\xa9", 32, "x"},
    {"a line break or an escape cannot forge a line", "a\r\n\x1b[31mb", 32, "a[31mb"},
    {"bytes that are not UTF-8 are left out one by one",
     "\xff"
     "a\xc3(\xe2\x82",
     32, "a("},
    {"a text as long as the room", "abcd", 5, "abcd"},
    {"a text one longer is cut", "abcde", 5, "abcd"},
    {"a cut does not split a character, nor go on after it",
     "abc\xc3\xa9"
     "d",
     5, "abc"},
    {"nothing to show shows nothing", "\x01\x02", 5, ""},
};

static void foreign_text_is_made_fit(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(shows); i++) {
        char out[32];

        unit_row(shows[i].name);
        EXPECT_EQ(nx_text_for_show(nx_bytes_of_text(shows[i].foreign), out, shows[i].cap),
                  nx_bytes_of_text(shows[i].shown).len);
        EXPECT_TEXT(out, shows[i].shown);
    }
}

UNIT_SUITE(text_test)
{
    characters_are_read();
    additions_are_bounded();
    some_characters_are_hidden();
    foreign_text_is_made_fit();
}
