/* A node between peers that send anything, a driver that takes its time, a disk that fails and an owner
 * that calls anything: nothing traps, what goes out are frames, links are counted right, and when all
 * of them went down and all news was taken, every link is free and every pool is whole. The input is a
 * list of turns, each a byte and what it takes of the rest. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/node/node.h"
#include "core/wire/frame.h"
#include "fuzz/fuzz.h"

enum {
    LINKS = 8,
    MEMORY = 4 * 1048576,
};

static const struct dsb_profile profile = {
    .name = "fuzzed",
    .stream_count_max = 8,
    .stream_queue_max = 4096,
    .grants_max = 10 * DSB_CREDIT_INITIAL,
    .queues_max = 2 * 4096,
    .block_size = 1024,
    .link_count_max = LINKS,
    .peer_count_max = 4,
    .neighbour_count_max = 8,
    .keepalive_interval = {30 * UINT64_C(1000000000)},
    .keepalive_timeout = {90 * UINT64_C(1000000000)},
};

/* Paired; to be offered a code; unknown. */
static const char *const names[] = {"friend", "guest", "stranger"};

static uint64_t memory[MEMORY / 8] __attribute__((aligned(16)));

struct world {
    struct dsb_node node;
    struct nx_prng prng;
    struct nx_instant now;
    bool is_up[LINKS];
    struct dsb_node_event last; /* of the owner's news: what it accepts */
};

static struct dsb_pairing_device device_of(const char *name)
{
    struct dsb_pairing_device device = {.id = {0}};

    NX_CHECK(dsb_id_of_text(DSB_WORLD_SIM, name, device.id) == NX_OK);
    memset(device.ed25519, name[0], sizeof(device.ed25519));
    memset(device.noise_static, name[0], sizeof(device.noise_static));
    return device;
}

static void begin(struct world *w)
{
    static uint8_t text[4096];
    struct dsb_pairing_device friend = device_of(names[0]);
    struct dsb_peer peer = {.id_text = "friend"};
    struct dsb_peers peers = {.at = &peer, .count = 1, .cap = 1};
    struct nx_writer registry = nx_writer_over(text, sizeof(text));
    struct dsb_node_config config = {
        .profile = &profile,
        .world = DSB_WORLD_SIM,
        .id_text = "self",
        .device = device_of("self"),
        .discovery = dsb_discovery_config_default(),
        .rng = nx_prng_as_rng(&w->prng),
        .memory = memory,
        .memory_size = sizeof(memory),
    };

    memcpy(peer.id, friend.id, sizeof(peer.id));
    memcpy(peer.ed25519, friend.ed25519, sizeof(peer.ed25519));
    memcpy(peer.noise_static, friend.noise_static, sizeof(peer.noise_static));
    NX_CHECK(dsb_registry_encode(DSB_WORLD_SIM, &peers, &(struct dsb_peers_edit){0},
                                 &(struct dsb_pairing_saved){0}, &registry) == NX_OK);

    memset(w, 0, sizeof(*w));
    nx_prng_init(&w->prng, 1, "fuzz");
    NX_CHECK(dsb_node_init(&w->node, w->now, &config, NULL) == NX_OK);
    NX_CHECK(dsb_node_start(&w->node, w->now, NX_OK, nx_writer_bytes(&registry)) == NX_OK);
}

/* ---- the driver ------------------------------------------------------------------------------ */

static void link_up(struct world *w, uint8_t how)
{
    const char *name = names[how % NX_COUNT_OF(names)];
    struct dsb_link_info info = {
        .purpose = (how & 16) != 0 ? DSB_LINK_TO_PAIR : DSB_LINK_TO_TALK,
        .is_initiator = (how & 32) != 0,
        .device = device_of(name),
    };
    struct nx_text t = nx_text_over(info.id_text, sizeof(info.id_text));
    uint32_t link = 0;

    nx_text_add(&t, name);
    if (dsb_node_link_up(&w->node, w->now, &info, &link) == NX_OK) {
        NX_CHECK(link < LINKS && !w->is_up[link]);
        w->is_up[link] = true;
    }
}

static void link_down(struct world *w, uint32_t link)
{
    if (w->is_up[link])
        dsb_node_link_down(&w->node, w->now, link);
    w->is_up[link] = false;
}

static void link_output(struct world *w, uint32_t link, size_t room)
{
    static uint8_t record[2 * DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(record, room < sizeof(record) ? room : sizeof(record));

    if (!w->is_up[link])
        return;
    NX_CHECK(dsb_node_link_output(&w->node, link, &out) == (out.len > 0));
    for (struct nx_bytes rest = nx_writer_bytes(&out); rest.len > 0;) {
        struct dsb_frame frame;
        size_t used = 0;

        NX_CHECK(dsb_frame_decode(rest, &frame, &used) == NX_OK);
        rest = nx_bytes_skip(rest, used);
    }
}

static void store_turn(struct world *w, uint8_t how)
{
    struct nx_store_request request;
    enum nx_status status = how % 4 == 0 ? NX_E_NO_SPACE : NX_OK;

    if (!nx_store_output(dsb_node_store(&w->node), &request))
        return;
    NX_CHECK(nx_store_answer(dsb_node_store(&w->node), request.id, status, NULL) == NX_OK);
    dsb_node_stored(&w->node, w->now);
}

static void dial_turn(struct world *w, uint8_t how)
{
    struct dsb_node_dial dial;

    if (!dsb_node_dial(&w->node, &dial))
        return;
    if ((how & 1) != 0)
        dsb_node_dial_failed(&w->node, w->now, &dial, NX_E_TIMEOUT);
    else
        link_up(w, (uint8_t)(32 | (dial.purpose == DSB_LINK_TO_PAIR ? 16 : 0) |
                             (dial.id_text[0] == 'f' ? 0 : 1)));
}

/* ---- the peers ------------------------------------------------------------------------------- */

static void feed(struct world *w, uint32_t link, struct nx_bytes in)
{
    size_t used;

    if (!w->is_up[link])
        return;
    (void)!dsb_node_link_input(&w->node, w->now, link, in, &used);
    NX_CHECK(used <= in.len);
}

static void feed_frame(struct world *w, uint32_t link, struct nx_reader *r)
{
    static uint8_t wire[DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(wire, sizeof(wire));
    uint8_t kind = nx_read_u8(r);
    uint8_t number = nx_read_u8(r);
    struct dsb_frame frame = {.kind = (enum dsb_frame_kind)(kind % 11 == 10 ? 16 : kind % 11),
                              .stream_id = kind / 11,
                              .window = DSB_CREDIT_INITIAL + number,
                              .code = number % 8,
                              .last_stream_id = number};

    if (frame.kind == DSB_FRAME_PAIR || frame.kind == DSB_FRAME_GOAWAY ||
        frame.kind == DSB_FRAME_PING || frame.kind == DSB_FRAME_PONG)
        frame.stream_id = 0;
    frame.body = nx_read_bytes(r, number % 36);
    if (dsb_frame_encode(&frame, &out) == NX_OK)
        feed(w, link, nx_writer_bytes(&out));
}

/* ---- the owner ------------------------------------------------------------------------------- */

static void owner_turn(struct world *w, uint8_t how)
{
    const char *name = names[how % NX_COUNT_OF(names)];
    enum dsb_pairing_role role = (how & 16) != 0 ? DSB_PAIRING_OWNER : DSB_PAIRING_TYPIST;
    char code[DSB_PAIRING_CODE_LEN + 1];
    struct dsb_mux *mux = dsb_node_session(&w->node, name);
    struct dsb_stream_handle stream;

    switch (how >> 5) {
    case 0:
        (void)!dsb_node_pair_offer(&w->node, w->now, name, code);
        break;
    case 1:
        (void)!dsb_node_pair_accept(&w->node, w->now, name, nx_bytes_of_text("123 456"));
        break;
    case 2:
        dsb_node_pair_cancel(&w->node, w->now, role);
        break;
    case 3:
        (void)!dsb_node_unpair(&w->node, w->now, name);
        break;
    case 4:
        (void)!dsb_node_connect(&w->node, name);
        break;
    case 5:
        if (mux != NULL)
            (void)!dsb_mux_open(mux, nx_bytes_of_text("msg/x"), 1, true, &stream);
        break;
    case 6:
        mux = dsb_node_session(&w->node, w->last.id_text);
        if (mux != NULL)
            (void)!dsb_node_accept(&w->node, w->now, mux, w->last.mux.stream);
        break;
    default:
        if (mux != NULL)
            (void)!dsb_mux_shutdown(mux, DSB_GOAWAY_SHUTDOWN, "x");
        break;
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void turn(struct world *w, struct nx_reader *r)
{
    uint8_t what = nx_read_u8(r);
    uint8_t how = nx_read_u8(r);
    uint32_t link = (what >> 4) % LINKS;

    switch (what % 16) {
    case 0:
    case 1:
        link_up(w, how);
        break;
    case 2:
        link_down(w, link);
        break;
    case 3:
    case 4:
        link_output(w, link, (size_t)how * 256 + 255);
        break;
    case 5:
        store_turn(w, how);
        break;
    case 6:
        dial_turn(w, how);
        break;
    case 7:
        w->now.ns += how * UINT64_C(1000000000);
        dsb_node_tick(&w->node, w->now);
        break;
    case 8:
        feed(w, link, nx_read_bytes(r, how % 64));
        break;
    case 9:
        (void)dsb_node_datagram_input(&w->node, w->now,
                                      (struct nx_address){.family = NX_ADDRESS_NONE},
                                      nx_read_bytes(r, how));
        break;
    case 10:
    case 11:
        owner_turn(w, how);
        break;
    case 12:
        (void)dsb_node_event(&w->node, w->now, &w->last);
        break;
    default:
        feed_frame(w, link, r);
        break;
    }
}

static void check_whole(struct world *w)
{
    const struct dsb_pools *pools = &w->node.pools;

    for (uint32_t link = 0; link < LINKS; link++)
        link_down(w, link);
    while (dsb_node_event(&w->node, w->now, &w->last)) {
    }
    for (uint32_t link = 0; link < LINKS; link++)
        NX_CHECK(w->node.links[link].state == DSB_LINK_FREE);
    NX_CHECK(pools->blocks.used_count == 0 && pools->streams.used_count == 0);
    NX_CHECK(pools->grants.used == 0 && pools->growth.used == 0 && pools->queues.used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct nx_reader r = nx_reader_over(nx_bytes_of(data, size));

    NX_CHECK(nx_crypto_init() == NX_OK);
    begin(&w);
    while (r.rest.len > 0 && !r.short_read)
        turn(&w, &r);
    check_whole(&w);
    dsb_node_wipe(&w.node);
    return 0;
}
