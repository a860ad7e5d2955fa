#include "core/bus/peers.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

/* SHA-256 of 32 bytes 0x11, and of "peer-sim-01". */
#define NET_ID     "02d449a31fbb267c8f352e9968a79e3e5fc95c1bbeaa502fd6454ebde5a4bedc"
#define SIM_RAW_ID "cabf019f223b1e7289f881115303e9524427eed58b52542a073b62e42d2231b2"

static const struct {
    const char *name;
    enum dsb_world world;
    const char *id_text;
    const char *raw; /* NULL: it is no id */
} ids[] = {
    {"a net id is the raw id in hex", DSB_WORLD_NET, NET_ID, NET_ID},
    {"a net id of other than 64 digits is none", DSB_WORLD_NET, "02d449", NULL},
    {"a net id in upper case is none", DSB_WORLD_NET,
     "02D449A31FBB267C8F352E9968A79E3E5FC95C1BBEAA502FD6454EBDE5A4BEDC", NULL},
    {"a name is no net id", DSB_WORLD_NET, "peer-sim-01", NULL},
    {"a sim id is hashed to the raw id", DSB_WORLD_SIM, "peer-sim-01", SIM_RAW_ID},
    {"nothing is no sim id", DSB_WORLD_SIM, "", NULL},
    {"a sim id has no space, it would end a marker's field", DSB_WORLD_SIM, "peer 1", NULL},
    {"a sim id has no control character", DSB_WORLD_SIM, "peer\n", NULL},
    {"a sim id is ASCII", DSB_WORLD_SIM,
     "p\xc3\xa9"
     "er",
     NULL},
    {"a sim id with one character more than 64 is none", DSB_WORLD_SIM,
     "12345678901234567890123456789012345678901234567890123456789012345", NULL},
};

static struct dsb_peer make_peer(enum dsb_world world, const char *id_text, uint8_t key)
{
    struct dsb_peer peer = {.paired_at_s = 0};
    struct nx_text t = nx_text_over(peer.id_text, sizeof(peer.id_text));

    nx_text_add(&t, id_text);
    memset(peer.ed25519, key, sizeof(peer.ed25519));
    EXPECT_STATUS(dsb_id_of_text(world, id_text, peer.id), NX_OK);
    return peer;
}

static void rows_of_ids(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(ids); i++) {
        uint8_t id[DSB_ID_LEN] = {0};
        uint8_t want[DSB_ID_LEN] = {0};

        unit_row(ids[i].name);
        EXPECT_STATUS(dsb_id_of_text(ids[i].world, ids[i].id_text, id),
                      ids[i].raw != NULL ? NX_OK : NX_E_MALFORMED);
        if (ids[i].raw != NULL)
            EXPECT_STATUS(nx_hex_decode(nx_bytes_of_text(ids[i].raw), want, DSB_ID_LEN), NX_OK);
        EXPECT_BYTES(nx_bytes_of(id, DSB_ID_LEN), nx_bytes_of(want, DSB_ID_LEN));
    }

    unit_row("a sim id of 64 characters is one");
    uint8_t id[DSB_ID_LEN];
    EXPECT_STATUS(dsb_id_of_text(DSB_WORLD_SIM,
                                 "1234567890123456789012345678901234567890123456789012345678901234",
                                 id),
                  NX_OK);
}

static void set_name(struct dsb_peer *peer, const char *name)
{
    struct nx_text t = nx_text_over(peer->name, sizeof(peer->name));

    nx_text_add(&t, name);
}

static void rows_of_validity(void)
{
    struct dsb_peer net = make_peer(DSB_WORLD_NET, NET_ID, 0x11);
    struct dsb_peer sim = make_peer(DSB_WORLD_SIM, "peer-sim-01", 0x11);

    unit_row("a peer whose id belongs to its key is valid in the net");
    EXPECT(dsb_peer_is_valid(&net, DSB_WORLD_NET));

    unit_row("a peer with another key than its id says is not");
    net.ed25519[31] ^= 1;
    EXPECT(!dsb_peer_is_valid(&net, DSB_WORLD_NET));

    unit_row("a sim peer's key is any 32 bytes, and a net peer it is not");
    EXPECT(dsb_peer_is_valid(&sim, DSB_WORLD_SIM));
    EXPECT(!dsb_peer_is_valid(&sim, DSB_WORLD_NET));

    unit_row("a peer whose raw id is another's is not valid");
    sim.id[0] ^= 1;
    EXPECT(!dsb_peer_is_valid(&sim, DSB_WORLD_SIM));
    sim.id[0] ^= 1;

    unit_row("a name may be empty, or any text that can be shown");
    set_name(&sim, "K\xc3\xbc"
                   "che \"1\"");
    EXPECT(dsb_peer_is_valid(&sim, DSB_WORLD_SIM));

    unit_row("a name with a control character is not valid");
    set_name(&sim, "a\x1b[2J");
    EXPECT(!dsb_peer_is_valid(&sim, DSB_WORLD_SIM));

    unit_row("a name that turns the text around it is not valid");
    set_name(&sim, "a\xe2\x80\xae"
                   "b");
    EXPECT(!dsb_peer_is_valid(&sim, DSB_WORLD_SIM));

    unit_row("a name that is not UTF-8 is not valid");
    set_name(&sim, "a\xff");
    EXPECT(!dsb_peer_is_valid(&sim, DSB_WORLD_SIM));
}

static void rows_of_table(void)
{
    struct dsb_peer memory[3];
    struct dsb_peers peers;
    struct dsb_peer a = make_peer(DSB_WORLD_SIM, "a", 1);
    struct dsb_peer b = make_peer(DSB_WORLD_SIM, "b", 2);
    struct dsb_peer ab = make_peer(DSB_WORLD_SIM, "ab", 3);
    struct dsb_peer c = make_peer(DSB_WORLD_SIM, "c", 4);

    dsb_peers_init(&peers, memory, 3);
    unit_row("an empty table finds nobody");
    EXPECT(dsb_peers_find_text(&peers, "a") == NULL);
    EXPECT(dsb_peers_find(&peers, a.id) == NULL);

    unit_row("peers stand in the order of their ids, the shorter first");
    EXPECT_STATUS(dsb_peers_add(&peers, &b), NX_OK);
    EXPECT_STATUS(dsb_peers_add(&peers, &ab), NX_OK);
    EXPECT_STATUS(dsb_peers_add(&peers, &a), NX_OK);
    EXPECT_TEXT(peers.at[0].id_text, "a");
    EXPECT_TEXT(peers.at[1].id_text, "ab");
    EXPECT_TEXT(peers.at[2].id_text, "b");

    unit_row("a peer is found by either of its ids");
    EXPECT(dsb_peers_find_text(&peers, "ab") == &peers.at[1]);
    EXPECT(dsb_peers_find(&peers, ab.id) == &peers.at[1]);

    unit_row("an id is in the table once");
    EXPECT_STATUS(dsb_peers_add(&peers, &ab), NX_E_EXISTS);

    unit_row("one peer more than there is room for is refused");
    EXPECT_STATUS(dsb_peers_add(&peers, &c), NX_E_LIMIT);
    EXPECT_EQ(peers.count, 3);

    unit_row("a removed peer is gone, and the others keep their order");
    EXPECT_STATUS(dsb_peers_remove(&peers, "ab"), NX_OK);
    EXPECT_STATUS(dsb_peers_remove(&peers, "ab"), NX_E_NOT_FOUND);
    EXPECT_EQ(peers.count, 2);
    EXPECT_TEXT(peers.at[1].id_text, "b");
    EXPECT_STATUS(dsb_peers_add(&peers, &c), NX_OK);
    EXPECT_TEXT(peers.at[2].id_text, "c");
}

UNIT_SUITE(peers_test)
{
    rows_of_ids();
    rows_of_validity();
    rows_of_table();
}
