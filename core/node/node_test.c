#include "core/node/node.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"
#include "core/wire/frame.h"
#include "tests/unit/unit.h"

/* One node, "self", alone: whoever is at the other end of its links is played by the rows. */
static uint64_t memory[10 * 1048576 / 8] __attribute__((aligned(16)));
static struct dsb_node node;
static struct nx_prng prng;
static struct nx_instant now;

static struct dsb_node_config config_of_self(void)
{
    struct dsb_node_config config = {
        .profile = &dsb_profile_board,
        .world = DSB_WORLD_SIM,
        .id_text = "self",
        .discovery = dsb_discovery_config_default(),
        .rng = nx_prng_as_rng(&prng),
        .memory = memory,
        .memory_size = sizeof(memory),
    };

    nx_prng_init(&prng, 1, "node");
    EXPECT_STATUS(dsb_id_of_text(DSB_WORLD_SIM, "self", config.device.id), NX_OK);
    return config;
}

/* A device as admission would prove it; `key` tells its keys from another's. */
static struct dsb_link_info info_of(const char *id_text, uint8_t key, enum dsb_link_purpose purpose,
                                    bool we_dialled)
{
    struct dsb_link_info info = {.purpose = purpose, .is_initiator = we_dialled};
    struct nx_text t = nx_text_over(info.id_text, sizeof(info.id_text));

    nx_text_add(&t, id_text);
    EXPECT_STATUS(dsb_id_of_text(DSB_WORLD_SIM, id_text, info.device.id), NX_OK);
    memset(info.device.ed25519, key, sizeof(info.device.ed25519));
    memset(info.device.noise_static, key, sizeof(info.device.noise_static));
    memset(info.channel, 9, sizeof(info.channel));
    return info;
}

/* A registry that holds "friend", with key 7. */
static struct nx_bytes registry_of_friend(uint8_t *bytes, size_t cap)
{
    struct dsb_link_info friend = info_of("friend", 7, DSB_LINK_TO_TALK, false);
    struct dsb_peer peer = {0};
    struct dsb_peers peers = {.at = &peer, .count = 1, .cap = 1};
    struct dsb_pairing_saved nothing_used = {0};
    struct nx_writer out = nx_writer_over(bytes, cap);

    memcpy(peer.id_text, friend.id_text, sizeof(peer.id_text));
    memcpy(peer.id, friend.device.id, sizeof(peer.id));
    memcpy(peer.ed25519, friend.device.ed25519, sizeof(peer.ed25519));
    memcpy(peer.noise_static, friend.device.noise_static, sizeof(peer.noise_static));
    EXPECT_STATUS(dsb_registry_encode(DSB_WORLD_SIM, &peers, &(struct dsb_peers_edit){0},
                                      &nothing_used, &out),
                  NX_OK);
    return nx_writer_bytes(&out);
}

/* Started, with "friend" in its registry where asked for. */
static void begin(bool has_friend)
{
    static uint8_t bytes[4096];
    const struct dsb_node_config config = config_of_self();
    struct nx_bytes text = nx_bytes_of(NULL, 0);

    if (has_friend)
        text = registry_of_friend(bytes, sizeof(bytes));
    now = (struct nx_instant){0};
    EXPECT_STATUS(dsb_node_init(&node, now, &config, NULL), NX_OK);
    EXPECT_STATUS(dsb_node_start(&node, now, has_friend ? NX_OK : NX_E_NOT_FOUND, text), NX_OK);
}

static bool next_event(enum dsb_node_event_kind kind, struct dsb_node_event *event)
{
    while (dsb_node_event(&node, now, event)) {
        if (event->kind == kind)
            return true;
    }
    return false;
}

/* ---- config and start ---------------------------------------------------------------------- */

static void config_rows(void)
{
    struct dsb_node_config config = config_of_self();
    struct nx_why why = {.text = ""};

    unit_row("an id whose text and bytes do not belong together is refused, with a sentence");
    config.device.id[0] ^= 1;
    EXPECT_STATUS(dsb_node_init(&node, now, &config, &why), NX_E_INVALID);
    EXPECT(why.text[0] != '\0');

    unit_row("a byte of memory too little is refused");
    config = config_of_self();
    config.memory_size = dsb_node_memory_size(config.profile) - 1;
    EXPECT_STATUS(dsb_node_init(&node, now, &config, &why), NX_E_INVALID);
    config.memory_size++;
    EXPECT_STATUS(dsb_node_init(&node, now, &config, &why), NX_OK);

    unit_row("a profile that no node can run with is refused, with a sentence");
    for (int i = 0; i < 4; i++) {
        struct dsb_profile profile = dsb_profile_board;

        profile.stream_count_max = i == 0 ? 0 : profile.stream_count_max;
        profile.link_count_max = i == 1 ? 0 : profile.link_count_max;
        profile.peer_count_max = i == 2 ? DSB_PEERS_MAX + 1 : profile.peer_count_max;
        profile.neighbour_count_max = i == 2 ? 2 * DSB_PEERS_MAX : profile.neighbour_count_max;
        profile.neighbour_count_max = i == 3 ? profile.peer_count_max : profile.neighbour_count_max;
        config.profile = &profile;
        nx_why_set(&why, "");
        EXPECT_STATUS(dsb_node_init(&node, now, &config, &why), NX_E_INVALID);
        EXPECT(why.text[0] != '\0');
    }

    unit_row("a node is started once");
    begin(false);
    EXPECT_STATUS(dsb_node_start(&node, now, NX_E_NOT_FOUND, nx_bytes_of(NULL, 0)), NX_E_STATE);

    unit_row("a registry that could not be read refuses every act that needs it");
    char code[DSB_PAIRING_CODE_LEN + 1];
    config = config_of_self();
    EXPECT_STATUS(dsb_node_init(&node, now, &config, NULL), NX_OK);
    EXPECT_STATUS(dsb_node_start(&node, now, NX_E_IO, nx_bytes_of(NULL, 0)), NX_E_IO);
    EXPECT_STATUS(dsb_node_pair_offer(&node, now, "friend", code), NX_E_STATE);
    EXPECT_STATUS(dsb_node_pair_accept(&node, now, "friend", nx_bytes_of_text("123456")),
                  NX_E_STATE);
    EXPECT_STATUS(dsb_node_unpair(&node, now, "friend"), NX_E_STATE);
    EXPECT_STATUS(dsb_node_connect(&node, "friend"), NX_E_NOT_FOUND);
    EXPECT(dsb_node_registry_why(&node)->text[0] != '\0');
}

/* The other side ends a session in good order, and goes on serving our streams up to `last_served`. */
static void say_bye(uint32_t link, uint32_t last_served)
{
    const struct dsb_frame bye = {
        .kind = DSB_FRAME_GOAWAY, .last_stream_id = last_served, .code = DSB_GOAWAY_BYE};
    uint8_t bytes[DSB_FRAME_HEAD_LEN + 16];
    struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));
    size_t used;

    EXPECT_STATUS(dsb_frame_encode(&bye, &w), NX_OK);
    EXPECT_STATUS(dsb_node_link_input(&node, now, link, nx_writer_bytes(&w), &used), NX_OK);
}

/* ---- who gets a link ----------------------------------------------------------------------- */

static void admission_rows(void)
{
    struct dsb_link_info info = info_of("stranger", 3, DSB_LINK_TO_TALK, false);
    uint32_t link;

    unit_row("a session with a device that is not paired is denied");
    begin(true);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_E_DENIED);

    unit_row("a session with a paired device is begun, and told");
    struct dsb_node_event event;
    info = info_of("friend", 7, DSB_LINK_TO_TALK, false);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_OK);
    EXPECT(next_event(DSB_NODE_SESSION_UP, &event));
    EXPECT_TEXT(event.id_text, "friend");
    EXPECT(dsb_node_session(&node, "friend") != NULL);

    unit_row("a paired id with other keys is another identity, whatever it wants");
    info = info_of("friend", 8, DSB_LINK_TO_TALK, false);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_E_IDENTITY);
    info = info_of("friend", 8, DSB_LINK_TO_PAIR, false);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_E_IDENTITY);

    unit_row("when every link is in use one more is refused");
    begin(true);
    info = info_of("friend", 7, DSB_LINK_TO_TALK, false);
    for (uint32_t i = 0; i < dsb_profile_board.link_count_max; i++)
        EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_OK);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_E_LIMIT);

    unit_row("a link that went down is free again once its end was told");
    dsb_node_link_down(&node, now, link);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_E_LIMIT);
    EXPECT(next_event(DSB_NODE_SESSION_ENDED, &event));
    EXPECT_STATUS(event.status, NX_E_CLOSED);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_OK);

    unit_row("a link whose end was told before it went down is free then");
    begin(true);
    for (uint32_t i = 0; i < dsb_profile_board.link_count_max; i++)
        EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_OK);
    say_bye(link, 0);
    EXPECT(next_event(DSB_NODE_SESSION_ENDED, &event));
    EXPECT(dsb_node_link_is_over(&node, link));
    dsb_node_link_down(&node, now, link);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_OK);

    unit_row("four links for pairing at once, and no fifth");
    begin(false);
    info = info_of("stranger", 3, DSB_LINK_TO_PAIR, false);
    for (int i = 0; i < DSB_PAIRING_SESSIONS_MAX; i++)
        EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_OK);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_E_LIMIT);
}

/* ---- what a link for pairing carries ------------------------------------------------------- */

/* The frames that wait on a link, as kinds in order. */
static size_t output_kinds(uint32_t link, enum dsb_frame_kind kinds[4])
{
    static uint8_t record[DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(record, sizeof(record));
    struct dsb_frame frame;
    size_t used;
    size_t count = 0;

    while (dsb_node_link_output(&node, link, &out)) {
    }
    for (struct nx_bytes rest = nx_writer_bytes(&out);
         count < 4 && dsb_frame_decode(rest, &frame, &used) == NX_OK;
         rest = nx_bytes_skip(rest, used))
        kinds[count++] = frame.kind;
    return count;
}

/* A link that the peer dialled because self offers it a code. */
static uint32_t offered_link(void)
{
    struct dsb_link_info info = info_of("guest", 5, DSB_LINK_TO_PAIR, false);
    char code[DSB_PAIRING_CODE_LEN + 1];
    uint32_t link = UINT32_MAX;

    begin(false);
    EXPECT_STATUS(dsb_node_pair_offer(&node, now, "guest", code), NX_OK);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_OK);
    return link;
}

static const struct {
    const char *name;
    struct dsb_frame frame;
    const char *body;
    enum nx_status status;
} rejects[] = {
    {"a stream on a link for pairing ends it",
     {.kind = DSB_FRAME_OPEN, .stream_id = 1, .window = DSB_CREDIT_INITIAL},
     "msg/x",
     NX_E_STATE},
    {"a ping on a link for pairing ends it", {.kind = DSB_FRAME_PING}, "12345678", NX_E_STATE},
    {"a message of pairing that is none ends it", {.kind = DSB_FRAME_PAIR}, "\x09", NX_E_MALFORMED},
};

static void pairing_link_rows(void)
{
    enum dsb_frame_kind kinds[4];
    uint8_t bytes[64];
    size_t used;

    for (size_t i = 0; i < NX_COUNT_OF(rejects); i++) {
        struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));
        struct dsb_frame frame = rejects[i].frame;

        unit_row(rejects[i].name);
        uint32_t link = offered_link();
        frame.body = nx_bytes_of_text(rejects[i].body);
        EXPECT_STATUS(dsb_frame_encode(&frame, &w), NX_OK);
        EXPECT_STATUS(dsb_node_link_input(&node, now, link, nx_writer_bytes(&w), &used),
                      rejects[i].status);
        size_t count = output_kinds(link, kinds);
        EXPECT(count > 0 && kinds[count - 1] == DSB_FRAME_GOAWAY);
        EXPECT(dsb_node_link_is_over(&node, link));
    }

    unit_row("bytes that are no frame end a link for pairing");
    uint32_t link = offered_link();
    memset(bytes, 0xff, sizeof(bytes));
    EXPECT_STATUS(dsb_node_link_input(&node, now, link, nx_bytes_of(bytes, sizeof(bytes)), &used),
                  NX_E_MALFORMED);
    EXPECT_EQ(output_kinds(link, kinds), 1);
    EXPECT_EQ(kinds[0], DSB_FRAME_GOAWAY);
    EXPECT(dsb_node_link_is_over(&node, link));

    unit_row("the beginning of a frame waits for the rest of it");
    link = offered_link();
    EXPECT_STATUS(dsb_node_link_input(&node, now, link, nx_bytes_of("\x10\0\0", 3), &used), NX_OK);
    EXPECT_EQ(used, 0);
    EXPECT(!dsb_node_link_is_over(&node, link));

    unit_row("who comes to pair unasked is told no, and goodbye");
    struct dsb_link_info info = info_of("stranger", 3, DSB_LINK_TO_PAIR, false);
    begin(false);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &link), NX_OK);
    EXPECT_EQ(output_kinds(link, kinds), 2);
    EXPECT_EQ(kinds[0], DSB_FRAME_PAIR);
    EXPECT_EQ(kinds[1], DSB_FRAME_GOAWAY);
    EXPECT(dsb_node_link_is_over(&node, link));
    dsb_node_link_down(&node, now, link);

    unit_row("an offer outlives the link that broke its rules");
    link = offered_link();
    memset(bytes, 0xff, sizeof(bytes));
    EXPECT_STATUS(dsb_node_link_input(&node, now, link, nx_bytes_of(bytes, sizeof(bytes)), &used),
                  NX_E_MALFORMED);
    dsb_node_link_down(&node, now, link);
    EXPECT_EQ(dsb_pairing_state(&node.pairing, DSB_PAIRING_OWNER), DSB_PAIRING_OPEN);
}

/* ---- unpairing ----------------------------------------------------------------------------- */

/* Whatever waits to be stored is. */
static void store_all(void)
{
    struct nx_store_request request;

    while (nx_store_output(dsb_node_store(&node), &request)) {
        EXPECT_STATUS(nx_store_answer(dsb_node_store(&node), request.id, NX_OK, NULL), NX_OK);
        dsb_node_stored(&node, now);
    }
}

static void unpair_rows(void)
{
    const struct dsb_link_info info = info_of("friend", 7, DSB_LINK_TO_TALK, false);
    struct dsb_stream_handle stream;
    enum dsb_frame_kind kinds[4];
    uint32_t links[2];

    unit_row("unpairing ends every session with the device, one that it holds open at its end too");
    begin(true);
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &links[0]), NX_OK);
    EXPECT_STATUS(dsb_mux_open(dsb_node_session(&node, "friend"), nx_bytes_of_text("msg/x"), 2,
                               true, &stream),
                  NX_OK);
    EXPECT_EQ(output_kinds(links[0], kinds), 1);
    say_bye(links[0], 2);
    EXPECT(!dsb_node_link_is_over(&node, links[0]));
    EXPECT_STATUS(dsb_node_link_up(&node, now, &info, &links[1]), NX_OK);
    EXPECT_STATUS(dsb_node_unpair(&node, now, "friend"), NX_OK);
    store_all();
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(output_kinds(links[i], kinds), 1);
        EXPECT_EQ(kinds[0], DSB_FRAME_GOAWAY);
        EXPECT(dsb_node_link_is_over(&node, links[i]));
    }
}

/* ---- dials --------------------------------------------------------------------------------- */

static void dial_rows(void)
{
    struct dsb_node_dial dial;
    struct dsb_node_event event;

    unit_row("an accept asks for one dial, for pairing");
    begin(false);
    EXPECT_STATUS(dsb_node_pair_accept(&node, now, "host", nx_bytes_of_text("123 456")), NX_OK);
    EXPECT(dsb_node_dial(&node, &dial));
    EXPECT_EQ(dial.purpose, DSB_LINK_TO_PAIR);
    EXPECT_TEXT(dial.id_text, "host");
    EXPECT(!dsb_node_dial(&node, &dial));

    unit_row("a dial for pairing that failed ends the accept with its reason");
    dsb_node_dial_failed(&node, now, &dial, NX_E_TIMEOUT);
    EXPECT(next_event(DSB_NODE_PAIRING_FAILED, &event));
    EXPECT_STATUS(event.status, NX_E_TIMEOUT);
    EXPECT(!event.is_spent);

    unit_row("connecting to one device twice asks for one dial");
    begin(true);
    EXPECT_STATUS(dsb_node_connect(&node, "friend"), NX_OK);
    EXPECT_STATUS(dsb_node_connect(&node, "friend"), NX_OK);
    EXPECT(dsb_node_dial(&node, &dial));
    EXPECT_EQ(dial.purpose, DSB_LINK_TO_TALK);
    EXPECT(!dsb_node_dial(&node, &dial));

    unit_row("a session that could not be begun is told as ended, and why");
    dsb_node_dial_failed(&node, now, &dial, NX_E_DENIED);
    EXPECT(next_event(DSB_NODE_SESSION_ENDED, &event));
    EXPECT_STATUS(event.status, NX_E_DENIED);
}

UNIT_SUITE(node_test)
{
    config_rows();
    admission_rows();
    pairing_link_rows();
    unpair_rows();
    dial_rows();
}
