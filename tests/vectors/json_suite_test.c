/* JSONTestSuite (Nicolas Seriot): every text that RFC 8259 allows is read, every one that it forbids
 * is refused, and what it leaves open is decided here, by name.
 *
 *     json_suite_test SHARED     the folder that holds vectors/json/test_parsing; NEXUS_SHARED in
 *                                the environment goes before it */
#include "tests/unit/unit.h"
#include "tests/vectors/json_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[4096];

#define NAME_MAX_LEN 256

/* A number keeps its spelling; a caller reads it as an exact u64 or not at all, so none is too large
 * and none is rounded. A string is well-formed Unicode in UTF-8, whatever way it is spelled, because
 * two readers of half a surrogate see two strings. Depth has a bound. */
static const struct {
    const char *file;
    enum nx_status status;
    const char *decision;
} decisions[] = {
    {"i_number_double_huge_neg_exp.json", NX_OK, "a number keeps its spelling"},
    {"i_number_huge_exp.json", NX_OK, "a number keeps its spelling"},
    {"i_number_neg_int_huge_exp.json", NX_OK, "a number keeps its spelling"},
    {"i_number_pos_double_huge_exp.json", NX_OK, "a number keeps its spelling"},
    {"i_number_real_neg_overflow.json", NX_OK, "a number keeps its spelling"},
    {"i_number_real_pos_overflow.json", NX_OK, "a number keeps its spelling"},
    {"i_number_real_underflow.json", NX_OK, "a number keeps its spelling"},
    {"i_number_too_big_neg_int.json", NX_OK, "a number keeps its spelling"},
    {"i_number_too_big_pos_int.json", NX_OK, "a number keeps its spelling"},
    {"i_number_very_big_negative_int.json", NX_OK, "a number keeps its spelling"},

    {"i_object_key_lone_2nd_surrogate.json", NX_E_MALFORMED, "surrogates come in pairs"},
    {"i_string_1st_surrogate_but_2nd_missing.json", NX_E_MALFORMED, "surrogates come in pairs"},
    {"i_string_1st_valid_surrogate_2nd_invalid.json", NX_E_MALFORMED, "surrogates come in pairs"},
    {"i_string_incomplete_surrogate_and_escape_valid.json", NX_E_MALFORMED,
     "surrogates come in pairs"},
    {"i_string_incomplete_surrogate_pair.json", NX_E_MALFORMED, "surrogates come in pairs"},
    {"i_string_incomplete_surrogates_escape_valid.json", NX_E_MALFORMED,
     "surrogates come in pairs"},
    {"i_string_invalid_lonely_surrogate.json", NX_E_MALFORMED, "surrogates come in pairs"},
    {"i_string_invalid_surrogate.json", NX_E_MALFORMED, "surrogates come in pairs"},
    {"i_string_inverted_surrogates_U+1D11E.json", NX_E_MALFORMED, "surrogates come in pairs"},
    {"i_string_lone_second_surrogate.json", NX_E_MALFORMED, "surrogates come in pairs"},

    {"i_string_UTF-8_invalid_sequence.json", NX_E_MALFORMED, "bytes are UTF-8"},
    {"i_string_UTF8_surrogate_U+D800.json", NX_E_MALFORMED, "UTF-8 has no surrogates"},
    {"i_string_invalid_utf-8.json", NX_E_MALFORMED, "bytes are UTF-8"},
    {"i_string_iso_latin_1.json", NX_E_MALFORMED, "bytes are UTF-8"},
    {"i_string_lone_utf8_continuation_byte.json", NX_E_MALFORMED, "bytes are UTF-8"},
    {"i_string_not_in_unicode_range.json", NX_E_MALFORMED, "Unicode ends at U+10FFFF"},
    {"i_string_overlong_sequence_2_bytes.json", NX_E_MALFORMED, "UTF-8 has one form for each"},
    {"i_string_overlong_sequence_6_bytes.json", NX_E_MALFORMED, "UTF-8 has one form for each"},
    {"i_string_overlong_sequence_6_bytes_null.json", NX_E_MALFORMED, "UTF-8 has one form for each"},
    {"i_string_truncated-utf-8.json", NX_E_MALFORMED, "bytes are UTF-8"},

    {"i_string_UTF-16LE_with_BOM.json", NX_E_MALFORMED, "no encoding but UTF-8 (RFC 8259 §8.1)"},
    {"i_string_utf16BE_no_BOM.json", NX_E_MALFORMED, "no encoding but UTF-8 (RFC 8259 §8.1)"},
    {"i_string_utf16LE_no_BOM.json", NX_E_MALFORMED, "no encoding but UTF-8 (RFC 8259 §8.1)"},
    {"i_structure_UTF-8_BOM_empty_object.json", NX_E_MALFORMED, "no byte order mark"},

    {"i_structure_500_nested_arrays.json", NX_E_LIMIT, "deeper than NX_JSON_DEPTH_MAX"},
};

static enum nx_status check(const char *name, struct nx_why *why)
{
    char path[sizeof(folder) + NAME_MAX_LEN + 2];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return json_file_check(path, why);
}

/* "<name> is accepted": a number sign in a name would begin a directive of TAP. */
static void begin_row(const char *name, const char *what)
{
    char row[NAME_MAX_LEN + 128];

    snprintf(row, sizeof(row), "%s %s", name, what);
    for (char *c = row; *c != '\0'; c++) {
        if (*c == '#')
            *c = '_';
    }
    unit_row(row);
}

/* "<name> is refused: <decision>". */
static void begin_decided_row(const char *name, size_t index)
{
    char what[96];

    if (index == NX_COUNT_OF(decisions)) {
        begin_row(name, "is decided");
        return;
    }
    snprintf(what, sizeof(what), "is %s: %s",
             decisions[index].status == NX_OK ? "accepted" : "refused", decisions[index].decision);
    begin_row(name, what);
}

static void show_file(const char *name)
{
    struct nx_why why = {.text = ""};
    enum nx_status status;
    size_t i = 0;

    switch (name[0]) {
    case 'y':
        begin_row(name, "is accepted");
        EXPECT_STATUS(check(name, &why), NX_OK);
        break;
    case 'n':
        begin_row(name, "is refused, with a reason");
        status = check(name, &why);
        EXPECT(status == NX_E_MALFORMED || status == NX_E_LIMIT);
        EXPECT(why.text[0] != '\0');
        break;
    default:
        while (i < NX_COUNT_OF(decisions) && strcmp(decisions[i].file, name) != 0)
            i++;
        begin_decided_row(name, i);
        if (EXPECT(i < NX_COUNT_OF(decisions)))
            EXPECT_STATUS(check(name, &why), decisions[i].status);
        break;
    }
}

static bool is_listed(struct dirent *const *entries, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(entries[i]->d_name, name) == 0)
            return true;
    }
    return false;
}

static int is_json(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 5 && len < NAME_MAX_LEN && strcmp(entry->d_name + len - 5, ".json") == 0;
}

UNIT_SUITE(json_suite_test)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_json, alphasort);
    uint64_t by_letter[256] = {0};

    unit_row("the folder of the suite is there");
    if (count < 0) {
        unit_skip("vectors/json/test_parsing is not in the shared folder (NEXUS_SHARED)");
        return;
    }

    for (int i = 0; i < count; i++) {
        by_letter[(uint8_t)entries[i]->d_name[0]]++;
        show_file(entries[i]->d_name);
    }
    unit_row("the suite is whole: what must be read, what must not, and all that is decided");
    EXPECT_EQ(by_letter['y'], 95);
    EXPECT_EQ(by_letter['n'], 188);
    EXPECT_EQ(by_letter['i'], NX_COUNT_OF(decisions));
    for (size_t i = 0; i < NX_COUNT_OF(decisions); i++)
        EXPECT(is_listed(entries, count, decisions[i].file));

    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"vectors/json", json_suite_test}};
    const char *shared = getenv("NEXUS_SHARED");

    if (shared == NULL)
        shared = argc > 1 ? argv[1] : "../shared";
    snprintf(folder, sizeof(folder), "%s/vectors/json/test_parsing", shared);
    return unit_run(suites, NX_COUNT_OF(suites));
}
