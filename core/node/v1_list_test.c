#include "core/node/v1_list.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

#define HEX_1 "0101010101010101010101010101010101010101010101010101010101010101"
#define HEX_2 "0202020202020202020202020202020202020202020202020202020202020202"
#define HEX_3 "0303030303030303030303030303030303030303030303030303030303030303"
#define HEAD  "{\"format\":\"nexusnet v1\",\"version\":1,"

static struct dsb_v1_list list;
static struct nx_store store;
static uint64_t values[NX_STORE_VALUE_MAX / 8];
static struct nx_json_node nodes[DSB_V1_NODES_MAX];

/* An id, or a key: 32 bytes of `n`, lent until the second call after this one. */
static const uint8_t *bytes_of(uint32_t n)
{
    static uint8_t bytes[2][32];
    static uint32_t turn;
    uint8_t *at = bytes[turn++ % 2];

    memset(at, (uint8_t)n, 32);
    at[31] = (uint8_t)(n >> 8 ^ n);
    return at;
}

static enum nx_status load(enum nx_status loaded, const char *text)
{
    nx_store_init(&store, values, NX_STORE_VALUE_MAX, 1);
    dsb_v1_list_init(&list);
    return dsb_v1_list_load(&list, loaded, nx_bytes_of_text(text), nodes, DSB_V1_NODES_MAX);
}

static void begin(const char *row)
{
    unit_row(row);
    EXPECT_STATUS(load(NX_E_NOT_FOUND, ""), NX_OK);
}

static enum nx_status check(uint32_t id, uint32_t key, bool is_dialled)
{
    return dsb_v1_list_check(&list, bytes_of(id), bytes_of(key), is_dialled);
}

static void pin(uint32_t id, uint32_t key)
{
    dsb_v1_list_pin(&list, bytes_of(id), bytes_of(key));
}

/* The write that is due, answered; its bytes, lent until the next one. Empty: none is. */
static struct nx_bytes written(struct nx_instant now, enum nx_status status)
{
    struct nx_store_request request;
    struct nx_store_event event;

    if (!dsb_v1_list_output(&list, &store))
        return nx_bytes_of(NULL, 0);
    EXPECT(nx_store_output(&store, &request));
    EXPECT_TEXT(request.key, DSB_V1_LIST_KEY);
    EXPECT_STATUS(nx_store_answer(&store, request.id, status, NULL), NX_OK);
    EXPECT(nx_store_event(&store, &event));
    EXPECT(dsb_v1_list_stored(&list, now, &event));
    EXPECT(!dsb_v1_list_stored(&list, now, &event));
    return request.value;
}

/* ---- who may ------------------------------------------------------------------------------- */

static void allow_rows(void)
{
    const struct nx_instant now = {0};

    begin("who is not on the list is not served, and who is dialled as v1 is");
    EXPECT_STATUS(check(1, 9, false), NX_E_DENIED);
    EXPECT_STATUS(check(1, 9, true), NX_OK);
    EXPECT(written(now, NX_OK).len == 0);

    unit_row("who is on the list is served with any static, until one is pinned");
    EXPECT_STATUS(dsb_v1_list_allow(&list, bytes_of(1)), NX_OK);
    EXPECT_STATUS(check(1, 8, false), NX_OK);
    EXPECT_STATUS(check(1, 9, false), NX_OK);
    EXPECT_STATUS(check(2, 9, false), NX_E_DENIED);
    pin(1, 9);
    EXPECT_STATUS(check(1, 9, false), NX_OK);
    EXPECT_STATUS(check(1, 8, false), NX_E_IDENTITY);
    EXPECT_STATUS(check(1, 8, true), NX_E_IDENTITY);

    unit_row("what is pinned stays as it is");
    pin(1, 8);
    EXPECT_STATUS(check(1, 9, false), NX_OK);

    unit_row("a pin is no leave: without the list a device that is pinned is not served");
    pin(2, 9);
    EXPECT_STATUS(check(2, 9, false), NX_E_DENIED);
    EXPECT_STATUS(check(2, 9, true), NX_OK);

    unit_row("an id on the list twice takes one place of 16, and there is no 17th");
    EXPECT_STATUS(dsb_v1_list_allow(&list, bytes_of(1)), NX_OK);
    for (uint32_t i = 2; i <= DSB_V1_ALLOWED_MAX; i++)
        EXPECT_STATUS(dsb_v1_list_allow(&list, bytes_of(i)), NX_OK);
    EXPECT_STATUS(dsb_v1_list_allow(&list, bytes_of(DSB_V1_ALLOWED_MAX + 1)), NX_E_LIMIT);
    EXPECT_STATUS(dsb_v1_list_allow(&list, bytes_of(DSB_V1_ALLOWED_MAX)), NX_OK);
}

static void native_rows(void)
{
    begin("who is native is not served as v1, listed or dialled or pinned before");
    EXPECT_STATUS(dsb_v1_list_allow(&list, bytes_of(1)), NX_OK);
    pin(1, 9);
    dsb_v1_list_add_native(&list, bytes_of(1));
    EXPECT_STATUS(check(1, 9, false), NX_E_IDENTITY);
    EXPECT_STATUS(check(1, 9, true), NX_E_IDENTITY);

    unit_row("nor is it put on the list, or pinned");
    EXPECT_STATUS(dsb_v1_list_allow(&list, bytes_of(1)), NX_E_IDENTITY);
    pin(1, 9);
    EXPECT_STATUS(check(1, 9, true), NX_E_IDENTITY);

    unit_row("who attests while on the list is native from then on");
    EXPECT_STATUS(dsb_v1_list_allow(&list, bytes_of(2)), NX_OK);
    dsb_v1_list_attested(&list, bytes_of(2));
    EXPECT_STATUS(check(2, 9, false), NX_E_IDENTITY);

    unit_row("who attests and was served as v1 once is, too");
    pin(3, 9);
    dsb_v1_list_attested(&list, bytes_of(3));
    EXPECT_STATUS(check(3, 9, true), NX_E_IDENTITY);

    unit_row("of strangers who attest nothing is kept");
    dsb_v1_list_attested(&list, bytes_of(4));
    EXPECT(dsb_v1_list_find(&list, bytes_of(4)) == NULL);
    EXPECT_STATUS(check(4, 9, true), NX_OK);
}

static void full_rows(void)
{
    begin("a table that is full forgets nobody and takes nobody");
    pin(DSB_V1_KNOWN_MAX, 9);
    for (uint32_t i = 1; i < DSB_V1_KNOWN_MAX; i++)
        dsb_v1_list_add_native(&list, bytes_of(i));
    EXPECT_EQ(list.known_count, DSB_V1_KNOWN_MAX);
    EXPECT_STATUS(check(DSB_V1_KNOWN_MAX, 9, true), NX_OK);
    EXPECT_STATUS(check(DSB_V1_KNOWN_MAX + 1, 9, true), NX_E_LIMIT);
    pin(DSB_V1_KNOWN_MAX + 1, 9);
    EXPECT_STATUS(check(DSB_V1_KNOWN_MAX + 1, 9, true), NX_E_LIMIT);

    unit_row("who is native and found no place in it is not served either");
    dsb_v1_list_add_native(&list, bytes_of(DSB_V1_KNOWN_MAX + 2));
    EXPECT_STATUS(check(DSB_V1_KNOWN_MAX + 2, 9, true), NX_E_LIMIT);

    unit_row("who is pinned in it can become native in its place");
    dsb_v1_list_add_native(&list, bytes_of(DSB_V1_KNOWN_MAX));
    EXPECT_STATUS(check(DSB_V1_KNOWN_MAX, 9, true), NX_E_IDENTITY);

    unit_row("full of pins it is as long as a value may get, and is read again");
    static uint8_t kept[DSB_V1_LIST_LEN_MAX];
    EXPECT_STATUS(load(NX_E_NOT_FOUND, ""), NX_OK);
    for (uint32_t i = 0; i < DSB_V1_KNOWN_MAX; i++)
        pin(i, i);
    struct nx_bytes text = written((struct nx_instant){0}, NX_OK);
    EXPECT_EQ(text.len, DSB_V1_LIST_LEN_MAX);
    NEED(text.len == sizeof(kept));
    memcpy(kept, text.ptr, text.len);
    dsb_v1_list_init(&list);
    EXPECT_STATUS(
        dsb_v1_list_load(&list, NX_OK, nx_bytes_of(kept, sizeof(kept)), nodes, DSB_V1_NODES_MAX),
        NX_OK);
    EXPECT_EQ(list.known_count, DSB_V1_KNOWN_MAX);
    EXPECT_STATUS(check(255, 255, true), NX_OK);
    EXPECT_STATUS(check(255, 254, true), NX_E_IDENTITY);

    unit_row("one device more than it has places for is told as that");
    static char many[64 + 67 * (DSB_V1_KNOWN_MAX + 1)];
    struct nx_text t = nx_text_over(many, sizeof(many));
    nx_text_add(&t, HEAD "\"pinned\":[],\"native\":[\"" HEX_1 "\"");
    for (uint32_t i = 0; i < DSB_V1_KNOWN_MAX; i++)
        nx_text_add(&t, ",\"" HEX_1 "\"");
    nx_text_add(&t, "]}");
    EXPECT_STATUS(load(NX_OK, many), NX_E_LIMIT);
    EXPECT_TEXT(dsb_v1_list_why(&list)->text, "v1: devices known: limit 256, asked 257");
}

/* ---- the value ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *text;
    enum nx_status status;
} reads[] = {
    {"an empty list is a list", HEAD "\"native\":[],\"pinned\":[]}", NX_OK},
    {"white space and another order of members are taken",
     " {\"pinned\" : [ {\"noise\":\"" HEX_1 "\",\"id\":\"" HEX_2 "\"} ],\n\"native\":[],"
     "\"version\":1,\"format\":\"nexusnet v1\"} ",
     NX_OK},
    {"no JSON is damaged", "nexusnet v1", NX_E_MALFORMED},
    {"an empty value is damaged", "", NX_E_MALFORMED},
    {"another format is damaged",
     "{\"format\":\"nexusnet registry\",\"version\":1,\"native\":[],\"pinned\":[]}",
     NX_E_MALFORMED},
    {"without a format it is damaged", "{\"version\":1,\"native\":[],\"pinned\":[]}",
     NX_E_MALFORMED},
    {"a format that is no text is damaged",
     "{\"format\":1,\"version\":1,\"native\":[],\"pinned\":[]}", NX_E_MALFORMED},
    {"a format of the same length is damaged",
     "{\"format\":\"nexusnet v0\",\"version\":1,\"native\":[],\"pinned\":[]}", NX_E_MALFORMED},
    {"a version that is no number is damaged",
     "{\"format\":\"nexusnet v1\",\"version\":\"1\",\"native\":[],\"pinned\":[]}", NX_E_MALFORMED},
    {"as many members under other names are damaged",
     "{\"format\":\"nexusnet v1\",\"version\":1,\"native\":[],\"pins\":[]}", NX_E_MALFORMED},
    {"a device with as many fields under other names is damaged",
     HEAD "\"native\":[],\"pinned\":[{\"id\":\"" HEX_1 "\",\"key\":\"" HEX_2 "\"}]}",
     NX_E_MALFORMED},
    {"version 0 is damaged",
     "{\"format\":\"nexusnet v1\",\"version\":0,\"native\":[],\"pinned\":[]}", NX_E_MALFORMED},
    {"a newer version is refused, whatever else it says",
     "{\"format\":\"nexusnet v1\",\"version\":2,\"more\":true}", NX_E_VERSION},
    {"a member more is damaged", HEAD "\"native\":[],\"pinned\":[],\"more\":1}", NX_E_MALFORMED},
    {"a member less is damaged", HEAD "\"native\":[]}", NX_E_MALFORMED},
    {"a member twice is damaged", HEAD "\"native\":[],\"native\":[],\"pinned\":[]}",
     NX_E_MALFORMED},
    {"what should be a list and is none is damaged", HEAD "\"native\":{},\"pinned\":[]}",
     NX_E_MALFORMED},
    {"and the other one likewise", HEAD "\"native\":[],\"pinned\":\"\"}", NX_E_MALFORMED},
    {"an id that is no text is damaged", HEAD "\"native\":[1],\"pinned\":[]}", NX_E_MALFORMED},
    {"an id of 62 digits is damaged",
     HEAD "\"native\":[\"01010101010101010101010101010101010101010101010101010101010101\"],"
          "\"pinned\":[]}",
     NX_E_MALFORMED},
    {"an id in upper case is damaged",
     HEAD "\"native\":[\"AA01010101010101010101010101010101010101010101010101010101010101\"],"
          "\"pinned\":[]}",
     NX_E_MALFORMED},
    {"an id twice is damaged", HEAD "\"native\":[\"" HEX_1 "\",\"" HEX_1 "\"],\"pinned\":[]}",
     NX_E_MALFORMED},
    {"an id that is native and pinned is damaged",
     HEAD "\"native\":[\"" HEX_1 "\"],\"pinned\":[{\"id\":\"" HEX_1 "\",\"noise\":\"" HEX_2 "\"}]}",
     NX_E_MALFORMED},
    {"a device without a key is damaged", HEAD "\"native\":[],\"pinned\":[{\"id\":\"" HEX_1 "\"}]}",
     NX_E_MALFORMED},
    {"a device with a field more is damaged",
     HEAD "\"native\":[],\"pinned\":[{\"id\":\"" HEX_1 "\",\"noise\":\"" HEX_2 "\",\"x\":1}]}",
     NX_E_MALFORMED},
    {"a key that is none is damaged",
     HEAD "\"native\":[],\"pinned\":[{\"id\":\"" HEX_1 "\",\"noise\":\"\"}]}", NX_E_MALFORMED},
    {"a device that is no object is damaged", HEAD "\"native\":[],\"pinned\":[\"" HEX_1 "\"]}",
     NX_E_MALFORMED},
};

static void read_rows(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(reads); i++) {
        unit_row(reads[i].name);
        EXPECT_STATUS(load(NX_OK, reads[i].text), reads[i].status);
        EXPECT_STATUS(dsb_v1_list_status(&list), reads[i].status);
        EXPECT_EQ(dsb_v1_list_why(&list)->text[0] == '\0', reads[i].status == NX_OK);
        EXPECT_EQ(list.known_count > 0, reads[i].status == NX_OK && i == 1);
    }

    unit_row("before it was read nobody is served, and nothing is kept");
    dsb_v1_list_init(&list);
    EXPECT_STATUS(dsb_v1_list_allow(&list, bytes_of(1)), NX_OK);
    EXPECT_STATUS(check(1, 9, true), NX_E_STATE);
    pin(1, 9);
    dsb_v1_list_add_native(&list, bytes_of(2));
    EXPECT_EQ(list.known_count, 0);
    EXPECT(!dsb_v1_list_output(&list, &store));

    begin("it is read once");
    EXPECT_STATUS(dsb_v1_list_load(&list, NX_OK, nx_bytes_of_text("x"), nodes, 1), NX_E_STATE);
    EXPECT_STATUS(check(1, 9, true), NX_OK);

    unit_row("what is damaged serves nobody, and is not written over");
    EXPECT_STATUS(load(NX_OK, "{}"), NX_E_MALFORMED);
    EXPECT_STATUS(dsb_v1_list_allow(&list, bytes_of(1)), NX_OK);
    EXPECT_STATUS(check(1, 9, false), NX_E_MALFORMED);
    EXPECT_STATUS(check(1, 9, true), NX_E_MALFORMED);
    dsb_v1_list_attested(&list, bytes_of(1));
    dsb_v1_list_add_native(&list, bytes_of(2));
    pin(3, 9);
    EXPECT(!dsb_v1_list_output(&list, &store));

    unit_row("neither does one that could not be read, for that reason");
    EXPECT_STATUS(load(NX_E_IO, ""), NX_E_IO);
    EXPECT_STATUS(check(1, 9, true), NX_E_IO);
    EXPECT(dsb_v1_list_why(&list)->text[0] != '\0');
}

static void write_rows(void)
{
    const struct nx_instant now = {0};

    unit_row("what was read writes the same, in the order of the ids");
    EXPECT_STATUS(load(NX_OK, HEAD "\"native\":[\"" HEX_3 "\"],\"pinned\":[{\"id\":\"" HEX_2
                                   "\",\"noise\":\"" HEX_3 "\"}]}"),
                  NX_OK);
    EXPECT(written(now, NX_OK).len == 0);
    static const uint8_t one[DSB_ID_LEN] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    dsb_v1_list_add_native(&list, one);
    EXPECT_BYTES(written(now, NX_OK), nx_bytes_of_text(HEAD "\"native\":[\"" HEX_1 "\",\"" HEX_3
                                                            "\"],\"pinned\":[{\"id\":\"" HEX_2
                                                            "\",\"noise\":\"" HEX_3 "\"}]}\n"));

    unit_row("what is known already is not written again");
    dsb_v1_list_add_native(&list, one);
    dsb_v1_list_attested(&list, one);
    EXPECT(written(now, NX_OK).len == 0);

    begin("a change while a write is under way is written after it");
    struct nx_store_request request;
    struct nx_store_event event;
    dsb_v1_list_add_native(&list, bytes_of(1));
    EXPECT(dsb_v1_list_output(&list, &store));
    dsb_v1_list_add_native(&list, bytes_of(2));
    EXPECT(!dsb_v1_list_output(&list, &store));
    EXPECT(nx_store_output(&store, &request));
    EXPECT_STATUS(nx_store_answer(&store, request.id, NX_OK, NULL), NX_OK);
    EXPECT(nx_store_event(&store, &event));
    EXPECT(dsb_v1_list_stored(&list, now, &event));
    EXPECT(written(now, NX_OK).len > 0);
    EXPECT(written(now, NX_OK).len == 0);

    begin("a store without room is asked again");
    EXPECT_STATUS(nx_store_put(&store, "other", nx_bytes_of_text("x"), NULL), NX_OK);
    dsb_v1_list_add_native(&list, bytes_of(1));
    EXPECT(!dsb_v1_list_output(&list, &store));
    EXPECT(nx_store_output(&store, &request));
    EXPECT_STATUS(nx_store_answer(&store, request.id, NX_OK, NULL), NX_OK);
    EXPECT(nx_store_event(&store, &event));
    EXPECT(!dsb_v1_list_stored(&list, now, &event));
    EXPECT(dsb_v1_list_output(&list, &store));
    EXPECT(!dsb_v1_list_stored(&list, now, &event)); /* that of the other write, once more */
    EXPECT(nx_store_output(&store, &request));
    EXPECT_STATUS(nx_store_answer(&store, request.id, NX_OK, NULL), NX_OK);
    EXPECT(nx_store_event(&store, &event));
    EXPECT(dsb_v1_list_stored(&list, now, &event));

    begin("a write that failed counts all the same, and is tried again in ten seconds");
    dsb_v1_list_add_native(&list, bytes_of(1));
    EXPECT(nx_instant_is_never(dsb_v1_list_deadline(&list)));
    EXPECT(written(now, NX_E_NO_SPACE).len > 0);
    EXPECT_STATUS(check(1, 9, true), NX_E_IDENTITY);
    EXPECT_EQ(dsb_v1_list_deadline(&list).ns, nx_seconds(10).ns);
    dsb_v1_list_tick(&list, (struct nx_instant){nx_seconds(10).ns - 1});
    EXPECT(written(now, NX_OK).len == 0);
    dsb_v1_list_tick(&list, (struct nx_instant){nx_seconds(10).ns});
    EXPECT(nx_instant_is_never(dsb_v1_list_deadline(&list)));
    EXPECT(written(now, NX_OK).len > 0);
    EXPECT(written(now, NX_OK).len == 0);
}

UNIT_SUITE(v1_list_test)
{
    allow_rows();
    native_rows();
    full_rows();
    read_rows();
    write_rows();
}
