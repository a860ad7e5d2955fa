#include "tests/streams/mux_pair.h"

#include "core/base/limits.h"
#include "tests/unit/unit.h"

static uint64_t memory[2][MUX_PAIR_MEMORY / 8];
static struct mux_pair pair;

struct mux_pair *mux_pair_begin(void)
{
    if (pair.is_begun) {
        for (size_t i = 0; i < 2; i++) {
            dsb_mux_wipe(&pair.ends[i]);

            /* Whatever a row did, all memory is back. */
            EXPECT_EQ(pair.pools[i].blocks.used_count, 0);
            EXPECT_EQ(pair.pools[i].streams.used_count, 0);
            EXPECT_EQ(pair.pools[i].grants.used, 0);
            EXPECT_EQ(pair.pools[i].growth.used, 0);
            EXPECT_EQ(pair.pools[i].queues.used, 0);
        }
    }
    pair = (struct mux_pair){.is_begun = true};
    for (size_t i = 0; i < 2; i++) {
        EXPECT_STATUS(
            dsb_pools_init(&pair.pools[i], &dsb_profile_board, memory[i], sizeof(memory[i])),
            NX_OK);
        dsb_mux_init(&pair.ends[i], pair.now, &pair.pools[i], i == 0);
    }
    return &pair;
}

static bool carry(struct mux_pair *p, size_t from)
{
    static uint8_t record[DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(record, sizeof(record));
    size_t used;

    if (!dsb_mux_output(&p->ends[from], &out))
        return false;

    enum nx_status status = dsb_mux_input(&p->ends[1 - from], p->now, nx_writer_bytes(&out), &used);
    if (status != NX_E_CLOSED) {
        EXPECT_STATUS(status, NX_OK);
        EXPECT_EQ(used, out.len);
    }
    return true;
}

void mux_pair_pump(struct mux_pair *p)
{
    bool moved;

    do {
        moved = carry(p, 0);
        moved = carry(p, 1) || moved;
    } while (moved);
}

static void world_reset(void *self, struct dsb_mux *ends[2])
{
    struct mux_pair *p = mux_pair_begin();

    (void)self;
    ends[0] = &p->ends[0];
    ends[1] = &p->ends[1];
}

static void world_pump(void *self)
{
    mux_pair_pump(self);
}

static void world_cut(void *self)
{
    struct mux_pair *p = self;

    dsb_mux_cut(&p->ends[0]);
    dsb_mux_cut(&p->ends[1]);
}

static struct nx_instant world_now(void *self)
{
    return ((struct mux_pair *)self)->now;
}

struct stream_world mux_pair_as_world(struct mux_pair *p)
{
    return (struct stream_world){p, world_reset, world_pump, world_cut, world_now};
}
