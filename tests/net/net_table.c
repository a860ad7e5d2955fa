#include "tests/net/net_table.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

/* Sockets of a row. */
enum who {
    A,
    B,
    C,
    D,
    E,
    WHO_COUNT,
};

/* What a step does with its socket. "Await" means: try, and while the answer is NX_WOULD_BLOCK let time
 * pass, for a bounded while. */
enum op {
    DONE,
    LISTEN,      /* at home, with backlog `count` (0: 8) */
    LISTEN_AT,   /* where `other` lives, or lived */
    LISTEN_AWAY, /* at an address that is not ours */
    CONNECT,     /* to `other`, within `count` ms (0: NX_NEVER) */
    DIALLED,     /* await that event, with `status` */
    NEVER,       /* no event of kind `count` comes, nor came */
    EVENT,       /* await an event of kind `count`, or it came since the last such step; once */
    ACCEPT,      /* from listener `other`, await `status` */
    SERVE,       /* accept from `other` until one brings `text`, closing those that were cut */
    TRY,         /* accept, at once, answers `status`; takes nothing */
    SEND,        /* `text`, all of it, at once */
    SEND_NOT,    /* a byte, at once, is answered by `status` */
    SEND_UNTIL,  /* send and let time pass until `status` */
    RECEIVE,     /* await `text`, all of it */
    RECEIVE_NOT, /* await `status` instead of bytes */
    NOTHING,     /* receive, at once, would block */
    FILL,        /* send the pattern until it would block, also after a while */
    DRAIN,       /* receive the pattern until all that `other` sent is there */
    TRANSFER,    /* `count` bytes of the pattern to `other`, in parts and rooms of odd sizes */
    FINISH,      /* answers `status` */
    CLOSE,
    ABORT,
    FAILED,     /* the failure is `count` */
    STALE,      /* every call answers NX_E_CLOSED */
    WRONG_SORT, /* every call for another sort of socket answers NX_E_INVALID */
    FILL_TABLE, /* open sockets that nobody uses until there is no place; the answer is `status` */
    FREE_PLACE, /* close one of those */

    BIND,      /* at home */
    BIND_ANY,  /* at every address, shared, the port that `other` has; `other` self: a free one */
    BIND_AT,   /* where `other` lives, shared when `count` */
    SEND_TO,   /* `text` to `other`; answers `status` */
    SEND_MANY, /* `count` bytes of the pattern to `other`; answers `status` */
    SEND_OTHER_FAMILY, /* a byte to an address of the other family; answers `status` */
    RECEIVE_FROM,      /* await `text` from `other` */
    RECEIVE_MANY,      /* await `count` bytes of the pattern */
    RECEIVE_SHORT,     /* with room for `count` bytes, await NX_E_LIMIT for `text` */
    ANSWER,       /* await `text`, which comes from home, and send it back to where it came from */
    RECEIVE_NONE, /* nothing comes */
    JOIN,         /* the group, on its interface; answers `status` */
    JOIN_NO_INTERFACE, /* answers `status` */
    SEND_GROUP, /* `text` to the group at the port of `other`; skips where the machine cannot */
};

struct step {
    enum op op;
    enum who who;
    enum who other;
    const char *text;
    enum nx_status status;
    uint32_t count;
};

/* B has dialled A, and C is what A accepted. */
#define PAIR                                    \
    {LISTEN, A}, {CONNECT, B, A}, {DIALLED, B}, \
    {                                           \
        ACCEPT, C, A                            \
    }

/* clang-format off */
static const struct {
    const char *name;
    struct step steps[16];
} rows[] = {
    /* ---- dialling and accepting ---- */
    {"a stream carries bytes both ways",
     {PAIR, {SEND, B, .text = "ping"}, {RECEIVE, C, .text = "ping"}, {SEND, C, .text = "pong"},
      {RECEIVE, B, .text = "pong"}}},
    {"who would have blocked in accept is told of a connection, once",
     {{LISTEN, A}, {TRY, A, .status = NX_WOULD_BLOCK}, {CONNECT, B, A}, {EVENT, A, .count = NX_NET_ACCEPTABLE},
      {NEVER, A, .count = NX_NET_ACCEPTABLE}, {ACCEPT, C, A}}},
    {"who was not told to wait is told nothing",
     {{LISTEN, A}, {CONNECT, B, A}, {DIALLED, B}, {NEVER, A, .count = NX_NET_ACCEPTABLE}, {ACCEPT, C, A},
      {SEND, B, .text = "x"}, {NEVER, C, .count = NX_NET_READABLE}, {NEVER, B, .count = NX_NET_WRITABLE}}},
    {"a dial is told once",
     {{LISTEN, A}, {CONNECT, B, A}, {DIALLED, B}, {NEVER, B, .count = NX_NET_DIALLED}}},
    {"a dial to where nobody listens is refused, and stays so",
     {{LISTEN, A}, {CLOSE, A}, {CONNECT, B, A}, {DIALLED, B, .status = NX_E_NOT_FOUND},
      {FAILED, B, .count = NX_NET_REFUSED}, {SEND_NOT, B, .status = NX_E_NOT_FOUND},
      {RECEIVE_NOT, B, .status = NX_E_NOT_FOUND}, {RECEIVE_NOT, B, .status = NX_E_NOT_FOUND},
      {FINISH, B, .status = NX_E_NOT_FOUND}, {NEVER, B, .count = NX_NET_DIALLED}}},
    {"a dial that nobody answers is over at its deadline",
     {{LISTEN, A, .count = 1}, {CONNECT, B, A}, {DIALLED, B}, {CONNECT, C, A}, {DIALLED, C},
      {CONNECT, D, A, .count = 150}, {DIALLED, D, .status = NX_E_TIMEOUT}, {FAILED, D, .count = NX_NET_TIMED_OUT},
      {RECEIVE_NOT, D, .status = NX_E_TIMEOUT}}},
    {"a deadline does not end what is open",
     {{LISTEN, A}, {CONNECT, B, A, .count = 60}, {DIALLED, B}, {ACCEPT, C, A}, {NEVER, B, .count = NX_NET_DIALLED},
      {NEVER, B, .count = NX_NET_DIALLED}, {SEND, B, .text = "x"}, {RECEIVE, C, .text = "x"}}},
    {"a dial that is closed tells nothing, and its deadline neither",
     {{LISTEN, A}, {CONNECT, B, A, .count = 20}, {CLOSE, B}, {NEVER, B, .count = NX_NET_DIALLED}, {STALE, B}}},
    {"sending while the dial is under way is told to wait, and then goes",
     {{LISTEN, A}, {CONNECT, B, A}, {SEND_NOT, B, .status = NX_WOULD_BLOCK}, {EVENT, B, .count = NX_NET_WRITABLE},
      {SEND, B, .text = "early"}, {ACCEPT, C, A}, {RECEIVE, C, .text = "early"}}},
    {"receiving while the dial is under way is told to wait, and told when it failed",
     {{LISTEN, A}, {CLOSE, A}, {CONNECT, B, A}, {NOTHING, B}, {EVENT, B, .count = NX_NET_READABLE},
      {RECEIVE_NOT, B, .status = NX_E_NOT_FOUND}}},
    {"finishing while the dial is under way is too early",
     {{LISTEN, A}, {CONNECT, B, A}, {FINISH, B, .status = NX_E_STATE}, {DIALLED, B}, {FINISH, B}}},
    {"a connection that was cut while it waited comes as a cut one, or not at all",
     {{LISTEN, A}, {CONNECT, B, A}, {DIALLED, B}, {ABORT, B}, {CONNECT, D, A}, {DIALLED, D}, {SEND, D, .text = "x"},
      {SERVE, C, A, "x"}}},

    /* ---- ends ---- */
    {"nothing yet is not the end",
     {PAIR, {NOTHING, C}, {SEND, B, .text = "x"}, {EVENT, C, .count = NX_NET_READABLE}, {RECEIVE, C, .text = "x"},
      {NOTHING, C}}},
    {"the end comes after the last byte, again and again",
     {PAIR, {SEND, B, .text = "last"}, {FINISH, B}, {RECEIVE, C, .text = "last"}, {RECEIVE_NOT, C, .status = NX_END},
      {RECEIVE_NOT, C, .status = NX_END}, {FAILED, C, .count = NX_NET_FAILURE_NONE}}},
    {"the end wakes who waits",
     {PAIR, {NOTHING, C}, {FINISH, B}, {EVENT, C, .count = NX_NET_READABLE}, {RECEIVE_NOT, C, .status = NX_END}}},
    {"who dialled may finish first and still receives",
     {PAIR, {FINISH, B}, {RECEIVE_NOT, C, .status = NX_END}, {SEND, C, .text = "more"}, {RECEIVE, B, .text = "more"},
      {FINISH, C}, {RECEIVE_NOT, B, .status = NX_END}}},
    {"who accepted may finish first and still receives",
     {PAIR, {FINISH, C}, {RECEIVE_NOT, B, .status = NX_END}, {SEND, B, .text = "more"}, {RECEIVE, C, .text = "more"},
      {FINISH, B}, {RECEIVE_NOT, C, .status = NX_END}}},
    {"both may finish at once, with bytes under way",
     {PAIR, {SEND, B, .text = "b"}, {SEND, C, .text = "c"}, {FINISH, B}, {FINISH, C}, {RECEIVE, C, .text = "b"},
      {RECEIVE, B, .text = "c"}, {RECEIVE_NOT, B, .status = NX_END}, {RECEIVE_NOT, C, .status = NX_END}}},
    {"who has finished sends no more and finishes no more",
     {PAIR, {FINISH, B}, {SEND_NOT, B, .status = NX_E_CLOSED}, {FINISH, B, .status = NX_E_CLOSED}}},
    {"what was sent before a close arrives, and then the end",
     {PAIR, {SEND, B, .text = "last"}, {CLOSE, B}, {RECEIVE, C, .text = "last"}, {RECEIVE_NOT, C, .status = NX_END}}},
    {"closing a listener leaves its streams alone",
     {PAIR, {CLOSE, A}, {SEND, B, .text = "x"}, {RECEIVE, C, .text = "x"}}},

    /* ---- cuts ---- */
    {"a reset is told as a reset, and stays one",
     {PAIR, {ABORT, B}, {RECEIVE_NOT, C, .status = NX_E_ABORTED}, {RECEIVE_NOT, C, .status = NX_E_ABORTED},
      {FAILED, C, .count = NX_NET_RESET}, {SEND_NOT, C, .status = NX_E_ABORTED},
      {FINISH, C, .status = NX_E_ABORTED}}},
    {"a reset wakes who waits",
     {PAIR, {NOTHING, C}, {ABORT, B}, {EVENT, C, .count = NX_NET_READABLE}, {RECEIVE_NOT, C, .status = NX_E_ABORTED}}},
    {"a reset wakes who waits to send",
     {PAIR, {FILL, B}, {ABORT, C}, {EVENT, B, .count = NX_NET_WRITABLE}, {SEND_UNTIL, B, .status = NX_E_ABORTED}}},
    {"a close that leaves bytes unread is a reset",
     {PAIR, {NOTHING, C}, {SEND, B, .text = "unread"}, {EVENT, C, .count = NX_NET_READABLE}, {CLOSE, C},
      {RECEIVE_NOT, B, .status = NX_E_ABORTED}}},
    {"an end that was read stays an end, though sending fails afterwards",
     {PAIR, {CLOSE, C}, {RECEIVE_NOT, B, .status = NX_END}, {SEND_UNTIL, B, .status = NX_E_ABORTED},
      {RECEIVE_NOT, B, .status = NX_END}, {FAILED, B, .count = NX_NET_RESET}}},
    {"a failure is not followed by an end",
     {PAIR, {CLOSE, C}, {SEND_UNTIL, B, .status = NX_E_ABORTED}, {RECEIVE_NOT, B, .status = NX_E_ABORTED},
      {RECEIVE_NOT, B, .status = NX_E_ABORTED}}},

    /* ---- amounts ---- */
    {"sending to who does not read would block, and loses nothing",
     {PAIR, {FILL, B}, {DRAIN, C, B}, {EVENT, B, .count = NX_NET_WRITABLE}, {SEND, B, .text = "on"},
      {RECEIVE, C, .text = "on"}}},
    {"room is told once, and only while somebody waits for it",
     {PAIR, {FILL, B}, {DRAIN, C, B}, {EVENT, B, .count = NX_NET_WRITABLE}, {NEVER, B, .count = NX_NET_WRITABLE}}},
    {"the end waits for everything that was sent before it",
     {PAIR, {FILL, B}, {FINISH, B}, {DRAIN, C, B}, {RECEIVE_NOT, C, .status = NX_END}}},
    {"a full direction does not hold up the other one",
     {PAIR, {FILL, B}, {SEND, C, .text = "x"}, {RECEIVE, B, .text = "x"}}},
    {"twenty megabytes arrive in order, whatever the parts and rooms",
     {PAIR, {TRANSFER, B, C, .count = 20000000}, {NOTHING, C}}},
    {"an empty send is nothing",
     {PAIR, {SEND, B, .text = ""}, {NEVER, C, .count = NX_NET_READABLE}, {NOTHING, C}}},

    /* ---- handles and places ---- */
    {"closed twice is closed",
     {PAIR, {CLOSE, B}, {CLOSE, B}, {STALE, B}, {RECEIVE_NOT, C, .status = NX_END}, {CLOSE, A}, {ABORT, A}, {STALE, A}}},
    {"a closed handle finds nothing, whoever has moved in",
     {{BIND, A}, {CLOSE, A}, {STALE, A}, {NEVER, A}, {FILL_TABLE, A, .status = NX_E_NO_MEMORY}, {STALE, A}}},
    {"a handle that never was finds nothing", {{STALE, A}}},
    {"a listener is no stream and no datagram socket", {{LISTEN, A}, {WRONG_SORT, A}}},
    {"a datagram socket is no stream", {{BIND, A}, {WRONG_SORT, A}}},
    {"a full table refuses every sort of socket, and has room again after a close",
     {{LISTEN, A}, {FILL_TABLE, B, .status = NX_E_NO_MEMORY}, {LISTEN, B, .status = NX_E_NO_MEMORY},
      {CONNECT, B, A, .status = NX_E_NO_MEMORY}, {BIND, B, .status = NX_E_NO_MEMORY}, {FREE_PLACE, B},
      {NEVER, A, .count = NX_NET_READABLE}, {CONNECT, B, A}, {DIALLED, B}}},
    {"a connection that finds no place waits for one, and is told of once",
     {{LISTEN, A}, {CONNECT, B, A}, {DIALLED, B}, {SEND, B, .text = "x"}, {FILL_TABLE, C, .status = NX_E_NO_MEMORY},
      {TRY, A, .status = NX_E_NO_MEMORY}, {NEVER, A, .count = NX_NET_ACCEPTABLE}, {FREE_PLACE, C},
      {EVENT, A, .count = NX_NET_ACCEPTABLE}, {NEVER, A, .count = NX_NET_ACCEPTABLE}, {ACCEPT, C, A},
      {RECEIVE, C, .text = "x"}}},
    {"a listener without a place that is closed is forgotten",
     {{LISTEN, A}, {CONNECT, B, A}, {DIALLED, B}, {FILL_TABLE, C, .status = NX_E_NO_MEMORY},
      {TRY, A, .status = NX_E_NO_MEMORY}, {CLOSE, A}, {NEVER, A, .count = NX_NET_ACCEPTABLE}, {STALE, A},
      {RECEIVE_NOT, B, .status = NX_E_ABORTED}}},
    {"a port that is listened on is in use",
     {{LISTEN, A}, {LISTEN_AT, B, A, .status = NX_E_EXISTS}}},
    {"a port is free again as soon as its listener is closed",
     {PAIR, {CLOSE, C}, {RECEIVE_NOT, B, .status = NX_END}, {CLOSE, B}, {CLOSE, A}, {LISTEN_AT, D, A},
      {CONNECT, E, D}, {DIALLED, E}}},
    {"nobody listens at an address of somebody else", {{LISTEN_AWAY, A, .status = NX_E_NOT_FOUND}}},

    /* ---- datagrams ---- */
    {"datagrams keep their borders, the empty one too",
     {{BIND, A}, {BIND, B}, {SEND_TO, B, A, "one"}, {SEND_TO, B, A, ""}, {SEND_TO, B, A, "two"},
      {RECEIVE_FROM, A, B, "one"}, {RECEIVE_FROM, A, B, ""}, {RECEIVE_FROM, A, B, "two"}, {RECEIVE_NONE, A}}},
    {"a sender can be answered",
     {{BIND, A}, {BIND, B}, {SEND_TO, B, A, "ask"}, {RECEIVE_FROM, A, B, "ask"}, {SEND_TO, A, B, "answer"},
      {RECEIVE_FROM, B, A, "answer"}}},
    {"who would have blocked is told of a datagram, once",
     {{BIND, A}, {BIND, B}, {NOTHING, A}, {SEND_TO, B, A, "x"}, {EVENT, A, .count = NX_NET_READABLE},
      {NEVER, A, .count = NX_NET_READABLE}, {RECEIVE_FROM, A, B, "x"}}},
    {"the longest datagram arrives whole",
     {{BIND, A}, {BIND, B}, {SEND_MANY, B, A, .count = NX_NET_DATAGRAM_MAX},
      {RECEIVE_MANY, A, .count = NX_NET_DATAGRAM_MAX}}},
    {"a datagram longer than that is refused, and the next one goes",
     {{BIND, A}, {BIND, B}, {SEND_MANY, B, A, .count = NX_NET_DATAGRAM_MAX + 1, .status = NX_E_LIMIT},
      {SEND_TO, B, A, "x"}, {RECEIVE_FROM, A, B, "x"}}},
    {"a datagram that is longer than the room is dropped as a whole, and said to be",
     {{BIND, A}, {BIND, B}, {SEND_TO, B, A, "hello"}, {SEND_TO, B, A, "hi"},
      {RECEIVE_SHORT, A, B, "hello", .count = 4}, {RECEIVE_FROM, A, B, "hi"}}},
    {"room for nothing takes an empty datagram and drops any other",
     {{BIND, A}, {BIND, B}, {SEND_TO, B, A, "x"}, {SEND_TO, B, A, ""}, {RECEIVE_SHORT, A, B, "x"},
      {RECEIVE_FROM, A, B, ""}}},
    {"a datagram to where nobody is says nothing, and harms nothing",
     {{BIND, A}, {BIND, B}, {CLOSE, A}, {SEND_TO, B, A, "x"}, {RECEIVE_NONE, B}, {SEND_TO, B, A, "x"},
      {BIND, C}, {SEND_TO, B, C, "x"}, {RECEIVE_FROM, C, B, "x"}}},
    {"an address of the other family is refused, and the socket goes on",
     {{BIND, A}, {BIND, B}, {SEND_OTHER_FAMILY, B, .status = NX_E_INVALID}, {SEND_TO, B, A, "x"},
      {RECEIVE_FROM, A, B, "x"}}},
    {"a port that is bound is in use", {{BIND, A}, {BIND_AT, B, A, .status = NX_E_EXISTS}}},
    {"a port is shared only by those who all say so",
     {{BIND_ANY, A, A}, {BIND_ANY, B, A}, {BIND_AT, C, A, .status = NX_E_EXISTS}}},

    /* ---- groups ---- */
    {"who joined a group hears it, and by which interface",
     {{BIND_ANY, A, A}, {JOIN, A}, {BIND, B}, {SEND_GROUP, B, A, "to all"}, {RECEIVE_FROM, A, B, "to all"},
      {RECEIVE_NONE, A}}},
    {"all who share a port and joined hear it, the sender too",
     {{BIND_ANY, A, A}, {BIND_ANY, B, A}, {JOIN, A}, {JOIN, B}, {SEND_GROUP, A, A, "to all"},
      {RECEIVE_FROM, A, WHO_COUNT, "to all"}, {RECEIVE_FROM, B, WHO_COUNT, "to all"}}},
    {"who is bound to every address is heard from an address that can be answered",
     {{BIND_ANY, A, A}, {JOIN, A}, {BIND_ANY, B, B}, {SEND_GROUP, B, A, "ask"}, {ANSWER, A, .text = "ask"},
      {RECEIVE_FROM, B, WHO_COUNT, "ask"}}},
    {"who shares the port and did not join does not hear it",
     {{BIND_ANY, A, A}, {BIND_ANY, B, A}, {JOIN, A}, {BIND, C}, {SEND_GROUP, C, A, "to all"},
      {RECEIVE_FROM, A, C, "to all"}, {RECEIVE_NONE, B}}},
    {"joining twice is fine, and one hears everything once",
     {{BIND_ANY, A, A}, {JOIN, A}, {JOIN, A}, {BIND, B}, {SEND_GROUP, B, A, "x"}, {RECEIVE_FROM, A, B, "x"},
      {RECEIVE_NONE, A}}},
    {"nobody joins on an interface that is not there",
     {{BIND_ANY, A, A}, {JOIN_NO_INTERFACE, A, .status = NX_E_UNSUPPORTED}}},
    {"a listener joins nothing", {{LISTEN, A}, {JOIN, A, .status = NX_E_UNSUPPORTED}}},
    {"a closed socket joins nothing", {{BIND, A}, {CLOSE, A}, {JOIN, A, .status = NX_E_CLOSED}}},
};
/* clang-format on */

enum {
    TURNS_MAX = 500, /* waits for something that has to come: 5 s at most */
    TURNS_QUIET = 6, /* waits for something that must not come */
    PART_MAX = 7001, /* bytes of a part of a transfer */
    KINDS = NX_NET_EVENT_KINDS,
};

struct socket {
    struct nx_handle handle;
    struct nx_address at;    /* where it is, or was */
    uint32_t told[KINDS];    /* events since the last step that asked */
    enum nx_status dialled;  /* status of the last DIALLED */
    uint32_t sent, received; /* bytes of the pattern */
};

struct state {
    const struct net_world *world;
    struct nx_net net;
    struct socket sockets[WHO_COUNT];
    struct nx_handle fillers[NET_TABLE_SOCKETS + 1];
    size_t filler_count;
    bool is_skipped;
};

static uint8_t pattern(uint32_t position)
{
    return (uint8_t)(position ^ position >> 8 ^ position >> 16);
}

static void wait(struct state *st)
{
    struct nx_net_event event;

    st->world->wait(st->world->self);
    while (nx_net_event(&st->net, &event)) {
        for (size_t i = 0; i < WHO_COUNT; i++) {
            struct socket *s = &st->sockets[i];

            if (s->handle.value != event.socket.value)
                continue;
            s->told[event.kind]++;
            if (event.kind == NX_NET_DIALLED)
                s->dialled = event.status;
        }
    }
}

static void expect_event(struct state *st, struct socket *s, uint32_t kind)
{
    for (int i = 0; i < TURNS_MAX && s->told[kind] == 0; i++)
        wait(st);
    EXPECT_EQ(s->told[kind], 1);
    s->told[kind] = 0;
}

static void expect_no_event(struct state *st, const struct socket *s, uint32_t kind)
{
    for (int i = 0; i < TURNS_QUIET; i++)
        wait(st);
    EXPECT_EQ(s->told[kind], 0);
}

static void remember(struct state *st, struct socket *s, enum nx_status status)
{
    if (status == NX_OK)
        EXPECT_STATUS(nx_net_local(&st->net, s->handle, &s->at), NX_OK);
}

static enum nx_status receive_room(struct state *st, const struct socket *s,
                                   struct nx_net_room room, size_t *len)
{
    return nx_net_receive(&st->net, s->handle, &room, 1, len);
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum nx_status listen_at(struct state *st, struct socket *s, struct nx_address at,
                                uint32_t backlog)
{
    struct nx_net_fault fault;
    enum nx_status status =
        nx_net_listen(&st->net, &at, backlog == 0 ? 8 : backlog, &s->handle, &fault);

    EXPECT_EQ(fault.failure == NX_NET_FAILURE_NONE, status == NX_OK);
    remember(st, s, status);
    return status;
}

static enum nx_status dial(struct state *st, struct socket *s, const struct socket *to,
                           uint32_t within_ms)
{
    struct nx_instant now = st->world->now(st->world->self);
    struct nx_instant deadline =
        within_ms == 0 ? NX_NEVER : nx_instant_after(now, nx_milliseconds(within_ms));

    return nx_net_connect(&st->net, &to->at, deadline, &s->handle, NULL);
}

static enum nx_status bind_at(struct state *st, struct socket *s, struct nx_address at,
                              bool is_shared)
{
    enum nx_status status = nx_net_bind(&st->net, &at, is_shared, &s->handle, NULL);

    remember(st, s, status);
    return status;
}

/* Every address, and so no address, of the family of home. */
static enum nx_status bind_any(struct state *st, struct socket *s, uint16_t port)
{
    struct nx_address any = {.family = st->world->home.family, .port = port};

    return bind_at(st, s, any, true);
}

static enum nx_status accept_from(struct state *st, struct socket *s, const struct socket *listener)
{
    struct nx_address peer = {.family = NX_ADDRESS_NONE};
    enum nx_status status;

    for (int i = 0; i < TURNS_MAX / 10; i++) {
        status = nx_net_accept(&st->net, listener->handle, &s->handle, &peer);
        if (status != NX_WOULD_BLOCK)
            break;
        wait(st);
    }
    if (status == NX_OK)
        EXPECT(nx_address_same_host(&peer, &st->world->home) && peer.port != 0);
    return status;
}

static void serve(struct state *st, struct socket *s, const struct socket *listener,
                  const char *text)
{
    uint8_t byte;
    size_t len = 0;

    for (int i = 0; i < NET_TABLE_SOCKETS && len == 0; i++) {
        enum nx_status status = accept_from(st, s, listener);

        if (!EXPECT_STATUS(status, NX_OK))
            return;
        for (int k = 0; k < TURNS_MAX; k++) {
            status = receive_room(st, s, (struct nx_net_room){&byte, 1}, &len);
            if (status != NX_WOULD_BLOCK)
                break;
            wait(st);
        }
        if (status != NX_OK) {
            EXPECT_STATUS(status, NX_E_ABORTED);
            nx_net_close(&st->net, s->handle);
        }
    }
    EXPECT_BYTES(nx_bytes_of(&byte, len), nx_bytes_of_text(text));
}

static enum nx_status fill_table(struct state *st)
{
    enum nx_status status;

    do {
        status =
            nx_net_bind(&st->net, &st->world->home, false, &st->fillers[st->filler_count], NULL);
        st->filler_count += status == NX_OK;
    } while (status == NX_OK && st->filler_count <= NET_TABLE_SOCKETS);
    return status;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static enum nx_status send_span(struct state *st, struct socket *s, struct nx_bytes bytes,
                                size_t *sent)
{
    return nx_net_send(&st->net, s->handle, &bytes, 1, sent);
}

static void send_text(struct state *st, struct socket *s, const char *text)
{
    struct nx_bytes bytes = nx_bytes_of_text(text);
    size_t sent;

    EXPECT_STATUS(send_span(st, s, bytes, &sent), NX_OK);
    EXPECT_EQ(sent, bytes.len);
}

static enum nx_status send_byte(struct state *st, struct socket *s)
{
    size_t sent;
    enum nx_status status = send_span(st, s, nx_bytes_of("?", 1), &sent);

    EXPECT_EQ(sent, status == NX_OK);
    return status;
}

static void send_until(struct state *st, struct socket *s, enum nx_status wanted)
{
    enum nx_status status = NX_OK;

    for (int i = 0; i < TURNS_MAX && (status == NX_OK || status == NX_WOULD_BLOCK); i++) {
        status = send_byte(st, s);
        wait(st);
    }
    EXPECT_STATUS(status, wanted);
    EXPECT_STATUS(send_byte(st, s), wanted);
}

static void receive_text(struct state *st, struct socket *s, const char *text)
{
    struct nx_bytes wanted = nx_bytes_of_text(text);
    uint8_t bytes[64] = {0};
    size_t have = 0;

    for (int i = 0; i < TURNS_MAX && have < wanted.len; i++) {
        size_t len;
        enum nx_status status =
            receive_room(st, s, (struct nx_net_room){bytes + have, wanted.len - have}, &len);

        have += len;
        if (status == NX_WOULD_BLOCK)
            wait(st);
        else if (!EXPECT_STATUS(status, NX_OK))
            return;
    }
    EXPECT_BYTES(nx_bytes_of(bytes, have), wanted);
}

static void receive_not(struct state *st, struct socket *s, enum nx_status wanted)
{
    enum nx_status status = NX_WOULD_BLOCK;
    uint8_t byte;
    size_t len;

    for (int i = 0; i < TURNS_MAX && status == NX_WOULD_BLOCK; i++) {
        status = receive_room(st, s, (struct nx_net_room){&byte, 1}, &len);
        EXPECT_EQ(len, status == NX_OK);
        if (status == NX_WOULD_BLOCK)
            wait(st);
    }
    EXPECT_STATUS(status, wanted);
}

/* As much of the pattern as is taken, in three parts of odd sizes, one of them empty. */
static enum nx_status send_pattern(struct state *st, struct socket *s, uint32_t len_max)
{
    static uint8_t bytes[PART_MAX];
    uint32_t len = len_max;
    if (len > PART_MAX)
        len = PART_MAX;
    uint32_t first = len / 3;
    const struct nx_bytes parts[] = {{bytes, first}, {NULL, 0}, {bytes + first, len - first}};
    size_t sent;

    for (uint32_t i = 0; i < len; i++)
        bytes[i] = pattern(s->sent + i);
    enum nx_status status = nx_net_send(&st->net, s->handle, parts, NX_COUNT_OF(parts), &sent);
    s->sent += (uint32_t)sent;
    return status;
}

/* What is there of the pattern, into rooms of odd sizes. */
static enum nx_status receive_pattern(struct state *st, struct socket *s)
{
    static uint8_t bytes[4999];
    const struct nx_net_room rooms[] = {{bytes, 1}, {NULL, 0}, {bytes + 1, sizeof(bytes) - 1}};
    size_t len;
    enum nx_status status = nx_net_receive(&st->net, s->handle, rooms, NX_COUNT_OF(rooms), &len);

    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != pattern(s->received + (uint32_t)i)) {
            EXPECT_EQ(bytes[i], pattern(s->received + (uint32_t)i));
            return NX_E_IO;
        }
    }
    s->received += (uint32_t)len;
    return status;
}

/* Until nothing more is taken: what lies between the two may grow a while. */
static void fill(struct state *st, struct socket *s)
{
    int quiet_count = 0;

    for (int i = 0; i < 100000 && quiet_count < TURNS_QUIET; i++) {
        enum nx_status status = send_pattern(st, s, PART_MAX);

        if (status == NX_OK) {
            quiet_count = 0;
            continue;
        }
        if (!EXPECT_STATUS(status, NX_WOULD_BLOCK))
            return;
        quiet_count++;
        wait(st);
    }
    EXPECT_EQ(quiet_count, TURNS_QUIET);
    s->told[NX_NET_WRITABLE] = 0;
}

static void drain(struct state *st, struct socket *s, const struct socket *from)
{
    for (int idle = 0; idle < TURNS_MAX && s->received < from->sent;) {
        enum nx_status status = receive_pattern(st, s);

        if (status == NX_OK)
            continue;
        if (!EXPECT_STATUS(status, NX_WOULD_BLOCK))
            return;
        idle++;
        wait(st);
    }
    EXPECT_EQ(s->received, from->sent);
}

static void transfer(struct state *st, struct socket *from, struct socket *to, uint32_t count)
{
    for (int idle = 0; idle < TURNS_MAX && to->received < count;) {
        enum nx_status sent = NX_WOULD_BLOCK;
        enum nx_status received;

        if (from->sent < count)
            sent = send_pattern(st, from, count - from->sent);
        received = receive_pattern(st, to);
        if ((sent != NX_OK && sent != NX_WOULD_BLOCK) ||
            (received != NX_OK && received != NX_WOULD_BLOCK)) {
            EXPECT_STATUS(sent, NX_OK);
            EXPECT_STATUS(received, NX_OK);
            return;
        }
        if (sent == NX_WOULD_BLOCK && received == NX_WOULD_BLOCK) {
            idle++;
            wait(st);
        }
    }
    EXPECT_EQ(to->received, count);
}

/* ---- datagrams ----------------------------------------------------------------------------- */

static enum nx_status send_pattern_to(struct state *st, const struct socket *s,
                                      const struct socket *to, uint32_t len)
{
    uint8_t bytes[NX_NET_DATAGRAM_MAX + 1];

    for (uint32_t i = 0; i < len; i++)
        bytes[i] = pattern(i);
    return nx_net_send_to(&st->net, s->handle, &to->at, nx_bytes_of(bytes, len));
}

static enum nx_status receive_from(struct state *st, const struct socket *s, uint8_t *bytes,
                                   size_t cap, struct nx_net_datagram *datagram)
{
    enum nx_status status = NX_WOULD_BLOCK;

    for (int i = 0; i < TURNS_MAX && status == NX_WOULD_BLOCK; i++) {
        status =
            nx_net_receive_from(&st->net, s->handle, (struct nx_net_room){bytes, cap}, datagram);
        if (status == NX_WOULD_BLOCK)
            wait(st);
    }
    return status;
}

static void receive_text_from(struct state *st, const struct step *step)
{
    struct nx_net_datagram datagram = {.len = 0};
    struct nx_bytes wanted = nx_bytes_of_text(step->text);
    uint8_t bytes[64];
    bool is_short = step->op == RECEIVE_SHORT;
    size_t cap = is_short ? step->count : wanted.len;

    EXPECT_STATUS(receive_from(st, &st->sockets[step->who], bytes, cap, &datagram),
                  is_short ? NX_E_LIMIT : NX_OK);
    EXPECT_EQ(datagram.len, wanted.len);
    if (!is_short && datagram.len == wanted.len)
        EXPECT_BYTES(nx_bytes_of(bytes, datagram.len), wanted);
    EXPECT(datagram.interface_index == 0 || datagram.interface_index == st->world->group.scope);
    if (step->other != WHO_COUNT)
        EXPECT(nx_address_equal(&datagram.from, &st->sockets[step->other].at));
}

static void answer(struct state *st, const struct socket *s, const char *text)
{
    struct nx_net_datagram datagram = {.len = 0};
    uint8_t bytes[64];

    EXPECT_STATUS(receive_from(st, s, bytes, sizeof(bytes), &datagram), NX_OK);
    EXPECT_BYTES(nx_bytes_of(bytes, datagram.len), nx_bytes_of_text(text));
    EXPECT(nx_address_same_host(&datagram.from, &st->world->home));
    EXPECT_STATUS(
        nx_net_send_to(&st->net, s->handle, &datagram.from, nx_bytes_of(bytes, datagram.len)),
        NX_OK);
}

static void receive_pattern_from(struct state *st, const struct socket *s, uint32_t len)
{
    struct nx_net_datagram datagram = {.len = 0};
    uint8_t bytes[NX_NET_DATAGRAM_MAX];

    EXPECT_STATUS(receive_from(st, s, bytes, sizeof(bytes), &datagram), NX_OK);
    EXPECT_EQ(datagram.len, len);
    for (uint32_t i = 0; i < len && i < datagram.len; i++) {
        if (bytes[i] != pattern(i)) {
            EXPECT_EQ(bytes[i], pattern(i));
            return;
        }
    }
}

static void receive_none(struct state *st, const struct socket *s)
{
    struct nx_net_datagram datagram;
    uint8_t byte;

    for (int i = 0; i < TURNS_QUIET; i++) {
        EXPECT_STATUS(
            nx_net_receive_from(&st->net, s->handle, (struct nx_net_room){&byte, 1}, &datagram),
            NX_WOULD_BLOCK);
        wait(st);
    }
}

static void send_group(struct state *st, const struct socket *s, uint16_t port, const char *text)
{
    struct nx_address group = st->world->group;

    group.port = port;
    enum nx_status status = nx_net_send_to(&st->net, s->handle, &group, nx_bytes_of_text(text));
    if (status == NX_E_NOT_FOUND) {
        unit_skip("this machine has no way for groups by its loopback interface");
        st->is_skipped = true;
        return;
    }
    EXPECT_STATUS(status, NX_OK);
}

static enum nx_status join(struct state *st, const struct socket *s, uint32_t interface_index)
{
    return nx_net_join(&st->net, s->handle, &st->world->group, interface_index, NULL);
}

/* ---- handles ------------------------------------------------------------------------------- */

static void expect_stream_calls(struct state *st, struct nx_handle handle, enum nx_status status)
{
    struct nx_bytes part = nx_bytes_of("?", 1);
    uint8_t byte;
    struct nx_net_room room = {&byte, 1};
    size_t len;

    EXPECT_STATUS(nx_net_send(&st->net, handle, &part, 1, &len), status);
    EXPECT_STATUS(nx_net_receive(&st->net, handle, &room, 1, &len), status);
    EXPECT_STATUS(nx_net_finish(&st->net, handle), status);
}

static void expect_datagram_calls(struct state *st, struct nx_handle handle, enum nx_status status)
{
    struct nx_net_datagram datagram;
    struct nx_address to = st->world->home;
    uint8_t byte;
    struct nx_net_room room = {&byte, 1};

    to.port = 9;
    EXPECT_STATUS(nx_net_send_to(&st->net, handle, &to, nx_bytes_of("?", 1)), status);
    EXPECT_STATUS(nx_net_receive_from(&st->net, handle, room, &datagram), status);
}

static void expect_accept(struct state *st, struct nx_handle handle, enum nx_status status)
{
    struct nx_handle stream;
    struct nx_address peer;

    EXPECT_STATUS(nx_net_accept(&st->net, handle, &stream, &peer), status);
}

static void expect_stale(struct state *st, struct nx_handle handle)
{
    struct nx_address local;

    expect_stream_calls(st, handle, NX_E_CLOSED);
    expect_datagram_calls(st, handle, NX_E_CLOSED);
    expect_accept(st, handle, NX_E_CLOSED);
    EXPECT_STATUS(nx_net_local(&st->net, handle, &local), NX_E_CLOSED);
    EXPECT_EQ(nx_net_failure_of(&st->net, handle), NX_NET_FAILURE_NONE);
    nx_net_close(&st->net, handle);
}

/* Two rows have a listener, or a datagram socket, that is asked what it is not. */
static void expect_wrong_sort(struct state *st, const struct socket *s)
{
    struct nx_handle stream;
    struct nx_address peer;
    bool listens = nx_net_accept(&st->net, s->handle, &stream, &peer) != NX_E_INVALID;

    expect_stream_calls(st, s->handle, NX_E_INVALID);
    if (listens)
        expect_datagram_calls(st, s->handle, NX_E_INVALID);
    else
        expect_accept(st, s->handle, NX_E_INVALID);
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* Of whichever sort the socket is. */
static void expect_nothing(struct state *st, struct socket *s)
{
    struct nx_net_datagram datagram;
    uint8_t byte;
    size_t len;
    enum nx_status status = receive_room(st, s, (struct nx_net_room){&byte, 1}, &len);

    if (status == NX_E_INVALID)
        status =
            nx_net_receive_from(&st->net, s->handle, (struct nx_net_room){&byte, 1}, &datagram);
    EXPECT_STATUS(status, NX_WOULD_BLOCK);
}

static void run_step(struct state *st, const struct step *step)
{
    struct socket *s = &st->sockets[step->who];
    struct socket *other = &st->sockets[step->other == WHO_COUNT ? A : step->other];

    switch (step->op) {
    case DONE:
        break;
    case LISTEN:
        EXPECT_STATUS(listen_at(st, s, st->world->home, step->count), step->status);
        break;
    case LISTEN_AT:
        EXPECT_STATUS(listen_at(st, s, other->at, 0), step->status);
        break;
    case LISTEN_AWAY:
        EXPECT_STATUS(listen_at(st, s, st->world->foreign, 0), step->status);
        break;
    case CONNECT:
        EXPECT_STATUS(dial(st, s, other, step->count), step->status);
        break;
    case DIALLED:
        expect_event(st, s, NX_NET_DIALLED);
        EXPECT_STATUS(s->dialled, step->status);
        break;
    case NEVER:
        expect_no_event(st, s, step->count);
        break;
    case EVENT:
        expect_event(st, s, step->count);
        break;
    case ACCEPT:
        EXPECT_STATUS(accept_from(st, s, other), step->status);
        break;
    case SERVE:
        serve(st, s, other, step->text);
        break;
    case TRY:
        expect_accept(st, s->handle, step->status);
        break;
    case SEND:
        send_text(st, s, step->text);
        break;
    case SEND_NOT:
        EXPECT_STATUS(send_byte(st, s), step->status);
        break;
    case SEND_UNTIL:
        send_until(st, s, step->status);
        break;
    case RECEIVE:
        receive_text(st, s, step->text);
        break;
    case RECEIVE_NOT:
        receive_not(st, s, step->status);
        break;
    case FILL:
        fill(st, s);
        break;
    case DRAIN:
        drain(st, s, other);
        break;
    case TRANSFER:
        transfer(st, s, other, step->count);
        break;
    case FINISH:
        EXPECT_STATUS(nx_net_finish(&st->net, s->handle), step->status);
        break;
    case CLOSE:
        nx_net_close(&st->net, s->handle);
        break;
    case ABORT:
        nx_net_abort(&st->net, s->handle);
        break;
    case FAILED:
        EXPECT_EQ(nx_net_failure_of(&st->net, s->handle), step->count);
        break;
    case STALE:
        expect_stale(st, s->handle);
        break;
    case WRONG_SORT:
        expect_wrong_sort(st, s);
        break;
    case FILL_TABLE:
        EXPECT_STATUS(fill_table(st), step->status);
        break;
    case FREE_PLACE:
        nx_net_close(&st->net, st->fillers[--st->filler_count]);
        break;
    case NOTHING:
        expect_nothing(st, s);
        break;
    case BIND:
        EXPECT_STATUS(bind_at(st, s, st->world->home, false), step->status);
        break;
    case BIND_ANY:
        EXPECT_STATUS(bind_any(st, s, other == s ? 0 : other->at.port), step->status);
        break;
    case BIND_AT:
        EXPECT_STATUS(bind_at(st, s, other->at, step->count != 0), step->status);
        break;
    case SEND_TO:
        EXPECT_STATUS(nx_net_send_to(&st->net, s->handle, &other->at, nx_bytes_of_text(step->text)),
                      step->status);
        break;
    case SEND_MANY:
        EXPECT_STATUS(send_pattern_to(st, s, other, step->count), step->status);
        break;
    case SEND_OTHER_FAMILY:
        EXPECT_STATUS(nx_net_send_to(&st->net, s->handle, &st->world->other, nx_bytes_of("?", 1)),
                      step->status);
        break;
    case RECEIVE_FROM:
    case RECEIVE_SHORT:
        receive_text_from(st, step);
        break;
    case ANSWER:
        answer(st, s, step->text);
        break;
    case RECEIVE_MANY:
        receive_pattern_from(st, s, step->count);
        break;
    case RECEIVE_NONE:
        receive_none(st, s);
        break;
    case JOIN:
        EXPECT_STATUS(join(st, s, st->world->group.scope), step->status);
        break;
    case JOIN_NO_INTERFACE:
        EXPECT_STATUS(join(st, s, INT32_MAX), step->status);
        break;
    case SEND_GROUP:
        send_group(st, s, other->at.port, step->text);
        break;
    }
}

void net_table_run(const struct net_world *world)
{
    static struct state st;

    for (size_t i = 0; i < NX_COUNT_OF(rows); i++) {
        unit_row(rows[i].name);
        memset(&st, 0, sizeof(st));
        st.world = world;
        world->reset(world->self, &st.net);
        for (size_t k = 0; k < NX_COUNT_OF(rows[i].steps) && rows[i].steps[k].op != DONE; k++) {
            run_step(&st, &rows[i].steps[k]);
            if (st.is_skipped)
                break;
            if (unit_row_has_failed()) {
                unit_note("the step that failed, counted from 0:");
                unit_expect_eq(k, UINT64_MAX, "step", rows[i].name, 0);
                break;
            }
        }
    }
}
