/* For tests: three devices with an engine each, and programs at their sockets.
 *
 *     program <== messages in memory ==> engine, node, connections <== tests/node/fabric ==> others
 *
 * An engine is driven as main.c drives it: a turn when network or clients have told something, when its
 * deadline has come, or when a row did something to its node; never otherwise. So a turn that was owed
 * and not asked for shows, and so does one that is asked for again and again. The channels keep what
 * core/ipc/ipc.h promises and grant nothing beyond it: nobody is told anything who was not told to
 * wait, but for GONE. Freestanding, as what it tests. */
#ifndef NX_TESTS_DSOFTBUSD_DESK_H
#define NX_TESTS_DSOFTBUSD_DESK_H

#include "core/ipc/ipc.h"
#include "daemons/dsoftbusd/engine.h"
#include "schemas/dsoftbusd.capnp.h"
#include "tests/node/fabric.h"

enum {
    DESK_PROGRAMS = 48,
    DESK_MESSAGES = 160, /* under way at one moment, of all programs */
    DESK_UNREAD = 6,     /* that a program may leave unread, unless a row says otherwise */
};

struct desk_device {
    struct fabric_device *d;
    struct dsoftbusd engine;
    const char *id;
    bool is_on;
    uint64_t accepted_count;
    bool fails_to_accept;                /* and nothing tells when it would not */
    bool waits_to_accept, is_acceptable; /* told to wait; an event lies there */
};

struct desk_program {
    struct desk_device *at;
    bool is_used;
    struct nx_handle handle; /* NONE: it waits to be accepted */
    bool is_closed;          /* by the daemon */
    bool has_left;
    bool waits_to_receive, waits_to_send; /* the daemon was told to wait */
    bool is_readable, is_writable, is_gone;
    uint32_t unread_max;
    bool is_broken; /* sending to it fails, and nothing tells of that */
    uint32_t unread_count;
};

struct desk {
    struct fabric *f;
    struct desk_device devices[FABRIC_DEVICES];
    struct desk_program programs[DESK_PROGRAMS];
    uint64_t number;     /* of the last message */
    uint64_t turn_count; /* of all engines */
    bool is_stuck;

    /* What `read` gave last. The body is opened when it is not a stream's. */
    struct nx_ipc_message heard;
    struct nx_capn_message body;
};

/* The one desk of a test program, begun afresh: nobody knows anybody. */
struct desk *desk_begin(void);

/* The same, and the first two are paired and have a session. */
struct desk *desk_begin_paired(void);

void desk_switch_off(struct desk_device *at, bool is_sudden);
void desk_switch_on(struct desk_device *at);

/* Turns until nothing moves; the clock stands. */
void desk_settle(void);

/* The same while so much time passes, from one deadline to the next. */
void desk_pass(struct nx_duration time);

/* ---- programs -------------------------------------------------------------------------------- */

/* One more, which waits to be accepted. */
struct desk_program *desk_join(struct desk_device *at);
void desk_leave(struct desk_program *p);

/* One that was closed, or has left: its place is free. */
void desk_forget(struct desk_program *p);

/* A message as it stands; nothing is done about it before the next `settle`. */
void desk_say(struct desk_program *p, const struct nx_ipc_head *head, struct nx_bytes body);
void desk_say_bytes(struct desk_program *p, struct nx_bytes datagram);

/* Calls with the body that their operation asks for, and all settle. */
void desk_call(struct desk_program *p, uint32_t id, uint16_t operation, struct nx_bytes body);
void desk_call_named(struct desk_program *p, uint32_t id, uint16_t operation, const char *peer);
void desk_discover(struct desk_program *p, uint32_t id, bool watch);
void desk_accept(struct desk_program *p, uint32_t id, const char *peer, const char *code);
void desk_open(struct desk_program *p, uint32_t id, const char *peer,
               enum dsoftbusd_stream_kind kind, const char *channel);
void desk_listen(struct desk_program *p, uint32_t id, const char *peer,
                 enum dsoftbusd_stream_kind kind, const char *channel);
void desk_connect_v1(struct desk_program *p, uint32_t id, const struct desk_device *to);
void desk_cancel(struct desk_program *p, uint32_t id);

/* Of the stream under the call `id`. */
void desk_data(struct desk_program *p, uint32_t id, struct nx_bytes bytes, bool ends_message);
void desk_finish(struct desk_program *p, uint32_t id);
void desk_abort(struct desk_program *p, uint32_t id, uint16_t code, const char *why);

/* The next message for it, into `heard` until the next one is read. False: none. */
bool desk_read(struct desk_program *p);

/* The next message is this; then all settle. */
void desk_expect_news(struct desk_program *p, uint32_t id);
void desk_expect_reply(struct desk_program *p, uint32_t id, enum nx_status status);
void desk_expect_failure(struct desk_program *p, uint32_t id, enum nx_status status,
                         const char *why);
void desk_expect_data(struct desk_program *p, struct nx_bytes bytes, bool ends_message);
void desk_expect_finish(struct desk_program *p);
struct dsoftbusd_ended_reader desk_expect_ended(struct desk_program *p, enum nx_status status);
void desk_expect_nothing(struct desk_program *p);

/* The daemon has closed it, without a word. */
void desk_expect_closed(struct desk_program *p);

/* Everything that it sent was received. */
bool desk_is_heard(const struct desk_program *p);

#endif
