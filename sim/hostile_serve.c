/* What the others' programs do with what the hostile device opens: they accept most of it, read, and send
 * something back. */
#include "core/bus/byte_stream.h"
#include "sim/world.h"

enum {
    PULL_MAX = 65536, /* of one stream in one turn */
    SERVED_EACH = 8,  /* streams with it that one device's programs have at once */
};

static struct sim_served *served_of(struct sim_hostile *h, const struct dsb_mux *mux,
                                    struct dsb_stream_handle stream)
{
    for (uint32_t i = 0; i < SIM_HOSTILE_SERVED; i++) {
        struct sim_served *s = &h->served[i];

        if (s->is_used && s->mux == mux && s->stream.slot == stream.slot &&
            s->stream.serial == stream.serial)
            return s;
    }
    return NULL;
}

static struct sim_served *serve_more(struct sim_hostile *h, uint32_t device)
{
    struct sim_served *place = NULL;
    uint32_t count = 0;

    for (uint32_t i = 0; i < SIM_HOSTILE_SERVED; i++) {
        count += h->served[i].is_used && h->served[i].device == device;
        if (!h->served[i].is_used && place == NULL)
            place = &h->served[i];
    }
    return count < SERVED_EACH ? place : NULL;
}

static void on_opened(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    struct sim_hostile *h = &w->hostile;
    struct sim_served *s = serve_more(h, d->index);

    if (s == NULL || sim_hostile_chance(h, 4) ||
        dsb_node_accept(&d->node, sim_device_now(d), event->session, event->mux.stream) != NX_OK) {
        dsb_mux_release(event->session, event->mux.stream);
        return;
    }
    *s = (struct sim_served){.is_used = true,
                             .device = d->index,
                             .mux = event->session,
                             .stream = event->mux.stream,
                             .may_pull = true};
}

/* A session of `d` that it had no right to. */
static bool is_against_rules(const struct sim_hostile *h, const struct sim_device *d,
                             const struct dsb_mux *session)
{
    for (uint32_t k = 0; k < SIM_HOSTILE_ATTEMPTS; k++) {
        const struct sim_attempt *a = &h->attempts[k];

        if (a->breaks_admission && sim_hostile_session(d, a) == session)
            return true;
    }
    return false;
}

/* They open one to it as well. */
static void on_up(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    struct sim_hostile *h = &w->hostile;
    struct sim_served *s = serve_more(h, d->index);
    struct dsb_stream_handle stream;

    if (s == NULL || !h->is_at_it || sim_hostile_chance(h, 2) ||
        dsb_mux_open(event->session, nx_bytes_of_text("byte/hello"), DSB_BYTE_PRIORITY, false,
                     &stream) != NX_OK)
        return;
    *s = (struct sim_served){.is_used = true,
                             .device = d->index,
                             .mux = event->session,
                             .stream = stream,
                             .may_pull = true,
                             .push_left = sim_hostile_draw(h, 0, 200000)};
}

bool sim_hostile_news(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    struct sim_hostile *h = &w->hostile;
    struct sim_served *s;

    if (!h->is_there || sim_hostile_is(w, d) ||
        !sim_device_is(&w->devices[h->device], event->id_text))
        return false;
    d->is_touched = true;
    if (event->kind == DSB_NODE_SESSION_UP && is_against_rules(h, d, event->session))
        sim_world_fail(w, "what breaks the rules of admission came up");
    if (event->kind == DSB_NODE_SESSION_UP)
        on_up(w, d, event);
    if (event->kind != DSB_NODE_STREAM)
        return false;
    if (event->mux.kind == DSB_MUX_OPENED) {
        on_opened(w, d, event);
        return true;
    }
    s = served_of(h, event->session, event->mux.stream);
    if (s == NULL)
        return true;
    s->may_pull = true;
    if (event->mux.kind == DSB_MUX_ENDED) {
        dsb_mux_release(s->mux, s->stream);
        s->is_used = false;
    }
    return true;
}

static void pull(struct sim_served *s)
{
    uint32_t left = PULL_MAX;
    struct nx_bytes bytes;
    bool ends_message;
    enum nx_status status;

    while ((status = dsb_mux_peek(s->mux, s->stream, &bytes, &ends_message)) == NX_OK && left > 0) {
        dsb_mux_drop(s->mux, s->stream, (uint32_t)bytes.len);
        left -= bytes.len < left ? (uint32_t)bytes.len : left;
    }
    if (status != NX_OK)
        s->may_pull = false;
    if (status == NX_END)
        (void)!dsb_mux_finish(s->mux, s->stream); /* it may be over already */
}

static void push(struct sim_served *s, struct nx_instant now)
{
    static const uint8_t bytes[8192];
    size_t taken = 0;

    while (s->push_left > 0) {
        size_t len = s->push_left < sizeof(bytes) ? s->push_left : sizeof(bytes);

        if (dsb_mux_push(s->mux, now, s->stream, nx_bytes_of(bytes, len), DSB_PUSH_PART, &taken) !=
            NX_OK)
            return;
        s->push_left -= (uint32_t)taken;
    }
}

bool sim_hostile_serve(struct sim_world *w, struct sim_device *d)
{
    struct sim_hostile *h = &w->hostile;
    bool has_more = false;

    for (uint32_t i = 0; h->is_there && i < SIM_HOSTILE_SERVED; i++) {
        struct sim_served *s = &h->served[i];

        if (!s->is_used || s->device != d->index || !s->may_pull)
            continue;
        push(s, sim_device_now(d));
        pull(s);
        has_more |= s->may_pull;
    }
    return has_more;
}

void sim_hostile_off(struct sim_world *w, const struct sim_device *d)
{
    for (uint32_t i = 0; i < SIM_HOSTILE_SERVED; i++) {
        if (w->hostile.served[i].device == d->index)
            w->hostile.served[i].is_used = false;
    }
}
