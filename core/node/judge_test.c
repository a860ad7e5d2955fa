#include "core/node/judge.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"
#include "tests/node/bench.h"
#include "tests/unit/unit.h"

static struct bench *b;

/* ---- a native node asks ------------------------------------------------------------------------ */

enum who {
    STRANGER,
    FRIEND,
    FRIEND_OTHER_KEYS,
    GUEST, /* an offer is open for it */
};

static struct dsb_question question_of(enum who who, enum dsb_purpose purpose, bool is_paired)
{
    static const char *const ids[] = {
        [STRANGER] = "stranger",
        [FRIEND] = "friend-0",
        [FRIEND_OTHER_KEYS] = "friend-0",
        [GUEST] = "guest",
    };
    struct dsb_link_info info =
        bench_info(ids[who], who == FRIEND_OTHER_KEYS ? 8 : 7, DSB_LINK_TO_TALK, false);

    return (struct dsb_question){
        .device = info.device,
        .protocol = DSB_PROTOCOL_NATIVE,
        .purpose = (uint16_t)purpose,
        .is_paired = is_paired,
    };
}

static const struct {
    const char *name;
    enum who who;
    enum dsb_purpose purpose;
    bool is_paired;
    enum dsb_refusal refusal;
    bool we_say_paired;
} natives[] = {
    {"a paired device that says so is let in", FRIEND, DSB_PURPOSE_SESSION, true, DSB_REFUSAL_NONE,
     true},
    {"a paired device that forgot us is one-sided", FRIEND, DSB_PURPOSE_SESSION, false,
     DSB_REFUSAL_ONE_SIDED, true},
    {"a stranger who says that we are paired is one-sided", STRANGER, DSB_PURPOSE_SESSION, true,
     DSB_REFUSAL_ONE_SIDED, false},
    {"a stranger who says nothing of it is unknown", STRANGER, DSB_PURPOSE_SESSION, false,
     DSB_REFUSAL_UNKNOWN, false},
    {"a paired id with other keys is another identity", FRIEND_OTHER_KEYS, DSB_PURPOSE_SESSION,
     true, DSB_REFUSAL_IDENTITY, false},
    {"a paired id with other keys is another identity for pairing, too", FRIEND_OTHER_KEYS,
     DSB_PURPOSE_PAIR, false, DSB_REFUSAL_IDENTITY, false},
    {"who comes to pair where nothing is open for it is denied", STRANGER, DSB_PURPOSE_PAIR, false,
     DSB_REFUSAL_DENIED, false},
    {"a paired device that comes to pair is denied likewise", FRIEND, DSB_PURPOSE_PAIR, true,
     DSB_REFUSAL_DENIED, true},
    {"who comes to pair and is offered a code is let in", GUEST, DSB_PURPOSE_PAIR, false,
     DSB_REFUSAL_NONE, false},
    {"a code that is offered opens no session", GUEST, DSB_PURPOSE_SESSION, false,
     DSB_REFUSAL_UNKNOWN, false},
    {"a purpose that is none is denied", FRIEND, (enum dsb_purpose)2, true, DSB_REFUSAL_DENIED,
     true},
};

static void offer(void)
{
    char code[DSB_PAIRING_CODE_LEN + 1];

    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, "guest", code), NX_OK);
}

static enum dsb_refusal judge(enum who who, enum dsb_purpose purpose, bool is_paired)
{
    const struct dsb_question q = question_of(who, purpose, is_paired);

    return dsb_node_judge(&b->node, b->now, &q);
}

static void native_rows(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(natives); i++) {
        unit_row(natives[i].name);
        b = bench_begin(1);
        offer();
        EXPECT_EQ(judge(natives[i].who, natives[i].purpose, natives[i].is_paired),
                  natives[i].refusal);
        struct dsb_question q = question_of(natives[i].who, natives[i].purpose, false);
        EXPECT_EQ(dsb_node_says_paired(&b->node, &q.device), natives[i].we_say_paired);
    }

    unit_row("whoever asks is denied when the registry could not be read");
    b = bench_clear();
    struct dsb_node_config config = bench_config(b);
    EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, NULL), NX_OK);
    EXPECT_EQ(judge(STRANGER, DSB_PURPOSE_SESSION, false), DSB_REFUSAL_DENIED);
    EXPECT_STATUS(dsb_node_start(&b->node, b->now, NX_E_IO, nx_bytes_of(NULL, 0)), NX_E_IO);
    EXPECT_EQ(judge(STRANGER, DSB_PURPOSE_SESSION, false), DSB_REFUSAL_DENIED);

    unit_row("nor is anybody dialled as v1 then: nobody knows who is native");
    struct dsb_question q = question_of(STRANGER, DSB_PURPOSE_SESSION, false);
    EXPECT_STATUS(dsb_node_judge_v1(&b->node, q.device.id, q.device.noise_static, true), NX_E_IO);
}

static void room_rows(void)
{
    struct dsb_link_info info = bench_info("guest", 7, DSB_LINK_TO_PAIR, false);
    uint32_t link;

    unit_row("when every link is in use it is a limit, for pairing as well");
    b = bench_begin(9);
    for (uint32_t i = 1; i <= dsb_profile_board.link_count_max; i++)
        bench_session(b, i);
    offer();
    EXPECT_EQ(judge(FRIEND, DSB_PURPOSE_SESSION, true), DSB_REFUSAL_LIMIT);
    EXPECT_EQ(judge(GUEST, DSB_PURPOSE_PAIR, false), DSB_REFUSAL_LIMIT);

    unit_row("a device that has its three links is let in no further, and another is");
    b = bench_begin(2);
    for (uint32_t i = 0; i < DSB_LINKS_PER_PEER_MAX; i++) {
        EXPECT_EQ(judge(FRIEND, DSB_PURPOSE_SESSION, true), DSB_REFUSAL_NONE);
        bench_session(b, 0);
    }
    EXPECT_EQ(judge(FRIEND, DSB_PURPOSE_SESSION, true), DSB_REFUSAL_LIMIT);
    (void)bench_session(b, 1);

    unit_row("an offer that has a link is busy");
    b = bench_begin(0);
    offer();
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    EXPECT_EQ(judge(GUEST, DSB_PURPOSE_PAIR, false), DSB_REFUSAL_BUSY);

    unit_row("four links for pairing are all there are");
    b = bench_begin(1);
    offer();
    info = bench_info("stranger", 3, DSB_LINK_TO_PAIR, false);
    for (int i = 0; i < DSB_PAIRING_SESSIONS_MAX; i++) {
        EXPECT_EQ(judge(GUEST, DSB_PURPOSE_PAIR, false), DSB_REFUSAL_NONE);
        EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    }
    EXPECT_EQ(judge(GUEST, DSB_PURPOSE_PAIR, false), DSB_REFUSAL_LIMIT);
    EXPECT_EQ(judge(FRIEND, DSB_PURPOSE_SESSION, true), DSB_REFUSAL_NONE);

    unit_row("a code that has expired admits nobody");
    b = bench_begin(0);
    offer();
    b->now = nx_instant_after(b->now, nx_seconds(DSB_PAIRING_CODE_LIFE_S));
    EXPECT_EQ(judge(GUEST, DSB_PURPOSE_PAIR, false), DSB_REFUSAL_DENIED);

    unit_row("an owner that leaves its news untaken is busy");
    struct dsb_node_dial dial = {.id_text = "friend-0", .purpose = DSB_LINK_TO_TALK};
    b = bench_begin(1);
    for (uint32_t i = 0; i < DSB_NODE_NEWS_MAX - DSB_NODE_DIALS_MAX; i++)
        dsb_node_dial_failed(&b->node, b->now, &dial, NX_E_TIMEOUT);
    EXPECT_EQ(judge(FRIEND, DSB_PURPOSE_SESSION, true), DSB_REFUSAL_BUSY);

    unit_row("of two sessions that we dialled the newer is the session, wherever its link lies");
    b = bench_begin(2);
    uint32_t other = bench_session(b, 1);
    struct dsb_node_event event;
    info = bench_info("friend-0", 7, DSB_LINK_TO_TALK, true);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    dsb_node_link_down(&b->node, b->now, other);
    EXPECT(bench_event(b, DSB_NODE_SESSION_ENDED, &event));
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    EXPECT_EQ(link, other);
    EXPECT(dsb_node_session(&b->node, "friend-0") == &b->node.links[link].mux);

    unit_row("judging changes nothing: the same question has the same answer");
    b = bench_begin(1);
    for (int i = 0; i < 100; i++)
        EXPECT_EQ(judge(FRIEND, DSB_PURPOSE_SESSION, true), DSB_REFUSAL_NONE);
    EXPECT(dsb_node_session(&b->node, "friend-0") == NULL);
}

/* ---- a v1 node asks ---------------------------------------------------------------------------- */

/* A device of the real world: its id is its key's. */
static struct dsb_peer device(uint8_t key)
{
    struct dsb_peer peer = {0};

    memset(peer.ed25519, key, sizeof(peer.ed25519));
    memset(peer.noise_static, key, sizeof(peer.noise_static));
    nx_crypto_sha256(peer.id, nx_bytes_of(peer.ed25519, sizeof(peer.ed25519)));
    nx_hex_encode(nx_bytes_of(peer.id, sizeof(peer.id)), peer.id_text);
    return peer;
}

/* Started with device 1 in its registry, and this list of v1. */
static void begin_net(enum nx_status v1_loaded, const char *v1_text)
{
    static struct dsb_peer self;
    static uint8_t text[4096];
    struct dsb_peer friend = device(1);
    const struct dsb_peers peers = {.at = &friend, .count = 1, .cap = 1};
    const struct dsb_pairing_saved nothing_used = {0};
    struct nx_writer out = nx_writer_over(text, sizeof(text));

    b = bench_clear();
    struct dsb_node_config config = bench_config(b);
    self = device(99);
    config.world = DSB_WORLD_NET;
    config.id_text = self.id_text;
    memcpy(config.device.id, self.id, sizeof(self.id));
    EXPECT_STATUS(dsb_registry_encode(DSB_WORLD_NET, &peers, &(struct dsb_peers_edit){0},
                                      &nothing_used, &out),
                  NX_OK);
    EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, NULL), NX_OK);
    enum nx_status wanted = v1_loaded == NX_E_NOT_FOUND ? NX_OK : v1_loaded;
    if (v1_text != NULL)
        wanted = NX_E_MALFORMED;
    EXPECT_STATUS(
        dsb_node_load_v1(&b->node, v1_loaded, nx_bytes_of_text(v1_text == NULL ? "" : v1_text)),
        wanted);
    EXPECT_STATUS(dsb_node_start(&b->node, b->now, NX_OK, nx_writer_bytes(&out)), NX_OK);
}

static enum dsb_refusal ask(uint16_t protocol, uint8_t key, uint8_t noise_static)
{
    struct dsb_peer peer = device(key);
    struct dsb_question q = {.protocol = protocol};

    memcpy(q.device.id, peer.id, sizeof(peer.id));
    memcpy(q.device.ed25519, peer.ed25519, sizeof(peer.ed25519));
    memset(q.device.noise_static, noise_static, sizeof(q.device.noise_static));
    return dsb_node_judge(&b->node, b->now, &q);
}

static enum nx_status dial(uint8_t key, uint8_t noise_static, bool is_v1_dial)
{
    struct dsb_peer peer = device(key);

    memset(peer.noise_static, noise_static, sizeof(peer.noise_static));
    return dsb_node_judge_v1(&b->node, peer.id, peer.noise_static, is_v1_dial);
}

static void v1_up(uint8_t key)
{
    struct dsb_peer peer = device(key);

    dsb_node_v1_is_up(&b->node, b->now, peer.id, peer.noise_static);
}

static void v1_rows(void)
{
    unit_row("protocol 0 from whoever is not on the list is refused as v1");
    begin_net(NX_E_NOT_FOUND, NULL);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 2, 2), DSB_REFUSAL_V1);

    unit_row("who is on the list is let in, and its static is pinned then");
    EXPECT_STATUS(dsb_node_allow_v1(&b->node, device(2).id_text), NX_OK);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 2, 2), DSB_REFUSAL_NONE);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 2, 2), DSB_REFUSAL_NONE);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 2, 3), DSB_REFUSAL_IDENTITY);

    unit_row("the list says nothing about others, and nothing about pairing");
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 3, 3), DSB_REFUSAL_V1);
    struct dsb_peer peer = device(2);
    struct dsb_question q = {.protocol = DSB_PROTOCOL_V1, .purpose = DSB_PURPOSE_PAIR};
    memcpy(q.device.id, peer.id, sizeof(peer.id));
    memcpy(q.device.noise_static, peer.noise_static, sizeof(peer.noise_static));
    EXPECT_EQ(dsb_node_judge(&b->node, b->now, &q), DSB_REFUSAL_V1);

    unit_row("a paired device is never served as v1, and cannot be listed");
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 1, 1), DSB_REFUSAL_V1);
    EXPECT_STATUS(dsb_node_allow_v1(&b->node, device(1).id_text), NX_E_IDENTITY);
    EXPECT_STATUS(dial(1, 1, true), NX_E_IDENTITY);

    unit_row("nor after it was unpaired");
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, device(1).id_text), NX_OK);
    while (bench_store(b, NX_OK)) {
    }
    EXPECT(dsb_registry_find(&b->node.registry, device(1).id) == NULL);
    EXPECT_STATUS(dsb_node_allow_v1(&b->node, device(1).id_text), NX_E_IDENTITY);
    EXPECT_STATUS(dial(1, 1, true), NX_E_IDENTITY);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 1, 1), DSB_REFUSAL_V1);

    unit_row("nor one that was unpaired before the owner's news had room for its pairing");
    struct dsb_node_dial dialled = {.purpose = DSB_LINK_TO_TALK};
    struct dsb_node_event event;
    peer = device(5);
    memcpy(dialled.id_text, peer.id_text, sizeof(dialled.id_text));
    for (uint32_t i = 0; i < DSB_NODE_NEWS_MAX - DSB_NODE_DIALS_MAX; i++)
        dsb_node_dial_failed(&b->node, b->now, &dialled, NX_E_TIMEOUT);
    EXPECT_STATUS(dsb_registry_add(&b->node.registry, &peer), NX_OK);
    dsb_node_stored(&b->node, b->now);
    while (bench_store(b, NX_OK)) {
    }
    EXPECT_STATUS(dsb_registry_remove(&b->node.registry, peer.id_text), NX_OK);
    dsb_node_stored(&b->node, b->now);
    while (bench_store(b, NX_OK)) {
    }
    EXPECT(dsb_registry_find(&b->node.registry, peer.id) == NULL);
    EXPECT(dsb_v1_list_find(&b->node.v1, peer.id) == NULL);
    while (dsb_node_event(&b->node, b->now, &event)) {
    }
    EXPECT_STATUS(dsb_node_allow_v1(&b->node, peer.id_text), NX_E_IDENTITY);

    unit_row(
        "who attests while on the list is native from that moment, though it is let in as nothing");
    EXPECT_EQ(ask(DSB_PROTOCOL_NATIVE, 2, 2), DSB_REFUSAL_UNKNOWN);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 2, 2), DSB_REFUSAL_V1);
    EXPECT_STATUS(dial(2, 2, true), NX_E_IDENTITY);

    unit_row("a stranger who attests may still be listed");
    EXPECT_EQ(ask(DSB_PROTOCOL_NATIVE, 4, 4), DSB_REFUSAL_UNKNOWN);
    EXPECT_STATUS(dsb_node_allow_v1(&b->node, device(4).id_text), NX_OK);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 4, 4), DSB_REFUSAL_NONE);

    unit_row("a refusal that is attested counts as well");
    dsb_node_attested(&b->node, b->now, device(4).id);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 4, 4), DSB_REFUSAL_V1);

    unit_row("who is on a list that can keep nobody more is told that it is a limit");
    begin_net(NX_E_NOT_FOUND, NULL);
    for (uint32_t i = 0; b->node.v1.known_count < DSB_V1_KNOWN_MAX; i++) {
        const uint8_t id[DSB_ID_LEN] = {(uint8_t)i, (uint8_t)(i >> 8), 1};

        dsb_v1_list_add_native(&b->node.v1, id);
    }
    EXPECT_STATUS(dsb_node_allow_v1(&b->node, device(2).id_text), NX_OK);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 2, 2), DSB_REFUSAL_LIMIT);
}

static void v1_dial_rows(void)
{
    unit_row("we talk v1 to whom a person dials so, and to nobody else");
    begin_net(NX_E_NOT_FOUND, NULL);
    EXPECT_STATUS(dial(2, 2, false), NX_E_DENIED);
    EXPECT_STATUS(dial(2, 2, true), NX_OK);

    unit_row("asking pins nothing: a static that was typed wrong is not there for good");
    EXPECT_STATUS(dial(2, 3, true), NX_OK);
    v1_up(2);
    EXPECT_STATUS(dial(2, 2, true), NX_OK);
    EXPECT_STATUS(dial(2, 3, true), NX_E_IDENTITY);

    unit_row("that dial lets nobody in who comes by itself");
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 2, 2), DSB_REFUSAL_V1);
    EXPECT_STATUS(dial(2, 2, false), NX_E_DENIED);

    unit_row("a paired device has no static to be pinned as v1");
    v1_up(1);
    EXPECT_STATUS(dial(1, 1, true), NX_E_IDENTITY);
    EXPECT(dsb_v1_list_find(&b->node.v1, device(1).id)->is_native);

    unit_row("the id of a list is one of the real world, and not ours");
    EXPECT_STATUS(dsb_node_allow_v1(&b->node, "friend-0"), NX_E_INVALID);
    EXPECT_STATUS(dsb_node_allow_v1(&b->node, device(99).id_text), NX_E_INVALID);

    unit_row("a node that shuts down talks v1 to nobody");
    dsb_node_shutdown(&b->node, b->now);
    EXPECT_STATUS(dial(2, 2, true), NX_E_BUSY);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 2, 2), DSB_REFUSAL_BUSY);
}

static void v1_store_rows(void)
{
    unit_row("what is paired is written down as native at the start, and what is pinned after it");
    begin_net(NX_E_NOT_FOUND, NULL);
    struct nx_store_request request;
    EXPECT(nx_store_output(dsb_node_store(&b->node), &request));
    EXPECT_TEXT(request.key, DSB_V1_LIST_KEY);
    EXPECT_STATUS(nx_store_answer(dsb_node_store(&b->node), request.id, NX_OK, NULL), NX_OK);
    dsb_node_stored(&b->node, b->now);
    EXPECT(!nx_store_output(dsb_node_store(&b->node), &request));
    v1_up(2);
    EXPECT(nx_store_output(dsb_node_store(&b->node), &request));
    EXPECT_TEXT(request.key, DSB_V1_LIST_KEY);

    unit_row("a write that failed is wanted again at the deadline");
    EXPECT_STATUS(nx_store_answer(dsb_node_store(&b->node), request.id, NX_E_IO, NULL), NX_OK);
    dsb_node_stored(&b->node, b->now);
    EXPECT(!nx_store_output(dsb_node_store(&b->node), &request));
    b->now = nx_instant_after(b->now, nx_seconds(10));
    EXPECT(dsb_node_deadline(&b->node).ns <= b->now.ns);
    dsb_node_tick(&b->node, b->now);
    EXPECT(nx_store_output(dsb_node_store(&b->node), &request));
    EXPECT_TEXT(request.key, DSB_V1_LIST_KEY);

    unit_row("a list that is damaged refuses v1 altogether, says so, and stops nothing else");
    begin_net(NX_OK, "{");
    EXPECT(dsb_node_v1_why(&b->node)->text[0] != '\0');
    EXPECT_STATUS(dsb_node_allow_v1(&b->node, device(2).id_text), NX_OK);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 2, 2), DSB_REFUSAL_V1);
    EXPECT_STATUS(dial(2, 2, true), NX_E_MALFORMED);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 1, 1), DSB_REFUSAL_V1); /* though it is paired */
    EXPECT(!nx_store_output(dsb_node_store(&b->node), &request));
    struct dsb_peer peer = device(1);
    struct dsb_question q = {.protocol = DSB_PROTOCOL_NATIVE, .is_paired = true};
    memcpy(q.device.id, peer.id, sizeof(peer.id));
    memcpy(q.device.ed25519, peer.ed25519, sizeof(peer.ed25519));
    memcpy(q.device.noise_static, peer.noise_static, sizeof(peer.noise_static));
    EXPECT_EQ(dsb_node_judge(&b->node, b->now, &q), DSB_REFUSAL_NONE);

    unit_row("it is loaded before the start, and not after");
    EXPECT_STATUS(dsb_node_load_v1(&b->node, NX_E_NOT_FOUND, nx_bytes_of(NULL, 0)), NX_E_STATE);

    unit_row("localSim has no v1");
    b = bench_begin(0);
    EXPECT_STATUS(dsb_node_load_v1(&b->node, NX_E_NOT_FOUND, nx_bytes_of(NULL, 0)),
                  NX_E_UNSUPPORTED);
    EXPECT_STATUS(dsb_node_allow_v1(&b->node, "friend-0"), NX_E_UNSUPPORTED);
    EXPECT_EQ(ask(DSB_PROTOCOL_V1, 2, 2), DSB_REFUSAL_V1);
}

/* ---- the end ----------------------------------------------------------------------------------- */

static void shutdown_rows(void)
{
    char code[DSB_PAIRING_CODE_LEN + 1];
    struct dsb_node_dial dialled;
    struct dsb_node_event event;
    enum dsb_frame_kind kinds[4];
    uint32_t link;

    unit_row("a node that shuts down says GOAWAY shutdown on every session, once");
    b = bench_begin(3);
    uint32_t links[] = {bench_session(b, 0), bench_session(b, 1)};
    while (dsb_node_event(&b->node, b->now, &event)) {
    }
    EXPECT_STATUS(dsb_node_connect(&b->node, "friend-2"), NX_OK);
    offer();
    EXPECT_STATUS(dsb_node_pair_accept(&b->node, b->now, "host", nx_bytes_of_text("123456")),
                  NX_OK);
    for (int i = 0; i < 2; i++)
        dsb_node_shutdown(&b->node, b->now);
    for (size_t i = 0; i < NX_COUNT_OF(links); i++) {
        EXPECT_EQ(bench_kinds(b, links[i], kinds), 1);
        EXPECT_EQ(kinds[0], DSB_FRAME_GOAWAY);
        EXPECT(dsb_node_link_is_over(&b->node, links[i]));
    }

    unit_row("pairing is cancelled, and nothing is dialled any more");
    EXPECT(bench_event(b, DSB_NODE_PAIRING_FAILED, &event));
    EXPECT_STATUS(event.status, NX_E_ABORTED);
    EXPECT(bench_event(b, DSB_NODE_PAIRING_FAILED, &event));
    EXPECT(!dsb_node_dial(&b->node, &dialled));

    unit_row("nobody is let in, and nothing begins");
    struct dsb_link_info info = bench_info("friend-2", 7, DSB_LINK_TO_TALK, false);
    EXPECT_EQ(judge(FRIEND, DSB_PURPOSE_SESSION, true), DSB_REFUSAL_BUSY);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_E_BUSY);
    EXPECT_STATUS(dsb_node_connect(&b->node, "friend-2"), NX_E_CLOSED);
    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, "guest", code), NX_E_CLOSED);
    EXPECT_STATUS(dsb_node_pair_accept(&b->node, b->now, "guest", nx_bytes_of_text("123456")),
                  NX_E_CLOSED);

    unit_row("it is idle when links are down, news taken and all of it stored");
    b = bench_begin(1);
    link = bench_session(b, 0);
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, "friend-0"), NX_OK);
    dsb_node_shutdown(&b->node, b->now);
    while (bench_store(b, NX_OK)) {
    }
    EXPECT(!dsb_node_is_idle(&b->node));
    dsb_node_link_down(&b->node, b->now, link);
    EXPECT(!dsb_node_is_idle(&b->node));
    while (dsb_node_event(&b->node, b->now, &event)) {
    }
    EXPECT(dsb_node_is_idle(&b->node));

    unit_row("a stream goes on until it ends");
    b = bench_begin(1);
    link = bench_session(b, 0);
    struct dsb_stream_handle stream;
    struct dsb_mux *mux = dsb_node_session(&b->node, "friend-0");
    EXPECT_STATUS(dsb_mux_open(mux, nx_bytes_of_text("msg/x"), 2, true, &stream), NX_OK);
    dsb_node_shutdown(&b->node, b->now);
    EXPECT_EQ(bench_kinds(b, link, kinds), 2);
    EXPECT(!dsb_node_link_is_over(&b->node, link));
    EXPECT_EQ(mux->state, DSB_MUX_ENDING);
}

static void broken_rows(void)
{
    struct dsb_node_event event;
    enum dsb_frame_kind kinds[4];

    unit_row("a breach below a session ends it with that status, and GOAWAY");
    b = bench_begin(1);
    uint32_t link = bench_session(b, 0);
    dsb_node_link_broken(&b->node, b->now, link, NX_E_CRYPTO, "a record does not open");
    EXPECT_EQ(bench_kinds(b, link, kinds), 1);
    EXPECT_EQ(kinds[0], DSB_FRAME_GOAWAY);
    EXPECT(dsb_node_link_is_over(&b->node, link));
    EXPECT(bench_event(b, DSB_NODE_SESSION_ENDED, &event));
    EXPECT_STATUS(event.status, NX_E_CRYPTO);
    EXPECT_TEXT(event.mux.why.text, "a record does not open");

    unit_row("once more changes nothing");
    dsb_node_link_broken(&b->node, b->now, link, NX_E_MALFORMED, "again");
    EXPECT(!bench_event(b, DSB_NODE_SESSION_ENDED, &event));

    unit_row("a breach below a pairing loses its link, and the offer is open still");
    struct dsb_link_info info = bench_info("guest", 5, DSB_LINK_TO_PAIR, false);
    b = bench_begin(0);
    offer();
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    dsb_node_link_broken(&b->node, b->now, link, NX_E_CRYPTO, "a record does not open");
    EXPECT(bench_event(b, DSB_NODE_PAIRING_BROKEN, &event));
    EXPECT_EQ(dsb_pairing_state(&b->node.pairing, DSB_PAIRING_OWNER), DSB_PAIRING_OPEN);
    EXPECT_EQ(bench_kinds(b, link, kinds), 1);
    EXPECT_EQ(kinds[0], DSB_FRAME_GOAWAY);
    EXPECT(dsb_node_link_is_over(&b->node, link));

    unit_row("the end of a session tells what all its streams had accepted and not confirmed");
    b = bench_begin(1);
    link = bench_session(b, 0);
    struct dsb_mux *mux = dsb_node_session(&b->node, "friend-0");
    size_t taken;
    for (int i = 0; i < 2; i++) {
        struct dsb_stream_handle stream;

        EXPECT_STATUS(
            dsb_mux_open(mux, nx_bytes_of_text(i == 0 ? "byte/a" : "byte/b"), 4, false, &stream),
            NX_OK);
        EXPECT_STATUS(dsb_mux_push(mux, b->now, stream, nx_bytes_of_text("0123456789"),
                                   DSB_PUSH_PART, &taken),
                      NX_OK);
    }
    dsb_node_link_down(&b->node, b->now, link);
    EXPECT(bench_event(b, DSB_NODE_SESSION_ENDED, &event));
    EXPECT_EQ(event.mux.unconfirmed.bytes, 20);
}

UNIT_SUITE(judge_test)
{
    native_rows();
    room_rows();
    v1_rows();
    v1_dial_rows();
    v1_store_rows();
    shutdown_rows();
    broken_rows();
}
