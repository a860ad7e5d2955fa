#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/base/limits.h"
#include "tests/unit/unit.h"

/* A program of calls, a letter each: { } [ ] open and close, k is a key "k", 1 a number, s a string
 * "s", t and f booleans, z null. */
static void run(struct nx_json_writer *w, const char *calls)
{
    for (; *calls != '\0'; calls++) {
        switch (*calls) {
        case '{':
            nx_json_begin_object(w);
            break;
        case '}':
            nx_json_end_object(w);
            break;
        case '[':
            nx_json_begin_array(w);
            break;
        case ']':
            nx_json_end_array(w);
            break;
        case 'k':
            nx_json_key(w, "k");
            break;
        case '1':
            nx_json_put_u64(w, 1);
            break;
        case 's':
            nx_json_put_text(w, "s");
            break;
        case 't':
        case 'f':
            nx_json_put_bool(w, *calls == 't');
            break;
        default:
            nx_json_put_null(w);
            break;
        }
    }
}

static const struct {
    const char *name;
    const char *calls;
    enum nx_status status;
    const char *text;
} programs[] = {
    {"a value alone", "1", NX_OK, "1"},
    {"every kind of value", "[stfz1]", NX_OK, "[\"s\",true,false,null,1]"},
    {"empty containers", "[{}[]]", NX_OK, "[{},[]]"},
    {"a comma between members, none after a colon", "{k1k[11]k{}ks}", NX_OK,
     "{\"k\":1,\"k\":[1,1],\"k\":{},\"k\":\"s\"}"},
    {"a comma after what is inside something", "[[[1]1]1]", NX_OK, "[[[1],1],1]"},
    {"an array in an object in an array", "[{k[1]}1]", NX_OK, "[{\"k\":[1]},1]"},

    {"nothing is no value", "", NX_E_STATE, ""},
    {"two values are one too many", "11", NX_E_STATE, ""},
    {"a container after a value is one too many", "1[]", NX_E_STATE, ""},
    {"what is open is closed", "[1", NX_E_STATE, ""},
    {"what is closed was open", "]", NX_E_STATE, ""},
    {"an array is not closed as an object", "[}", NX_E_STATE, ""},
    {"an object is not closed as an array", "{]", NX_E_STATE, ""},
    {"a member has a key", "{1}", NX_E_STATE, ""},
    {"a boolean as a member has a key", "{t}", NX_E_STATE, ""},
    {"a container as a member has a key", "{[]}", NX_E_STATE, ""},
    {"a key has a value", "{k}", NX_E_STATE, ""},
    {"a key has no second key", "{kk1}", NX_E_STATE, ""},
    {"an element has no key", "[k1]", NX_E_STATE, ""},
    {"the whole has no key", "k1", NX_E_STATE, ""},
    {"a failure is not made good by what follows", "]1", NX_E_STATE, ""},
};

static void programs_write(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(programs); i++) {
        char text[80] = "";
        struct nx_writer out = nx_writer_over(text, sizeof(text));
        struct nx_json_writer w = nx_json_writer_over(&out);

        unit_row(programs[i].name);
        run(&w, programs[i].calls);
        EXPECT_STATUS(nx_json_writer_finish(&w), programs[i].status);
        EXPECT_BYTES(nx_writer_bytes(&out), nx_bytes_of_text(programs[i].text));
    }
}

static const struct {
    const char *name;
    struct nx_bytes utf8;
    const char *text; /* NULL: refused */
} strings[] = {
    {"quote and backslash are escaped, a slash is not",
     {(const uint8_t *)"\"\\/", 3},
     "\"\\\"\\\\/\""},
    {"the short escapes", {(const uint8_t *)"\b\f\n\r\t", 5}, "\"\\b\\f\\n\\r\\t\""},
    {"other control characters with lower-case digits",
     {(const uint8_t *)"\0\x01\x1f", 3},
     "\"\\u0000\\u0001\\u001f\""},
    {"a space, U+007F and what lies beyond ASCII stand as they are",
     {(const uint8_t *)" \x7f\xc3\xa9\xe2\x80\xa8", 7},
     "\" \x7f\xc3\xa9\xe2\x80\xa8\""},
    {"the empty string", {NULL, 0}, "\"\""},
    {"a byte that is not UTF-8", {(const uint8_t *)"a\xff", 2}, NULL},
    {"a character cut in two", {(const uint8_t *)"\xc3", 1}, NULL},
    {"a surrogate in UTF-8", {(const uint8_t *)"\xed\xa0\x80", 3}, NULL},
};

static void strings_are_escaped(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(strings); i++) {
        char text[40];
        struct nx_writer out = nx_writer_over(text, sizeof(text));
        struct nx_json_writer w = nx_json_writer_over(&out);

        unit_row(strings[i].name);
        nx_json_put_string(&w, strings[i].utf8);
        EXPECT_STATUS(nx_json_writer_finish(&w), strings[i].text == NULL ? NX_E_MALFORMED : NX_OK);
        EXPECT_BYTES(nx_writer_bytes(&out),
                     nx_bytes_of_text(strings[i].text == NULL ? "" : strings[i].text));
    }

    char text[40];
    struct nx_writer out = nx_writer_over(text, sizeof(text));
    struct nx_json_writer w = nx_json_writer_over(&out);

    unit_row("a key that is not UTF-8 is refused");
    nx_json_begin_object(&w);
    nx_json_key(&w, "\xff");
    nx_json_put_null(&w);
    nx_json_end_object(&w);
    EXPECT_STATUS(nx_json_writer_finish(&w), NX_E_MALFORMED);
    EXPECT_EQ(out.len, 0);
}

static void nest(struct nx_json_writer *w, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++) {
        nx_json_begin_object(w);
        nx_json_key(w, "k");
    }
    nx_json_put_null(w);
    for (uint32_t i = 0; i < depth; i++)
        nx_json_end_object(w);
}

static void bounds_are_kept(void)
{
    char text[NX_JSON_DEPTH_MAX * 8];
    struct nx_writer out = nx_writer_over(text, sizeof(text));
    struct nx_json_writer w = nx_json_writer_over(&out);

    unit_row("as deep as the limit");
    nest(&w, NX_JSON_DEPTH_MAX);
    EXPECT_STATUS(nx_json_writer_finish(&w), NX_OK);
    EXPECT_EQ(out.len, NX_JSON_DEPTH_MAX * 6 + 4);

    unit_row("one deeper than the limit");
    out = nx_writer_over(text, sizeof(text));
    w = nx_json_writer_over(&out);
    nest(&w, NX_JSON_DEPTH_MAX + 1);
    EXPECT_STATUS(nx_json_writer_finish(&w), NX_E_LIMIT);
    EXPECT_EQ(out.len, 0);

    unit_row("exactly as much room as is needed");
    out = nx_writer_over(text, 9);
    nx_write_u8(&out, '!');
    w = nx_json_writer_over(&out);
    run(&w, "{k[1]}");
    EXPECT_STATUS(nx_json_writer_finish(&w), NX_E_LIMIT);
    out = nx_writer_over(text, 10);
    nx_write_u8(&out, '!');
    w = nx_json_writer_over(&out);
    run(&w, "{k[1]}");
    EXPECT_STATUS(nx_json_writer_finish(&w), NX_OK);
    EXPECT_BYTES(nx_writer_bytes(&out), nx_bytes_of_text("!{\"k\":[1]}"));

    unit_row("what was written before a failure stays, what belongs to it goes");
    out = nx_writer_over(text, 9);
    nx_write_u8(&out, '!');
    w = nx_json_writer_over(&out);
    run(&w, "{k[1");
    EXPECT_STATUS(nx_json_writer_finish(&w), NX_E_STATE);
    EXPECT_BYTES(nx_writer_bytes(&out), nx_bytes_of_text("!"));
}

/* A handshake proof (contracts: {"device_id", "verifying_key", "signature"}), there and back. */
static void a_proof_there_and_back(void)
{
    static const struct nx_json_limits limits = {512, 2, 64, 8, false};
    static struct nx_json_node nodes[1 + 6 + 32 + 64];
    uint8_t key[32], signature[64], key_back[32], signature_back[64];
    char id_back[65];
    uint8_t text[512];
    struct nx_writer out = nx_writer_over(text, sizeof(text));
    struct nx_json_writer w = nx_json_writer_over(&out);
    struct nx_json json;

    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)(i * 8);
    for (size_t i = 0; i < sizeof(signature); i++)
        signature[i] = (uint8_t)(255 - i * 4);

    unit_row("a proof is written and read back");
    nx_json_begin_object(&w);
    nx_json_key(&w, "device_id");
    nx_json_put_text(&w, "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c");
    nx_json_key(&w, "verifying_key");
    nx_json_put_byte_array(&w, nx_bytes_of(key, sizeof(key)));
    nx_json_key(&w, "signature");
    nx_json_put_byte_array(&w, nx_bytes_of(signature, sizeof(signature)));
    nx_json_end_object(&w);
    NEED(nx_json_writer_finish(&w) == NX_OK);

    NEED(nx_json_parse(&json, nx_writer_bytes(&out), nodes, NX_COUNT_OF(nodes), &limits, NULL) ==
         NX_OK);
    EXPECT_EQ(json.count, NX_COUNT_OF(nodes));
    EXPECT_STATUS(nx_json_get_text(&json, nx_json_find(&json, 0, "device_id"), id_back, 65), NX_OK);
    EXPECT_TEXT(id_back, "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c");
    EXPECT_STATUS(
        nx_json_get_byte_array(&json, nx_json_find(&json, 0, "verifying_key"), key_back, 32),
        NX_OK);
    EXPECT_BYTES(nx_bytes_of(key_back, 32), nx_bytes_of(key, 32));
    EXPECT_STATUS(
        nx_json_get_byte_array(&json, nx_json_find(&json, 0, "signature"), signature_back, 64),
        NX_OK);
    EXPECT_BYTES(nx_bytes_of(signature_back, 64), nx_bytes_of(signature, 64));
}

UNIT_SUITE(json_writer_test)
{
    programs_write();
    strings_are_escaped();
    bounds_are_kept();
    a_proof_there_and_back();
}
