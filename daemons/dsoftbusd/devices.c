/* Which device is meant: by its name, or by the beginning of its id. */
#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "daemons/dsoftbusd/internal.h"

struct search {
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
    struct search s = {asked, out, cap, 0};

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

bool dsoftbusd_resolve(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                       struct nx_bytes asked, enum dsoftbusd_among among)
{
    struct dsoftbusd_device found[2];
    size_t count = dsoftbusd_find_devices(d, now, asked, among, found, NX_COUNT_OF(found));

    call->among = (uint8_t)among;
    if (asked.len > 0 && asked.len <= DSB_ID_TEXT_MAX) {
        memcpy(call->asked, asked.ptr, asked.len);
        call->asked[asked.len] = '\0';
    }
    if (count == 1) {
        set(call->id_text, sizeof(call->id_text), found[0].id_text);
        return true;
    }
    call->is_ambiguous = count > 1;
    if (count > 1)
        dsoftbusd_done(call, NX_E_NOT_FOUND, "more than one device fits: say more of its id");
    else if (among == DSOFTBUSD_AMONG_PAIRED)
        dsoftbusd_done(call, NX_E_NOT_FOUND,
                       "no paired device has that name or id: see nx bus peers");
    else
        dsoftbusd_done(call, NX_E_NOT_FOUND, "no device has that name or id: see nx bus discover");
    return false;
}
