#include "sim/calls.h"

#include "core/base/memory.h"
#include "core/bus/stream_name.h"
#include "sim/world.h"

enum {
    HEAD_LEN = 4, /* of a request: its number; what follows is filling */
    ROOM_RETRY_MS = 20,
};

static const char service[] = "sim";

/* ---- what follows from a number -------------------------------------------------------------- */

static uint32_t mix(uint32_t number, uint32_t salt)
{
    uint64_t x = (number + UINT64_C(0x100000001) * salt) * UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)(x >> 32);
}

static bool fails(uint32_t number)
{
    return mix(number, 1) % 10 == 0;
}

static uint32_t answer_len(uint32_t number)
{
    return mix(number, 2) % 20 == 0 ? mix(number, 3) % (DSB_RPC_BODY_MAX + 1)
                                    : mix(number, 3) % 1000;
}

static uint32_t work_ms(uint32_t number)
{
    return mix(number, 4) % 3 == 0 ? mix(number, 5) % 6000 : mix(number, 5) % 50;
}

static void fill(uint8_t *out, uint32_t len, uint32_t number)
{
    for (uint32_t i = 0; i < len; i++)
        out[i] = (uint8_t)(number * 31 + i * 7 + i / 256);
}

static bool is_answer(struct nx_bytes body, uint32_t number)
{
    if (body.len != answer_len(number))
        return false;
    for (uint32_t i = 0; i < body.len; i++) {
        if (body.ptr[i] != (uint8_t)(number * 31 + i * 7 + i / 256))
            return false;
    }
    return true;
}

/* ---- calling --------------------------------------------------------------------------------- */

static struct sim_caller *caller_of(struct sim_world *w, struct sim_device *from,
                                    struct sim_device *to)
{
    struct dsb_mux *mux = dsb_node_session(&from->node, to->identity.id_text);
    struct sim_caller *c = NULL;

    for (uint32_t i = 0; i < SIM_CALLERS_MAX; i++) {
        struct sim_caller *at = &w->calls.callers[i];

        if (at->is_used && at->from == from->index && at->to == to->index)
            return dsb_rpc_caller_is_over(&at->caller) ? NULL : at; /* until all is told */
        if (!at->is_used)
            c = at;
    }
    if (c == NULL || mux == NULL)
        return NULL;
    const struct dsb_rpc_memory memory = {c->message, w->calls.scratch};
    if (dsb_rpc_caller_open(&c->caller, &memory, c->calls, SIM_CALLS_MAX, mux,
                            nx_bytes_of_text(service)) != NX_OK)
        return NULL;
    c->is_used = true;
    c->from = from->index;
    c->to = to->index;
    memset(c->books, 0, sizeof(c->books));
    return c;
}

static struct sim_call_book *free_book(struct sim_caller *c)
{
    uint32_t i = 0;

    while (i < SIM_CALLS_MAX - 1 && c->books[i].is_used)
        i++;
    NX_CHECK(!c->books[i].is_used); /* a call in flight has a place there, too */
    return &c->books[i];
}

void sim_call_make(struct sim_world *w, struct sim_device *from, struct sim_device *to,
                   uint32_t deadline_ms, uint32_t body_len, uint32_t reply_max)
{
    struct sim_calls *all = &w->calls;
    struct sim_caller *c = from->state == SIM_DEVICE_ON ? caller_of(w, from, to) : NULL;
    struct nx_instant now = sim_device_now(from);
    struct nx_writer out = nx_writer_over(all->body, HEAD_LEN);
    struct nx_why why;
    uint64_t call_id;

    if (c == NULL)
        return;
    fill(all->body, body_len, all->count);
    nx_write_u32le(&out, all->count);
    const struct dsb_rpc_request request = {
        .deadline_ms = deadline_ms,
        .reply_max = reply_max,
        .body = nx_bytes_of(all->body, body_len < HEAD_LEN ? HEAD_LEN : body_len),
    };
    if (dsb_rpc_caller_call(&c->caller, now, &request, &call_id, &why) != NX_OK)
        return; /* too many, or no room */
    *free_book(c) = (struct sim_call_book){
        .is_used = true,
        .number = all->count++,
        .call_id = call_id,
        .reply_max = reply_max,
        .deadline = nx_instant_after(now, nx_milliseconds(deadline_ms)),
    };
    from->is_touched = true;
}

void sim_call_cancel(struct sim_world *w, struct sim_device *from)
{
    for (uint32_t i = 0; i < SIM_CALLERS_MAX * SIM_CALLS_MAX; i++) {
        struct sim_caller *c = &w->calls.callers[i / SIM_CALLS_MAX];
        struct sim_call_book *book = &c->books[i % SIM_CALLS_MAX];

        if (!c->is_used || c->from != from->index || !book->is_used || book->is_cancelled)
            continue;
        if (dsb_rpc_caller_cancel(&c->caller, sim_device_now(from), book->call_id) == NX_OK)
            book->is_cancelled = true;
        from->is_touched = true;
        return;
    }
}

/* ---- the end of a call ------------------------------------------------------------------------- */

/* What is wrong with it; NULL: nothing. */
static const char *complaint(const struct sim_caller *c, const struct sim_call_book *book,
                             const struct dsb_rpc_client_event *end, struct nx_instant now)
{
    bool is_over = dsb_rpc_caller_is_over(&c->caller);

    if (end->status == NX_OK && (book->is_cancelled || fails(book->number)))
        return "a call is answered that was cancelled, or that fails";
    if (end->status == NX_OK && !is_answer(end->body, book->number))
        return "a call is answered with what is not its answer";
    if (end->status == NX_OK && end->body.len > book->reply_max)
        return "a call is answered with more than it asked for";
    if (end->by_peer && end->status == NX_E_ABORTED)
        return "a call is told to be cancelled that was not";
    if (end->by_peer && end->status == NX_E_IO && !fails(book->number))
        return "a call fails that does not fail";
    if (end->by_peer || is_over)
        return NULL;
    if (end->status == NX_E_TIMEOUT)
        return nx_instant_reached(book->deadline, now) ? NULL : "a call ends before its deadline";
    return end->status == NX_E_ABORTED && book->is_cancelled ? NULL
                                                             : "a call ends without a reason";
}

static void take_end(struct sim_world *w, struct sim_device *d, struct sim_caller *c,
                     const struct dsb_rpc_client_event *end)
{
    for (uint32_t i = 0; i < SIM_CALLS_MAX; i++) {
        struct sim_call_book *book = &c->books[i];

        if (!book->is_used || book->call_id != end->call_id)
            continue;
        const char *wrong = complaint(c, book, end, sim_device_now(d));
        if (wrong != NULL)
            sim_world_fail(w, wrong);
        if (end->status == NX_OK)
            w->calls.answered_count++;
        else
            w->calls.failed_count++;
        book->is_used = false;
        sim_device_say(d, "call ended ", nx_status_name(end->status));
        return;
    }
    sim_world_fail(w, "a call ends that was never made, or a second time");
}

static bool has_books(const struct sim_caller *c)
{
    for (uint32_t i = 0; i < SIM_CALLS_MAX; i++) {
        if (c->books[i].is_used)
            return true;
    }
    return false;
}

static bool drive_caller(struct sim_world *w, struct sim_device *d, struct sim_caller *c)
{
    uint64_t taken_count = c->caller.stream.taken_count;
    struct dsb_rpc_client_event end;
    bool moved = false;

    while (dsb_rpc_caller_event(&c->caller, sim_device_now(d), &end)) {
        take_end(w, d, c, &end);
        moved = true;
    }
    moved |= c->caller.stream.taken_count != taken_count;
    if (w->is_calm && !has_books(c) && !dsb_rpc_caller_is_over(&c->caller)) {
        dsb_rpc_caller_close(&c->caller);
        moved = true;
    }
    if (!dsb_rpc_caller_is_over(&c->caller))
        return moved;
    if (has_books(c))
        sim_world_fail(w, "a stream of calls is over, and the end of a call was not told");
    c->is_used = false;
    return moved;
}

/* ---- answering --------------------------------------------------------------------------------- */

static struct sim_work *work_of(struct sim_answerer *a, uint64_t call_id)
{
    for (uint32_t i = 0; i < SIM_WORKS_MAX; i++) {
        if (a->works[i].is_used && a->works[i].call_id == call_id)
            return &a->works[i];
    }
    return NULL;
}

static void begin_work(struct sim_world *w, struct sim_answerer *a, struct nx_instant now,
                       const struct dsb_rpc_server_event *event)
{
    struct nx_reader r = nx_reader_over(event->body);
    uint32_t number = nx_read_u32le(&r);
    uint32_t i = 0;

    while (i < SIM_WORKS_MAX && a->works[i].is_used)
        i++;
    if (r.short_read || work_of(a, event->call_id) != NULL || i == SIM_WORKS_MAX) {
        sim_world_fail(w, "a call came twice, or one too many, or changed");
        return;
    }
    a->works[i] = (struct sim_work){true, number, event->call_id,
                                    nx_instant_after(now, nx_milliseconds(work_ms(number)))};
}

static void end_work(struct sim_world *w, struct sim_answerer *a, uint64_t call_id)
{
    struct sim_work *work = work_of(a, call_id);

    if (work == NULL)
        sim_world_fail(w, "a call is told to be over that nobody works on");
    else
        work->is_used = false;
}

static bool answer(struct sim_world *w, struct sim_answerer *a, struct nx_instant now,
                   struct sim_work *work)
{
    uint32_t len = answer_len(work->number);

    fill(w->calls.body, len, work->number);
    enum nx_status status = dsb_rpc_answerer_reply(&a->answerer, now, work->call_id,
                                                   fails(work->number) ? NX_E_IO : NX_OK,
                                                   "it fails", nx_bytes_of(w->calls.body, len));
    if (status == NX_OK)
        work->is_used = false;
    else /* no room; or it is over, which is told next */
        work->ready_at = nx_instant_after(now, nx_milliseconds(ROOM_RETRY_MS));
    return status == NX_OK;
}

static bool drive_answerer(struct sim_world *w, struct sim_device *d, struct sim_answerer *a)
{
    struct nx_instant now = sim_device_now(d);
    uint64_t taken_count = a->answerer.stream.taken_count;
    struct dsb_rpc_server_event event;
    bool moved = false;

    while (dsb_rpc_answerer_event(&a->answerer, now, &event)) {
        if (event.kind == DSB_RPC_SERVER_CALLED)
            begin_work(w, a, now, &event);
        else
            end_work(w, a, event.call_id);
        moved = true;
    }
    moved |= a->answerer.stream.taken_count != taken_count;
    for (uint32_t i = 0; i < SIM_WORKS_MAX; i++) {
        if (a->works[i].is_used && nx_instant_reached(a->works[i].ready_at, now))
            moved |= answer(w, a, now, &a->works[i]);
    }
    a->is_used = !dsb_rpc_answerer_is_over(&a->answerer);
    return moved;
}

static void on_opened(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    struct sim_answerer *a = NULL;

    for (uint32_t i = 0; i < SIM_ANSWERERS_MAX; i++) {
        if (!w->calls.answerers[i].is_used)
            a = &w->calls.answerers[i];
    }
    if (a == NULL ||
        dsb_node_accept(&d->node, sim_device_now(d), event->session, event->mux.stream) != NX_OK) {
        (void)!dsb_mux_abort(event->session, event->mux.stream, DSB_RST_LIMIT, "no place");
        dsb_mux_release(event->session, event->mux.stream);
        return;
    }
    const struct dsb_rpc_memory memory = {a->message, w->calls.scratch};
    a->is_used = true;
    a->at = d->index;
    memset(a->works, 0, sizeof(a->works));
    dsb_rpc_answerer_accept(&a->answerer, &memory, a->places, NX_COUNT_OF(a->places),
                            event->session, event->mux.stream);
    d->is_touched = true;
}

/* ---- with the device --------------------------------------------------------------------------- */

bool sim_calls_news(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    struct nx_bytes channel;

    if (event->kind != DSB_NODE_STREAM)
        return false;
    if (event->mux.kind == DSB_MUX_OPENED) {
        bool is_ours = dsb_stream_name_split(event->mux.name, DSB_RPC_PREFIX, &channel);

        if (is_ours)
            on_opened(w, d, event);
        return is_ours;
    }
    for (uint32_t i = 0; i < SIM_CALLERS_MAX; i++) {
        struct sim_caller *c = &w->calls.callers[i];

        if (!c->is_used || c->from != d->index ||
            !dsb_rpc_stream_is(&c->caller.stream, event->session, event->mux.stream))
            continue;
        if (event->mux.kind == DSB_MUX_ENDED)
            dsb_rpc_caller_ended(&c->caller, &event->mux);
        return true;
    }
    for (uint32_t i = 0; i < SIM_ANSWERERS_MAX; i++) {
        struct sim_answerer *a = &w->calls.answerers[i];

        if (!a->is_used || a->at != d->index ||
            !dsb_rpc_stream_is(&a->answerer.stream, event->session, event->mux.stream))
            continue;
        if (event->mux.kind == DSB_MUX_ENDED)
            dsb_rpc_answerer_ended(&a->answerer);
        return true;
    }
    return false;
}

bool sim_calls_work(struct sim_world *w, struct sim_device *d)
{
    bool moved = false;

    for (uint32_t i = 0; i < SIM_CALLERS_MAX; i++) {
        if (w->calls.callers[i].is_used && w->calls.callers[i].from == d->index)
            moved |= drive_caller(w, d, &w->calls.callers[i]);
    }
    for (uint32_t i = 0; i < SIM_ANSWERERS_MAX; i++) {
        if (w->calls.answerers[i].is_used && w->calls.answerers[i].at == d->index)
            moved |= drive_answerer(w, d, &w->calls.answerers[i]);
    }
    return moved;
}

void sim_calls_off(struct sim_world *w, const struct sim_device *d)
{
    for (uint32_t i = 0; i < SIM_CALLERS_MAX; i++) {
        if (w->calls.callers[i].from == d->index)
            w->calls.callers[i].is_used = false;
    }
    for (uint32_t i = 0; i < SIM_ANSWERERS_MAX; i++) {
        if (w->calls.answerers[i].at == d->index)
            w->calls.answerers[i].is_used = false;
    }
}

struct nx_instant sim_calls_deadline(const struct sim_world *w, const struct sim_device *d)
{
    struct nx_instant next = NX_NEVER;

    for (uint32_t i = 0; i < SIM_CALLERS_MAX; i++) {
        const struct sim_caller *c = &w->calls.callers[i];

        if (c->is_used && c->from == d->index)
            next = nx_instant_earlier(next, dsb_rpc_caller_deadline(&c->caller));
    }
    for (uint32_t i = 0; i < SIM_ANSWERERS_MAX; i++) {
        const struct sim_answerer *a = &w->calls.answerers[i];

        if (!a->is_used || a->at != d->index)
            continue;
        next = nx_instant_earlier(next, dsb_rpc_answerer_deadline(&a->answerer));
        for (uint32_t k = 0; k < SIM_WORKS_MAX; k++) {
            if (a->works[k].is_used)
                next = nx_instant_earlier(next, a->works[k].ready_at);
        }
    }
    return next;
}

bool sim_calls_are_over(const struct sim_world *w)
{
    for (uint32_t i = 0; i < SIM_CALLERS_MAX; i++) {
        if (w->calls.callers[i].is_used && has_books(&w->calls.callers[i]))
            return false;
    }
    return true;
}
