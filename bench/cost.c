/* What a node costs in memory: each machine as its owner embeds it, and what it is lent. */
#include "bench/measure.h"
#include "core/base/json.h"
#include "core/bus/byte_stream.h"
#include "core/bus/discovery.h"
#include "core/bus/identity.h"
#include "core/bus/msg_stream.h"
#include "core/bus/pools.h"
#include "core/bus/records.h"
#include "core/crypto/crypto.h"
#include "core/localsim/localsim.h"
#include "core/store/memory.h"

#define COST(type) measure_result("struct " #type, "bytes", (double)sizeof(struct type))

static void pools_of(const struct dsb_profile *profile, const char *workload)
{
    measure_result(workload, "bytes", (double)dsb_pools_size(profile));
}

static void neighbours_of(uint32_t count, const char *workload)
{
    size_t bytes =
        count * sizeof(struct dsb_neighbour) + dsb_neighbours_index_count(count) * sizeof(uint32_t);

    measure_result(workload, "bytes", (double)bytes);
}

int main(void)
{
    measure_begin("what a node costs in memory");

    COST(nx_aead);
    COST(nx_json_node);
    COST(dsb_beacon);
    COST(dsb_frame);
    COST(dsb_identity);
    COST(dsb_noise);
    COST(dsb_records);
    COST(dsb_keepalive);
    COST(dsb_scheduler);
    COST(dsb_mux);
    COST(dsb_stream);
    COST(dsb_msg_stream);
    COST(dsb_byte_stream);
    COST(dsb_neighbour);
    COST(dsb_neighbours);
    COST(dsb_announcer);
    COST(dsb_discovery);
    COST(dsb_pairing);
    COST(dsb_peer);
    COST(dsb_registry);
    COST(nx_store);
    COST(nx_store_memory);
    COST(dsb_link);
    COST(dsb_node);
    COST(dsb_localsim);

    measure_result("mux of an idle session", "KiB_per_conn",
                   (double)sizeof(struct dsb_mux) / 1024.0);
    pools_of(&dsb_profile_host, "pools of a host, reserved at most");
    pools_of(&dsb_profile_board, "pools of a board");
    measure_result("all that a node on a host is lent, at most", "bytes",
                   (double)dsb_node_memory_size(&dsb_profile_host));
    measure_result("all that a node on a board is lent", "bytes",
                   (double)dsb_node_memory_size(&dsb_profile_board));
    neighbours_of(64, "discovery table of 64");
    neighbours_of(1024, "discovery table of 1,024");
    neighbours_of(10000, "discovery table of 10,000");
    return 0;
}
