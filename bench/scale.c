/* Scale: many sessions on one side, through Noise, records, muxes and the pools that a node shares among
 * them; how much memory they take, page by page, and what they carry.
 *
 *     scale [--tap] SESSIONS STREAMS IDLE     (1000 8 10000 is what is promised)
 *
 *     SESSIONS x STREAMS   every stream full in both directions and nobody reads: memory is at most what
 *                          the profile's arithmetic says. Then all of it is read, and each byte compared.
 *     IDLE sessions        come up and say nothing; ten minutes of keepalive; what one of them costs
 *
 * A node of the host profile has 128 paired devices and so that many sessions (docs/adr/0007): what is
 * shown here is everything below its registry. The far ends are devices of their own with one more set of
 * pools, and bytes go from one connection's buffer into the other's; there is no system in between. */
#define _GNU_SOURCE

#include "bench/measure.h"
#include "core/bus/byte_stream.h"
#include "core/node/connections.h"
#include "host/entropy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum {
    STREAMS_MAX = 16,
    EACH_WAY = 2 * DSB_CREDIT_INITIAL, /* bytes of a stream: its first credit, and as much again */
    IDLE_MINUTES = 10,
};

struct end {
    struct dsb_byte_stream stream;
    bool is_there;
    uint32_t sent, got;
};

struct side {
    struct dsb_pools pools;
    void *pools_memory;
    struct dsb_connection *conns;
    struct dsb_link *links;
    struct end (*ends)[STREAMS_MAX];
};

static struct nx_instant now;
static struct side hub, far;
static struct dsb_identity hub_identity;
static struct dsb_credentials hub_credentials;
static uint32_t count, stream_count;
static bool is_tap;
static unsigned row_number, failed_count;

/* ---- saying ---------------------------------------------------------------------------------- */

static void row(bool holds, const char *name)
{
    row_number++;
    failed_count += !holds;
    printf("%sok %u - bench/scale: %s\n", holds ? "" : "not ", row_number, name);
}

static void result(const char *workload, const char *metric, double value)
{
    if (is_tap)
        printf("# ");
    measure_result(workload, metric, value);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void *map(uint64_t len)
{
    void *memory =
        mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    measure_need(memory != MAP_FAILED, "there is address space");
    return memory;
}

/* Bytes of it that are in memory. */
static uint64_t resident(void *memory, uint64_t len)
{
    static unsigned char pages[65536];
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), sum = 0;

    for (uint64_t at = 0; at < len; at += sizeof(pages) * page) {
        uint64_t part = len - at < sizeof(pages) * page ? len - at : sizeof(pages) * page;

        measure_need(mincore((uint8_t *)memory + at, part, pages) == 0, "pages can be counted");
        for (uint64_t i = 0; i < (part + page - 1) / page; i++)
            sum += (pages[i] & 1u) * page;
    }
    return sum;
}

static uint64_t pools_resident(const struct side *s)
{
    return resident(s->pools_memory, dsb_pools_size(&dsb_profile_host));
}

static uint64_t sessions_resident(const struct side *s)
{
    return resident(s->conns, count * sizeof(*s->conns)) +
           resident(s->links, count * sizeof(*s->links));
}

static void begin_side(struct side *s)
{
    uint64_t size = dsb_pools_size(&dsb_profile_host);

    s->pools_memory = map(size);
    s->conns = map(count * sizeof(*s->conns));
    s->links = map(count * sizeof(*s->links));
    s->ends = map(count * sizeof(*s->ends));
    measure_need(dsb_pools_init(&s->pools, &dsb_profile_host, s->pools_memory, size) == NX_OK,
                 "the profile holds");
}

static void end_side(struct side *s)
{
    for (uint32_t i = 0; i < count; i++) {
        dsb_mux_wipe(&s->links[i].mux);
        dsb_session_wipe(&s->conns[i].session);
    }
    (void)munmap(s->pools_memory, dsb_pools_size(&dsb_profile_host));
    (void)munmap(s->conns, count * sizeof(*s->conns));
    (void)munmap(s->links, count * sizeof(*s->links));
    (void)munmap(s->ends, count * sizeof(*s->ends));
}

/* ---- one connection ---------------------------------------------------------------------------- */

/* As core/node/connection_send.c does it. */
static void put_records(struct side *s, uint32_t i)
{
    struct dsb_connection *conn = &s->conns[i];
    struct nx_writer out = nx_writer_over(conn->out, sizeof(conn->out));

    out.len = conn->out_len;
    for (;;) {
        struct nx_writer plain = dsb_records_room(&out, DSB_FRAME_MAX);

        if (plain.cap < DSB_FRAME_MAX || !dsb_mux_output(&s->links[i].mux, &plain))
            break;
        measure_need(dsb_records_seal(&conn->session.records, plain.len, &out) == NX_OK,
                     "a record is sealed");
    }
    conn->out_len = out.len;
}

/* What has arrived, as far as it is whole. */
static void take_in(struct side *s, uint32_t i)
{
    struct dsb_connection *conn = &s->conns[i];
    enum nx_status status = NX_OK;

    while (status == NX_OK) {
        struct nx_bytes plain;
        size_t used, frames_used;

        status = dsb_session_input(&conn->session, now, conn->in + conn->in_at,
                                   conn->in_len - conn->in_at, &used, &plain);
        conn->in_at += used;
        if (conn->session.state == DSB_SESSION_ASKED)
            dsb_session_admit(&conn->session, true);
        if (plain.len > 0)
            measure_need(dsb_mux_input(&s->links[i].mux, now, plain, &frames_used) == NX_OK &&
                             frames_used == plain.len,
                         "frames are what they should be");
    }
    measure_need(status == NX_WOULD_BLOCK, "records are what they should be");
    memmove(conn->in, conn->in + conn->in_at, conn->in_len - conn->in_at);
    conn->in_len -= conn->in_at;
    conn->in_at = 0;
}

/* What one end has to say goes to the other. True: something did. */
static bool carry(struct side *from, struct side *to, uint32_t i)
{
    struct dsb_connection *a = &from->conns[i], *b = &to->conns[i];

    if (a->session.state == DSB_SESSION_UP)
        put_records(from, i);
    size_t len = a->out_len - a->out_at, room = sizeof(b->in) - b->in_len;
    len = len < room ? len : room;
    memcpy(b->in + b->in_len, a->out + a->out_at, len);
    b->in_len += len;
    a->out_at += len;
    if (a->out_at == a->out_len)
        a->out_at = a->out_len = 0;
    if (len > 0)
        take_in(to, i);
    return len > 0;
}

static void put_session(struct dsb_connection *conn)
{
    struct nx_writer out = nx_writer_over(conn->out, sizeof(conn->out));

    out.len = conn->out_len;
    while (dsb_session_output(&conn->session, &out))
        ;
    conn->out_len = out.len;
}

static void come_up(uint32_t i)
{
    uint8_t seed[NX_ED25519_SEED_LEN];
    struct nx_rng rng = nx_entropy();
    static struct dsb_identity identity;
    static struct dsb_credentials credentials;
    const struct dsb_session_dial dial = {
        .id = hub_identity.id,
        .noise_static = hub_identity.noise_static,
        .purpose = DSB_PURPOSE_SESSION,
        .is_paired = true,
        .protocol = DSB_PROTOCOL_NATIVE,
    };

    measure_need(nx_rng_fill(&rng, seed, sizeof(seed)) == NX_OK, "there is chance");
    dsb_identity_init(&identity, seed);
    dsb_credentials_init(&credentials, &identity);
    dsb_session_accept(&hub.conns[i].session, now, &hub_credentials, rng);
    measure_need(dsb_session_dial(&far.conns[i].session, now, &credentials, rng, &dial) == NX_OK,
                 "a session is dialled");
    dsb_mux_init(&hub.links[i].mux, now, &hub.pools, false);
    dsb_mux_init(&far.links[i].mux, now, &far.pools, true);
    bool moves = true;
    while (moves) {
        put_session(&far.conns[i]);
        moves = carry(&far, &hub, i);
        put_session(&hub.conns[i]);
        moves |= carry(&hub, &far, i);
    }
    measure_need(hub.conns[i].session.state == DSB_SESSION_UP &&
                     far.conns[i].session.state == DSB_SESSION_UP,
                 "a session comes up");
}

static void come_up_all(void)
{
    begin_side(&hub);
    begin_side(&far);
    for (uint32_t i = 0; i < count; i++)
        come_up(i);
}

/* Both ways. True: something moved. */
static bool exchange(uint32_t i)
{
    bool moves = carry(&far, &hub, i);

    moves |= carry(&hub, &far, i);
    return moves;
}

static void carry_all(void)
{
    for (uint32_t i = 0; i < count; i++) {
        while (exchange(i))
            ;
    }
}

/* ---- streams ----------------------------------------------------------------------------------- */

static void open_all(void)
{
    for (uint32_t i = 0; i < count; i++) {
        struct dsb_mux_event event;

        for (uint32_t k = 0; k < stream_count; k++) {
            const uint8_t name = (uint8_t)('a' + k);

            measure_need(dsb_byte_stream_open(&far.ends[i][k].stream, &far.links[i].mux,
                                              nx_bytes_of(&name, 1)) == NX_OK,
                         "a stream opens");
            far.ends[i][k].is_there = true;
        }
        while (carry(&far, &hub, i))
            ;
        while (dsb_mux_event(&hub.links[i].mux, &event)) {
            if (event.kind != DSB_MUX_OPENED)
                continue;
            struct end *end = &hub.ends[i][event.name.ptr[event.name.len - 1] - 'a'];
            measure_need(dsb_byte_stream_accept(&end->stream, &hub.links[i].mux, event.stream) ==
                             NX_OK,
                         "a stream is accepted");
            end->is_there = true;
        }
        for (uint32_t k = 0; k < stream_count; k++)
            measure_need(hub.ends[i][k].is_there, "every stream arrives");
    }
    carry_all();
}

/* Every byte depends on its session, its stream, its direction and its place. */
static uint8_t byte_at(const struct side *from, uint32_t i, uint32_t k, uint32_t at)
{
    return (uint8_t)(at * 31 + (at >> 8) * 7 + i * 13 + k * 131 + (from == &hub ? 101 : 0));
}

/* As much as is taken, up to `most` bytes of the stream in all. True: some was. */
static bool push(struct side *s, uint32_t i, uint32_t k, uint32_t most)
{
    static uint8_t bytes[16384];
    struct end *end = &s->ends[i][k];
    uint32_t begun_at = end->sent;

    while (end->sent < most) {
        size_t taken = 0;
        uint32_t len = most - end->sent;

        if (len > sizeof(bytes))
            len = sizeof(bytes);
        for (uint32_t n = 0; n < len; n++)
            bytes[n] = byte_at(s, i, k, end->sent + n);
        if (dsb_byte_stream_push(&end->stream, now, nx_bytes_of(bytes, len), &taken) != NX_OK)
            break;
        end->sent += (uint32_t)taken;
    }
    return end->sent > begun_at;
}

/* All that is there, each byte compared. True: some was. */
static bool pull(struct side *s, uint32_t i, uint32_t k)
{
    struct end *end = &s->ends[i][k];
    const struct side *from = s == &hub ? &far : &hub;
    uint32_t begun_at = end->got;
    struct nx_bytes bytes;

    while (dsb_byte_stream_peek(&end->stream, &bytes) == NX_OK) {
        uint8_t differs = 0;

        for (size_t n = 0; n < bytes.len; n++)
            differs |= bytes.ptr[n] ^ byte_at(from, i, k, end->got + (uint32_t)n);
        measure_need(differs == 0, "every byte is the one that was sent");
        end->got += (uint32_t)bytes.len;
        dsb_byte_stream_drop(&end->stream, bytes.len);
    }
    return end->got > begun_at;
}

static void fill_all(void)
{
    bool moves = true;

    while (moves) { /* the far ends: all credit there is, which arrives and is not read */
        moves = false;
        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t k = 0; k < stream_count; k++)
                moves |= push(&far, i, k, EACH_WAY);
            while (carry(&far, &hub, i))
                ;
        }
    }
    for (uint32_t i = 0; i < count; i++) { /* and here whatever is accepted, which does not leave */
        for (uint32_t k = 0; k < stream_count; k++)
            (void)push(&hub, i, k, EACH_WAY);
    }
}

/* Until everything was sent, carried and read, up to `each` bytes of a stream in each direction. */
static void exchange_all(uint32_t each)
{
    bool moves = true;

    while (moves) {
        moves = false;
        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t k = 0; k < stream_count; k++) {
                moves |= push(&far, i, k, each);
                moves |= push(&hub, i, k, each);
            }
            moves |= exchange(i);
            for (uint32_t k = 0; k < stream_count; k++) {
                moves |= pull(&hub, i, k);
                moves |= pull(&far, i, k);
            }
        }
        now = nx_instant_after(now, nx_milliseconds(1));
    }
}

static bool has_all(uint32_t each)
{
    bool all = true;

    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < stream_count; k++)
            all &= hub.ends[i][k].got == each && far.ends[i][k].got == each;
    }
    return all;
}

/* ---- what is shown ------------------------------------------------------------------------------ */

static void busy(uint32_t sessions)
{
    uint64_t computed = dsb_pools_size(&dsb_profile_host) +
                        sessions * (sizeof(struct dsb_connection) + sizeof(struct dsb_link));

    count = sessions;
    come_up_all();
    open_all();
    fill_all();
    uint64_t used = pools_resident(&hub) + sessions_resident(&hub);
    result("busy", "MiB_computed", (double)computed / 1048576);
    result("busy", "MiB_resident", (double)used / 1048576);
    row(used <= computed, "with every stream full memory is at most what the profile computes");
    uint64_t wanted = (uint64_t)sessions * stream_count * DSB_CREDIT_INITIAL;
    row(hub.pools.grants.used >= wanted && hub.pools.grants.used <= dsb_profile_host.grants_max,
        "every stream has its credit, and all of it is within the node's");
    exchange_all(EACH_WAY);
    row(has_all(EACH_WAY), "every byte of every stream arrives, in both directions");
    end_side(&hub);
    end_side(&far);
}

/* Seconds of a core that this process took so far: others may be at work on the machine. */
static double cpu_seconds(void)
{
    struct timespec t;

    measure_need(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == 0, "there is a clock");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Bytes a second of a core, both ends on it, over `sessions`, each stream carrying its share of the same sum. */
static double rate(uint32_t sessions, uint64_t sum)
{
    uint32_t each = (uint32_t)(sum / 2 / sessions / stream_count);

    count = sessions;
    come_up_all();
    open_all();
    exchange_all(each / 8); /* warm */
    double begun = cpu_seconds();
    exchange_all(each);
    double seconds = cpu_seconds() - begun;
    measure_need(has_all(each), "every byte arrives");
    end_side(&hub);
    end_side(&far);
    return (double)sum * 7 / 8 / 1e6 / seconds;
}

static void speed(uint32_t sessions)
{
    uint64_t sum = 512u << 20; /* of one session 32 MiB a stream and direction; of 1,000 32 KiB */
    double one = rate(1, sum), all = rate(sessions, sum);

    result("one session", "MB_per_cpu_s", one);
    result("all sessions", "MB_per_cpu_s", all);
    result("all sessions", "ratio_to_one", all / one);
}

static void idle(uint32_t sessions)
{
    bool all_live = true;

    count = sessions;
    come_up_all();
    result("idle", "KiB_per_session", (double)sessions_resident(&hub) / 1024 / sessions);
    struct nx_instant until = nx_instant_after(now, nx_seconds(60 * IDLE_MINUTES));
    double begun = cpu_seconds();
    while (now.ns < until.ns) {
        now = nx_instant_after(now, nx_seconds(10));
        for (uint32_t i = 0; i < sessions; i++) {
            dsb_mux_tick(&hub.links[i].mux, now);
            dsb_mux_tick(&far.links[i].mux, now);
        }
        carry_all();
    }
    double seconds = cpu_seconds() - begun;
    for (uint32_t i = 0; i < sessions; i++)
        all_live &=
            hub.links[i].mux.state == DSB_MUX_ACTIVE && far.links[i].mux.state == DSB_MUX_ACTIVE;
    result("idle", "us_per_session_and_minute", seconds * 1e6 / IDLE_MINUTES / sessions);
    result("idle", "KiB_per_session_kept_alive", (double)sessions_resident(&hub) / 1024 / sessions);
    row(all_live, "idle sessions live on, each kept alive by itself");
    row(pools_resident(&hub) <= 1048576, "and hold no block of the pools");
    end_side(&hub);
    end_side(&far);
}

int main(int argc, char **argv)
{
    uint8_t seed[NX_ED25519_SEED_LEN] = {1};
    int first = 1;

    is_tap = argc > 1 && strcmp(argv[1], "--tap") == 0;
    first += is_tap;
    if (argc != first + 3 || nx_crypto_init() != NX_OK) {
        (void)fprintf(stderr, "usage: scale [--tap] SESSIONS STREAMS IDLE\n");
        return 2;
    }
    uint32_t sessions = (uint32_t)strtoul(argv[first], NULL, 10);
    stream_count = (uint32_t)strtoul(argv[first + 1], NULL, 10);
    uint32_t idle_sessions = (uint32_t)strtoul(argv[first + 2], NULL, 10);
    measure_need(stream_count >= 1 && stream_count <= STREAMS_MAX, "there are 1 to 16 streams");
    now = (struct nx_instant){nx_seconds(1000).ns};
    dsb_identity_init(&hub_identity, seed);
    dsb_credentials_init(&hub_credentials, &hub_identity);
    busy(sessions);
    if (!is_tap)
        speed(sessions);
    idle(idle_sessions);
    printf("1..%u\n", row_number);
    return failed_count > 0;
}
