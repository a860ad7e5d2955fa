/* What libuv's header names and sockets need, which c11 alone hides. */
#define _DEFAULT_SOURCE

#include "host/net/sockets_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define NONE UINT32_MAX

/* ---- the table ----------------------------------------------------------------------------- */

void nx_sockets_init(struct nx_sockets *s, struct nx_loop *loop, struct nx_socket *places,
                     struct nx_handle_slot *slots, uint32_t cap)
{
    memset(s, 0, sizeof(*s));
    s->loop = loop;
    s->places = places;
    s->first_due = s->last_due = NONE;
    s->resume_at = NX_NEVER;
    nx_handles_init(&s->handles, slots, cap);
}

/* The socket behind a handle, of whatever sort. One that the loop has still to let go of keeps its
 * handle, so that nobody moves in, and is closed to everybody. */
static enum nx_status find(struct nx_sockets *s, struct nx_handle handle, struct nx_socket **socket)
{
    uint32_t index;

    if (nx_handle_find(&s->handles, handle, &index) != NX_OK ||
        s->places[index].state == NX_SOCKET_CLOSED)
        return NX_E_CLOSED;
    *socket = &s->places[index];
    return NX_OK;
}

enum nx_status nx_sockets_find(struct nx_sockets *s, struct nx_handle handle,
                               enum nx_socket_kind kind, struct nx_socket **socket)
{
    enum nx_status status = find(s, handle, socket);

    return status == NX_OK && (*socket)->kind != kind ? NX_E_INVALID : status;
}

bool nx_sockets_has_room(const struct nx_sockets *s)
{
    return s->handles.count < s->handles.cap;
}

enum nx_net_failure nx_sockets_add(struct nx_sockets *s, enum nx_socket_kind kind,
                                   enum nx_socket_state state, int fd, struct nx_socket **socket)
{
    struct nx_handle handle;
    uint32_t index;

    if (nx_handle_open(&s->handles, &handle, &index) != NX_OK) {
        close(fd);
        return NX_NET_FULL;
    }

    struct nx_socket *place = &s->places[index];
    /* Its former tenant may still stand in the line of those with something to tell. */
    *place = (struct nx_socket){
        .state = state,
        .kind = kind,
        .owner = s,
        .handle = handle,
        .fd = fd,
        .is_due = place->is_due,
        .next_due = place->next_due,
        .deadline = NX_NEVER,
    };
    if (uv_poll_init(&s->loop->uv, &place->poll, fd) != 0) {
        place->state = NX_SOCKET_FREE;
        NX_CHECK(nx_handle_close(&s->handles, handle) == NX_OK);
        close(fd);
        return NX_NET_FULL;
    }
    place->poll.data = place;
    s->open_count++;
    *socket = place;
    return NX_NET_FAILURE_NONE;
}

int nx_socket_make(const struct nx_address *address, int type, enum nx_net_failure *failure)
{
    int family = nx_endpoint_family(address);
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        *failure = nx_failure_of_errno(errno);
        return -1;
    }
    /* Without this an IPv6 socket would take IPv4 as well, where the system is set so. */
    if (family == AF_INET6 && !nx_socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) {
        close(fd);
        *failure = NX_NET_NOT_POSSIBLE;
        return -1;
    }
    return fd;
}

enum nx_net_failure nx_socket_bind(int fd, const struct nx_address *local)
{
    struct nx_endpoint endpoint;

    nx_endpoint_of(local, &endpoint);
    return bind(fd, (const struct sockaddr *)&endpoint.storage, endpoint.len) == 0
               ? NX_NET_FAILURE_NONE
               : nx_failure_of_errno(errno);
}

bool nx_socket_set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* ---- events -------------------------------------------------------------------------------- */

void nx_socket_tell(struct nx_socket *socket, enum nx_net_event_kind kind)
{
    struct nx_sockets *s = socket->owner;
    uint32_t index = (uint32_t)(socket - s->places);

    socket->wanted &= (uint8_t)~NX_EVENT_BIT(kind);
    socket->due |= NX_EVENT_BIT(kind);
    if (socket->is_due)
        return;

    socket->is_due = true;
    socket->next_due = NONE;
    if (s->first_due == NONE)
        s->first_due = index;
    else
        s->places[s->last_due].next_due = index;
    s->last_due = index;
}

static void take_from_line(struct nx_sockets *s, struct nx_socket *first)
{
    s->first_due = first->next_due;
    if (s->first_due == NONE)
        s->last_due = NONE;
    first->is_due = false;
}

static bool next_event(void *self, struct nx_net_event *event)
{
    struct nx_sockets *s = self;

    while (s->first_due != NONE) {
        struct nx_socket *socket = &s->places[s->first_due];

        for (unsigned kind = 0; kind < NX_NET_EVENT_KINDS; kind++) {
            if ((socket->due & NX_EVENT_BIT(kind)) == 0)
                continue;
            socket->due &= (uint8_t)~NX_EVENT_BIT(kind);
            *event = (struct nx_net_event){
                .socket = socket->handle,
                .kind = (enum nx_net_event_kind)kind,
                .status = kind == NX_NET_DIALLED ? nx_net_failure_status(socket->failure) : NX_OK,
            };
            return true;
        }
        take_from_line(s, socket);
    }
    return false;
}

/* ---- the loop ------------------------------------------------------------------------------ */

static void loop_came(uv_poll_t *poll, int status, int events);

static void watch(struct nx_socket *socket, int events)
{
    if (socket->watched == events)
        return;
    socket->watched = events;
    /* Neither fails: the descriptor is open and was tried at uv_poll_init. */
    if (events == 0)
        NX_CHECK(uv_poll_stop(&socket->poll) == 0);
    else
        NX_CHECK(uv_poll_start(&socket->poll, events, loop_came) == 0);
}

/* Which readiness an event of this kind hangs on. */
static int readiness_of(enum nx_net_event_kind kind)
{
    return kind == NX_NET_ACCEPTABLE || kind == NX_NET_READABLE ? UV_READABLE : UV_WRITABLE;
}

enum nx_status nx_socket_await(struct nx_socket *socket, enum nx_net_event_kind kind)
{
    socket->wanted |= NX_EVENT_BIT(kind);
    /* While a dial is under way, being writable means that it is over; that is all to look for. */
    if (socket->state != NX_SOCKET_CONNECTING || kind == NX_NET_DIALLED)
        watch(socket, socket->watched | readiness_of(kind));
    return NX_WOULD_BLOCK;
}

/* Tell what was promised and hangs on `ready`. What is ready and was promised to nobody need not be
 * looked for: it would only come again and again. */
static void became_ready(struct nx_socket *socket, int ready)
{
    int needless = ready;

    for (unsigned kind = NX_NET_ACCEPTABLE; kind < NX_NET_EVENT_KINDS; kind++) {
        int readiness = readiness_of((enum nx_net_event_kind)kind);

        if ((ready & readiness) == 0 || (socket->wanted & NX_EVENT_BIT(kind)) == 0)
            continue;
        nx_socket_tell(socket, (enum nx_net_event_kind)kind);
        needless &= ~readiness;
    }
    watch(socket, socket->watched & ~needless);
}

static void loop_came(uv_poll_t *poll, int status, int events)
{
    struct nx_socket *socket = poll->data;

    if (status != 0) {
        /* libuv has stopped looking. Whoever tries next gets the failure from the system itself. */
        socket->watched = 0;
        events = UV_READABLE | UV_WRITABLE;
    }
    if (socket->state == NX_SOCKET_CONNECTING)
        nx_tcp_look_at_dial(socket);
    else
        became_ready(socket, events);
}

static void forget_dial(struct nx_sockets *s, uint32_t index)
{
    for (uint32_t i = 0; i < s->dial_count; i++) {
        if (s->dials[i] == index) {
            s->dials[i] = s->dials[--s->dial_count];
            return;
        }
    }
}

void nx_socket_dialled(struct nx_socket *stream, enum nx_net_failure failure)
{
    forget_dial(stream->owner, (uint32_t)(stream - stream->owner->places));
    stream->state = NX_SOCKET_OPEN;
    stream->failure = failure;
    watch(stream, 0);
    nx_socket_tell(stream, NX_NET_DIALLED);
    became_ready(stream, UV_READABLE | UV_WRITABLE);
}

/* ---- listeners that pause ------------------------------------------------------------------ */

enum nx_status nx_socket_pause(struct nx_socket *listener, bool is_system_full)
{
    listener->owner->is_starved |= is_system_full;
    listener->wanted |= NX_EVENT_BIT(NX_NET_ACCEPTABLE);
    watch(listener, 0);
    if (!listener->is_paused) {
        listener->is_paused = true;
        listener->owner->paused_count++;
    }
    return NX_E_NO_MEMORY;
}

static void end_pause(struct nx_socket *socket)
{
    if (!socket->is_paused)
        return;
    socket->is_paused = false;
    socket->owner->paused_count--;
}

/* Whoever was told that there is no place is told of the next connection that waits. */
static void resume_listeners(struct nx_sockets *s)
{
    for (uint32_t i = 0; i < s->handles.cap && s->paused_count > 0; i++) {
        if (s->places[i].state == NX_SOCKET_OPEN && s->places[i].is_paused) {
            end_pause(&s->places[i]);
            watch(&s->places[i], UV_READABLE);
        }
    }
    s->resume_at = NX_NEVER;
}

/* ---- closing ------------------------------------------------------------------------------- */

static void loop_let_go(uv_handle_t *handle)
{
    struct nx_socket *socket = handle->data;
    struct nx_sockets *s = socket->owner;

    socket->state = NX_SOCKET_FREE;
    s->open_count--;
    NX_CHECK(nx_handle_close(&s->handles, socket->handle) == NX_OK);
    resume_listeners(s);
}

static void close_socket(void *self, struct nx_handle handle, bool is_abort)
{
    struct nx_socket *socket;

    if (find(self, handle, &socket) != NX_OK)
        return;
    if (is_abort && socket->kind == NX_SOCKET_STREAM) {
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

        (void)setsockopt(socket->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    end_pause(socket);
    if (socket->state == NX_SOCKET_CONNECTING)
        forget_dial(self, (uint32_t)(socket - socket->owner->places));
    socket->state = NX_SOCKET_CLOSED;
    socket->wanted = socket->due = 0;
    uv_close((uv_handle_t *)&socket->poll, loop_let_go);
    close(socket->fd);
}

void nx_sockets_wipe(struct nx_sockets *s)
{
    for (uint32_t i = 0; i < s->handles.cap; i++) {
        if (s->places[i].state != NX_SOCKET_FREE)
            close_socket(s, s->places[i].handle, false);
    }
    while (s->open_count > 0)
        nx_loop_wait(s->loop, (struct nx_instant){0});
}

/* ---- time ---------------------------------------------------------------------------------- */

void nx_sockets_tick(struct nx_sockets *s, struct nx_instant now)
{
    for (uint32_t i = s->dial_count;
         i-- > 0;) { /* from the back: one that is over leaves the list */
        struct nx_socket *stream = &s->places[s->dials[i]];

        if (nx_instant_reached(stream->deadline, now))
            nx_socket_dialled(stream, NX_NET_TIMED_OUT);
    }
    if (nx_instant_reached(s->resume_at, now))
        resume_listeners(s);
    if (s->is_starved) {
        s->is_starved = false;
        s->resume_at = nx_instant_after(now, nx_milliseconds(NX_SOCKETS_PAUSE_MS));
    }
}

struct nx_instant nx_sockets_deadline(const struct nx_sockets *s)
{
    struct nx_instant deadline = s->resume_at;

    if (s->first_due != NONE || s->is_starved)
        return (struct nx_instant){0}; /* there is something to do now */
    for (uint32_t i = 0; i < s->dial_count; i++)
        deadline = nx_instant_earlier(deadline, s->places[s->dials[i]].deadline);
    return deadline;
}

/* ---- the interface ------------------------------------------------------------------------- */

static enum nx_status local_address(void *self, struct nx_handle handle, struct nx_address *address)
{
    struct nx_endpoint endpoint = {.len = sizeof(endpoint.storage)};
    struct nx_socket *socket;
    enum nx_status status = find(self, handle, &socket);

    if (status != NX_OK)
        return status;
    if (getsockname(socket->fd, (struct sockaddr *)&endpoint.storage, &endpoint.len) != 0)
        return NX_E_IO;
    *address = nx_endpoint_address(&endpoint);
    return NX_OK;
}

static enum nx_net_failure failure_of(void *self, struct nx_handle handle)
{
    struct nx_socket *socket;

    return find(self, handle, &socket) == NX_OK ? socket->failure : NX_NET_FAILURE_NONE;
}

static const struct nx_net_driver driver = {
    .listen = nx_tcp_listen,
    .accept = nx_tcp_accept,
    .connect = nx_tcp_connect,
    .send = nx_tcp_send,
    .receive = nx_tcp_receive,
    .finish = nx_tcp_finish,
    .bind = nx_udp_bind,
    .join = nx_udp_join,
    .send_to = nx_udp_send_to,
    .receive_from = nx_udp_receive_from,
    .local = local_address,
    .failure = failure_of,
    .close = close_socket,
    .event = next_event,
};

struct nx_net nx_sockets_as_net(struct nx_sockets *s)
{
    return (struct nx_net){&driver, s};
}
