#include "daemons/dsoftbusd/state.h"

#include "daemons/dsoftbusd/process.h"
#include "host/clock.h"
#include "host/entropy.h"

/* Writes of one turn; the others wait for the next, in which clients have their turn as well. */
#define WRITES_MAX 8

/* ---- opening -------------------------------------------------------------------------------- */

static const char *folder_advice(enum nx_status status)
{
    if (status == NX_E_BUSY)
        return "; does another dsoftbusd serve it? Stop that one, or name another folder";
    if (status == NX_E_NOT_FOUND)
        return "; make that one first, or name another folder";
    if (status == NX_E_DENIED)
        return "; name a folder of this user's own";
    return "";
}

static const char *identity_advice(enum nx_status status)
{
    if (status == NX_E_MALFORMED || status == NX_E_LIMIT)
        return "; put back a copy of it. Without it this is another device, and is paired with "
               "nobody: "
               "to begin anew, move it away";
    if (status == NX_E_NO_MEMORY)
        return "; ulimit -l raises what may be locked";
    return "";
}

static bool open_identity(struct dsoftbusd_state *s)
{
    struct nx_rng rng = nx_entropy();
    struct nx_why why = {.text = ""};
    enum nx_status status = nx_identity_file_open(&s->identity, &s->files, &rng, &why);

    if (status != NX_OK)
        dsoftbusd_process_log("--state %s: %s%s", s->path, why.text, identity_advice(status));
    return status == NX_OK;
}

static void count_boot(struct dsoftbusd_state *s)
{
    uint8_t text[DSB_BOOT_FILE_MAX], waiting[DSB_BOOT_LEN_MAX];
    struct nx_writer value = nx_writer_over(text, sizeof(text));
    struct nx_why why = {.text = ""};
    struct nx_store store;
    struct nx_store_event event;
    enum nx_status loaded = nx_files_load(&s->files, DSB_BOOT_KEY, &value, &why);

    nx_store_init(&store, waiting, sizeof(waiting), 1);
    dsb_boot_init(&s->boot, loaded, nx_writer_bytes(&value));
    if (dsb_boot_output(&s->boot, &store) && nx_files_step(&s->files, &store) &&
        nx_store_event(&store, &event))
        (void)dsb_boot_stored(&s->boot, &event);
    if (s->boot.state != DSB_BOOT_KNOWN)
        dsoftbusd_process_log("--state %s: %s; beacons go unsigned, which others trust less",
                              s->path, s->boot.why.text);
}

bool dsoftbusd_state_open(struct dsoftbusd_state *s, const char *path)
{
    struct nx_why why = {.text = ""};

    s->path = path;
    s->identity = (struct nx_identity_file){.identity = NULL};
    enum nx_status status = nx_files_open(&s->files, path, &why);
    if (status != NX_OK) {
        dsoftbusd_process_log("--state %s: %s%s", path, why.text, folder_advice(status));
        return false;
    }
    if (!open_identity(s)) {
        dsoftbusd_state_close(s);
        return false;
    }
    count_boot(s);
    return true;
}

void dsoftbusd_state_close(struct dsoftbusd_state *s)
{
    nx_identity_file_close(&s->identity);
    nx_files_close(&s->files);
}

/* ---- the node's ----------------------------------------------------------------------------- */

/* What a failed load says is about the file, and better than what the node makes of its status. */
static enum nx_status load(struct dsoftbusd_state *s, const char *key, struct nx_bytes *text,
                           struct nx_why *why)
{
    struct nx_writer value = nx_writer_over(s->value, sizeof(s->value));

    why->text[0] = '\0';
    enum nx_status loaded = nx_files_load(&s->files, key, &value, why);
    *text = nx_writer_bytes(&value);
    return loaded;
}

static void tell(const struct dsoftbusd_state *s, const char *key, const struct nx_why *file,
                 const struct nx_why *node, const char *cost)
{
    if (file->text[0] != '\0')
        dsoftbusd_process_log("--state %s: %s; %s", s->path, file->text, cost);
    else
        dsoftbusd_process_log("--state %s: %s: %s; %s", s->path, key, node->text, cost);
}

void dsoftbusd_state_start(struct dsoftbusd_state *s, struct nx_instant now, struct dsb_node *node)
{
    struct nx_bytes text;
    struct nx_why why;
    enum nx_status loaded = load(s, DSB_V1_LIST_KEY, &text, &why);

    dsb_node_set_wall_s(node, nx_clock_wall_s());
    if (dsb_node_load_v1(node, loaded, text) != NX_OK)
        tell(s, DSB_V1_LIST_KEY, &why, dsb_node_v1_why(node), "nobody is served as version 1");
    loaded = load(s, DSB_REGISTRY_KEY, &text, &why);
    if (dsb_node_start(node, now, loaded, text) != NX_OK)
        tell(s, DSB_REGISTRY_KEY, &why, dsb_node_registry_why(node),
             "there are no sessions and no pairing until that is put right and dsoftbusd started "
             "again");
}

bool dsoftbusd_state_store(struct dsoftbusd_state *s, struct nx_instant now, struct dsb_node *node)
{
    uint32_t written = 0;

    dsb_node_set_wall_s(node, nx_clock_wall_s());
    while (written < WRITES_MAX && nx_files_step(&s->files, dsb_node_store(node)))
        written++;
    if (written > 0)
        dsb_node_stored(node, now);
    return written > 0;
}
