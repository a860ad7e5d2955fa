#include "core/base/json.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

#define NODE_CAP 8

static const struct nx_json_limits limits = {
    .length_max = 48,
    .depth_max = 3,
    .string_max = 6,
    .member_count_max = 3,
};

static struct nx_json_node nodes[NODE_CAP];

static enum nx_status parse(struct nx_json *json, const char *text, struct nx_why *why)
{
    return nx_json_parse(json, nx_bytes_of_text(text), nodes, NODE_CAP, &limits, why);
}

static const struct {
    const char *name;
    const char *text;
    const char *why; /* NULL: it is JSON */
} texts[] = {
    {"the whole may be a number alone", "7", NULL},
    {"the whole may be a string alone", "\"a\"", NULL},
    {"white space may stand around everything", " \t\r\n[ 1 , { \"a\" : 2 } ] \n", NULL},
    {"empty containers", "[{},[]]", NULL},
    {"every form of a number", "[-0,1.5,0e1,2E+3,4e-05,0.0]", NULL},
    {"U+007F and what lies beyond ASCII stand as they are", "\"\x7f\xc3\xa9\"", NULL},

    {"nothing is no value", "", "json: a value is missing at byte 0"},
    {"white space is no value", " \n", "json: a value is missing at byte 2"},
    {"a byte order mark is refused", "\xef\xbb\xbf{}", "json: a value is missing at byte 0"},
    {"a second value is refused", "1 2", "json: something follows the value at byte 2"},
    {"a comment is refused", "[]//", "json: something follows the value at byte 2"},
    {"a form feed is no white space", "[\f]", "json: a value is missing at byte 1"},
    {"a word is spelled out", "nul", "json: a word is none of true, false, null at byte 0"},
    {"a word is lower case", "[True]", "json: a value is missing at byte 1"},

    {"a leading zero ends the number", "[01]",
     "json: neither a comma nor the end of the container stands at byte 2"},
    {"a plus sign begins no number", "+1", "json: a value is missing at byte 0"},
    {"a minus sign alone is no number", "[-]", "json: a number has no digit at byte 2"},
    {"a fraction has a digit", "1.", "json: a fraction has no digit at byte 2"},
    {"a fraction has something before it", ".5", "json: a value is missing at byte 0"},
    {"an exponent has a digit", "1e+", "json: an exponent has no digit at byte 3"},

    {"an array ends", "[1", "json: neither a comma nor the end of the container stands at byte 2"},
    {"an array ends by its own bracket", "[1}",
     "json: neither a comma nor the end of the container stands at byte 2"},
    {"a comma has an element after it", "[1,]", "json: a value is missing at byte 3"},
    {"a comma has an element before it", "[,1]", "json: a value is missing at byte 1"},
    {"a container is not closed twice", "[]]", "json: something follows the value at byte 2"},

    {"an object ends by its own brace", "{]", "json: a key is missing at byte 1"},
    {"a key is a string", "{1:2}", "json: a key is missing at byte 1"},
    {"a comma has a member after it", "{\"a\":1,}", "json: a key is missing at byte 7"},
    {"a key has a colon", "{\"a\" 1}", "json: a colon is missing at byte 5"},
    {"a key has one colon", "{\"a\"::1}", "json: a value is missing at byte 5"},
    {"a key has a value", "{\"a\":}", "json: a value is missing at byte 5"},

    {"a string ends", "\"a", "json: a string has no end at byte 2"},
    {"a quote after a backslash ends no string", "\"a\\\"", "json: a string has no end at byte 4"},
    {"a backslash at the end of the text escapes nothing", "\"a\\",
     "json: a string has a character or escape that may not be there at byte 2"},
    {"a control character is escaped", "\"a\nb\"",
     "json: a string has a character or escape that may not be there at byte 2"},
    {"the last control character is escaped too", "\"\x1f\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"a space is none", "\" \"", NULL},
    {"an escape is one of eight letters or u", "\"\\x41\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"an escape letter is lower case", "\"\\N\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"u has four digits", "\"\\u12\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"u has hexadecimal digits", "\"\\u00g0\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"a sign is no hexadecimal digit", "\"\\u00+0\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"a text that ends within u is refused", "\"\\u00",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"a first surrogate alone is refused", "\"\\ud834\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"a second surrogate alone is refused", "\"\\udd1e\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"the first of the second surrogates alone", "\"\\udc00\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"the last of the second surrogates alone", "\"\\udfff\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"the last of the first surrogates alone", "\"\\udbff\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"a first surrogate and what follows the second ones are no pair", "\"\\ud800\\ue000\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"two second surrogates are no pair", "\"\\udc00\\udc00\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"two first surrogates are no pair", "\"\\ud834\\ud834\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"a surrogate and another escape are no pair", "\"\\ud834\\ndd1e\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"bytes that are not UTF-8 are refused", "\"a\xff\"",
     "json: a string has a character or escape that may not be there at byte 2"},
    {"an overlong slash is refused", "\"\xc0\xaf\"",
     "json: a string has a character or escape that may not be there at byte 1"},
    {"a key is checked like a string", "{\"\\ud834\":1}",
     "json: a string has a character or escape that may not be there at byte 2"},

    {"a key may not come twice", "{\"a\":1,\"a\":1}", "json: a key comes twice at byte 7"},
    {"an escaped key is the same key", "{\"a\":1,\"\\u0061\":2}",
     "json: a key comes twice at byte 7"},
    {"a pair of escapes and the character are the same key",
     "{\"\\ud834\\udd1e\":1,\"\xf0\x9d\x84\x9e\":2}", "json: a key comes twice at byte 18"},
    {"the empty key may not come twice", "{\"\":1,\"\":1}", "json: a key comes twice at byte 6"},
    {"the last key is compared with the first", "{\"a\":1,\"b\":2,\"a\":3}",
     "json: a key comes twice at byte 13"},
    {"a key of another object is another key", "{\"b\":{\"a\":1},\"a\":2}", NULL},
    {"keys that begin alike are different", "{\"a\":1,\"aa\":2,\"aA\":3}", NULL},

    {"as deep as the limit", "[[[1]]]", NULL},
    {"one deeper than the limit", "[[[[", "json depth: limit 3, asked 4"},
    {"objects are as deep as arrays", "[{\"a\":[{", "json depth: limit 3, asked 4"},
    {"depth counts what is open, not what was", "[[[]],[[]]]", NULL},
    {"as long a string as the limit", "\"123456\"", NULL},
    {"one byte longer than the limit", "\"1234567\"", "json string: limit 6, asked 7"},
    {"a string is measured unescaped", "\"\\u0031\\u00e9\\u20ac\"", NULL},
    {"an escape counts the bytes it stands for", "\"1234\\u20ac\"",
     "json string: limit 6, asked 7"},
    {"a key has the limit of a string", "{\"1234567\":0}", "json string: limit 6, asked 7"},
    {"as many members as the limit", "{\"a\":1,\"b\":2,\"c\":3}", NULL},
    {"one member more than the limit", "{\"a\":1,\"b\":2,\"c\":3,\"d\":4}",
     "json members: limit 3, asked 4"},
    {"as many values as there are nodes", "[1,2,3,4,5,6,7]", NULL},
    {"one value more than there are nodes", "[1,2,3,4,5,6,7,8]", "json values: limit 8, asked 9"},
    {"a container more than there are nodes", "[1,2,3,4,5,6,7,[]]",
     "json values: limit 8, asked 9"},
    {"a key takes a node too", "[1,2,3,4,5,{\"a\":7}]", "json values: limit 8, asked 9"},
    {"as long a text as the limit", "[                                              ]", NULL},
    {"one byte more than the limit", "[                                               ]",
     "json text: limit 48, asked 49"},
};

static void texts_are_accepted_or_refused(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(texts); i++) {
        struct nx_json json = {.count = 99};
        struct nx_why why = {.text = ""};
        enum nx_status status = parse(&json, texts[i].text, &why);

        unit_row(texts[i].name);
        if (texts[i].why == NULL) {
            EXPECT_STATUS(status, NX_OK);
        } else {
            EXPECT_TEXT(why.text, texts[i].why);
            EXPECT_STATUS(status, texts[i].why[4] == ':' ? NX_E_MALFORMED : NX_E_LIMIT);
            EXPECT_EQ(json.count, 99);
            EXPECT_STATUS(parse(&json, texts[i].text, NULL), status);
        }
    }
}

static void duplicates_where_they_are_allowed(void)
{
    struct nx_json_limits lenient = limits;
    struct nx_json json;
    uint64_t value = 0;

    lenient.allow_duplicate_keys = true;
    unit_row("where duplicates are allowed, the first is found and all are counted");
    NEED(nx_json_parse(&json, nx_bytes_of_text("{\"a\":1,\"a\":2}"), nodes, NODE_CAP, &lenient,
                       NULL) == NX_OK);
    EXPECT_EQ(nx_json_count(&json, 0), 2);
    EXPECT_STATUS(nx_json_get_u64(&json, nx_json_find(&json, 0, "a"), &value), NX_OK);
    EXPECT_EQ(value, 1);
}

/* Every node in the order of the text: depth by indent, type by letter, raw span. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as the reader lets a text be */
static void draw(const struct nx_json *json, uint32_t node, uint32_t depth, struct nx_text *t)
{
    static const char letters[] = "?zbnsaok";

    for (; node != NX_JSON_NONE && depth < 4; node = nx_json_next(json, node)) {
        const struct nx_json_node *n = &json->nodes[node];
        char letter[2] = {letters[n->type], '\0'};

        nx_text_add(t, letter);
        nx_text_add_bytes(t, nx_bytes_of(json->text.ptr + n->at, n->len));
        nx_text_add(t, ";");
        draw(json, nx_json_value(json, node), depth, t);
        draw(json, nx_json_first(json, node), depth + 1, t);
    }
}

static const struct {
    const char *name;
    const char *text;
    const char *drawing;
} trees[] = {
    {"a scalar is the whole", " null ", "znull;"},
    {"elements follow one another", "[1,true,\"a\"]", "a[1,true,\"a\"];n1;btrue;sa;"},
    {"a value follows its key", "{\"a\":1,\"b\":null}", "o{\"a\":1,\"b\":null};ka;n1;kb;znull;"},
    {"what follows a container is its neighbour", "[[1],2]", "a[[1],2];a[1];n1;n2;"},
    {"what follows a member that is a container", "{\"a\":[1],\"b\":{}}",
     "o{\"a\":[1],\"b\":{}};ka;a[1];n1;kb;o{};"},
    {"what follows two closed at once", "[[[]],[]]", "a[[[]],[]];a[[]];a[];a[];"},
};

static void trees_are_as_the_text(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(trees); i++) {
        char drawing[120];
        struct nx_text t = nx_text_over(drawing, sizeof(drawing));
        struct nx_json json;

        unit_row(trees[i].name);
        NEED(parse(&json, trees[i].text, NULL) == NX_OK);
        draw(&json, 0, 0, &t);
        EXPECT_TEXT(drawing, trees[i].drawing);
    }
}

static const struct {
    const char *name;
    const char *text;
    enum nx_status status;
    uint64_t value;
} numbers[] = {
    {"zero", "0", NX_OK, 0},
    {"the largest that there is", "18446744073709551615", NX_OK, UINT64_MAX},
    {"one more than the largest is refused", "18446744073709551616", NX_E_MALFORMED, 0},
    {"ten times the largest is refused", "184467440737095516150", NX_E_MALFORMED, 0},
    {"minus zero has a sign and is refused", "-0", NX_E_MALFORMED, 0},
    {"a whole number with a fraction is refused", "1.0", NX_E_MALFORMED, 0},
    {"a whole number with an exponent is refused", "1e2", NX_E_MALFORMED, 0},
    {"a string of digits is no number", "\"1\"", NX_E_MALFORMED, 0},
    {"true is no number", "true", NX_E_MALFORMED, 0},
};

static void numbers_are_exact(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(numbers); i++) {
        struct nx_json json;
        uint64_t value = 99;

        unit_row(numbers[i].name);
        NEED(parse(&json, numbers[i].text, NULL) == NX_OK);
        EXPECT_STATUS(nx_json_get_u64(&json, 0, &value), numbers[i].status);
        EXPECT_EQ(value, numbers[i].status == NX_OK ? numbers[i].value : 99);
    }
}

static const struct {
    const char *name;
    const char *text;
    size_t cap;
    enum nx_status status; /* of the bytes */
    enum nx_status as_text;
    const char *bytes;
} strings[] = {
    {"every short escape", "\"\\\"\\\\\\/\\b\\f\\n\"", 7, NX_OK, NX_OK, "\"\\/\b\f\n"},
    {"the two short escapes left", "\"\\r\\t\"", 7, NX_OK, NX_OK, "\r\t"},
    {"u in one, two and three bytes", "\"\\u0041\\u00E9\\u20aC\"", 7, NX_OK, NX_OK,
     "A\xc3\xa9\xe2\x82\xac"},
    {"a pair in four bytes", "\"\\uD834\\uDD1E\"", 7, NX_OK, NX_OK, "\xf0\x9d\x84\x9e"},
    {"the last character there is", "\"\\udbff\\udfff\"", 7, NX_OK, NX_OK, "\xf4\x8f\xbf\xbf"},
    {"the characters around the surrogates", "\"\\ud7ff\\ue000\"", 7, NX_OK, NX_OK,
     "\xed\x9f\xbf\xee\x80\x80"},
    {"the empty string", "\"\"", 1, NX_OK, NX_OK, ""},
    {"no room is needed for the bytes of nothing", "\"\"", 0, NX_OK, NX_E_LIMIT, ""},
    {"exactly as much room as bytes leaves none for the end", "\"abc\"", 3, NX_OK, NX_E_LIMIT,
     "abc"},
    {"room for the end as well", "\"abc\"", 4, NX_OK, NX_OK, "abc"},
    {"one byte too little room", "\"abc\"", 2, NX_E_LIMIT, NX_E_LIMIT, ""},
    {"a zero in a text would end it early", "\"\\u0000\"", 7, NX_OK, NX_E_MALFORMED, NULL},
    {"a number is no string", "12", 7, NX_E_MALFORMED, NX_E_MALFORMED, ""},
    {"null is no string", "null", 7, NX_E_MALFORMED, NX_E_MALFORMED, ""},
};

static void strings_are_unescaped(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(strings); i++) {
        struct nx_bytes want =
            strings[i].bytes == NULL ? nx_bytes_of("\0", 1) : nx_bytes_of_text(strings[i].bytes);
        struct nx_json json;
        uint8_t bytes[8] = {0};
        char text[8] = "before";
        size_t len = 0;

        unit_row(strings[i].name);
        NEED(parse(&json, strings[i].text, NULL) == NX_OK);
        EXPECT_STATUS(nx_json_get_string(&json, 0, bytes, strings[i].cap, &len), strings[i].status);
        EXPECT_BYTES(nx_bytes_of(bytes, len), want);
        EXPECT_STATUS(nx_json_get_text(&json, 0, text, strings[i].cap), strings[i].as_text);
        EXPECT_TEXT(text, strings[i].as_text == NX_OK ? strings[i].bytes : "before");
    }
}

static const struct {
    const char *name;
    const char *text;
    enum nx_status status;
} byte_arrays[] = {
    {"three numbers of a byte each", "[0,127,255]", NX_OK},
    {"one number too few", "[0,127]", NX_E_MALFORMED},
    {"one number too many", "[0,127,255,0]", NX_E_MALFORMED},
    {"a number over a byte", "[0,127,256]", NX_E_MALFORMED},
    {"a number below a byte", "[0,127,-1]", NX_E_MALFORMED},
    {"an element that is no number", "[0,127,\"\"]", NX_E_MALFORMED},
    {"an object of three is no array", "{\"0\":0,\"1\":1,\"2\":2}", NX_E_MALFORMED},
    {"a string of three is no array", "\"abc\"", NX_E_MALFORMED},
};

static void byte_arrays_are_exact(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(byte_arrays); i++) {
        static const uint8_t want[] = {0, 127, 255};
        static const uint8_t before[] = {9, 9, 9};
        uint8_t out[] = {9, 9, 9};
        struct nx_json json;

        unit_row(byte_arrays[i].name);
        NEED(parse(&json, byte_arrays[i].text, NULL) == NX_OK);
        EXPECT_STATUS(nx_json_get_byte_array(&json, 0, out, sizeof(out)), byte_arrays[i].status);
        EXPECT_BYTES(nx_bytes_of(out, 3),
                     nx_bytes_of(byte_arrays[i].status == NX_OK ? want : before, 3));
    }
}

static void members_are_found(void)
{
    struct nx_json json;
    uint64_t value = 99;
    bool flag = false;
    size_t len = 99;
    char text[4];
    uint8_t bytes[4];

    unit_row("a member is found by its key unescaped");
    NEED(parse(&json, "{\"\\u00e9\":1,\"b\":true,\"\":[false]}", NULL) == NX_OK);
    EXPECT_STATUS(nx_json_get_u64(&json, nx_json_find(&json, 0, "\xc3\xa9"), &value), NX_OK);
    EXPECT_EQ(value, 1);
    EXPECT_STATUS(nx_json_get_bool(&json, nx_json_find(&json, 0, "b"), &flag), NX_OK);
    EXPECT(flag);

    unit_row("false is a bool and not the absence of one");
    uint32_t list = nx_json_find(&json, 0, "");
    EXPECT_EQ(nx_json_type_of(&json, list), NX_JSON_ARRAY);
    EXPECT_STATUS(nx_json_get_bool(&json, nx_json_first(&json, list), &flag), NX_OK);
    EXPECT(!flag);

    unit_row("a key is neither found by its beginning nor by more than it");
    EXPECT_EQ(nx_json_find(&json, 0, "\xc3"), NX_JSON_NONE);
    EXPECT_EQ(nx_json_find(&json, 0, "bb"), NX_JSON_NONE);
    EXPECT_EQ(nx_json_find(&json, 0, "c"), NX_JSON_NONE);

    unit_row("what looks for a member in an array finds none");
    EXPECT_EQ(nx_json_find(&json, list, ""), NX_JSON_NONE);

    unit_row("a key is read like a string");
    uint32_t second = nx_json_next(&json, nx_json_first(&json, 0));
    EXPECT_EQ(nx_json_type_of(&json, second), NX_JSON_KEY);
    EXPECT_STATUS(nx_json_get_text(&json, second, text, sizeof(text)), NX_OK);
    EXPECT_TEXT(text, "b");

    unit_row("a value has no value and no neighbour");
    EXPECT_EQ(nx_json_value(&json, list), NX_JSON_NONE);
    EXPECT_EQ(nx_json_next(&json, nx_json_value(&json, second)), NX_JSON_NONE);

    unit_row("what is absent goes in and comes out as absent");
    uint32_t none = nx_json_find(&json, nx_json_find(&json, 0, "c"), "d");
    EXPECT_EQ(none, NX_JSON_NONE);
    EXPECT_EQ(nx_json_type_of(&json, none), NX_JSON_ABSENT);
    EXPECT_EQ(nx_json_count(&json, none), 0);
    EXPECT_EQ(nx_json_first(&json, none), NX_JSON_NONE);
    EXPECT_EQ(nx_json_next(&json, none), NX_JSON_NONE);
    EXPECT_STATUS(nx_json_get_u64(&json, none, &value), NX_E_NOT_FOUND);
    EXPECT_STATUS(nx_json_get_bool(&json, none, &flag), NX_E_NOT_FOUND);
    EXPECT_STATUS(nx_json_get_text(&json, none, text, sizeof(text)), NX_E_NOT_FOUND);
    EXPECT_STATUS(nx_json_get_string(&json, none, bytes, sizeof(bytes), &len), NX_E_NOT_FOUND);
    EXPECT_STATUS(nx_json_get_byte_array(&json, none, bytes, sizeof(bytes)), NX_E_NOT_FOUND);

    unit_row("a bool is not a number");
    EXPECT_STATUS(nx_json_get_bool(&json, nx_json_find(&json, 0, "\xc3\xa9"), &flag),
                  NX_E_MALFORMED);
}

UNIT_SUITE(json_test)
{
    texts_are_accepted_or_refused();
    duplicates_where_they_are_allowed();
    trees_are_as_the_text();
    numbers_are_exact();
    strings_are_unescaped();
    byte_arrays_are_exact();
    members_are_found();
}
