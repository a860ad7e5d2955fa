#include "core/node/node.h"

#include "core/base/memory.h"
#include "core/wire/frame.h"
#include "tests/node/bench.h"
#include "tests/unit/unit.h"

static struct bench *b;

/* ---- config and start ---------------------------------------------------------------------- */

static void config_rows(void)
{
    b = bench_clear();
    struct dsb_node_config config = bench_config(b);
    struct nx_why why = {.text = ""};

    unit_row("an id that is none is refused, whether or not somebody asks why");
    config.id_text = "";
    EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, NULL), NX_E_INVALID);
    EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, &why), NX_E_INVALID);
    EXPECT(why.text[0] != '\0');

    unit_row("a profile over a limit is refused");
    struct dsb_profile profile = dsb_profile_board;
    profile.block_size = 0;
    config = bench_config(b);
    config.profile = &profile;
    EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, &why), NX_E_INVALID);
    config = bench_config(b);

    unit_row("an id whose text and bytes do not belong together is refused, with a sentence");
    config.device.id[0] ^= 1;
    EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, &why), NX_E_INVALID);
    EXPECT(why.text[0] != '\0');

    unit_row("a byte of memory too little is refused");
    config = bench_config(b);
    config.memory_size = dsb_node_memory_size(config.profile) - 1;
    EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, &why), NX_E_INVALID);
    config.memory_size++;
    EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, &why), NX_OK);

    unit_row("a profile that no node can run with is refused, with a sentence");
    for (int i = 0; i < 4; i++) {
        profile = dsb_profile_board;
        profile.stream_count_max = i == 0 ? 0 : profile.stream_count_max;
        profile.link_count_max = i == 1 ? 0 : profile.link_count_max;
        profile.peer_count_max = i == 2 ? DSB_PEERS_MAX + 1 : profile.peer_count_max;
        profile.neighbour_count_max = i == 2 ? 2 * DSB_PEERS_MAX : profile.neighbour_count_max;
        profile.neighbour_count_max = i == 3 ? profile.peer_count_max : profile.neighbour_count_max;
        config.profile = &profile;
        nx_why_set(&why, "");
        EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, &why), NX_E_INVALID);
        EXPECT(why.text[0] != '\0');
    }

    unit_row("a node is started once");
    b = bench_begin(0);
    EXPECT_STATUS(dsb_node_start(&b->node, b->now, NX_E_NOT_FOUND, nx_bytes_of(NULL, 0)),
                  NX_E_STATE);

    unit_row("a registry that could not be read refuses every act that needs it");
    char code[DSB_PAIRING_CODE_LEN + 1];
    config = bench_config(b);
    EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, NULL), NX_OK);
    EXPECT_STATUS(dsb_node_start(&b->node, b->now, NX_E_IO, nx_bytes_of(NULL, 0)), NX_E_IO);
    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, "friend-0", code), NX_E_STATE);
    EXPECT_STATUS(dsb_node_pair_accept(&b->node, b->now, "friend-0", nx_bytes_of_text("123456")),
                  NX_E_STATE);
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, "friend-0"), NX_E_STATE);
    EXPECT_STATUS(dsb_node_connect(&b->node, "friend-0"), NX_E_NOT_FOUND);
    EXPECT(dsb_node_registry_why(&b->node)->text[0] != '\0');
}

/* ---- who gets a link ----------------------------------------------------------------------- */

static void admission_rows(void)
{
    struct dsb_link_info info = bench_info("stranger", 3, DSB_LINK_TO_TALK, false);
    uint32_t link;

    unit_row("a session with a device that is not paired is denied");
    b = bench_begin(1);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_E_DENIED);

    unit_row("a session with a paired device is begun, and told");
    struct dsb_node_event event;
    info = bench_info("friend-0", 7, DSB_LINK_TO_TALK, false);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    EXPECT(bench_event(b, DSB_NODE_SESSION_UP, &event));
    EXPECT_TEXT(event.id_text, "friend-0");
    EXPECT(dsb_node_session(&b->node, "friend-0") != NULL);

    unit_row("a paired id with other keys is another identity, whatever it wants");
    info = bench_info("friend-0", 8, DSB_LINK_TO_TALK, false);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_E_IDENTITY);
    info = bench_info("friend-0", 8, DSB_LINK_TO_PAIR, false);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_E_IDENTITY);

    unit_row("when every link is in use one more is refused");
    b = bench_begin(dsb_profile_board.link_count_max + 1);
    for (uint32_t i = 0; i < dsb_profile_board.link_count_max; i++)
        link = bench_session(b, i);
    info = bench_info(bench_friend(dsb_profile_board.link_count_max), 7, DSB_LINK_TO_TALK, false);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_E_LIMIT);
    EXPECT_TEXT(dsb_node_why(&b->node)->text, "links in use: limit 8, asked 9");

    unit_row("a link that went down is free again once its end was told");
    dsb_node_link_down(&b->node, b->now, link);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_E_LIMIT);
    EXPECT(bench_event(b, DSB_NODE_SESSION_ENDED, &event));
    EXPECT_STATUS(event.status, NX_E_CLOSED);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);

    unit_row("a session whose link is gone is none, though its end was not told yet");
    b = bench_begin(1);
    link = bench_session(b, 0);
    dsb_node_link_down(&b->node, b->now, link);
    EXPECT(dsb_node_session(&b->node, "friend-0") == NULL);

    unit_row("an Ed25519 key that fits does not make up for a static that does not");
    info = bench_info("friend-0", 7, DSB_LINK_TO_TALK, false);
    info.device.noise_static[31] ^= 1;
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_E_IDENTITY);

    unit_row("a link whose end was told before it went down is free then");
    b = bench_begin(dsb_profile_board.link_count_max + 1);
    for (uint32_t i = 0; i < dsb_profile_board.link_count_max; i++)
        link = bench_session(b, i);
    info = bench_info(bench_friend(dsb_profile_board.link_count_max), 7, DSB_LINK_TO_TALK, false);
    bench_bye(b, link, DSB_GOAWAY_BYE, 0);
    EXPECT(bench_event(b, DSB_NODE_SESSION_ENDED, &event));
    EXPECT(dsb_node_link_is_over(&b->node, link));
    dsb_node_link_down(&b->node, b->now, link);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);

    unit_row("four links for pairing at once, and no fifth");
    b = bench_begin(0);
    info = bench_info("stranger", 3, DSB_LINK_TO_PAIR, false);
    for (int i = 0; i < DSB_PAIRING_SESSIONS_MAX; i++)
        EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_E_LIMIT);
    EXPECT_TEXT(dsb_node_why(&b->node)->text, "links for pairing: limit 4, asked 5");
}

/* ---- unpairing ----------------------------------------------------------------------------- */

static void unpair_rows(void)
{
    const struct dsb_link_info info = bench_info("friend-0", 7, DSB_LINK_TO_TALK, false);
    struct dsb_stream_handle stream;
    enum dsb_frame_kind kinds[4];
    uint32_t links[2];

    unit_row("a budget that the registry has no place for is stored when it has one again");
    char code[DSB_PAIRING_CODE_LEN + 1];
    char id_text[] = "friend-0";
    b = bench_begin(DSB_REGISTRY_CHANGES_MAX);
    for (int i = 0; i < DSB_REGISTRY_CHANGES_MAX; i++) {
        id_text[7] = (char)('0' + i);
        EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, id_text), NX_OK);
    }
    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, "guest", code), NX_OK);
    EXPECT(b->node.budgets_due);
    while (bench_store(b, NX_OK)) {
    }
    EXPECT(!b->node.budgets_due);
    uint32_t waits = 0;
    for (size_t i = 0; i < DSB_PAIRING_SLOTS; i++)
        waits +=
            dsb_registry_budgets(&b->node.registry)->budget.act_ms[DSB_PAIRING_ACT_OFFER][i] > 0;
    EXPECT_EQ(waits, 1);

    unit_row(
        "a device that unpaired us is forgotten, though the registry had no place for it then");
    struct dsb_node_event event;
    b = bench_begin(DSB_REGISTRY_CHANGES_MAX + 1);
    links[0] = bench_session(b, DSB_REGISTRY_CHANGES_MAX);
    for (uint32_t i = 0; i < DSB_REGISTRY_CHANGES_MAX; i++)
        EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, bench_friend(i)), NX_OK);
    bench_bye(b, links[0], DSB_GOAWAY_UNPAIRED, 0);
    EXPECT(bench_event(b, DSB_NODE_SESSION_ENDED, &event));
    dsb_node_link_down(&b->node, b->now, links[0]);
    while (bench_store(b, NX_OK)) {
    }
    EXPECT_EQ(dsb_registry_count(&b->node.registry), 0);

    unit_row("its link stays in use until then, and is free afterwards");
    b = bench_begin(DSB_REGISTRY_CHANGES_MAX + 1);
    links[0] = bench_session(b, DSB_REGISTRY_CHANGES_MAX);
    for (uint32_t i = 0; i < DSB_REGISTRY_CHANGES_MAX; i++)
        EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, bench_friend(i)), NX_OK);
    bench_bye(b, links[0], DSB_GOAWAY_UNPAIRED, 0);
    dsb_node_link_down(&b->node, b->now, links[0]);
    EXPECT(bench_event(b, DSB_NODE_SESSION_ENDED, &event));
    EXPECT_EQ(b->node.links[links[0]].state, DSB_LINK_SESSION);
    EXPECT(bench_store(b, NX_OK));
    EXPECT_EQ(b->node.links[links[0]].state, DSB_LINK_FREE);

    unit_row("unpairing one device leaves the session with another alone");
    b = bench_begin(2);
    (void)bench_session(b, 0);
    (void)bench_session(b, 1);
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, "friend-0"), NX_OK);
    while (bench_store(b, NX_OK)) {
    }
    EXPECT(dsb_node_session(&b->node, "friend-0") == NULL);
    EXPECT(dsb_node_session(&b->node, "friend-1") != NULL);

    unit_row("unpairing ends every session with the device, one that it holds open at its end too");
    b = bench_begin(1);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &links[0]), NX_OK);
    EXPECT_STATUS(dsb_mux_open(dsb_node_session(&b->node, "friend-0"), nx_bytes_of_text("msg/x"), 2,
                               true, &stream),
                  NX_OK);
    EXPECT_EQ(bench_kinds(b, links[0], kinds), 1);
    bench_bye(b, links[0], DSB_GOAWAY_BYE, 2);
    EXPECT(!dsb_node_link_is_over(&b->node, links[0]));
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &links[1]), NX_OK);
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, "friend-0"), NX_OK);
    while (bench_store(b, NX_OK)) {
    }
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(bench_kinds(b, links[i], kinds), 1);
        EXPECT_EQ(kinds[0], DSB_FRAME_GOAWAY);
        EXPECT(dsb_node_link_is_over(&b->node, links[i]));
    }
}

/* ---- dials --------------------------------------------------------------------------------- */

static void dial_rows(void)
{
    struct dsb_node_dial dial;
    struct dsb_node_event event;

    unit_row("an accept asks for one dial, for pairing");
    b = bench_begin(0);
    EXPECT_STATUS(dsb_node_pair_accept(&b->node, b->now, "host", nx_bytes_of_text("123 456")),
                  NX_OK);
    EXPECT(dsb_node_dial(&b->node, &dial));
    EXPECT_EQ(dial.purpose, DSB_LINK_TO_PAIR);
    EXPECT_TEXT(dial.id_text, "host");
    EXPECT(!dsb_node_dial(&b->node, &dial));

    unit_row("a dial for pairing that failed ends the accept with its reason");
    dsb_node_dial_failed(&b->node, b->now, &dial, NX_E_TIMEOUT);
    EXPECT(bench_event(b, DSB_NODE_PAIRING_FAILED, &event));
    EXPECT_STATUS(event.status, NX_E_TIMEOUT);
    EXPECT(!event.is_spent);

    unit_row("each of two devices is dialled once, in the order of asking");
    b = bench_begin(2);
    EXPECT_STATUS(dsb_node_connect(&b->node, "friend-1"), NX_OK);
    EXPECT_STATUS(dsb_node_connect(&b->node, "friend-0"), NX_OK);
    EXPECT_STATUS(dsb_node_connect(&b->node, "friend-1"), NX_OK);
    EXPECT(dsb_node_dial(&b->node, &dial));
    EXPECT_TEXT(dial.id_text, "friend-1");
    EXPECT(dsb_node_dial(&b->node, &dial));
    EXPECT_TEXT(dial.id_text, "friend-0");
    EXPECT(!dsb_node_dial(&b->node, &dial));

    unit_row("eight dials may be asked for, and not a ninth");
    b = bench_begin(9);
    for (uint32_t i = 0; i < DSB_NODE_DIALS_MAX; i++)
        EXPECT_STATUS(dsb_node_connect(&b->node, bench_friend(i)), NX_OK);
    EXPECT_STATUS(dsb_node_connect(&b->node, bench_friend(8)), NX_E_LIMIT);
    EXPECT_TEXT(dsb_node_why(&b->node)->text, "sessions asked for: limit 8, asked 9");

    unit_row("where there is a session already nobody is dialled");
    b = bench_begin(1);
    bench_session(b, 0);
    EXPECT_STATUS(dsb_node_connect(&b->node, "friend-0"), NX_OK);
    EXPECT(!dsb_node_dial(&b->node, &dial));

    unit_row("connecting to one device twice asks for one dial");
    b = bench_begin(1);
    EXPECT_STATUS(dsb_node_connect(&b->node, "friend-0"), NX_OK);
    EXPECT_STATUS(dsb_node_connect(&b->node, "friend-0"), NX_OK);
    EXPECT(dsb_node_dial(&b->node, &dial));
    EXPECT_EQ(dial.purpose, DSB_LINK_TO_TALK);
    EXPECT(!dsb_node_dial(&b->node, &dial));

    unit_row("a session that could not be begun is told as ended, and why");
    dsb_node_dial_failed(&b->node, b->now, &dial, NX_E_DENIED);
    EXPECT(bench_event(b, DSB_NODE_SESSION_ENDED, &event));
    EXPECT_STATUS(event.status, NX_E_DENIED);
}

/* ---- news that nobody takes ---------------------------------------------------------------- */

static void news_rows(void)
{
    struct dsb_node_dial dial = {.id_text = "friend-0", .purpose = DSB_LINK_TO_TALK};
    struct dsb_link_info info = bench_info("friend-0", 7, DSB_LINK_TO_TALK, false);
    struct dsb_node_event event;
    uint32_t count = 0;
    uint32_t link;

    unit_row("while 24 pieces of news wait no link is begun that would make more");
    b = bench_begin(1);
    for (uint32_t i = 0; i < DSB_NODE_NEWS_MAX - DSB_NODE_DIALS_MAX - 1; i++)
        dsb_node_dial_failed(&b->node, b->now, &dial, NX_E_TIMEOUT);
    bench_session(b, 0);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_E_LIMIT);
    EXPECT_TEXT(dsb_node_why(&b->node)->text,
                "pieces of news that nobody takes: limit 24, asked 25");

    unit_row("a change that was stored is made at once and told when there is room");
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, "friend-0"), NX_OK);
    EXPECT(bench_store(b, NX_OK));
    EXPECT_STATUS(dsb_node_knows(&b->node, &info.device), NX_E_NOT_FOUND);
    EXPECT_EQ(b->node.news_count, DSB_NODE_NEWS_MAX - DSB_NODE_DIALS_MAX);
    EXPECT(bench_event(b, DSB_NODE_UNPAIRED, &event));

    unit_row("each dial has a place for its failure, and further ones are lost, not written over");
    b = bench_begin(1);
    bench_session(b, 0);
    for (uint32_t i = 0; i < DSB_NODE_NEWS_MAX; i++)
        dsb_node_dial_failed(&b->node, b->now, &dial, NX_E_TIMEOUT);
    EXPECT(dsb_node_event(&b->node, b->now, &event));
    EXPECT_EQ(event.kind, DSB_NODE_SESSION_UP);
    while (bench_event(b, DSB_NODE_SESSION_ENDED, &event))
        count++;
    EXPECT_EQ(count, DSB_NODE_NEWS_MAX - 1);
}

/* ---- the owner's verbs --------------------------------------------------------------------- */

static void verb_rows(void)
{
    static const char long_id[] =
        "0123456789012345678901234567890123456789012345678901234567890123x";
    char code[DSB_PAIRING_CODE_LEN + 1];
    struct dsb_node_event event;

    unit_row("an id that can be nobody's is refused by every verb that takes one");
    b = bench_begin(1);
    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, "", code), NX_E_INVALID);
    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, long_id, code), NX_E_INVALID);
    EXPECT_STATUS(dsb_node_pair_accept(&b->node, b->now, long_id, nx_bytes_of_text("123456")),
                  NX_E_INVALID);
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, long_id), NX_E_NOT_FOUND);
    EXPECT_STATUS(dsb_node_connect(&b->node, long_id), NX_E_NOT_FOUND);

    unit_row("an offer that is taken back is over, and another may be made");
    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, "guest", code), NX_OK);
    dsb_node_pair_cancel(&b->node, b->now, DSB_PAIRING_OWNER);
    EXPECT(bench_event(b, DSB_NODE_PAIRING_FAILED, &event));
    EXPECT_STATUS(event.status, NX_E_ABORTED);
    EXPECT_EQ(event.role, DSB_PAIRING_OWNER);
    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, "guest", code), NX_OK);

    unit_row("unpairing what is being unpaired has to wait");
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, "friend-0"), NX_OK);
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, "friend-0"), NX_E_LIMIT);
    EXPECT_TEXT(dsb_node_why(&b->node)->text, "changes of one device under way: limit 1, asked 2");

    unit_row("a device is unpaired once it is stored, and needs no session for it");
    EXPECT(!bench_event(b, DSB_NODE_UNPAIRED, &event));
    while (bench_store(b, NX_OK)) {
    }
    EXPECT(bench_event(b, DSB_NODE_UNPAIRED, &event));
    EXPECT_TEXT(event.id_text, "friend-0");

    unit_row("what could not be stored is not unpaired: the session goes on");
    b = bench_begin(1);
    bench_session(b, 0);
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, "friend-0"), NX_OK);
    EXPECT(bench_store(b, NX_E_NO_SPACE));
    EXPECT(bench_event(b, DSB_NODE_STORE_FAILED, &event));
    EXPECT_STATUS(event.status, NX_E_NO_SPACE);
    EXPECT_TEXT(event.id_text, "friend-0");
    EXPECT_TEXT(event.why.text, BENCH_STORE_WHY);
    EXPECT(dsb_node_session(&b->node, "friend-0") != NULL);

    unit_row("more changes at once than are kept have to wait");
    b = bench_begin(DSB_REGISTRY_CHANGES_MAX + 1);
    for (uint32_t i = 0; i < DSB_REGISTRY_CHANGES_MAX; i++)
        EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, bench_friend(i)), NX_OK);
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, bench_friend(DSB_REGISTRY_CHANGES_MAX)),
                  NX_E_LIMIT);
    EXPECT_TEXT(dsb_node_why(&b->node)->text,
                "changes of the registry under way: limit 8, asked 9");
}

static void deadline_rows(void)
{
    char code[DSB_PAIRING_CODE_LEN + 1];

    unit_row("a node that announces nothing and has nothing open wants no tick");
    b = bench_begin(1);
    dsb_discovery_set_mode(&b->node.discovery, b->now, DSB_DISCOVERY_OFF);
    EXPECT(nx_instant_is_never(dsb_node_deadline(&b->node)));

    unit_row("with an offer open it wants one when the code expires");
    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, "guest", code), NX_OK);
    EXPECT_EQ(dsb_node_deadline(&b->node).ns,
              nx_instant_after(b->now, nx_seconds(DSB_PAIRING_CODE_LIFE_S)).ns);

    unit_row("with a session it wants one when the peer is to be asked, which is earlier");
    bench_session(b, 0);
    EXPECT_EQ(dsb_node_deadline(&b->node).ns, nx_instant_after(b->now, nx_seconds(30)).ns);
}

/* ---- streams ------------------------------------------------------------------------------- */

/* The peer opens a stream of this name on the link; told, and not accepted yet. */
static struct dsb_stream_handle opened(uint32_t link, uint32_t id, const char *name)
{
    struct dsb_frame open = {.kind = DSB_FRAME_OPEN,
                             .stream_id = id,
                             .window = DSB_CREDIT_INITIAL,
                             .body = nx_bytes_of_text(name)};
    struct dsb_node_event event = {0};
    uint8_t bytes[128];
    struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));
    size_t used;

    EXPECT_STATUS(dsb_frame_encode(&open, &w), NX_OK);
    EXPECT_STATUS(dsb_node_link_input(&b->node, b->now, link, nx_writer_bytes(&w), &used), NX_OK);
    EXPECT(bench_event(b, DSB_NODE_STREAM, &event));
    EXPECT_EQ(event.mux.kind, DSB_MUX_OPENED);
    return event.mux.stream;
}

static void stream_rows(void)
{
    static uint8_t record[DSB_FRAME_MAX];
    struct dsb_stream_handle handle;
    struct dsb_node_event event;

    b = bench_begin(2);
    bench_session(b, 0);
    uint32_t link = bench_session(b, 1);
    struct dsb_mux *mux = dsb_node_session(&b->node, "friend-1");
    NEED(mux != NULL);

    unit_row("a stream that is accepted is marked with the device that opened it");
    handle = opened(link, 1, "byte/blob");
    b->line_count = 0;
    EXPECT_STATUS(dsb_node_accept(&b->node, b->now, mux, handle), NX_OK);
    EXPECT_EQ(b->line_count, 1);
    EXPECT_TEXT(b->lines[0], "dsoftbus: byte open peer=friend-1 ch=blob");

    unit_row("it is accepted once, and marked once");
    EXPECT_STATUS(dsb_node_accept(&b->node, b->now, mux, handle), NX_E_STATE);
    EXPECT_EQ(b->line_count, 1);

    unit_row("a stream of another prefix is accepted without a marker");
    handle = opened(link, 3, "call/echo");
    EXPECT_STATUS(dsb_node_accept(&b->node, b->now, mux, handle), NX_OK);
    EXPECT_EQ(b->line_count, 1);

    unit_row("a stream that is gone is closed to whoever accepts it");
    handle = opened(link, 5, "msg/chat");
    dsb_mux_release(mux, handle);
    struct nx_writer w = nx_writer_over(record, sizeof(record));
    EXPECT(dsb_node_link_output(&b->node, link, &w));
    EXPECT(bench_event(b, DSB_NODE_STREAM, &event));
    EXPECT_STATUS(dsb_node_accept(&b->node, b->now, mux, handle), NX_E_CLOSED);
}

UNIT_SUITE(node_test)
{
    config_rows();
    admission_rows();
    unpair_rows();
    dial_rows();
    news_rows();
    verb_rows();
    deadline_rows();
    stream_rows();
}
