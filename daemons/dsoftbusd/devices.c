/* Which device is meant: by its name, or by the beginning of its id. */
#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "daemons/dsoftbusd/internal.h"

enum {
    ID_SHOWN = 16, /* digits of an id in a sentence: enough to name the device */
};

struct search {
    const struct dsoftbusd *d;
    struct nx_instant now;
    struct nx_bytes asked;
    struct dsoftbusd_device *out;
    size_t cap;
    size_t count;
};

static void set(char *to, size_t cap, const char *from)
{
    struct nx_text t = nx_text_over(to, cap);

    nx_text_add(&t, from);
}

/* A whole id is that device's and nobody else's, whatever others call themselves. */
static bool fits(struct nx_bytes asked, const char *id_text, const char *name)
{
    struct nx_bytes id = nx_bytes_of_text(id_text);
    uint8_t whole[DSB_ID_LEN];

    if (asked.len == 0)
        return false;
    if (nx_hex_decode(asked, whole, sizeof(whole)) == NX_OK)
        return nx_bytes_equal(asked, id);
    if (nx_bytes_equal(asked, nx_bytes_of_text(name)))
        return true;
    return asked.len <= id.len && memcmp(asked.ptr, id.ptr, asked.len) == 0;
}

static void look_when_heard(const struct search *s, struct dsoftbusd_device *device)
{
    const struct dsb_neighbour *n =
        dsb_discovery_find(&s->d->config.node->discovery, nx_bytes_of_text(device->id_text));

    device->last_seen_ms = UINT64_MAX;
    device->is_heard = n != NULL && n->is_present;
    if (!device->is_heard)
        return;
    device->last_seen_ms = nx_duration_between(n->last_seen, s->now).ns / 1000000;
    device->is_heard = device->last_seen_ms < DSOFTBUSD_QUIET_S * 1000u;
}

static void consider(struct search *s, const char *id_text, const char *name)
{
    if (s->count == s->cap || !fits(s->asked, id_text, name))
        return;
    for (size_t i = 0; i < s->count; i++) {
        if (nx_bytes_equal(nx_bytes_of_text(s->out[i].id_text), nx_bytes_of_text(id_text)))
            return;
    }
    set(s->out[s->count].id_text, sizeof(s->out->id_text), id_text);
    set(s->out[s->count].name, sizeof(s->out->name), name);
    look_when_heard(s, &s->out[s->count]);
    s->count++;
}

static void consider_present(struct search *s, struct dsoftbusd *d, struct nx_instant now)
{
    const struct dsb_neighbour *page[32];
    char after[DSB_ID_TEXT_MAX + 1] = "";
    size_t count;

    do {
        count = dsb_discovery_list(&d->config.node->discovery, now, nx_bytes_of_text(after), page,
                                   NX_COUNT_OF(page));
        for (size_t i = 0; i < count; i++) {
            if (!page[i]->is_self)
                consider(s, page[i]->id, page[i]->name);
            set(after, sizeof(after), page[i]->id);
        }
    } while (count == NX_COUNT_OF(page));
}

size_t dsoftbusd_find_devices(struct dsoftbusd *d, struct nx_instant now, struct nx_bytes asked,
                              enum dsoftbusd_among among, struct dsoftbusd_device *out, size_t cap)
{
    const struct dsb_registry *registry = &d->config.node->registry;
    const struct dsb_connections *c = d->config.connections;
    struct search s = {d, now, asked, out, cap, 0};

    for (uint32_t i = 0; i < dsb_registry_count(registry); i++)
        consider(&s, dsb_registry_at(registry, i)->id_text,
                 dsoftbusd_name_of(d, dsb_registry_at(registry, i)->id_text));
    for (uint32_t i = 0; i < c->used_end; i++) {
        char id_text[DSB_ID_TEXT_MAX + 1];

        if (!c->config.places[i].is_v1_up)
            continue;
        nx_hex_encode(nx_bytes_of(c->config.places[i].session.peer.id, DSB_ID_LEN), id_text);
        consider(&s, id_text, "");
    }
    if (among == DSOFTBUSD_AMONG_PRESENT)
        consider_present(&s, d, now);
    return s.count;
}

const char *dsoftbusd_name_of(const struct dsoftbusd *d, const char *id_text)
{
    const struct dsb_node *node = d->config.node;
    const struct dsb_neighbour *n = dsb_discovery_find(&node->discovery, nx_bytes_of_text(id_text));
    const struct dsb_peer *peer = dsb_registry_find_text(&node->registry, id_text);

    if (n != NULL && n->is_present && n->name[0] != '\0')
        return n->name;
    return peer != NULL ? peer->name : "";
}

/* Of several that announce themselves by one name, the only one that is still heard: who was here before
 * under that name stays known for as long as its last beacon asked. The code of a pairing says whether
 * it was the right one. NULL: it is for a person to say. */
static const struct dsoftbusd_device *only_heard(const struct dsoftbusd_device *found, size_t count)
{
    const struct dsoftbusd_device *heard = NULL;

    for (size_t i = 0; i < count; i++) {
        if (found[i].is_heard && heard != NULL)
            return NULL;
        if (found[i].is_heard)
            heard = &found[i];
    }
    return heard;
}

static void take(struct dsoftbusd_call *call, const struct dsoftbusd_device *device)
{
    set(call->id_text, sizeof(call->id_text), device->id_text);
    set(call->name, sizeof(call->name), device->name);
}

/* It is here, and only the first step is missing. */
static bool is_only_unpaired(struct dsoftbusd *d, struct nx_instant now,
                             struct dsoftbusd_call *call, struct nx_bytes asked)
{
    struct dsoftbusd_device found[2];
    char shown[DSB_DISPLAY_NAME_MAX + 1];
    struct nx_why why;
    struct nx_text t = nx_text_over(why.text, sizeof(why.text));

    if (dsoftbusd_find_devices(d, now, asked, DSOFTBUSD_AMONG_PRESENT, found, NX_COUNT_OF(found)) !=
        1)
        return false;
    nx_text_for_show(nx_bytes_of_text(found[0].name), shown, sizeof(shown));
    nx_text_add(&t, shown[0] == '\0' ? "that device" : shown);
    nx_text_add(&t, " is here and not paired: nx bus pair offer ");
    nx_text_add_bytes(&t, nx_bytes_of(found[0].id_text, ID_SHOWN));
    dsoftbusd_done(call, NX_E_DENIED, why.text);
    return true;
}

bool dsoftbusd_resolve(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                       struct nx_bytes asked, enum dsoftbusd_among among)
{
    struct dsoftbusd_device found[DSOFTBUSD_CANDIDATES_MAX];
    size_t count = dsoftbusd_find_devices(d, now, asked, among, found, NX_COUNT_OF(found));
    const struct dsoftbusd_device *one = count == 1 ? found : NULL;

    call->among = (uint8_t)among;
    if (asked.len > 0 && asked.len <= DSB_ID_TEXT_MAX) {
        memcpy(call->asked, asked.ptr, asked.len);
        call->asked[asked.len] = '\0';
    }
    if (count > 1 && count < NX_COUNT_OF(found) && among == DSOFTBUSD_AMONG_PRESENT)
        one = only_heard(found, count);
    if (one != NULL) {
        take(call, one);
        return true;
    }
    call->is_ambiguous = count > 1;
    if (count > 1)
        dsoftbusd_done(call, NX_E_NOT_FOUND, "more than one device fits: say more of its id");
    else if (among == DSOFTBUSD_AMONG_PAIRED && !is_only_unpaired(d, now, call, asked))
        dsoftbusd_done(call, NX_E_NOT_FOUND,
                       "no paired device has that name or id: see nx bus peers");
    else if (among == DSOFTBUSD_AMONG_PRESENT)
        dsoftbusd_done(call, NX_E_NOT_FOUND, "no device has that name or id: see nx bus discover");
    return false;
}
