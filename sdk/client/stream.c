#include "sdk/client/stream.h"

#include "core/base/text.h"
#include "host/clock.h"

static const struct nx_instant at_once = {0};

void nx_client_stream_begin(struct nx_client_stream *s, struct nx_client *client,
                            enum dsoftbusd_stream_kind kind)
{
    *s = (struct nx_client_stream){
        .client = client,
        .until = NX_NEVER,
        .is_frames = kind == DSOFTBUSD_STREAM_KIND_FRAME,
    };
}

/* ---- saying -------------------------------------------------------------------------------- */

/* Whatever else went wrong is seen again, and told, when something is pulled. */
static enum nx_status say(struct nx_client_stream *s, uint16_t operation, struct nx_bytes body,
                          bool ends_message)
{
    enum nx_status status = nx_client_say(s->client, operation, body, ends_message);

    return status == NX_OK || status == NX_WOULD_BLOCK ? status : NX_E_CLOSED;
}

enum nx_status nx_client_stream_push(struct nx_client_stream *s, struct nx_bytes piece,
                                     bool ends_message)
{
    if (s->is_over || s->is_aborted)
        return NX_E_CLOSED;
    return say(s, DSOFTBUSD_OPERATION_DATA, piece, ends_message);
}

static void try_finish(struct nx_client_stream *s)
{
    if (s->wants_finish && !s->is_finished &&
        say(s, DSOFTBUSD_OPERATION_FINISH, nx_bytes_of(NULL, 0), false) != NX_WOULD_BLOCK)
        s->is_finished = true;
}

void nx_client_stream_finish(struct nx_client_stream *s)
{
    if (s->is_aborted)
        return;
    s->wants_finish = true;
    try_finish(s);
}

bool nx_client_stream_wants_room(const struct nx_client_stream *s)
{
    return s->wants_finish && !s->is_finished;
}

void nx_client_stream_abort(struct nx_client_stream *s, uint16_t code, const char *why)
{
    uint8_t bytes[256];
    struct nx_capn_builder request;
    struct nx_bytes body, text = nx_bytes_of_text(why);

    if (s->is_over || s->is_aborted)
        return;
    s->is_aborted = true;
    s->wants_finish = false;
    s->until = at_once;
    if (s->is_frames)
        return;
    if (text.len > NX_WHY_MAX)
        text.len = NX_WHY_MAX;
    nx_capn_builder_init_frame(&request, bytes, sizeof(bytes));
    struct dsoftbusd_abort_builder b = dsoftbusd_abort_new_root(&request);
    dsoftbusd_abort_set_code(b, code);
    dsoftbusd_abort_set_why(b, text);
    /* One that finds no room is made up for by the end of the connection. */
    if (nx_capn_builder_finish(&request, &body) == NX_OK &&
        say(s, DSOFTBUSD_OPERATION_ABORT, body, false) == NX_OK)
        s->until = nx_instant_after(nx_clock_now(), nx_milliseconds(NX_CLIENT_STOP_MS));
}

/* ---- hearing ------------------------------------------------------------------------------- */

static void set_why(struct nx_client_stream *s, struct nx_bytes why)
{
    struct nx_text t = nx_text_over(s->why, sizeof(s->why));

    nx_text_add_bytes(&t, why);
}

static void end_with(struct nx_client_stream *s, enum nx_status status, const char *why)
{
    s->is_over = true;
    s->status = status;
    set_why(s, nx_bytes_of_text(why));
}

static void take_last_word(struct nx_client_stream *s)
{
    struct nx_capn_message body;

    if (nx_client_body(s->client, &body) != NX_OK) {
        end_with(s, NX_E_MALFORMED, nx_client_why(s->client));
        return;
    }
    struct dsoftbusd_ended_reader ended = dsoftbusd_ended_root(&body);
    int32_t status = dsoftbusd_ended_get_status(ended);
    s->is_over = true;
    s->by_peer = dsoftbusd_ended_get_by_peer(ended);
    s->code = dsoftbusd_ended_get_code(ended);
    set_why(s, dsoftbusd_ended_get_why(ended));
    s->unconfirmed_messages = dsoftbusd_ended_get_unconfirmed_messages(ended);
    s->unconfirmed_bytes = dsoftbusd_ended_get_unconfirmed_bytes(ended);
    s->status = nx_status_is_known(status) ? (enum nx_status)status : NX_E_ABORTED;
    if (body.status != NX_OK)
        end_with(s, NX_E_MALFORMED, "its last word is none of this version's");
}

static enum nx_status take(struct nx_client_stream *s, struct nx_bytes *piece, bool *ends_message)
{
    const struct nx_ipc_message *heard = &s->client->heard;

    if (heard->head.kind != NX_IPC_STREAM)
        return NX_WOULD_BLOCK;
    if (heard->head.operation == DSOFTBUSD_OPERATION_DATA) {
        *piece = heard->body;
        *ends_message = heard->head.ends_message;
        return NX_OK;
    }
    if (heard->head.operation == DSOFTBUSD_OPERATION_FINISH)
        return NX_END;
    if (heard->head.operation != DSOFTBUSD_OPERATION_ENDED)
        return NX_WOULD_BLOCK; /* a newer daemon's; what matters is told by its last word */
    take_last_word(s);
    return NX_E_CLOSED;
}

bool nx_client_stream_tick(struct nx_client_stream *s, struct nx_instant now)
{
    if (!s->is_over && !nx_instant_is_never(s->until) && nx_instant_reached(s->until, now))
        end_with(s, NX_E_ABORTED, "");
    return s->is_over;
}

enum nx_status nx_client_stream_pull(struct nx_client_stream *s, struct nx_bytes *piece,
                                     bool *ends_message)
{
    enum nx_ipc_kind kind;

    /* After an abort, what is still under way may go on for ever. */
    if (nx_client_stream_tick(s, nx_clock_now()))
        return NX_E_CLOSED;
    try_finish(s);
    s->client->until = NX_NEVER; /* it is a stream by now, and no call */
    enum nx_status status = nx_client_next(s->client, &kind);
    if (status == NX_OK)
        return take(s, piece, ends_message);
    if (status == NX_WOULD_BLOCK)
        return status;
    end_with(s, status, nx_client_why(s->client));
    s->is_cut = true;
    return NX_E_CLOSED;
}
