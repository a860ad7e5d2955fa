/* accept4 and what libuv's header names, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/ipc/seqpacket.h"

#include "host/ipc/blob.h"
#include "host/ipc/descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define NONE UINT32_MAX

#define EVENT_BIT(kind) ((uint8_t)(1u << (kind)))

/* Strangers in a row that are turned away before the loop gets its turn again. */
#define TURNED_AWAY_IN_A_ROW_MAX 16

/* ---- events -------------------------------------------------------------------------------- */

static void tell(struct nx_seqpacket_client *client, enum nx_ipc_event_kind kind)
{
    struct nx_seqpacket *s = client->owner;
    uint32_t index = (uint32_t)(client - s->clients);

    client->wanted &= (uint8_t)~EVENT_BIT(kind);
    client->due |= EVENT_BIT(kind);
    if (client->is_due)
        return;

    client->is_due = true;
    client->next_due = NONE;
    if (s->first_due == NONE)
        s->first_due = index;
    else
        s->clients[s->last_due].next_due = index;
    s->last_due = index;
}

static void take_from_line(struct nx_seqpacket *s, struct nx_seqpacket_client *first)
{
    s->first_due = first->next_due;
    if (s->first_due == NONE)
        s->last_due = NONE;
    first->is_due = false;
}

static bool next_event(void *self, struct nx_ipc_event *event)
{
    struct nx_seqpacket *s = self;

    if (s->is_acceptable_due) {
        s->is_acceptable_due = false;
        *event = (struct nx_ipc_event){.client = NX_HANDLE_NONE, .kind = NX_IPC_ACCEPTABLE};
        return true;
    }
    while (s->first_due != NONE) {
        struct nx_seqpacket_client *client = &s->clients[s->first_due];

        for (unsigned kind = 0; kind < NX_IPC_EVENT_KINDS; kind++) {
            if ((client->due & EVENT_BIT(kind)) == 0)
                continue;
            client->due &= (uint8_t)~EVENT_BIT(kind);
            *event = (struct nx_ipc_event){client->handle, (enum nx_ipc_event_kind)kind};
            return true;
        }
        take_from_line(s, client);
    }
    return false;
}

/* ---- the loop ------------------------------------------------------------------------------ */

static void client_came(uv_poll_t *poll, int status, int events);

static void watch(struct nx_seqpacket_client *client, int events)
{
    if (client->watched == events)
        return;
    client->watched = events;
    /* Neither fails: the descriptor is open and was tried at uv_poll_init. */
    if (events == 0)
        NX_CHECK(uv_poll_stop(&client->poll) == 0);
    else
        NX_CHECK(uv_poll_start(&client->poll, events, client_came) == 0);
}

/* Which readiness an event of this kind hangs on. */
static int readiness_of(enum nx_ipc_event_kind kind)
{
    return kind == NX_IPC_READABLE ? UV_READABLE : UV_WRITABLE;
}

static enum nx_status await(struct nx_seqpacket_client *client, enum nx_ipc_event_kind kind)
{
    client->wanted |= EVENT_BIT(kind);
    watch(client, client->watched | readiness_of(kind));
    return NX_WOULD_BLOCK;
}

static void client_came(uv_poll_t *poll, int status, int events)
{
    struct nx_seqpacket_client *client = poll->data;
    int needless = events;

    if (status != 0) {
        /* Its end is closed, and things that we sent were left unread; libuv has stopped looking. */
        client->watched = 0;
        events = needless = UV_READABLE | UV_WRITABLE | UV_DISCONNECT;
    }
    if ((events & UV_DISCONNECT) != 0 && !client->is_gone) {
        client->is_gone = true;
        tell(client, NX_IPC_GONE);
    }
    for (unsigned kind = NX_IPC_READABLE; kind <= NX_IPC_WRITABLE; kind++) {
        int readiness = readiness_of((enum nx_ipc_event_kind)kind);

        if ((events & readiness) == 0 || (client->wanted & EVENT_BIT(kind)) == 0)
            continue;
        tell(client, (enum nx_ipc_event_kind)kind);
        needless &= ~readiness;
    }
    /* What is ready and was promised to nobody would only come again and again. */
    watch(client, client->watched & ~needless);
}

static void listener_came(uv_poll_t *poll, int status, int events)
{
    struct nx_seqpacket *s = poll->data;

    (void)status, (void)events;
    NX_CHECK(uv_poll_stop(&s->poll) == 0);
    s->is_watched = false;
    s->is_acceptable_due = true;
}

static void watch_listener(struct nx_seqpacket *s)
{
    if (s->is_watched || s->is_acceptable_due)
        return;
    s->is_watched = true;
    NX_CHECK(uv_poll_start(&s->poll, UV_READABLE, listener_came) == 0);
}

/* ---- accepting ----------------------------------------------------------------------------- */

static enum nx_status pause_accepting(struct nx_seqpacket *s, bool is_system_full)
{
    s->is_paused = true;
    s->is_starved |= is_system_full;
    return NX_E_NO_MEMORY;
}

static void resume_accepting(struct nx_seqpacket *s)
{
    s->resume_at = NX_NEVER;
    if (!s->is_paused || s->listener < 0)
        return;
    s->is_paused = false;
    watch_listener(s);
}

/* The user that we run as, and nobody else (docs/contracts/ipc.md). */
static bool may_come_in(int fd, struct nx_ipc_sender *sender)
{
    return nx_ipc_peer(fd, &sender->uid, &sender->pid) == NX_OK &&
           sender->uid != NX_IPC_UID_UNMAPPED && sender->uid == geteuid();
}

/* The next one that may; -1 with errno. */
static int accept_one(struct nx_seqpacket *s, struct nx_ipc_sender *sender)
{
    for (int i = 0; i < TURNED_AWAY_IN_A_ROW_MAX; i++) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0 || may_come_in(fd, sender))
            return fd;
        s->turned_away++;
        close(fd);
    }
    errno = EAGAIN;
    return -1;
}

static enum nx_status add(struct nx_seqpacket *s, int fd, struct nx_handle *handle)
{
    const int send_buffer = NX_SEQPACKET_SEND_BUFFER;
    uint32_t index;

    NX_CHECK(nx_handle_open(&s->handles, handle, &index) == NX_OK);
    struct nx_seqpacket_client *client = &s->clients[index];
    /* Its former tenant may still stand in the line of those with something to tell. */
    *client = (struct nx_seqpacket_client){
        .state = NX_SEQPACKET_OPEN,
        .owner = s,
        .handle = *handle,
        .fd = fd,
        .is_due = client->is_due,
        .next_due = client->next_due,
    };
    if (uv_poll_init(&s->loop->uv, &client->poll, fd) != 0) {
        client->state = NX_SEQPACKET_FREE;
        NX_CHECK(nx_handle_close(&s->handles, *handle) == NX_OK);
        close(fd);
        return NX_E_NO_MEMORY;
    }
    for (uint32_t i = 0; i < NX_IPC_BLOBS_MAX; i++)
        client->descriptors[i] = -1;
    client->poll.data = client;
    s->live_count++;
    /* The system's usual size does as well, only with more waiting. */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
    watch(client, UV_DISCONNECT);
    return NX_OK;
}

static enum nx_status accept_client(void *self, struct nx_handle *client,
                                    struct nx_ipc_sender *sender)
{
    struct nx_seqpacket *s = self;
    struct nx_handle handle;
    struct nx_ipc_sender from;

    if (s->handles.count == s->handles.cap)
        return pause_accepting(s, false);

    int fd = accept_one(s, &from);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            return pause_accepting(s, true);
        if (errno != EAGAIN)
            return NX_E_IO;
        watch_listener(s);
        return NX_WOULD_BLOCK;
    }
    if (add(s, fd, &handle) != NX_OK)
        return pause_accepting(s, true);
    *client = handle;
    *sender = from;
    return NX_OK;
}

/* ---- messages ------------------------------------------------------------------------------ */

/* The client behind a handle. One that the loop has still to let go of keeps its handle, so that
 * nobody moves in, and is closed to everybody. */
static enum nx_status find(struct nx_seqpacket *s, struct nx_handle handle,
                           struct nx_seqpacket_client **client)
{
    uint32_t index;

    if (nx_handle_find(&s->handles, handle, &index) != NX_OK ||
        s->clients[index].state != NX_SEQPACKET_OPEN)
        return NX_E_CLOSED;
    *client = &s->clients[index];
    return (*client)->failure;
}

static enum nx_status fail(struct nx_seqpacket_client *client, enum nx_status failure)
{
    client->failure = failure;
    return failure;
}

static enum nx_status send_parts(void *self, struct nx_handle handle, const struct nx_bytes *parts,
                                 size_t part_count)
{
    struct iovec spans[1 + NX_IPC_PARTS_MAX];
    struct nx_seqpacket_client *client;
    enum nx_status status = find(self, handle, &client);
    ssize_t sent;

    if (status != NX_OK)
        return status;
    for (size_t i = 0; i < part_count; i++)
        spans[i] = (struct iovec){(void *)(uintptr_t)parts[i].ptr, parts[i].len};
    const struct msghdr message = {.msg_iov = spans, .msg_iovlen = part_count};
    do {
        sent = sendmsg(client->fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return NX_OK;
    if (errno == EAGAIN || errno == ENOBUFS)
        return await(client, NX_IPC_WRITABLE);
    /* What it sent before can still be received. */
    return errno == EPIPE || errno == ECONNRESET ? NX_E_CLOSED : fail(client, NX_E_IO);
}

/* ---- blobs ------------------------------------------------------------------------------------ */

static void close_descriptors(struct nx_seqpacket_client *client)
{
    for (uint32_t i = 0; i < NX_IPC_BLOBS_MAX; i++) {
        if (client->descriptors[i] >= 0)
            close(client->descriptors[i]);
        client->descriptors[i] = -1;
    }
}

/* Takes over what came along. False: not what the head announces, or of another kind. */
static bool keep_descriptors(struct nx_seqpacket_client *client, struct msghdr *message,
                             uint32_t announced)
{
    uint32_t count = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            return false;
        size_t len = c->cmsg_len - CMSG_LEN(0);

        NX_CHECK(count + len / sizeof(int) <= NX_IPC_BLOBS_MAX); /* there was room for no more */
        memcpy(client->descriptors + count, CMSG_DATA(c), len);
        count += (uint32_t)(len / sizeof(int));
    }
    return count == announced && (message->msg_flags & MSG_CTRUNC) == 0;
}

static struct nx_seqpacket_blob *blob_with(struct nx_seqpacket_client *client, uint64_t number)
{
    for (uint32_t i = 0; i < NX_IPC_BLOBS_HELD_MAX; i++) {
        if (client->blobs[i].number == number)
            return &client->blobs[i];
    }
    return NULL;
}

static enum nx_status take_blob(void *self, struct nx_handle handle, uint32_t index,
                                uint64_t announced_len, struct nx_ipc_blob *blob)
{
    struct nx_seqpacket *s = self;
    struct nx_seqpacket_client *client;
    struct nx_bytes map;
    enum nx_status status = find(s, handle, &client);

    if (status != NX_OK)
        return status;
    if (index >= NX_IPC_BLOBS_MAX || client->descriptors[index] < 0)
        return NX_E_NOT_FOUND;

    struct nx_seqpacket_blob *place = blob_with(client, 0);
    if (place == NULL)
        return NX_E_LIMIT;
    status = nx_ipc_blob_map(client->descriptors[index], announced_len,
                             NX_IPC_BLOB_BYTES_MAX - client->blob_bytes, &map);
    if (status == NX_E_LIMIT)
        return status;
    close(client->descriptors[index]);
    client->descriptors[index] = -1;
    if (status != NX_OK)
        return status;
    *place = (struct nx_seqpacket_blob){.number = ++s->blobs_taken, .map = map};
    client->blob_bytes += map.len;
    *blob = (struct nx_ipc_blob){.handle = {place->number}, .bytes = map};
    return NX_OK;
}

static void drop(struct nx_seqpacket_client *client, struct nx_seqpacket_blob *blob)
{
    nx_ipc_blob_unmap(blob->map);
    client->blob_bytes -= blob->map.len;
    *blob = (struct nx_seqpacket_blob){.number = 0};
}

static void drop_blob(void *self, struct nx_handle handle, struct nx_handle number)
{
    struct nx_seqpacket_client *client;
    struct nx_seqpacket_blob *blob;

    if (find(self, handle, &client) == NX_E_CLOSED || number.value == 0)
        return;
    blob = blob_with(client, number.value);
    if (blob != NULL)
        drop(client, blob);
}

static void drop_all(struct nx_seqpacket_client *client)
{
    close_descriptors(client);
    for (uint32_t i = 0; i < NX_IPC_BLOBS_HELD_MAX; i++) {
        if (client->blobs[i].number != 0)
            drop(client, &client->blobs[i]);
    }
}

void nx_seqpacket_take_blobs(struct nx_seqpacket *s)
{
    s->takes_blobs = true;
}

/* How many the head announces; what is no head brings none. */
static uint32_t announced_in(const uint8_t *room, size_t len)
{
    struct nx_ipc_message message;

    return nx_ipc_message_decode(nx_bytes_of(room, len), &message) == NX_OK
               ? message.head.blob_count
               : 0;
}

/* ---- receiving -------------------------------------------------------------------------------- */

static enum nx_status receive_one(void *self, struct nx_handle handle, uint8_t *room, size_t *len)
{
    struct nx_seqpacket_client *client;
    enum nx_status status = find(self, handle, &client);
    struct iovec span = {room, NX_IPC_MESSAGE_MAX};
    union nx_ipc_descriptors descriptors;
    struct msghdr message;
    ssize_t received;

    if (status != NX_OK)
        return status;
    if (client->is_over)
        return NX_END;
    close_descriptors(client);
    do {
        /* Where there is no room beside the bytes, the system drops a descriptor and says so. */
        message = (struct msghdr){.msg_iov = &span, .msg_iovlen = 1};
        if (client->owner->takes_blobs) {
            message.msg_control = descriptors.bytes;
            message.msg_controllen = sizeof(descriptors.bytes);
        }
        received = recvmsg(client->fd, &message, MSG_CMSG_CLOEXEC);
        /* A reset is told once, before what it sent. */
    } while (received < 0 && (errno == EINTR || errno == ECONNRESET));
    if (received < 0)
        return errno == EAGAIN ? await(client, NX_IPC_READABLE) : fail(client, NX_E_IO);
    bool is_announced = keep_descriptors(client, &message, announced_in(room, (size_t)received));
    if ((message.msg_flags & MSG_TRUNC) != 0) {
        close_descriptors(client);
        return fail(client, NX_E_LIMIT);
    }
    if (!is_announced) {
        close_descriptors(client);
        return fail(client, NX_E_MALFORMED);
    }
    /* An empty datagram reads like the end, and is taken for one: it is no message either. */
    if (received == 0) {
        client->is_over = true;
        return NX_END;
    }
    *len = (size_t)received;
    return NX_OK;
}

/* ---- closing ------------------------------------------------------------------------------- */

static void loop_let_go(uv_handle_t *handle)
{
    struct nx_seqpacket_client *client = handle->data;
    struct nx_seqpacket *s = client->owner;

    client->state = NX_SEQPACKET_FREE;
    s->live_count--;
    NX_CHECK(nx_handle_close(&s->handles, client->handle) == NX_OK);
    resume_accepting(s);
}

static void close_place(struct nx_seqpacket_client *client)
{
    client->state = NX_SEQPACKET_CLOSED;
    client->wanted = client->due = 0;
    drop_all(client);
    uv_close((uv_handle_t *)&client->poll, loop_let_go);
    close(client->fd);
}

static void close_client(void *self, struct nx_handle handle)
{
    struct nx_seqpacket_client *client;

    if (find(self, handle, &client) != NX_E_CLOSED)
        close_place(client);
}

static void listener_let_go(uv_handle_t *handle)
{
    ((struct nx_seqpacket *)handle->data)->live_count--;
}

void nx_seqpacket_close(struct nx_seqpacket *s)
{
    if (s->listener < 0)
        return;
    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        if (s->clients[i].state == NX_SEQPACKET_OPEN)
            close_place(&s->clients[i]);
    }
    uv_close((uv_handle_t *)&s->poll, listener_let_go);
    close(s->listener);
    s->listener = -1;
    s->is_acceptable_due = false;
    nx_ipc_place_leave(&s->place);
    while (s->live_count > 0)
        nx_loop_wait(s->loop, (struct nx_instant){0});
}

/* ---- opening, time ------------------------------------------------------------------------- */

static void begin(struct nx_seqpacket *s, struct nx_loop *loop)
{
    memset(s, 0, sizeof(*s));
    s->loop = loop;
    s->place = (struct nx_ipc_place){.folder = -1, .lock = -1};
    s->listener = -1;
    s->first_due = s->last_due = NONE;
    s->resume_at = NX_NEVER;
    nx_handles_init(&s->handles, s->slots, NX_IPC_CLIENTS_MAX);
}

static enum nx_status wait_for_clients(struct nx_seqpacket *s, struct nx_why *why)
{
    if (uv_poll_init(&s->loop->uv, &s->poll, s->listener) != 0) {
        close(s->listener);
        s->listener = -1;
        nx_ipc_place_leave(&s->place);
        nx_why_set(why, "no memory to wait for clients");
        return NX_E_NO_MEMORY;
    }
    s->poll.data = s;
    s->live_count++;
    return NX_OK;
}

enum nx_status nx_seqpacket_open(struct nx_seqpacket *s, struct nx_loop *loop,
                                 const char *state_folder, const char *daemon, struct nx_why *why)
{
    begin(s, loop);
    enum nx_status status = nx_ipc_place_take(&s->place, state_folder, daemon, &s->listener, why);
    return status == NX_OK ? wait_for_clients(s, why) : status;
}

enum nx_status nx_seqpacket_open_on(struct nx_seqpacket *s, struct nx_loop *loop, int listener,
                                    struct nx_why *why)
{
    begin(s, loop);
    s->listener = listener;
    return wait_for_clients(s, why);
}

void nx_seqpacket_tick(struct nx_seqpacket *s, struct nx_instant now)
{
    if (nx_instant_reached(s->resume_at, now))
        resume_accepting(s);
    if (s->is_starved) {
        s->is_starved = false;
        s->resume_at = nx_instant_after(now, nx_milliseconds(NX_SEQPACKET_PAUSE_MS));
    }
}

struct nx_instant nx_seqpacket_deadline(const struct nx_seqpacket *s)
{
    if (s->is_acceptable_due || s->first_due != NONE || s->is_starved)
        return (struct nx_instant){0}; /* there is something to do now */
    return s->resume_at;
}

static const struct nx_ipc_driver driver = {
    .accept = accept_client,
    .send = send_parts,
    .receive = receive_one,
    .close = close_client,
    .event = next_event,
    .take_blob = take_blob,
    .drop_blob = drop_blob,
};

struct nx_ipc nx_seqpacket_as_ipc(struct nx_seqpacket *s)
{
    return (struct nx_ipc){.driver = &driver, .self = s};
}
