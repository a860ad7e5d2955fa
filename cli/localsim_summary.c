#include "cli/localsim_summary.h"

#include "core/base/text.h"
#include "core/bus/pools.h"

#include <inttypes.h>
#include <stdio.h>

void localsim_summary_waters(struct localsim_water waters[LOCALSIM_WATERS],
                             const struct dsb_pools *pools)
{
    waters[0] = (struct localsim_water){pools->streams.high_water, pools->streams.block_count};
    waters[1] = (struct localsim_water){pools->grants.high_water, pools->grants.limit};
    waters[2] = (struct localsim_water){pools->queues.high_water, pools->queues.limit};
    waters[3] = (struct localsim_water){pools->blocks.high_water, pools->blocks.block_count};
}

static double mb_per_s(const struct localsim_summary *s)
{
    return s->seconds > 0 ? (double)s->file_bytes / 1e6 / s->seconds : 0;
}

static void print_waters(const char *node, const struct localsim_water waters[LOCALSIM_WATERS])
{
    static const char *const names[LOCALSIM_WATERS] = {
        "streams", "credit granted, bytes", "accepted and unsent, bytes", "blocks of the pool"};

    for (size_t i = 0; i < LOCALSIM_WATERS; i++)
        printf("%s: %-28s %14" PRIu64 " %14" PRIu64 "\n", node, names[i], waters[i].high,
               waters[i].limit);
}

void localsim_summary_print(const struct localsim_summary *s)
{
    char received_as[4096];

    /* A name may hold whatever a terminal obeys. */
    nx_text_for_show(nx_bytes_of_text(s->received_as), received_as, sizeof(received_as));

    printf("\n%-34s %14" PRIu64 "  both ways, %" PRIu64 " bytes\n", "messages", s->message_count,
           s->message_bytes);
    printf("%-34s %14" PRIu64 "  both ways\n", "typed calls", s->call_count);
    printf("%-34s %14" PRIu64 "  in %.3f s, %.0f MB/s\n", "file, bytes", s->file_bytes, s->seconds,
           mb_per_s(s));
    printf("%-34s %s\n", "  received as", received_as);
    printf("%-34s %s\n", "  SHA-256 of both ends", s->sha256);
    printf("%-34s %14" PRIu32 "  after a restart, from the same %" PRIu64 " bytes\n",
           "devices in the registry", s->devices_reloaded, s->registry_bytes);
    printf("\n%-34s %14s %14s\n", "high-water mark", "used", "limit");
    print_waters("self", s->self);
    print_waters("peer", s->peer);
}

static void print_json_waters(const char *node, const struct localsim_water waters[LOCALSIM_WATERS])
{
    static const char *const keys[LOCALSIM_WATERS] = {"streams", "credit_bytes", "unsent_bytes",
                                                      "blocks"};

    for (size_t i = 0; i < LOCALSIM_WATERS; i++)
        printf("%s\"%s_%s\":{\"used\":%" PRIu64 ",\"limit\":%" PRIu64 "}", i == 0 ? "" : ",", node,
               keys[i], waters[i].high, waters[i].limit);
}

void localsim_summary_print_json(const struct localsim_summary *s)
{
    printf("{\"schema\":1,\"seed\":%" PRIu64 ",\"messages\":%" PRIu64 ",\"message_bytes\":%" PRIu64
           ",\"calls\":%" PRIu64 ",\"file_bytes\":%" PRIu64 ",\"mb_per_s\":%.1f,\"sha256\":\"%s\"",
           s->seed, s->message_count, s->message_bytes, s->call_count, s->file_bytes, mb_per_s(s),
           s->sha256);
    printf(",\"devices_reloaded\":%" PRIu32 ",\"registry_bytes\":%" PRIu64 ",\"high_water\":{",
           s->devices_reloaded, s->registry_bytes);
    print_json_waters("self", s->self);
    putchar(',');
    print_json_waters("peer", s->peer);
    puts("}}");
}
