#include "core/base/limits.h"
#include "core/base/memory.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

/* The numbers cross process borders, and the words stand in logs: neither ever moves. */
static const struct {
    int32_t number;
    const char *name;
} statuses[] = {
    {0, "ok"},          {1, "would-block"},   {2, "end"},
    {-1, "invalid"},    {-2, "state"},        {-3, "malformed"},
    {-4, "limit"},      {-5, "closed"},       {-6, "aborted"},
    {-7, "not-found"},  {-8, "exists"},       {-9, "busy"},
    {-10, "denied"},    {-11, "identity"},    {-12, "crypto"},
    {-13, "version"},   {-14, "unsupported"}, {-15, "timeout"},
    {-16, "no-memory"}, {-17, "no-space"},    {-18, "io"},
};

static void numbers_keep_their_words(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(statuses); i++) {
        enum nx_status status = (enum nx_status)statuses[i].number;

        unit_row(statuses[i].name);
        EXPECT(nx_status_is_known(statuses[i].number));
        EXPECT_TEXT(nx_status_name(status), statuses[i].name);
        EXPECT(nx_bytes_of_text(nx_status_text(status)).len > 0);
        for (size_t k = 0; k < i; k++)
            EXPECT(!nx_bytes_equal(
                nx_bytes_of_text(nx_status_text(status)),
                nx_bytes_of_text(nx_status_text((enum nx_status)statuses[k].number))));
    }

    unit_row("no number beside these is known");
    uint32_t known_count = 0;
    for (int32_t number = -1000; number <= 1000; number++)
        known_count += nx_status_is_known(number);
    EXPECT_EQ(known_count, NX_COUNT_OF(statuses));
    EXPECT(!nx_status_is_known(INT32_MIN) && !nx_status_is_known(INT32_MAX));
    EXPECT_TEXT(nx_status_name((enum nx_status) - 19), "unknown");
    EXPECT_TEXT(nx_status_name((enum nx_status)3), "unknown");
    EXPECT(nx_status_text((enum nx_status)3)[0] != '\0');
}

static void reasons_are_bounded(void)
{
    char text[NX_WHY_MAX + 2];
    struct nx_why why;

    unit_row("a reason as long as the limit stays whole");
    memset(text, 'a', sizeof(text));
    text[NX_WHY_MAX] = '\0';
    nx_why_set(&why, text);
    EXPECT_TEXT(why.text, text);

    unit_row("a reason one byte longer is cut");
    text[NX_WHY_MAX] = 'b';
    text[NX_WHY_MAX + 1] = '\0';
    nx_why_set(&why, text);
    text[NX_WHY_MAX] = '\0';
    EXPECT_TEXT(why.text, text);

    unit_row("a reason is cut at a character's border");
    memcpy(text + NX_WHY_MAX - 1, "\xc3\xa9", 3);
    nx_why_set(&why, text);
    text[NX_WHY_MAX - 1] = '\0';
    EXPECT_TEXT(why.text, text);

    unit_row("a new reason takes the place of the old one");
    nx_why_set(&why, "short");
    EXPECT_TEXT(why.text, "short");

    unit_row("a limit is named with its value and what was asked");
    nx_why_limit(&why, "streams", 128, UINT64_MAX);
    EXPECT_TEXT(why.text, "streams: limit 128, asked 18446744073709551615");
}

UNIT_SUITE(status_test)
{
    numbers_keep_their_words();
    reasons_are_bounded();
}
