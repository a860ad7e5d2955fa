#include "core/base/text.h"

#include "core/base/hex.h"
#include "core/base/memory.h"

struct nx_text nx_text_over(char *ptr, size_t cap)
{
    NX_CHECK(cap >= 1);
    ptr[0] = '\0';
    return (struct nx_text){.ptr = ptr, .cap = cap};
}

void nx_text_add(struct nx_text *t, const char *text)
{
    nx_text_add_bytes(t, nx_bytes_of_text(text));
}

void nx_text_add_bytes(struct nx_text *t, struct nx_bytes utf8)
{
    size_t room = t->cut ? 0 : t->cap - 1 - t->len;
    size_t len = utf8.len;

    if (len > room) {
        t->cut = true;
        len = room;
        while (len > 0 && (utf8.ptr[len] & 0xc0) == 0x80) /* not in the middle of a character */
            len--;
    }
    if (len > 0)
        memcpy(t->ptr + t->len, utf8.ptr, len);
    t->len += len;
    t->ptr[t->len] = '\0';
}

void nx_text_add_u64(struct nx_text *t, uint64_t value)
{
    uint8_t digits[20]; /* 2^64 - 1 has twenty */
    size_t first = sizeof(digits);

    do {
        digits[--first] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    nx_text_add_bytes(t, nx_bytes_of(digits + first, sizeof(digits) - first));
}

void nx_text_add_hex(struct nx_text *t, struct nx_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        char pair[3];

        nx_hex_encode(nx_bytes_of(bytes.ptr + i, 1), pair);
        nx_text_add(t, pair);
    }
}

/* Unicode 15 table 3-7, as lead byte ranges: how many bytes follow, and what the first may be. */
static const struct {
    uint8_t lead_min, lead_max;
    uint8_t follow_count;
    uint8_t first_min, first_max;
} utf8_forms[] = {
    {0x00, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
    {0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

uint32_t nx_utf8_next(struct nx_bytes *rest)
{
    NX_CHECK(rest->len > 0);

    uint8_t lead = rest->ptr[0];
    size_t form = 0;

    while (form < NX_COUNT_OF(utf8_forms) &&
           (lead < utf8_forms[form].lead_min || lead > utf8_forms[form].lead_max))
        form++;
    if (form == NX_COUNT_OF(utf8_forms))
        return UINT32_MAX;

    size_t follow_count = utf8_forms[form].follow_count;
    if (rest->len < 1 + follow_count)
        return UINT32_MAX;

    uint32_t code_point = follow_count == 0 ? lead : lead & (0x3fu >> follow_count);
    for (size_t i = 1; i <= follow_count; i++) {
        uint8_t min = i == 1 ? utf8_forms[form].first_min : 0x80;
        uint8_t max = i == 1 ? utf8_forms[form].first_max : 0xbf;

        if (rest->ptr[i] < min || rest->ptr[i] > max)
            return UINT32_MAX;
        code_point = code_point << 6 | (rest->ptr[i] & 0x3fu);
    }

    *rest = nx_bytes_skip(*rest, 1 + follow_count);
    return code_point;
}

bool nx_utf8_is_valid(struct nx_bytes text)
{
    while (text.len > 0) {
        if (nx_utf8_next(&text) == UINT32_MAX)
            return false;
    }
    return true;
}

bool nx_char_is_shown(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        {0x0000, 0x001f},   /* C0 controls */
        {0x007f, 0x009f},   /* delete, C1 controls */
        {0x00ad, 0x00ad},   /* soft hyphen */
        {0x034f, 0x034f},   /* combining grapheme joiner */
        {0x061c, 0x061c},   /* Arabic letter mark */
        {0x115f, 0x1160},   /* Hangul fillers */
        {0x17b4, 0x17b5},   /* Khmer inherent vowels */
        {0x180b, 0x180f},   /* Mongolian variation selectors, vowel separator */
        {0x200b, 0x200f},   /* zero width, left-to-right and right-to-left marks */
        {0x2028, 0x202e},   /* line and paragraph separators, embeddings, overrides */
        {0x2060, 0x206f},   /* word joiner, isolates, deprecated format characters */
        {0x3164, 0x3164},   /* Hangul filler */
        {0xd800, 0xdfff},   /* surrogates */
        {0xfdd0, 0xfdef},   /* no characters */
        {0xfeff, 0xfeff},   /* byte order mark */
        {0xffa0, 0xffa0},   /* half-width Hangul filler */
        {0xfff0, 0xfffb},   /* reserved to be ignored, interlinear annotation */
        {0x1d173, 0x1d17a}, /* musical format characters */
        {0xe0000, 0xe0fff}, /* tags, and what is reserved to be ignored */
    };

    if (c > 0x10ffff || (c & 0xfffe) == 0xfffe) /* the last two of each plane are none */
        return false;
    for (size_t i = 0; i < NX_COUNT_OF(hidden); i++) {
        if (c >= hidden[i].first && c <= hidden[i].last)
            return false;
    }
    return true;
}

size_t nx_text_for_show(struct nx_bytes foreign, char *out, size_t cap)
{
    struct nx_text t = nx_text_over(out, cap);

    while (foreign.len > 0 && !t.cut) {
        struct nx_bytes before = foreign;
        uint32_t c = nx_utf8_next(&foreign);

        if (c == UINT32_MAX)
            foreign = nx_bytes_skip(foreign, 1);
        else if (nx_char_is_shown(c))
            nx_text_add_bytes(&t, nx_bytes_of(before.ptr, before.len - foreign.len));
    }
    return t.len;
}
