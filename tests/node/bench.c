#include "tests/node/bench.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/wire/frame.h"
#include "tests/unit/unit.h"

enum {
    MEMORY_SIZE = 10 * 1048576, /* the board's profile; a row checks it */
    FRIENDS_MAX = 16,
};

static uint64_t memory[MEMORY_SIZE / 8] __attribute__((aligned(16)));
static struct bench bench;

static void keep_marker(void *owner, struct nx_bytes line)
{
    struct bench *b = owner;

    if (b->line_count == BENCH_LINES_MAX)
        return;
    struct nx_text t = nx_text_over(b->lines[b->line_count++], NX_MARKER_LINE_MAX);
    nx_text_add_bytes(&t, line);
}

struct bench *bench_clear(void)
{
    memset(&bench, 0, sizeof(bench));
    nx_prng_init(&bench.prng, 1, "node");
    nx_markers_init(&bench.markers, keep_marker, &bench);
    return &bench;
}

struct dsb_node_config bench_config(struct bench *b)
{
    struct dsb_node_config config = {
        .profile = &dsb_profile_board,
        .world = DSB_WORLD_SIM,
        .id_text = "self",
        .discovery = dsb_discovery_config_default(),
        .rng = nx_prng_as_rng(&b->prng),
        .markers = &b->markers,
        .memory = memory,
        .memory_size = sizeof(memory),
    };

    EXPECT_STATUS(dsb_id_of_text(DSB_WORLD_SIM, "self", config.device.id), NX_OK);
    return config;
}

struct dsb_link_info bench_info(const char *id_text, uint8_t key, enum dsb_link_purpose purpose,
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

const char *bench_friend(uint32_t number)
{
    static char id_text[DSB_ID_TEXT_MAX + 1];
    struct nx_text t = nx_text_over(id_text, sizeof(id_text));

    nx_text_add(&t, "friend-");
    nx_text_add_u64(&t, number);
    return id_text;
}

static struct nx_bytes registry_of(uint32_t friend_count)
{
    static uint8_t bytes[16384];
    struct dsb_peer at[FRIENDS_MAX];
    struct dsb_peers peers = {.at = at, .cap = FRIENDS_MAX};
    struct dsb_pairing_saved nothing_used = {0};
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    for (uint32_t i = 0; i < friend_count; i++) {
        struct dsb_link_info info = bench_info(bench_friend(i), 7, DSB_LINK_TO_TALK, false);
        struct dsb_peer peer = {0};

        memcpy(peer.id_text, info.id_text, sizeof(peer.id_text));
        memcpy(peer.id, info.device.id, sizeof(peer.id));
        memcpy(peer.ed25519, info.device.ed25519, sizeof(peer.ed25519));
        memcpy(peer.noise_static, info.device.noise_static, sizeof(peer.noise_static));
        EXPECT_STATUS(dsb_peers_add(&peers, &peer), NX_OK);
    }
    EXPECT_STATUS(dsb_registry_encode(DSB_WORLD_SIM, &peers, &(struct dsb_peers_edit){0},
                                      &nothing_used, &out),
                  NX_OK);
    return nx_writer_bytes(&out);
}

struct bench *bench_begin(uint32_t friend_count)
{
    struct bench *b = bench_clear();
    const struct dsb_node_config config = bench_config(b);
    struct nx_bytes text = nx_bytes_of(NULL, 0);

    if (friend_count > 0)
        text = registry_of(friend_count);
    EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, NULL), NX_OK);
    EXPECT_STATUS(dsb_node_start(&b->node, b->now, friend_count > 0 ? NX_OK : NX_E_NOT_FOUND, text),
                  NX_OK);
    return b;
}

uint32_t bench_session(struct bench *b, uint32_t number)
{
    struct dsb_link_info info = bench_info(bench_friend(number), 7, DSB_LINK_TO_TALK, false);
    uint32_t link = UINT32_MAX;

    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    return link;
}

void bench_bye(struct bench *b, uint32_t link, enum dsb_goaway_code code, uint32_t last_served)
{
    const struct dsb_frame bye = {
        .kind = DSB_FRAME_GOAWAY, .last_stream_id = last_served, .code = (uint16_t)code};
    uint8_t bytes[DSB_FRAME_HEAD_LEN + 16];
    struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));
    size_t used;

    EXPECT_STATUS(dsb_frame_encode(&bye, &w), NX_OK);
    EXPECT_STATUS(dsb_node_link_input(&b->node, b->now, link, nx_writer_bytes(&w), &used), NX_OK);
}

bool bench_event(struct bench *b, enum dsb_node_event_kind kind, struct dsb_node_event *event)
{
    while (dsb_node_event(&b->node, b->now, event)) {
        if (event->kind == kind)
            return true;
    }
    return false;
}

bool bench_store(struct bench *b, enum nx_status status)
{
    struct nx_store_request request;
    struct nx_why why;

    if (!nx_store_output(dsb_node_store(&b->node), &request))
        return false;
    nx_why_set(&why, status == NX_OK ? "" : BENCH_STORE_WHY);
    EXPECT_STATUS(nx_store_answer(dsb_node_store(&b->node), request.id, status, &why), NX_OK);
    dsb_node_stored(&b->node, b->now);
    return true;
}

size_t bench_kinds(struct bench *b, uint32_t link, enum dsb_frame_kind kinds[4])
{
    static uint8_t record[DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(record, sizeof(record));
    struct dsb_frame frame;
    size_t used;
    size_t count = 0;

    while (dsb_node_link_output(&b->node, link, &out)) {
    }
    for (struct nx_bytes rest = nx_writer_bytes(&out);
         count < 4 && dsb_frame_decode(rest, &frame, &used) == NX_OK;
         rest = nx_bytes_skip(rest, used))
        kinds[count++] = frame.kind;
    return count;
}
