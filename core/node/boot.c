#include "core/node/boot.h"

#include "core/base/json.h"
#include "core/base/json_writer.h"
#include "core/base/text.h"

_Static_assert(sizeof("{\"version\":1,\"boots\":4294967295}") - 1 == DSB_BOOT_LEN_MAX,
               "the highest count fits");

/* Room for members that a newer version may have, so that it is known for one. */
enum {
    MEMBERS_MAX = 8,
    NODES_MAX = 1 + 2 * MEMBERS_MAX,
};

static const struct nx_json_limits limits = {
    .length_max = DSB_BOOT_FILE_MAX,
    .depth_max = 1,
    .string_max = 64,
    .member_count_max = MEMBERS_MAX,
};

/* ---- the stored form ----------------------------------------------------------------------- */

/* NULL, or what is wrong with it. */
static const char *decode(struct nx_bytes text, uint32_t *count)
{
    struct nx_json_node nodes[NODES_MAX];
    struct nx_json json;
    uint64_t version, boots;

    if (nx_json_parse(&json, text, nodes, NODES_MAX, &limits, NULL) != NX_OK)
        return "it is damaged";
    if (nx_json_get_u64(&json, nx_json_find(&json, 0, "version"), &version) != NX_OK ||
        version == 0)
        return "it is damaged";
    if (version > DSB_BOOT_VERSION)
        return "a newer version of this program wrote it";
    if (nx_json_get_u64(&json, nx_json_find(&json, 0, "boots"), &boots) != NX_OK || boots == 0 ||
        boots > UINT32_MAX || nx_json_count(&json, 0) != 2)
        return "it is damaged";
    if (boots == UINT32_MAX)
        return "it is used up";
    *count = (uint32_t)boots;
    return NULL;
}

static enum nx_status encode(uint32_t count, struct nx_writer *out)
{
    struct nx_json_writer w = nx_json_writer_over(out);

    nx_json_begin_object(&w);
    nx_json_key(&w, "version");
    nx_json_put_u64(&w, DSB_BOOT_VERSION);
    nx_json_key(&w, "boots");
    nx_json_put_u64(&w, count);
    nx_json_end_object(&w);
    return nx_json_writer_finish(&w);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void give_up(struct dsb_boot *boot, const char *what)
{
    struct nx_text t = nx_text_over(boot->why.text, sizeof(boot->why.text));

    nx_text_add(&t, "beacons go unsigned: boot counter: ");
    nx_text_add(&t, what);
    boot->state = DSB_BOOT_UNKNOWN;
    boot->count = 0;
}

void dsb_boot_init(struct dsb_boot *boot, enum nx_status loaded, struct nx_bytes text)
{
    const char *wrong = NULL;
    uint32_t count = 0;

    *boot = (struct dsb_boot){.state = DSB_BOOT_STORING};
    if (loaded == NX_OK)
        wrong = decode(text, &count);
    else if (loaded != NX_E_NOT_FOUND)
        wrong = nx_status_text(loaded);

    if (wrong != NULL)
        give_up(boot, wrong);
    else
        boot->count = count + 1;
}

bool dsb_boot_output(struct dsb_boot *boot, struct nx_store *store)
{
    uint8_t bytes[DSB_BOOT_LEN_MAX];
    struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));

    if (boot->state != DSB_BOOT_STORING || boot->sequence != 0)
        return false;
    NX_CHECK(encode(boot->count, &w) == NX_OK); /* core/base/limits.h */
    return nx_store_put(store, DSB_BOOT_KEY, nx_writer_bytes(&w), &boot->sequence) == NX_OK;
}

bool dsb_boot_stored(struct dsb_boot *boot, const struct nx_store_event *stored)
{
    if (boot->state != DSB_BOOT_STORING || boot->sequence == 0 ||
        stored->sequence != boot->sequence)
        return false;
    if (stored->status == NX_OK)
        boot->state = DSB_BOOT_KNOWN;
    else
        give_up(boot,
                stored->why.text[0] != '\0' ? stored->why.text : nx_status_text(stored->status));
    return true;
}

void dsb_boot_sign(const struct dsb_boot *boot, struct dsb_beacon *beacon)
{
    beacon->has_trailer = boot->state == DSB_BOOT_KNOWN;
    beacon->sequence = (uint64_t)boot->count << 32;
}
