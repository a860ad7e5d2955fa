/* Programs that say whatever comes to their minds: everybody else is served, and when they have gone all
 * that was theirs is back. */
#include "core/base/memory.h"
#include "core/base/rng.h"
#include "tests/dsoftbusd/desk.h"
#include "tests/unit/unit.h"

enum {
    SEEDS = 12,
    STEPS = 2000, /* of one seed */
    CROWD = 8,
};

static struct desk *desk;
static struct desk_program *crowd[CROWD], *witness;
static struct nx_prng prng;
static uint64_t stream_count; /* a program was seen with one */

static uint32_t draw(uint32_t below)
{
    struct nx_rng rng = nx_prng_as_rng(&prng);
    uint32_t value = 0;

    EXPECT_STATUS(nx_rng_fill(&rng, (uint8_t *)&value, sizeof(value)), NX_OK);
    return value % below;
}

static const char *some_id(void)
{
    return desk->devices[draw(FABRIC_DEVICES)].id;
}

static const char *other_id(const struct desk_program *p)
{
    return desk->devices[p->at == &desk->devices[0]].id;
}

/* Mostly the same, so that there are streams. */
static const char *some_channel(void)
{
    static const char *const channels[] = {"x", "x", "x", "x", "y", "y", "7", ""};

    return channels[draw(NX_COUNT_OF(channels))];
}

static const struct dsoftbusd_client *client_of(const struct desk_program *p)
{
    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        const struct dsoftbusd_client *client = &p->at->engine.clients[i];

        if (client->is_used && client->handle.value == p->handle.value)
            return client;
    }
    return NULL;
}

static bool has_call(const struct desk_program *p)
{
    const struct dsoftbusd_client *client = client_of(p);
    bool has = client != NULL && client->stream.is_open;

    for (uint32_t i = 0; client != NULL && i < DSOFTBUSD_CALL_SLOTS; i++)
        has = has || client->calls[i].state != DSOFTBUSD_CALL_FREE;
    return has;
}

/* The call that its stream is under; 0: it has none. */
static uint32_t stream_id_of(const struct desk_program *p)
{
    const struct dsoftbusd_client *client = client_of(p);

    if (client == NULL || !client->stream.is_open)
        return 0;
    stream_count++;
    return client->stream.call_id;
}

static bool has_messages(const struct desk_program *p)
{
    const struct dsoftbusd_client *client = client_of(p);

    return client != NULL && client->stream.is_messages;
}

static void say_anything(struct desk_program *p, uint32_t id)
{
    static uint8_t bytes[NX_IPC_BODY_MAX];
    struct nx_ipc_head head = {.kind = NX_IPC_CALL,
                               .operation = (uint16_t)(1 + draw(17)),
                               .call_id = id,
                               .deadline_ms = draw(3000)};

    if (draw(2) == 0)
        head = (struct nx_ipc_head){.kind = NX_IPC_STREAM,
                                    .operation = (uint16_t)(12 + draw(4)),
                                    .call_id = id,
                                    .ends_message = draw(2) == 0};
    desk_say(p, &head, nx_bytes_of(bytes, draw(3) == 0 ? draw(sizeof(bytes)) : 0));
    desk_settle();
}

/* Mostly for streams. */
static void call_something(struct desk_program *p, uint32_t id)
{
    static const uint16_t named[] = {DSOFTBUSD_OPERATION_OFFER, DSOFTBUSD_OPERATION_CONNECT,
                                     DSOFTBUSD_OPERATION_PING};
    enum dsoftbusd_stream_kind kind = (enum dsoftbusd_stream_kind)(draw(9) / 4);
    uint32_t what = draw(20);

    if (what == 0)
        desk_call_named(p, id, named[draw(NX_COUNT_OF(named))], some_id());
    else if (what == 1)
        desk_discover(p, id, draw(2) == 0);
    else if (what == 2)
        desk_accept(p, id, some_id(), "123456");
    else if (what == 3)
        desk_call(p, id, DSOFTBUSD_OPERATION_PEERS, nx_bytes_of(NULL, 0));
    else if (what < 12)
        desk_listen(p, id, draw(3) != 0 ? "" : other_id(p), kind, some_channel());
    else
        desk_open(p, id, draw(8) == 0 ? some_id() : other_id(p), kind, some_channel());
}

/* Of its stream, if it has one. */
static void go_on(struct desk_program *p)
{
    static uint8_t bytes[NX_IPC_BODY_MAX];
    uint32_t id = stream_id_of(p);

    if (!desk_is_heard(p))
        return; /* it is held back, and would be for ever */
    switch (id == 0 ? 99 : draw(24)) {
    case 99:
        break;
    case 0:
        desk_finish(p, id);
        break;
    case 1:
        desk_abort(p, id, (uint16_t)(draw(2) == 0 ? 1 : 256), "enough");
        break;
    default:
        desk_data(p, id, nx_bytes_of(bytes, draw(sizeof(bytes))),
                  draw(40) == 0 || (draw(2) == 0 && has_messages(p)));
        break;
    }
}

static void step(uint32_t who)
{
    struct desk_program *p = crowd[who];
    uint32_t id = 1 + draw(3);

    if (p->is_closed || p->has_left) {
        desk_forget(p);
        crowd[who] = desk_join(&desk->devices[draw(2)]);
        return;
    }
    switch (draw(16)) {
    case 0:
        if (draw(4) == 0)
            desk_leave(p);
        break;
    case 1:
        if (desk_is_heard(p) && draw(4) == 0)
            say_anything(p, id);
        break;
    case 2:
        if (draw(4) == 0)
            desk_cancel(p, id);
        break;
    case 3:
        desk_pass(nx_milliseconds(draw(5000)));
        break;
    case 4:
    case 5:
        if (desk_is_heard(p) && (!has_call(p) || draw(20) == 0))
            call_something(p, id);
        break;
    case 6:
    case 7:
    case 8:
        go_on(p);
        break;
    default:
        for (uint32_t i = draw(4); i > 0 && desk_read(p); i--)
            desk_settle();
        break;
    }
}

static void expect_nothing_left(struct desk_device *at)
{
    EXPECT_EQ(at->d->node.pools.streams.used_count, 0);
    EXPECT_EQ(at->d->node.pools.blocks.used_count, 0);
    EXPECT_EQ(dsb_pairing_state(&at->d->node.pairing, DSB_PAIRING_OWNER), DSB_PAIRING_CLOSED);
    EXPECT_EQ(dsb_pairing_state(&at->d->node.pairing, DSB_PAIRING_TYPIST), DSB_PAIRING_CLOSED);
    for (size_t role = 0; role < DSB_PAIRING_ROLE_COUNT; role++)
        EXPECT_EQ(at->engine.taken_back[role], 0);
}

UNIT_SUITE(random_test)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        unit_row_number("whatever programs say, the others are served and all is given back: seed",
                        seed);
        nx_prng_init(&prng, seed, "desk");
        stream_count = 0;
        desk = desk_begin_paired();
        witness = desk_join(&desk->devices[0]);
        for (uint32_t i = 0; i < CROWD; i++)
            crowd[i] = desk_join(&desk->devices[i % 2]);
        for (uint32_t i = 0; i < STEPS && !desk->is_stuck; i++) {
            step(draw(CROWD));
            if (i % 16 != 0)
                continue;
            desk_call(witness, 1, DSOFTBUSD_OPERATION_STATUS, nx_bytes_of(NULL, 0));
            desk_expect_reply(witness, 1, NX_OK);
        }
        EXPECT(stream_count > 0);
        for (uint32_t i = 0; i < CROWD; i++)
            desk_leave(crowd[i]);
        expect_nothing_left(&desk->devices[0]);
        expect_nothing_left(&desk->devices[1]);
    }
}
