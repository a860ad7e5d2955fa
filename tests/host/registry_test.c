/* The registry over real files, and its golden pairs: what is read (vectors/registry_<world>_NN.in)
 * and what is written of it, or said about it (….out). The folder of the pairs is the argument. */
#define _XOPEN_SOURCE 700

#include "core/bus/registry.h"
#include "tests/host/files_bench.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEER_CAP 4

static const char *vector_folder;

static struct dsb_registry registry;
static struct dsb_peer peers[PEER_CAP];
static struct nx_json_node nodes[DSB_REGISTRY_NODES_MAX];

/* The whole of a file, terminated; -1 when it is not there. */
static long slurp(const char *path, char *text, size_t cap)
{
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return -1;
    size_t len = fread(text, 1, cap - 1, file);
    fclose(file);
    text[len] = '\0';
    return (long)len;
}

/* ---- golden pairs ---------------------------------------------------------------------------- */

static void expect_pair(enum dsb_world world, const char *in, size_t in_len, const char *want)
{
    static char got[NX_STORE_VALUE_MAX];
    const struct dsb_peers_edit no_edit = {.added = NULL};
    struct dsb_peers table;
    struct dsb_pairing_saved budgets;
    struct nx_why why;
    struct nx_writer out = nx_writer_over(got, sizeof(got) - 1);

    dsb_peers_init(&table, peers, PEER_CAP);
    enum nx_status status = dsb_registry_decode(world, nx_bytes_of(in, in_len), nodes,
                                                NX_COUNT_OF(nodes), &table, &budgets, &why);
    if (status == NX_OK)
        EXPECT_STATUS(dsb_registry_encode(world, &table, &no_edit, &budgets, &out), NX_OK);
    else
        out.len = (size_t)snprintf(got, sizeof(got), "%s: %s\n", nx_status_name(status), why.text);
    got[out.len] = '\0';
    if (!EXPECT(strcmp(got, want) == 0))
        unit_note(got);
}

UNIT_SUITE(pairs)
{
    static const char *const worlds[] = {"sim", "net"};
    unsigned number = 1;
    bool is_found = true;

    for (; is_found; number++) {
        is_found = false;
        for (unsigned w = 0; w < 2; w++) {
            static char in[NX_STORE_VALUE_MAX];
            static char want[NX_STORE_VALUE_MAX];
            char path[1024];

            snprintf(path, sizeof(path), "%s/registry_%s_%02u.in", vector_folder, worlds[w],
                     number);
            long in_len = slurp(path, in, sizeof(in));
            if (in_len < 0)
                continue;
            is_found = true;
            unit_row_number(w == 0 ? "a pair of localSim" : "a pair of a real node", number);
            snprintf(path, sizeof(path), "%s/registry_%s_%02u.out", vector_folder, worlds[w],
                     number);
            EXPECT(slurp(path, want, sizeof(want)) >= 0);
            expect_pair(w == 0 ? DSB_WORLD_SIM : DSB_WORLD_NET, in, (size_t)in_len, want);
        }
    }
    unit_row("there are pairs");
    EXPECT(number > 2);
}

/* ---- over a folder --------------------------------------------------------------------------- */

static enum nx_status restart(struct files_bench *b)
{
    EXPECT_STATUS(files_bench_reopen(b), NX_OK);
    enum nx_status loaded = files_bench_load(b, DSB_REGISTRY_KEY);

    dsb_registry_init(&registry, DSB_WORLD_SIM, peers, PEER_CAP);
    return dsb_registry_load(&registry, loaded, nx_writer_bytes(&b->value), nodes,
                             NX_COUNT_OF(nodes));
}

static void pump(struct files_bench *b)
{
    struct nx_store_event stored;

    while (dsb_registry_output(&registry, &b->store) || nx_files_step(&b->files, &b->store)) {
        while (nx_store_event(&b->store, &stored))
            EXPECT(dsb_registry_stored(&registry, &stored));
    }
}

/* Adds a peer: the status of its event. */
static enum nx_status add(struct files_bench *b, const char *id_text)
{
    struct dsb_peer peer = {.paired_at_s = 7};
    struct dsb_registry_event event = {.status = NX_E_TIMEOUT};

    snprintf(peer.id_text, sizeof(peer.id_text), "%s", id_text);
    EXPECT_STATUS(dsb_id_of_text(DSB_WORLD_SIM, id_text, peer.id), NX_OK);
    EXPECT_STATUS(dsb_registry_add(&registry, &peer), NX_OK);
    pump(b);
    EXPECT(dsb_registry_event(&registry, &event));
    return event.status;
}

static bool is_paired(const char *id_text)
{
    return dsb_registry_find_text(&registry, id_text) != NULL;
}

static int refuse_openat(int folder, const char *name, int flags, mode_t mode)
{
    if ((flags & O_CREAT) == 0)
        return openat(folder, name, flags, mode);
    errno = ENOSPC;
    return -1;
}

UNIT_SUITE(over_files)
{
    static char before[NX_STORE_VALUE_MAX];
    static char after[NX_STORE_VALUE_MAX];
    char path[SCRATCH_PATH_MAX];
    struct nx_files_calls full_disk = nx_files_system_calls;
    struct files_bench b;

    full_disk.openat = refuse_openat;
    files_bench_begin(&b);
    files_bench_path(&b, DSB_REGISTRY_KEY, path);

    unit_row("a first start has an empty registry and no file");
    EXPECT_STATUS(restart(&b), NX_OK);
    EXPECT(access(path, F_OK) != 0);

    unit_row("a registry is the same bytes after a restart");
    EXPECT_STATUS(add(&b, "b"), NX_OK);
    EXPECT_STATUS(add(&b, "a"), NX_OK);
    EXPECT(slurp(path, before, sizeof(before)) > 0);
    EXPECT_STATUS(restart(&b), NX_OK);
    EXPECT(is_paired("a") && is_paired("b"));
    EXPECT_STATUS(dsb_registry_set_budgets(&registry, dsb_registry_budgets(&registry)), NX_OK);
    EXPECT(unlink(path) == 0);
    pump(&b);
    EXPECT(slurp(path, after, sizeof(after)) > 0);
    EXPECT(strcmp(before, after) == 0);

    unit_row("on a full disk nobody is paired, and those who were still are");
    EXPECT_STATUS(restart(&b), NX_OK);
    b.files.calls = &full_disk;
    EXPECT_STATUS(add(&b, "c"), NX_E_NO_SPACE);
    EXPECT(!is_paired("c") && is_paired("a"));
    EXPECT_STATUS(restart(&b), NX_OK);
    EXPECT(!is_paired("c") && is_paired("a"));

    unit_row("a registry that others can write is refused, and left as it is");
    EXPECT(chmod(path, 0666) == 0);
    EXPECT_STATUS(restart(&b), NX_E_DENIED);
    pump(&b);
    EXPECT(chmod(path, 0600) == 0);
    EXPECT_STATUS(restart(&b), NX_OK);
    EXPECT(is_paired("a"));

    unit_row("a damaged registry is kept beside, and a restart does not forget that");
    EXPECT(truncate(path, 100) == 0);
    EXPECT_STATUS(restart(&b), NX_E_MALFORMED);
    pump(&b);
    EXPECT(access(path, F_OK) != 0);
    EXPECT_STATUS(restart(&b), NX_E_MALFORMED);
    EXPECT_EQ(dsb_registry_count(&registry), 0);
    files_bench_path(&b, DSB_REGISTRY_KEY ".bad", path);
    EXPECT_EQ(slurp(path, after, sizeof(after)), 100);
    EXPECT(memcmp(before, after, 100) == 0);
    files_bench_end(&b);
}

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {
        {"host/registry pairs", pairs},
        {"host/registry over files", over_files},
    };

    vector_folder = argc > 1 ? argv[1] : ".";
    return unit_run(suites, NX_COUNT_OF(suites));
}
