#include "core/bus/registry_json.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

#define KEY_11 "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY_22 "2222222222222222222222222222222222222222222222222222222222222222"
#define NET_ID "02d449a31fbb267c8f352e9968a79e3e5fc95c1bbeaa502fd6454ebde5a4bedc" /* of KEY_11 */

#define NAME_64 "1234567890123456789012345678901234567890123456789012345678901234"

#define NO_BUDGETS                                                                         \
    "\"budgets\":{\"accepts_ms\":[],\"offers_ms\":[],\"failed_ms\":[],\"failed_total\":0," \
    "\"spent_ms\":0,\"suspects\":[]}"

#define PEER(id, name)                                                                        \
    "{\"id\":\"" id "\",\"ed25519\":\"" KEY_11 "\",\"noise\":\"" KEY_22 "\",\"name\":\"" name \
    "\",\"paired_at_s\":7}"

#define SIM_HEAD "{\"format\":\"nexusnet registry\",\"version\":1,\"world\":\"sim\",\"peers\":["
#define NET_HEAD "{\"format\":\"nexusnet registry\",\"version\":1,\"world\":\"net\",\"peers\":["

#define SIM_TEXT SIM_HEAD PEER("peer-sim-01", "Peer 1") "]," NO_BUDGETS "}\n"
#define NET_TEXT NET_HEAD PEER(NET_ID, "") "]," NO_BUDGETS "}\n"

#define BUSY_TEXT                                                                               \
    SIM_HEAD "],\"budgets\":{\"accepts_ms\":[3599999],\"offers_ms\":[1,2,3,4,5,6,7,8,9,10],"    \
             "\"failed_ms\":[60000,3600000],\"failed_total\":12,\"spent_ms\":120000,"           \
             "\"suspects\":[{\"id\":\"" KEY_22 "\",\"failed\":4,\"wait_ms\":120000},{\"id\":\"" \
             "" KEY_11 "\",\"failed\":1,\"wait_ms\":0}]}}\n"

static struct nx_json_node nodes[DSB_REGISTRY_NODES_MAX];
static struct dsb_peer memory[DSB_PEERS_MAX];
static struct dsb_peers peers;
static struct dsb_pairing_saved budgets;
static struct nx_why why;
static uint8_t text[NX_STORE_VALUE_MAX];
static uint8_t text_again[NX_STORE_VALUE_MAX];
static const struct dsb_peers_edit no_edit = {.added = NULL};

static enum nx_status decode(enum dsb_world world, struct nx_bytes in, uint32_t peer_cap)
{
    dsb_peers_init(&peers, memory, peer_cap);
    return dsb_registry_decode(world, in, nodes, NX_COUNT_OF(nodes), &peers, &budgets, &why);
}

static struct nx_bytes encode(enum dsb_world world, const struct dsb_peers_edit *edit)
{
    struct nx_writer out = nx_writer_over(text_again, sizeof(text_again));

    EXPECT_STATUS(dsb_registry_encode(world, &peers, edit, &budgets, &out), NX_OK);
    return nx_writer_bytes(&out);
}

/* ---- what is read ---------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum dsb_world world;
    const char *text;
    const char *written; /* NULL: the same */
} good[] = {
    {"an empty registry of localSim", DSB_WORLD_SIM, SIM_HEAD "]," NO_BUDGETS "}\n", NULL},
    {"an empty registry of a real node", DSB_WORLD_NET, NET_HEAD "]," NO_BUDGETS "}\n", NULL},
    {"a peer of localSim", DSB_WORLD_SIM, SIM_TEXT, NULL},
    {"a peer of a real node", DSB_WORLD_NET, NET_TEXT, NULL},
    {"an id and a name that need escapes", DSB_WORLD_SIM,
     SIM_HEAD PEER("\\\"a\\\\", "\\\\ \\\"") "]," NO_BUDGETS "}\n", NULL},
    {"a name of 64 bytes", DSB_WORLD_SIM, SIM_HEAD PEER("a", NAME_64) "]," NO_BUDGETS "}\n", NULL},
    {"two peers in the order of their ids", DSB_WORLD_SIM,
     SIM_HEAD PEER("a", "") "," PEER("ab", "") "]," NO_BUDGETS "}\n", NULL},
    {"budgets with all that they can have", DSB_WORLD_SIM, BUSY_TEXT, NULL},
    {"peers in another order are put in order", DSB_WORLD_SIM,
     SIM_HEAD PEER("b", "") "," PEER("a", "") "]," NO_BUDGETS "}\n",
     SIM_HEAD PEER("a", "") "," PEER("b", "") "]," NO_BUDGETS "}\n"},
    {"members in another order are put in order", DSB_WORLD_SIM,
     "{" NO_BUDGETS ",\"peers\":[],\"world\":\"sim\",\"version\":1,"
     "\"format\":\"nexusnet registry\"}",
     SIM_HEAD "]," NO_BUDGETS "}\n"},
    {"white space goes", DSB_WORLD_SIM,
     "\n{ \"format\": \"nexusnet registry\",\n\t\"version\": 1, \"world\": \"sim\", \"peers\": [ ],"
     " " NO_BUDGETS " }\r\n",
     SIM_HEAD "]," NO_BUDGETS "}\n"},
    {"an escape that was not needed goes", DSB_WORLD_SIM,
     SIM_HEAD PEER("\\u0061", "\\u00e9") "]," NO_BUDGETS "}\n",
     SIM_HEAD PEER("a", "\xc3\xa9") "]," NO_BUDGETS "}\n"},
    {"a wait of nothing goes", DSB_WORLD_SIM,
     SIM_HEAD "],\"budgets\":{\"accepts_ms\":[0,5,0],\"offers_ms\":[],\"failed_ms\":[],"
              "\"failed_total\":0,\"spent_ms\":0,\"suspects\":[]}}\n",
     SIM_HEAD "],\"budgets\":{\"accepts_ms\":[5],\"offers_ms\":[],\"failed_ms\":[],"
              "\"failed_total\":0,\"spent_ms\":0,\"suspects\":[]}}\n"},
};

/* ---- what is refused: one thing changed in a good text --------------------------------------- */

static const struct {
    const char *name;
    const char *good;
    const char *from, *to; /* the first place where `from` stands */
    enum nx_status status;
    const char *why; /* NULL: whatever the JSON reader says */
} bad[] = {
    {"nothing at all is damaged", "x", "x", "", NX_E_MALFORMED, NULL},
    {"what is no JSON is damaged", SIM_TEXT, "\"version\":1", "\"version\":", NX_E_MALFORMED, NULL},
    {"something behind the end is damaged", SIM_TEXT, "}\n", "}\n{}", NX_E_MALFORMED, NULL},
    {"a list is no registry", "[]", "", "", NX_E_MALFORMED,
     "registry: its format is not \"nexusnet registry\""},
    {"a member that comes twice is damaged", SIM_TEXT, "{\"format\"",
     "{\"world\":\"sim\",\"format\"", NX_E_MALFORMED, NULL},
    {"a member that comes twice under two spellings is damaged", SIM_TEXT, "{\"format\"",
     "{\"w\\u006frld\":\"sim\",\"format\"", NX_E_MALFORMED, NULL},
    {"another format is damaged", SIM_TEXT, "nexusnet registry", "nexusnet identity",
     NX_E_MALFORMED, "registry: its format is not \"nexusnet registry\""},
    {"a format that only begins alike is damaged", SIM_TEXT, "nexusnet registry",
     "nexusnet registry and more than that", NX_E_MALFORMED,
     "registry: its format is not \"nexusnet registry\""},
    {"no format is damaged", SIM_TEXT, "\"format\":\"nexusnet registry\",", "", NX_E_MALFORMED,
     "registry: its format is not \"nexusnet registry\""},

    {"the next version is newer", SIM_TEXT, "\"version\":1", "\"version\":2", NX_E_VERSION,
     "registry: a newer version of this program wrote it"},
    {"the last version there can be is newer", SIM_TEXT, "\"version\":1",
     "\"version\":18446744073709551615", NX_E_VERSION,
     "registry: a newer version of this program wrote it"},
    {"a newer version is newer whatever else it has", SIM_TEXT, "\"version\":1,\"world\":\"sim\"",
     "\"version\":2,\"realm\":{\"deep\":[[[[[[]]]]]]}", NX_E_VERSION,
     "registry: a newer version of this program wrote it"},
    {"version 0 is damaged", SIM_TEXT, "\"version\":1", "\"version\":0", NX_E_MALFORMED,
     "registry: its version is no whole number from 1"},
    {"a version below nothing is damaged", SIM_TEXT, "\"version\":1", "\"version\":-1",
     NX_E_MALFORMED, "registry: its version is no whole number from 1"},
    {"a version with a fraction is damaged", SIM_TEXT, "\"version\":1", "\"version\":1.0",
     NX_E_MALFORMED, "registry: its version is no whole number from 1"},
    {"a version in quotes is damaged", SIM_TEXT, "\"version\":1", "\"version\":\"1\"",
     NX_E_MALFORMED, "registry: its version is no whole number from 1"},
    {"no version is damaged", SIM_TEXT, "\"version\":1,", "", NX_E_MALFORMED,
     "registry: its version is no whole number from 1"},

    {"the other world is refused", SIM_TEXT, "\"sim\"", "\"net\"", NX_E_DENIED,
     "registry: it belongs to a real node, and this is localSim"},
    {"a third world is damaged", SIM_TEXT, "\"sim\"", "\"lab\"", NX_E_MALFORMED,
     "registry: its world is not known"},
    {"a world that is no text is damaged", SIM_TEXT, "\"sim\"", "1", NX_E_MALFORMED,
     "registry: its world is not known"},
    {"a member that is not known is damaged", SIM_TEXT, "\"world\"", "\"note\":1,\"world\"",
     NX_E_MALFORMED, "registry: it lacks a field or has one that is not known"},
    {"a member under another name is damaged", SIM_TEXT, "\"peers\"", "\"Peers\"", NX_E_MALFORMED,
     "registry: it lacks a field or has one that is not known"},
    {"no budgets is damaged", SIM_TEXT, "," NO_BUDGETS, "", NX_E_MALFORMED,
     "registry: it lacks a field or has one that is not known"},

    {"peers that are no list are damaged", SIM_HEAD "]," NO_BUDGETS "}", "[]", "null",
     NX_E_MALFORMED, "registry: peers is no list"},
    {"a peer that is no object is damaged", SIM_HEAD "]," NO_BUDGETS "}", "[]", "[\"a\"]",
     NX_E_MALFORMED, "registry: a peer lacks a field or has one that is not known"},
    {"a peer's member that is not known is damaged", SIM_TEXT, "\"noise\"", "\"role\":1,\"noise\"",
     NX_E_MALFORMED, "registry: a peer lacks a field or has one that is not known"},
    {"a peer's member that is missing is damaged", SIM_TEXT, ",\"paired_at_s\":7", "",
     NX_E_MALFORMED, "registry: a peer lacks a field or has one that is not known"},
    {"a peer's member in place of another is damaged", SIM_TEXT, "\"noise\"", "\"Noise\"",
     NX_E_MALFORMED, "registry: a peer lacks a field or has one that is not known"},
    {"a peer's member that comes twice is damaged", SIM_TEXT, "\"noise\"",
     "\"name\":\"\",\"noise\"", NX_E_MALFORMED, NULL},
    {"an empty id is damaged", SIM_TEXT, "peer-sim-01", "", NX_E_MALFORMED,
     "registry: an id is none of this world"},
    {"an id with a space is damaged", SIM_TEXT, "peer-sim-01", "peer sim", NX_E_MALFORMED,
     "registry: an id is none of this world"},
    {"an id with an end in its middle is damaged", SIM_TEXT, "peer-sim-01", "peer\\u0000sim",
     NX_E_MALFORMED, "registry: an id is none of this world"},
    {"an id of 65 characters is damaged", SIM_TEXT, "peer-sim-01", NAME_64 "5", NX_E_MALFORMED,
     "registry: an id is none of this world"},
    {"an id that is a number is damaged", SIM_TEXT, "\"peer-sim-01\"", "1", NX_E_MALFORMED,
     "registry: an id is none of this world"},
    {"an id that stands there twice is damaged", SIM_TEXT, "[{",
     "[" PEER("peer-sim-01", "other") ",{", NX_E_MALFORMED, "registry: a peer stands there twice"},
    {"a key a digit short is damaged", SIM_TEXT, KEY_22, "222", NX_E_MALFORMED,
     "registry: a key is not 64 hex digits"},
    {"a key a byte long is damaged", SIM_TEXT, KEY_22, KEY_22 "22", NX_E_MALFORMED,
     "registry: a key is not 64 hex digits"},
    {"a key in upper case is damaged, it would have two spellings", SIM_TEXT, "\"11", "\"AA",
     NX_E_MALFORMED, "registry: a key is not 64 hex digits"},
    {"a key that is a number is damaged", SIM_TEXT, "\"" KEY_11 "\"", "11", NX_E_MALFORMED,
     "registry: a key is not 64 hex digits"},
    {"a name of 65 bytes is over the limit", SIM_TEXT, "Peer 1", NAME_64 "5", NX_E_LIMIT,
     "registry: bytes of a name: limit 64, asked 65"},
    {"a name that is no text is damaged", SIM_TEXT, "\"Peer 1\"", "null", NX_E_MALFORMED,
     "registry: a name is no text"},
    {"a name that cannot be shown is damaged", SIM_TEXT, "Peer 1", "\\u001b[2J", NX_E_MALFORMED,
     "registry: an id is not its key's, or a name cannot be shown"},
    {"a time with a fraction is damaged", SIM_TEXT, ":7}", ":7.5}", NX_E_MALFORMED,
     "registry: a time is no whole number"},
    {"a time before 1970 is damaged", SIM_TEXT, ":7}", ":-7}", NX_E_MALFORMED,
     "registry: a time is no whole number"},

    {"budgets that are no object are damaged", SIM_TEXT, NO_BUDGETS, "\"budgets\":[]",
     NX_E_MALFORMED, "registry: budgets lacks a field or has one that is not known"},
    {"a budget that is missing is damaged", SIM_TEXT, "\"offers_ms\":[],", "", NX_E_MALFORMED,
     "registry: budgets lacks a field or has one that is not known"},
    {"a budget that is not known is damaged", SIM_TEXT, "\"offers_ms\"",
     "\"dials_ms\":[],\"offers_ms\"", NX_E_MALFORMED,
     "registry: budgets lacks a field or has one that is not known"},
    {"a budget that is no list is damaged", SIM_TEXT, "\"offers_ms\":[]", "\"offers_ms\":0",
     NX_E_MALFORMED, "registry: a budget is no list"},
    {"one act more than an hour allows is over the limit", BUSY_TEXT, "9,10]", "9,10,11]",
     NX_E_LIMIT, "registry: acts of a budget: limit 10, asked 11"},
    {"a wait of 33 bits is damaged", BUSY_TEXT, "[3599999]", "[4294967296]", NX_E_MALFORMED,
     "registry: a wait is no whole number of 32 bits"},
    {"a wait that is no number is damaged", BUSY_TEXT, "[3599999]", "[true]", NX_E_MALFORMED,
     "registry: a wait is no whole number of 32 bits"},
    {"a total of 33 bits is damaged", BUSY_TEXT, "\"failed_total\":12",
     "\"failed_total\":4294967296", NX_E_MALFORMED,
     "registry: a total is no whole number of 32 bits"},
    {"a wait for spent digits below nothing is damaged", BUSY_TEXT, "\"spent_ms\":",
     "\"spent_ms\":-", NX_E_MALFORMED, "registry: a total is no whole number of 32 bits"},
    {"suspects that are no list are damaged", SIM_TEXT, "\"suspects\":[]", "\"suspects\":{}",
     NX_E_MALFORMED, "registry: suspects is no list"},
    {"a suspect's member that is not known is damaged", BUSY_TEXT, "\"failed\":4",
     "\"failed\":4,\"name\":\"\"", NX_E_MALFORMED,
     "registry: a suspect lacks a field or has one that is not known"},
    {"a suspect's member that is missing is damaged", BUSY_TEXT, "\"failed\":4,", "",
     NX_E_MALFORMED, "registry: a suspect lacks a field or has one that is not known"},
    {"a suspect whose id is a text is damaged", BUSY_TEXT, KEY_22, "peer-sim-01", NX_E_MALFORMED,
     "registry: a suspect is no id and two numbers of 32 bits"},
    {"a suspect with a count of 33 bits is damaged", BUSY_TEXT, "\"failed\":4",
     "\"failed\":4294967296", NX_E_MALFORMED,
     "registry: a suspect is no id and two numbers of 32 bits"},
    {"a suspect with a wait of 33 bits is damaged", BUSY_TEXT, "\"wait_ms\":0",
     "\"wait_ms\":4294967296", NX_E_MALFORMED,
     "registry: a suspect is no id and two numbers of 32 bits"},
    {"a suspect that stands there twice is damaged", BUSY_TEXT, KEY_22, KEY_11, NX_E_MALFORMED,
     "registry: no budget can look like that"},
    {"a suspect who never failed is damaged", BUSY_TEXT, "\"failed\":4", "\"failed\":0",
     NX_E_MALFORMED, "registry: no budget can look like that"},
    {"a wait of more than an hour is damaged", BUSY_TEXT, "3600000", "3600001", NX_E_MALFORMED,
     "registry: no budget can look like that"},
    {"a wait for spent digits beyond the life of a code is damaged", BUSY_TEXT,
     "\"spent_ms\":120000", "\"spent_ms\":120001", NX_E_MALFORMED,
     "registry: no budget can look like that"},
};

/* `good` with the first `from` made `to`. */
static struct nx_bytes changed(const char *whole, const char *from, const char *to)
{
    struct nx_bytes in = nx_bytes_of_text(whole);
    struct nx_bytes old = nx_bytes_of_text(from);
    struct nx_writer out = nx_writer_over(text, sizeof(text));
    size_t at = 0;

    while (at + old.len <= in.len && memcmp(in.ptr + at, old.ptr, old.len) != 0)
        at++;
    EXPECT(at + old.len <= in.len);
    nx_write_bytes(&out, nx_bytes_of(in.ptr, at));
    nx_write_bytes(&out, nx_bytes_of_text(to));
    nx_write_bytes(&out, nx_bytes_skip(in, at + old.len));
    return nx_writer_bytes(&out);
}

static void rows_of_tables(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(good); i++) {
        const char *written = good[i].written != NULL ? good[i].written : good[i].text;

        unit_row(good[i].name);
        EXPECT_STATUS(decode(good[i].world, nx_bytes_of_text(good[i].text), DSB_PEERS_MAX), NX_OK);
        EXPECT_BYTES(encode(good[i].world, &no_edit), nx_bytes_of_text(written));
    }
    for (size_t i = 0; i < NX_COUNT_OF(bad); i++) {
        struct nx_bytes in = changed(bad[i].good, bad[i].from, bad[i].to);

        unit_row(bad[i].name);
        budgets = (struct dsb_pairing_saved){.budget.failed_total = 99};
        EXPECT_STATUS(decode(DSB_WORLD_SIM, in, DSB_PEERS_MAX), bad[i].status);
        EXPECT_EQ(peers.count, 0);
        EXPECT_EQ(budgets.budget.failed_total, 99);
        if (bad[i].why != NULL)
            EXPECT_TEXT(why.text, bad[i].why);
    }
}

static void rows_of_the_net(void)
{
    unit_row("localSim's registry is refused by a real node");
    EXPECT_STATUS(decode(DSB_WORLD_NET, nx_bytes_of_text(SIM_TEXT), DSB_PEERS_MAX), NX_E_DENIED);
    EXPECT_TEXT(why.text, "registry: it belongs to localSim, and this node does not");

    unit_row("a net id that is not its key's is damaged");
    EXPECT_STATUS(decode(DSB_WORLD_NET, changed(NET_TEXT, KEY_11, KEY_22), DSB_PEERS_MAX),
                  NX_E_MALFORMED);
    EXPECT_TEXT(why.text, "registry: an id is not its key's, or a name cannot be shown");

    unit_row("a sim id in the net is damaged");
    EXPECT_STATUS(decode(DSB_WORLD_NET, changed(NET_TEXT, NET_ID, "peer-sim-01"), DSB_PEERS_MAX),
                  NX_E_MALFORMED);
}

static void rows_of_damage(void)
{
    static const char good_text[] = SIM_TEXT;
    size_t len = sizeof(good_text) - 1;

    unit_row("a text that is cut short anywhere is damaged, but for the last line feed");
    for (size_t cut = 0; cut + 1 < len; cut++)
        EXPECT_STATUS(decode(DSB_WORLD_SIM, nx_bytes_of(good_text, cut), DSB_PEERS_MAX),
                      NX_E_MALFORMED);
    EXPECT_STATUS(decode(DSB_WORLD_SIM, nx_bytes_of(good_text, len - 1), DSB_PEERS_MAX), NX_OK);

    unit_row("whatever byte changes, what is read has one form");
    for (size_t at = 0; at < len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(text, good_text, len);
            text[at] ^= (uint8_t)(1u << bit);
            if (decode(DSB_WORLD_SIM, nx_bytes_of(text, len), DSB_PEERS_MAX) != NX_OK) {
                EXPECT_EQ(peers.count, 0);
                continue;
            }
            struct nx_bytes once = encode(DSB_WORLD_SIM, &no_edit);
            memcpy(text, once.ptr, once.len);
            EXPECT_STATUS(decode(DSB_WORLD_SIM, nx_bytes_of(text, once.len), DSB_PEERS_MAX), NX_OK);
            EXPECT_BYTES(encode(DSB_WORLD_SIM, &no_edit), nx_bytes_of(text, once.len));
        }
    }
}

/* ---- full ------------------------------------------------------------------------------------ */

/* The id number `number` of those that take the most room: 64 characters, each an escape. */
static void longest_peer(struct dsb_peer *peer, uint32_t number)
{
    *peer = (struct dsb_peer){.paired_at_s = UINT64_MAX};
    for (uint32_t i = 0; i < DSB_ID_TEXT_MAX; i++)
        peer->id_text[i] = i < 32 && (number >> (31 - i) & 1) != 0 ? '\\' : '"';
    memset(peer->name, '"', DSB_DISPLAY_NAME_MAX);
    EXPECT_STATUS(dsb_id_of_text(DSB_WORLD_SIM, peer->id_text, peer->id), NX_OK);
}

static void fill(uint32_t peer_count, uint32_t suspect_count)
{
    struct dsb_peer peer;

    dsb_peers_init(&peers, memory, DSB_PEERS_MAX);
    for (uint32_t i = 0; i < peer_count; i++) {
        longest_peer(&peer, i);
        EXPECT_STATUS(dsb_peers_add(&peers, &peer), NX_OK);
    }
    budgets = (struct dsb_pairing_saved){.spent_ms = DSB_PAIRING_CODE_LIFE_S * 1000u};
    budgets.budget.failed_total = UINT32_MAX;
    for (uint32_t i = 0; i < DSB_PAIRING_SLOTS; i++) {
        budgets.budget.act_ms[DSB_PAIRING_ACT_ACCEPT][i] = 3600000;
        budgets.budget.act_ms[DSB_PAIRING_ACT_OFFER][i] = 3600000;
        budgets.budget.failed_ms[i] = 3600000;
    }
    budgets.budget.suspect_count = suspect_count;
    for (uint32_t i = 0; i < suspect_count; i++) {
        budgets.budget.suspects[i].id[0] = (uint8_t)i;
        budgets.budget.suspects[i].failed_count = UINT32_MAX;
        budgets.budget.suspects[i].wait_ms = DSB_PAIRING_WAIT_MAX_S * 1000u;
    }
}

static void rows_of_full(void)
{
    struct nx_writer out;

    unit_row("the fullest registry has the length that limits.h computes");
    fill(DSB_PEERS_MAX, DSB_PAIRING_SUSPECTS_MAX);
    struct nx_bytes full = encode(DSB_WORLD_SIM, &no_edit);
    EXPECT_EQ(full.len, DSB_REGISTRY_LEN_MAX);

    unit_row("with a byte less of room it is refused, and nothing is written");
    out = nx_writer_over(text, full.len - 1);
    EXPECT_STATUS(dsb_registry_encode(DSB_WORLD_SIM, &peers, &no_edit, &budgets, &out), NX_E_LIMIT);
    EXPECT_EQ(out.len, 0);
    EXPECT(!out.overflow);

    unit_row("the fullest registry is read, and writes the same bytes");
    memcpy(text, full.ptr, full.len);
    EXPECT_STATUS(decode(DSB_WORLD_SIM, nx_bytes_of(text, full.len), DSB_PEERS_MAX), NX_OK);
    EXPECT_EQ(peers.count, DSB_PEERS_MAX);
    EXPECT_BYTES(encode(DSB_WORLD_SIM, &no_edit), nx_bytes_of(text, full.len));

    unit_row("a node with room for one peer less is told the limit");
    EXPECT_STATUS(decode(DSB_WORLD_SIM, nx_bytes_of(text, full.len), DSB_PEERS_MAX - 1),
                  NX_E_LIMIT);
    EXPECT_TEXT(why.text, "registry: peers: limit 127, asked 128");
    EXPECT_EQ(peers.count, 0);

    unit_row("one suspect too many is over the limit");
    fill(0, DSB_PAIRING_SUSPECTS_MAX);
    struct nx_bytes whole = encode(DSB_WORLD_SIM, &no_edit);
    text_again[whole.len] = '\0';
    EXPECT_STATUS(decode(DSB_WORLD_SIM,
                         changed((const char *)text_again, "\"suspects\":[",
                                 "\"suspects\":[{\"id\":\"" KEY_11 "\",\"failed\":0,"
                                 "\"wait_ms\":0},"),
                         DSB_PEERS_MAX),
                  NX_E_LIMIT);
    EXPECT_TEXT(why.text, "registry: suspects: limit 16, asked 17");

    unit_row("a text longer than any registry is over the limit");
    static uint8_t long_text[NX_STORE_VALUE_MAX + 1];
    memset(long_text, ' ', sizeof(long_text));
    EXPECT_STATUS(decode(DSB_WORLD_SIM, nx_bytes_of(long_text, sizeof(long_text)), DSB_PEERS_MAX),
                  NX_E_LIMIT);
}

/* ---- a table with one change in it ----------------------------------------------------------- */

static const struct {
    const char *name;
    const char *added, *removed; /* ids */
    const char *want;            /* ids in order */
} edits[] = {
    {"a peer is written before those it comes before", "a", NULL, "abd"},
    {"a peer is written between its neighbours", "c", NULL, "bcd"},
    {"a peer is written behind the last", "e", NULL, "bde"},
    {"a peer takes the place of the one with its id", "b", NULL, "bd"},
    {"the first peer is left out", NULL, "b", "d"},
    {"the last peer is left out", NULL, "d", "b"},
    {"a peer that is not there cannot be left out", NULL, "c", "bd"},
};

static void rows_of_edits(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(edits); i++) {
        struct dsb_peer added = {.paired_at_s = 1234};
        struct dsb_peers_edit edit = {.removed_id_text = edits[i].removed};

        unit_row(edits[i].name);
        EXPECT_STATUS(
            decode(DSB_WORLD_SIM,
                   nx_bytes_of_text(SIM_HEAD PEER("b", "") "," PEER("d", "") "]," NO_BUDGETS "}"),
                   DSB_PEERS_MAX),
            NX_OK);
        if (edits[i].added != NULL) {
            added.id_text[0] = edits[i].added[0];
            EXPECT_STATUS(dsb_id_of_text(DSB_WORLD_SIM, added.id_text, added.id), NX_OK);
            edit.added = &added;
        }
        struct nx_bytes edited = encode(DSB_WORLD_SIM, &edit);
        memcpy(text, edited.ptr, edited.len);
        EXPECT_STATUS(decode(DSB_WORLD_SIM, nx_bytes_of(text, edited.len), DSB_PEERS_MAX), NX_OK);

        char got[8] = {0};
        for (uint32_t k = 0; k < peers.count && k < sizeof(got) - 1; k++)
            got[k] = peers.at[k].id_text[0];
        EXPECT_TEXT(got, edits[i].want);
        if (edits[i].added != NULL) {
            const struct dsb_peer *peer = dsb_peers_find_text(&peers, edits[i].added);
            EXPECT(peer != NULL && peer->paired_at_s == 1234);
        }
    }
}

UNIT_SUITE(registry_json_test)
{
    rows_of_tables();
    rows_of_the_net();
    rows_of_damage();
    rows_of_full();
    rows_of_edits();
}
