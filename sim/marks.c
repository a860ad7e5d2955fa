#include "sim/marks.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/byte_stream.h"
#include "core/bus/msg_stream.h"
#include "core/bus/stream_name.h"
#include "core/rpc/rpc_stream.h"

void sim_marks_begin(struct sim_marks *m)
{
    *m = (struct sim_marks){0};
}

/* What stands behind `head`. False: the line begins otherwise. */
static bool behind(struct nx_bytes line, const char *head, struct nx_bytes *rest)
{
    const struct nx_bytes begin = nx_bytes_of_text(head);

    if (line.len < begin.len || memcmp(line.ptr, begin.ptr, begin.len) != 0)
        return false;
    *rest = nx_bytes_skip(line, begin.len);
    return true;
}

/* The id in front of `*rest`, which is then behind it. */
static struct nx_bytes take_id(struct nx_bytes *rest)
{
    struct nx_bytes id = *rest;

    id.len = 0;
    while (id.len < rest->len && rest->ptr[id.len] != ' ')
        id.len++;
    *rest = nx_bytes_skip(*rest, id.len);
    return id;
}

static bool is_text(struct nx_bytes bytes, const char *text)
{
    return nx_bytes_equal(bytes, nx_bytes_of_text(text));
}

/* ---- one of each ------------------------------------------------------------------------------- */

static const char *check_ready(struct sim_marks *m, const struct dsb_node *n)
{
    if (m->is_ready)
        return "ready was printed twice";
    m->is_ready = true;
    return n->is_started && n->registry_status == NX_OK
               ? NULL
               : "ready was printed before the registry was read";
}

static const char *check_discovered(struct sim_marks *m, const struct dsb_node *n,
                                    struct nx_bytes count)
{
    uint64_t said = 0;

    for (size_t i = 0; i < count.len; i++)
        said = said * 10 + (uint64_t)(count.ptr[i] - '0');
    if (said == m->discovered)
        return "a count of devices was printed that had not changed";
    m->discovered = said;
    return said == dsb_discovery_count(&n->discovery)
               ? NULL
               : "another count of devices was printed than there are";
}

static const char *check_offer(const struct dsb_node *n, struct nx_bytes rest)
{
    const struct dsb_pairing_side *side = &n->pairing.sides[DSB_PAIRING_OWNER];
    const struct nx_bytes id = take_id(&rest);

    if (dsb_pairing_state(&n->pairing, DSB_PAIRING_OWNER) == DSB_PAIRING_CLOSED ||
        !is_text(id, side->peer.id_text))
        return "an offer was printed that does not stand";
    return n->config.world == DSB_WORLD_SIM || is_text(rest, " code=hidden")
               ? NULL
               : "the digits of an offer were printed";
}

static bool holds(struct nx_bytes text, struct nx_bytes word)
{
    for (size_t at = 0; at + word.len <= text.len; at++) {
        if (memcmp(text.ptr + at, word.ptr, word.len) == 0)
            return true;
    }
    return false;
}

static const char *check_paired(struct sim_marks *m, const struct dsb_node *n,
                                struct nx_bytes stored, struct nx_bytes id)
{
    struct nx_text kept;

    if (m->paired[0] != '\0')
        return "paired was printed twice";
    kept = nx_text_over(m->paired, sizeof(m->paired));
    nx_text_add_bytes(&kept, id);
    if (!holds(stored, id))
        return "paired was printed before it was stored";
    return dsb_peers_find_text(&n->registry.peers, m->paired) != NULL
               ? NULL
               : "paired was printed of a device that is not in the registry";
}

bool sim_marks_paired(struct sim_marks *m, const char *id_text)
{
    bool was_printed = is_text(nx_bytes_of_text(m->paired), id_text);

    m->paired[0] = '\0';
    return was_printed;
}

/* ---- streams ----------------------------------------------------------------------------------- */

static bool was_marked(const struct sim_marks *m, uint64_t serial)
{
    for (uint32_t i = 0; i < m->stream_count && i < SIM_MARKS_STREAMS; i++) {
        if (m->streams[i] == serial)
            return true;
    }
    return false;
}

static bool is_of_channel(const struct dsb_stream *s, const char *prefix, struct nx_bytes shown)
{
    char text[DSB_STREAM_NAME_MAX + 1];
    struct nx_bytes channel;

    if (!dsb_stream_name_split(nx_bytes_of(s->name, s->name_len), prefix, &channel))
        return false;
    nx_text_for_show(channel, text, sizeof(text));
    return is_text(shown, text);
}

/* A stream of that name that both sides have accepted, and that was not marked before. */
static const struct dsb_stream *find_stream(const struct sim_marks *m, const struct dsb_mux *mux,
                                            const char *prefix, struct nx_bytes shown)
{
    uint32_t slot = mux->streams.all.first;

    while (slot != DSB_SLOT_NONE) {
        const struct dsb_stream *s = dsb_streams_at(&mux->streams, slot);

        if (s->is_accepted && !was_marked(m, s->serial) && is_of_channel(s, prefix, shown))
            return s;
        slot = s->links[DSB_LIST_ALL].next;
    }
    return NULL;
}

static const char *check_open(struct sim_marks *m, const struct dsb_node *n, const char *prefix,
                              struct nx_bytes rest)
{
    const struct nx_bytes id = take_id(&rest);

    if (!behind(rest, " ch=", &rest))
        return "a marker that is not in the catalogue";
    for (uint32_t i = 0; i < n->link_count; i++) {
        const struct dsb_link *link = &n->links[i];
        const struct dsb_stream *s = NULL;

        if (link->state == DSB_LINK_SESSION && is_text(id, link->info.id_text))
            s = find_stream(m, &link->mux, prefix, rest);
        if (s == NULL)
            continue;
        m->streams[m->stream_count++ % SIM_MARKS_STREAMS] = s->serial;
        return NULL;
    }
    return "a stream was printed as open that is not, or twice";
}

/* ---- all --------------------------------------------------------------------------------------- */

const char *sim_marks_check(struct sim_marks *m, const struct dsb_node *n, struct nx_bytes stored,
                            struct nx_bytes line)
{
    struct nx_bytes rest = line;

    if (is_text(line, "dsoftbusd: ready"))
        return check_ready(m, n);
    if (behind(line, "dsoftbus: discovered n=", &rest))
        return check_discovered(m, n, rest);
    if (behind(line, "dsoftbus: pair offer peer=", &rest))
        return check_offer(n, rest);
    if (behind(line, "dsoftbus: paired peer=", &rest))
        return check_paired(m, n, stored, rest);
    if (behind(line, "dsoftbus: msg open peer=", &rest))
        return check_open(m, n, DSB_MSG_PREFIX, rest);
    if (behind(line, "dsoftbus: byte open peer=", &rest))
        return check_open(m, n, DSB_BYTE_PREFIX, rest);
    if (behind(line, "dsoftbus: rpc open peer=", &rest))
        return check_open(m, n, DSB_RPC_PREFIX, rest);
    return "a marker that is not in the catalogue";
}
