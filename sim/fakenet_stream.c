#include "sim/fakenet_internal.h"

struct fake_end *fakenet_open_end(struct fakenet *net, uint32_t host)
{
    uint32_t i = 0;

    while (i < net->ends_end && net->ends[i].is_used)
        i++;
    NX_CHECK(i < FAKENET_ENDS); /* a test with more streams than the network has */
    if (i == net->ends_end)
        net->ends_end++;
    net->ends[i] = (struct fake_end){.is_used = true,
                                     .socket = FAKENET_NONE,
                                     .other = FAKENET_NONE,
                                     .host = host,
                                     .serial = ++net->end_count,
                                     .pipe = FAKENET_NONE,
                                     .deadline = NX_NEVER};
    return &net->ends[i];
}

uint32_t fakenet_end_index(const struct fakenet *net, const struct fake_end *end)
{
    return (uint32_t)(end - net->ends);
}

void fakenet_tell_end(struct fakenet *net, const struct fake_end *end, enum nx_net_event_kind kind)
{
    if (end->socket != FAKENET_NONE)
        fakenet_tell_if_waiting(&net->sockets[end->socket], kind);
}

static void empty_pipe(struct fakenet *net, struct fake_end *end)
{
    if (end->pipe != FAKENET_NONE)
        net->pipe_is_used[end->pipe] = false;
    end->pipe = FAKENET_NONE;
    end->first = end->len = end->ready_len = 0;
}

static void need_pipe(struct fakenet *net, struct fake_end *end)
{
    uint32_t i = 0;

    if (end->pipe != FAKENET_NONE)
        return;
    while (net->pipe_is_used[i]) {
        i++;
        NX_CHECK(i < FAKENET_PIPES);
    }
    net->pipe_is_used[i] = true;
    end->pipe = i;
}

void fakenet_fail(struct fakenet *net, struct fake_end *end, enum nx_net_failure failure)
{
    if (end->failure != NX_NET_FAILURE_NONE)
        return;
    end->failure = failure;
    end->wire_count = 0;
    empty_pipe(net, end);
    fakenet_tell_end(net, end, NX_NET_READABLE);
    fakenet_tell_end(net, end, NX_NET_WRITABLE);
}

/* ---- the wire -------------------------------------------------------------------------------- */

static void land(struct fakenet *net, struct fake_end *end, const struct fake_piece *piece)
{
    switch (piece->kind) {
    case FAKE_PIECE_BYTES:
        end->ready_len += piece->len;
        fakenet_tell_end(net, end, NX_NET_READABLE);
        return;
    case FAKE_PIECE_END:
        end->end_came = true;
        fakenet_tell_end(net, end, NX_NET_READABLE);
        return;
    case FAKE_PIECE_RESET:
        fakenet_fail(net, end, NX_NET_RESET);
        return;
    }
}

static bool is_parted(struct fakenet *net, const struct fake_end *end)
{
    const struct fake_host *other = fakenet_host_at(net, &end->remote);

    return other != NULL && other->side != net->hosts[end->host].side;
}

/* Under way from `from` to `end`. Two places are kept for its end and a reset. */
static void put_on_wire(struct fakenet *net, struct fake_host *from, struct fake_end *end,
                        enum fake_piece_kind kind, size_t len)
{
    struct fake_piece piece = {kind, (uint32_t)len, fakenet_arrival(net, from, len)};
    struct fake_piece *last = end->wire_count > 0 ? &end->wire[end->wire_count - 1] : NULL;

    while (fakenet_happens(net, net->way.loss))
        piece.at = nx_instant_after(piece.at, nx_milliseconds(FAKENET_LOST_MS));
    if (last == NULL && piece.at.ns <= net->now.ns && !is_parted(net, end)) {
        land(net, end, &piece);
        return;
    }
    if (last != NULL && last->kind == FAKE_PIECE_RESET)
        return;
    if (last != NULL && piece.at.ns < last->at.ns)
        piece.at = last->at;
    if (last != NULL && kind == FAKE_PIECE_BYTES && end->wire_count >= FAKENET_WIRE_MAX - 2) {
        last->len += piece.len;
        last->at = piece.at;
        return;
    }
    end->wire[end->wire_count++] = piece;
    if (last == NULL)
        sim_timeline_add(&net->timeline, piece.at, FAKE_ENTRY_WIRE, fakenet_end_index(net, end),
                         end->serial);
}

/* Sent again and again, each time after a longer while. */
static void try_again(struct fakenet *net, struct fake_end *end)
{
    if (end->again_s == 0)
        end->since = net->now;
    end->again_s = end->again_s == 0 ? FAKENET_AGAIN_FIRST_S : 2 * end->again_s;
    if (end->again_s > FAKENET_AGAIN_MAX_S)
        end->again_s = FAKENET_AGAIN_MAX_S;
    if (nx_duration_between(end->since, net->now).ns >= nx_seconds(FAKENET_PATIENCE_S).ns) {
        end->is_lost = true;
        if (end->other != FAKENET_NONE) {
            net->ends[end->other].is_lost = true;
            fakenet_fail(net, &net->ends[end->other], NX_NET_TIMED_OUT);
        }
        return;
    }
    end->wire[0].at = nx_instant_after(net->now, nx_seconds(end->again_s));
    sim_timeline_add(&net->timeline, end->wire[0].at, FAKE_ENTRY_WIRE, fakenet_end_index(net, end),
                     end->serial);
}

static void forget_wire(struct fake_end *end)
{
    end->wire_count = 0;
    end->len = end->ready_len;
}

bool fakenet_arrive(struct fakenet *net, const struct sim_entry *entry)
{
    struct fake_end *end = &net->ends[entry->index];

    if (!end->is_used || end->serial != entry->number || end->wire_count == 0)
        return false;
    if (is_parted(net, end)) {
        try_again(net, end);
        return false;
    }
    end->again_s = 0;
    while (end->wire_count > 0 && nx_instant_reached(end->wire[0].at, net->now)) {
        struct fake_piece piece = end->wire[0];

        end->wire_count--;
        memmove(&end->wire[0], &end->wire[1], end->wire_count * sizeof(end->wire[0]));
        land(net, end, &piece);
    }
    if (end->wire_count > 0)
        sim_timeline_add(&net->timeline, end->wire[0].at, FAKE_ENTRY_WIRE, entry->index,
                         end->serial);
    return true;
}

/* Whoever sends to an end that is not there any more is told so. */
static void answer_with_reset(struct fakenet *net, struct fake_end *end)
{
    struct fake_host *there = fakenet_host_at(net, &end->remote);

    put_on_wire(net, there != NULL ? there : &net->hosts[end->host], end, FAKE_PIECE_RESET, 0);
}

void fakenet_close_end(struct fake_host *host, struct fake_end *end, bool is_reset)
{
    struct fakenet *net = host->net;

    is_reset |= end->len > 0;
    empty_pipe(net, end);
    net->connecting_count -= end->is_connecting;
    end->is_used = false;
    if (end->other == FAKENET_NONE)
        return;

    struct fake_end *other = &net->ends[end->other];
    other->other = FAKENET_NONE;
    if (end->is_lost) {
        other->is_lost = true;
    } else if (is_reset) {
        host->resets_sent++;
        put_on_wire(net, host, other, FAKE_PIECE_RESET, 0);
    } else if (!end->has_finished) {
        put_on_wire(net, host, other, FAKE_PIECE_END, 0);
    }
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static enum nx_status find_end(struct fake_host *host, struct nx_handle handle,
                               struct fake_socket **socket, struct fake_end **end)
{
    enum nx_status status = fakenet_find_kind(host, handle, FAKE_STREAM, socket);

    if (status == NX_OK)
        *end = &host->net->ends[(*socket)->end];
    return status;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Into what `other` has not received yet: as much as there is room for, around the pipe's end. */
static size_t put(struct fakenet *net, struct fake_end *other, struct nx_bytes bytes)
{
    size_t count = 0, want = least(bytes.len, net->pipe_size - other->len);

    if (want > 0)
        need_pipe(net, other);
    while (count < want) {
        size_t at = (other->first + other->len) % net->pipe_size;
        size_t len = least(want - count, net->pipe_size - at);

        memcpy(&net->pipes[other->pipe][at], bytes.ptr + count, len);
        other->len += len;
        count += len;
    }
    return count;
}

/* What goes nowhere fills a pipe all the same. */
static size_t lose(const struct fakenet *net, struct fake_end *end, size_t len)
{
    size_t room = net->pipe_size - end->lost_len;

    if (len > room)
        len = room;
    end->lost_len += len;
    return len;
}

/* One of the last `len` bytes that were put in is another one. */
static void forge(struct fakenet *net, struct fake_end *other, size_t len)
{
    uint64_t draw = nx_prng_next(&net->chance);
    size_t at = other->first + other->len - 1 - (size_t)((draw >> 8) % len);

    net->pipes[other->pipe][at % net->pipe_size] ^= (uint8_t)(1u + draw % 255u);
}

/* Nobody is left of it there, and the machine is up again. */
static bool is_answered(struct fakenet *net, const struct fake_end *end)
{
    const struct fake_host *there = fakenet_host_at(net, &end->remote);

    return end->other == FAKENET_NONE && there != NULL && there->is_back &&
           there->side == net->hosts[end->host].side;
}

enum nx_status fakenet_send(void *self, struct nx_handle handle, const struct nx_bytes *parts,
                            size_t part_count, size_t *sent)
{
    struct fake_host *host = self;
    struct fakenet *net = host->net;
    struct fake_socket *socket;
    struct fake_end *end;
    enum nx_status status = find_end(host, handle, &socket, &end);
    size_t wanted = 0;

    if (status != NX_OK)
        return status;
    if (end->failure != NX_NET_FAILURE_NONE)
        return nx_net_failure_status(end->failure);
    if (end->has_finished)
        return NX_E_CLOSED;
    if (end->is_connecting)
        return fakenet_wait_for(socket, NX_NET_WRITABLE);

    if (end->is_lost && is_answered(net, end))
        end->is_lost = false;
    for (size_t i = 0; i < part_count; i++) {
        wanted += parts[i].len;
        if (end->is_lost)
            *sent += lose(net, end, parts[i].len);
        else if (end->other == FAKENET_NONE)
            *sent += parts[i].len;
        else
            *sent += put(net, &net->ends[end->other], parts[i]);
    }
    if (*sent == 0 && wanted > 0)
        return fakenet_wait_for(socket, NX_NET_WRITABLE);
    if (*sent > 0 && !end->is_lost && end->other == FAKENET_NONE)
        answer_with_reset(net, end); /* they closed */
    if (*sent > 0 && !end->is_lost && end->other != FAKENET_NONE) {
        if (fakenet_happens(net, net->way.forgery))
            forge(net, &net->ends[end->other], *sent);
        put_on_wire(net, host, &net->ends[end->other], FAKE_PIECE_BYTES, *sent);
    }
    return NX_OK;
}

static size_t take(struct fakenet *net, struct fake_end *end, size_t len_max,
                   const struct nx_net_room *room)
{
    size_t count = 0, want = least(least(room->cap, len_max), end->ready_len);

    while (count < want) {
        size_t len = least(want - count, net->pipe_size - end->first);

        memcpy(room->ptr + count, &net->pipes[end->pipe][end->first], len);
        end->first = (end->first + len) % net->pipe_size;
        end->len -= len;
        end->ready_len -= len;
        count += len;
    }
    if (end->len == 0)
        empty_pipe(net, end);
    return count;
}

enum nx_status fakenet_receive(void *self, struct nx_handle handle, const struct nx_net_room *rooms,
                               size_t room_count, size_t *received)
{
    struct fake_host *host = self;
    struct fakenet *net = host->net;
    struct fake_socket *socket;
    struct fake_end *end;
    enum nx_status status = find_end(host, handle, &socket, &end);
    size_t max = host->receive_max == 0 ? SIZE_MAX : host->receive_max;

    if (status != NX_OK)
        return status;
    if (end->end_was_read)
        return NX_END;
    if (end->ready_len == 0 && end->failure != NX_NET_FAILURE_NONE)
        return nx_net_failure_status(end->failure);
    if (end->ready_len == 0 && end->end_came) {
        end->end_was_read = true;
        return NX_END;
    }
    if (end->ready_len == 0)
        return fakenet_wait_for(socket, NX_NET_READABLE);

    for (size_t i = 0; i < room_count; i++)
        *received += take(net, end, max - *received, &rooms[i]);
    if (end->other != FAKENET_NONE)
        fakenet_tell_end(net, &net->ends[end->other], NX_NET_WRITABLE);
    return NX_OK;
}

enum nx_status fakenet_finish(void *self, struct nx_handle handle)
{
    struct fake_host *host = self;
    struct fake_socket *socket;
    struct fake_end *end;
    enum nx_status status = find_end(host, handle, &socket, &end);

    if (status != NX_OK)
        return status;
    if (end->is_connecting)
        return NX_E_STATE;
    if (end->failure != NX_NET_FAILURE_NONE)
        return nx_net_failure_status(end->failure);
    if (end->has_finished)
        return NX_E_CLOSED;
    end->has_finished = true;
    if (!end->is_lost && end->other != FAKENET_NONE) {
        put_on_wire(host->net, host, &host->net->ends[end->other], FAKE_PIECE_END, 0);
    }
    return NX_OK;
}

void fake_host_cut(struct fake_host *host)
{
    struct fakenet *net = host->net;

    for (uint32_t i = 0; i < net->ends_end; i++) {
        struct fake_end *end = &net->ends[i];

        if (!end->is_used || end->is_connecting || end->other == FAKENET_NONE ||
            !nx_address_same_host(&end->local, &host->address))
            continue;
        end->is_lost = net->ends[end->other].is_lost = true;
        forget_wire(end);
        forget_wire(&net->ends[end->other]);
    }
}

void fakenet_cut_between(struct fake_host *a, struct fake_host *b)
{
    struct fakenet *net = a->net;
    uint32_t at_a = (uint32_t)(a - net->hosts), at_b = (uint32_t)(b - net->hosts);

    for (uint32_t i = 0; i < net->ends_end; i++) {
        struct fake_end *end = &net->ends[i];
        struct fake_end *other;

        if (!end->is_used || end->host != at_a || end->other == FAKENET_NONE)
            continue;
        other = &net->ends[end->other];
        if (other->host != at_b)
            continue;
        end->other = other->other = FAKENET_NONE;
        fakenet_fail(net, end, NX_NET_RESET);
        fakenet_fail(net, other, NX_NET_RESET);
    }
}

uint8_t *fakenet_at(struct fakenet *net, struct nx_handle stream, size_t index)
{
    uint32_t socket;

    if (nx_handle_find(&net->handles, stream, &socket) != NX_OK)
        return NULL;
    const struct fake_end *end = &net->ends[net->sockets[socket].end];
    if (index >= end->ready_len)
        return NULL;
    return &net->pipes[end->pipe][(end->first + index) % net->pipe_size];
}

void fake_host_back(struct fake_host *host)
{
    struct fakenet *net = host->net;

    host->is_back = true;
    for (uint32_t i = 0; i < net->ends_end; i++) {
        struct fake_end *end = &net->ends[i];

        if (!end->is_used || !end->is_lost || end->lost_len == 0 ||
            !nx_address_same_host(&end->remote, &host->address) || !is_answered(net, end))
            continue;
        end->is_lost = false;
        answer_with_reset(net, end);
    }
}
