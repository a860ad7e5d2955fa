#include "tests/bus/registry_bench.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

struct bench bench;

void bench_start(void)
{
    dsb_registry_init(&bench.registry, DSB_WORLD_SIM, bench.peers, BENCH_PEER_CAP);
    nx_store_init(&bench.store, bench.waiting, BENCH_VALUE_CAP, 2);
    nx_store_memory_restart(&bench.disk);
}

enum nx_status bench_load(void)
{
    struct nx_writer value = nx_writer_over(bench.loaded, sizeof(bench.loaded));
    enum nx_status loaded = nx_store_memory_load(&bench.disk, DSB_REGISTRY_KEY, &value);

    return dsb_registry_load(&bench.registry, loaded, nx_writer_bytes(&value), bench.nodes,
                             NX_COUNT_OF(bench.nodes));
}

enum nx_status bench_restart(void)
{
    bench_start();
    return bench_load();
}

void bench_begin(void)
{
    nx_store_memory_init(&bench.disk, bench.held, BENCH_VALUE_CAP, BENCH_HELD_CAP);
    EXPECT_STATUS(bench_restart(), NX_OK);
}

void bench_pump(void)
{
    struct nx_store_event stored;

    while (dsb_registry_output(&bench.registry, &bench.store) ||
           nx_store_memory_step(&bench.disk, &bench.store)) {
        while (nx_store_event(&bench.store, &stored))
            EXPECT(dsb_registry_stored(&bench.registry, &stored));
    }
}

void bench_expect_event(enum dsb_registry_act act, const char *id_text, enum nx_status status)
{
    struct dsb_registry_event event;

    NEED(dsb_registry_event(&bench.registry, &event));
    EXPECT_EQ(event.act, act);
    EXPECT_TEXT(event.id_text, id_text);
    EXPECT_STATUS(event.status, status);
}

void bench_expect_no_event(void)
{
    struct dsb_registry_event event;

    EXPECT(!dsb_registry_event(&bench.registry, &event));
}

struct dsb_peer bench_peer(const char *id_text, uint8_t key)
{
    struct dsb_peer peer = {.paired_at_s = key};
    struct nx_text t = nx_text_over(peer.id_text, sizeof(peer.id_text));

    nx_text_add(&t, id_text);
    memset(peer.ed25519, key, sizeof(peer.ed25519));
    memset(peer.noise_static, key, sizeof(peer.noise_static));
    EXPECT_STATUS(dsb_id_of_text(DSB_WORLD_SIM, id_text, peer.id), NX_OK);
    return peer;
}

enum nx_status bench_add(const char *id_text, uint8_t key)
{
    struct dsb_peer peer = bench_peer(id_text, key);

    return dsb_registry_add(&bench.registry, &peer);
}

void bench_have(const char *id_text, uint8_t key)
{
    EXPECT_STATUS(bench_add(id_text, key), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_ADD, id_text, NX_OK);
}

bool bench_is_paired(const char *id_text)
{
    return dsb_registry_find_text(&bench.registry, id_text) != NULL;
}

struct nx_bytes bench_on_disk(const char *name)
{
    struct nx_bytes value = {NULL, 0};

    if (nx_store_memory_find(&bench.disk, name, &value) != NX_OK)
        value = nx_bytes_of(NULL, 0);
    return value;
}

void bench_put_on_disk(const char *text)
{
    EXPECT_STATUS(nx_store_memory_set(&bench.disk, DSB_REGISTRY_KEY, nx_bytes_of_text(text)),
                  NX_OK);
}
