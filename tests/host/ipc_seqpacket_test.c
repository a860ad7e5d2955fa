/* Sockets, users and limits, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/clock.h"
#include "tests/host/ipc_bench.h"
#include "tests/host/users.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define OPERATION 3

static struct ipc_bench bench;
static struct nx_ipc_client alice, bob;
static uint8_t big[NX_IPC_MESSAGE_MAX + 1];

static const struct nx_ipc_head call = {.kind = NX_IPC_CALL, .operation = OPERATION, .call_id = 7};
static const struct nx_ipc_head news = {.kind = NX_IPC_NEWS, .operation = OPERATION, .call_id = 7};
static const struct nx_instant at_once = {0};

static enum nx_status receive(struct nx_handle client, struct nx_ipc_message *message)
{
    return nx_ipc_receive(&bench.ipc, client, bench.room, message);
}

static enum nx_status send_text(struct nx_handle client, const char *text)
{
    struct nx_bytes body = nx_bytes_of_text(text);

    return nx_ipc_send(&bench.ipc, client, &news, &body, 1);
}

static enum nx_status say(struct nx_ipc_client *c, const char *text)
{
    return nx_ipc_client_send(c, at_once, &call, nx_bytes_of_text(text));
}

static void begin(const char *row)
{
    unit_row(row);
    ipc_bench_begin(&bench);
}

static void end(void)
{
    nx_ipc_client_close(&alice);
    nx_ipc_client_close(&bob);
    ipc_bench_end(&bench);
}

/* ---- coming in -------------------------------------------------------------------------------- */

static void coming_in(void)
{
    struct nx_handle client;
    struct nx_ipc_sender sender;

    begin("who comes in is told with uid and pid, as the system saw them");
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &client, &sender), NX_WOULD_BLOCK);
    EXPECT_STATUS(nx_ipc_client_open(&alice, bench.scratch.path, "testd"), NX_OK);
    ipc_bench_expect(&bench, NX_HANDLE_NONE, NX_IPC_ACCEPTABLE);
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &client, &sender), NX_OK);
    EXPECT_EQ(sender.uid, geteuid());
    EXPECT_EQ(sender.pid, getpid());

    unit_row("descriptors do not block and end at an exec");
    int fd = bench.socket.clients[(uint32_t)client.value].fd;
    EXPECT((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    EXPECT((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);

    unit_row("who was not told to wait for a client is not told of one");
    EXPECT_STATUS(nx_ipc_client_open(&bob, bench.scratch.path, "testd"), NX_OK);
    ipc_bench_expect_quiet(&bench);
    end();
}

static void table_full(void)
{
    static int fds[NX_IPC_CLIENTS_MAX + 1];
    static struct nx_handle clients[NX_IPC_CLIENTS_MAX + 1];
    struct nx_ipc_sender sender;

    begin("one client more than there are places waits until one is free");
    for (size_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        fds[i] = ipc_bench_connect(&bench);
        EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &clients[i], &sender), NX_OK);
    }
    fds[NX_IPC_CLIENTS_MAX] = ipc_bench_connect(&bench);
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &clients[NX_IPC_CLIENTS_MAX], &sender), NX_E_NO_MEMORY);
    ipc_bench_expect_quiet(&bench);
    nx_ipc_close(&bench.ipc, clients[5]);
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &clients[NX_IPC_CLIENTS_MAX], &sender), NX_E_NO_MEMORY);
    ipc_bench_expect(&bench, NX_HANDLE_NONE, NX_IPC_ACCEPTABLE);
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &clients[NX_IPC_CLIENTS_MAX], &sender), NX_OK);

    unit_row("the handle of who left does not find who moved in");
    EXPECT_EQ((uint32_t)clients[NX_IPC_CLIENTS_MAX].value, (uint32_t)clients[5].value);
    EXPECT_STATUS(send_text(clients[5], ""), NX_E_CLOSED);
    nx_ipc_close(&bench.ipc, clients[5]);
    EXPECT_STATUS(send_text(clients[NX_IPC_CLIENTS_MAX], ""), NX_OK);
    for (size_t i = 0; i <= NX_IPC_CLIENTS_MAX; i++)
        close(fds[i]);
    end();
}

static void no_descriptors(void)
{
    struct nx_handle client;
    struct nx_ipc_sender sender;
    struct rlimit limit, none;

    begin("without descriptors nobody comes in, and accept goes on by itself when there are some");
    EXPECT_STATUS(nx_ipc_client_open(&alice, bench.scratch.path, "testd"), NX_OK);
    EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    none = limit;
    none.rlim_cur = 0;
    EXPECT(setrlimit(RLIMIT_NOFILE, &none) == 0);
    enum nx_status status = nx_ipc_accept(&bench.ipc, &client, &sender);
    EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    EXPECT_STATUS(status, NX_E_NO_MEMORY);
    EXPECT_EQ(nx_seqpacket_deadline(&bench.socket).ns, 0);
    nx_seqpacket_tick(&bench.socket, (struct nx_instant){5});
    EXPECT_EQ(nx_seqpacket_deadline(&bench.socket).ns, 5 + NX_SEQPACKET_PAUSE_MS * 1000000u);
    ipc_bench_expect(&bench, NX_HANDLE_NONE, NX_IPC_ACCEPTABLE);
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &client, &sender), NX_OK);
    end();
}

/* ---- messages --------------------------------------------------------------------------------- */

static void messages(void)
{
    struct nx_ipc_message message;
    struct nx_handle client;

    begin("a message arrives as it was sent, whole, and one by one");
    client = ipc_bench_meet(&bench, &alice);
    EXPECT_STATUS(receive(client, &message), NX_WOULD_BLOCK);
    EXPECT_STATUS(say(&alice, "one"), NX_OK);
    EXPECT_STATUS(say(&alice, ""), NX_OK);
    ipc_bench_expect(&bench, client, NX_IPC_READABLE);
    EXPECT_STATUS(receive(client, &message), NX_OK);
    EXPECT_EQ(message.head.kind, NX_IPC_CALL);
    EXPECT_EQ(message.head.operation, OPERATION);
    EXPECT_EQ(message.head.call_id, 7);
    EXPECT_BYTES(message.body, nx_bytes_of_text("one"));
    EXPECT_STATUS(receive(client, &message), NX_OK);
    EXPECT_EQ(message.body.len, 0);
    EXPECT_STATUS(receive(client, &message), NX_WOULD_BLOCK);

    unit_row("the longest message goes both ways");
    struct nx_bytes longest = nx_bytes_of(big, NX_IPC_BODY_MAX);
    EXPECT_STATUS(nx_ipc_client_send(&alice, at_once, &call, longest), NX_OK);
    ipc_bench_expect(&bench, client, NX_IPC_READABLE);
    EXPECT_STATUS(receive(client, &message), NX_OK);
    EXPECT_BYTES(message.body, longest);
    struct nx_bytes halves[] = {nx_bytes_of(big, 1), nx_bytes_of(big + 1, NX_IPC_BODY_MAX - 1)};
    EXPECT_STATUS(nx_ipc_send(&bench.ipc, client, &news, halves, 2), NX_OK);
    EXPECT_STATUS(nx_ipc_client_receive(&alice, at_once, &message), NX_OK);
    EXPECT_BYTES(message.body, longest);

    unit_row("a message that nobody asks for does not keep the loop awake");
    EXPECT_STATUS(say(&alice, "unread"), NX_OK);
    struct nx_instant until = nx_instant_after(nx_clock_now(), nx_milliseconds(50));
    uint32_t turn_count = 0;
    for (; !nx_instant_reached(until, nx_clock_now()); turn_count++)
        nx_loop_wait(&bench.loop, until);
    EXPECT(turn_count <= 3);
    end();
}

static void backpressure(void)
{
    struct nx_ipc_message message;
    struct nx_handle client, other;
    struct nx_bytes longest = nx_bytes_of(big, NX_IPC_BODY_MAX);
    uint32_t count = 0;

    begin("a client that does not read is sent a few messages and no more");
    client = ipc_bench_meet(&bench, &alice);
    other = ipc_bench_meet(&bench, &bob);
    while (count < 100 && nx_ipc_send(&bench.ipc, client, &news, &longest, 1) == NX_OK)
        count++;
    EXPECT(count >= 2 && count <= 8);
    EXPECT_STATUS(send_text(client, "late"), NX_WOULD_BLOCK);
    ipc_bench_expect_quiet(&bench);

    unit_row("and nobody else notices");
    EXPECT_STATUS(send_text(other, "soon"), NX_OK);
    EXPECT_STATUS(nx_ipc_client_receive(&bob, at_once, &message), NX_OK);
    EXPECT_BYTES(message.body, nx_bytes_of_text("soon"));

    unit_row("once it has read, there is room again, which is told once");
    for (; count > 0; count--)
        EXPECT_STATUS(nx_ipc_client_receive(&alice, at_once, &message), NX_OK);
    EXPECT_STATUS(nx_ipc_client_receive(&alice, at_once, &message), NX_WOULD_BLOCK);
    ipc_bench_expect(&bench, client, NX_IPC_WRITABLE);
    ipc_bench_expect_quiet(&bench);
    EXPECT_STATUS(send_text(client, "late"), NX_OK);

    unit_row("a client from which nobody receives can send a few messages and no more");
    while (count < 100 && nx_ipc_client_send(&alice, at_once, &call, longest) == NX_OK)
        count++;
    EXPECT(count >= 2 && count <= 8);
    EXPECT_STATUS(say(&alice, "late"), NX_WOULD_BLOCK);
    EXPECT_STATUS(receive(client, &message), NX_OK);
    end();
}

/* ---- the end of a client ------------------------------------------------------------------------ */

static void gone(void)
{
    struct nx_ipc_message message;
    struct nx_handle client;

    begin("a client that went is told, though nobody asked, and once");
    client = ipc_bench_meet(&bench, &alice);
    nx_ipc_client_close(&alice);
    ipc_bench_expect(&bench, client, NX_IPC_GONE);
    ipc_bench_expect_quiet(&bench);
    EXPECT_STATUS(send_text(client, "x"), NX_E_CLOSED);
    EXPECT_STATUS(receive(client, &message), NX_END);
    EXPECT_STATUS(receive(client, &message), NX_END);
    EXPECT_STATUS(send_text(client, "x"), NX_E_CLOSED);

    unit_row("closing it gives its place back, and its handle is closed");
    nx_ipc_close(&bench.ipc, client);
    nx_ipc_close(&bench.ipc, client);
    EXPECT_STATUS(receive(client, &message), NX_E_CLOSED);
    ipc_bench_wait(&bench);
    EXPECT_EQ(bench.socket.handles.count, 0);
    end();

    begin("what a client sent before it went is received, also when it left things unread");
    client = ipc_bench_meet(&bench, &alice);
    EXPECT_STATUS(send_text(client, "unread"), NX_OK);
    EXPECT_STATUS(say(&alice, "one"), NX_OK);
    EXPECT_STATUS(say(&alice, "two"), NX_OK);
    nx_ipc_client_close(&alice);
    ipc_bench_expect(&bench, client, NX_IPC_GONE);
    EXPECT_STATUS(receive(client, &message), NX_OK);
    EXPECT_BYTES(message.body, nx_bytes_of_text("one"));
    EXPECT_STATUS(receive(client, &message), NX_OK);
    EXPECT_BYTES(message.body, nx_bytes_of_text("two"));
    EXPECT_STATUS(receive(client, &message), NX_END);
    end();

    begin("who waits to send to a client that went is told both, and sends no more");
    client = ipc_bench_meet(&bench, &alice);
    while (send_text(client, "unread") == NX_OK)
        continue;
    nx_ipc_client_close(&alice);
    ipc_bench_expect(&bench, client, NX_IPC_WRITABLE);
    ipc_bench_expect(&bench, client, NX_IPC_GONE);
    EXPECT_STATUS(send_text(client, "x"), NX_E_CLOSED);
    end();

    begin("a client that shuts down its sending alone is taken for gone");
    client = ipc_bench_meet(&bench, &alice);
    EXPECT(shutdown(nx_ipc_client_descriptor(&alice), SHUT_WR) == 0);
    ipc_bench_expect(&bench, client, NX_IPC_GONE);
    EXPECT_STATUS(receive(client, &message), NX_END);
    ipc_bench_expect_quiet(&bench);
    end();

    begin("news of a client that is closed is not told");
    client = ipc_bench_meet(&bench, &alice);
    EXPECT_STATUS(receive(client, &message), NX_WOULD_BLOCK);
    EXPECT_STATUS(say(&alice, "x"), NX_OK);
    for (int i = 0; i < 3; i++)
        ipc_bench_wait(&bench);
    nx_ipc_close(&bench.ipc, client);
    ipc_bench_expect_quiet(&bench);
    end();
}

static void last_words(void)
{
    struct nx_ipc_message message;
    struct nx_handle client;

    begin("what was said to a client before it was closed reaches it, then it is told the end");
    client = ipc_bench_meet(&bench, &alice);
    EXPECT_STATUS(say(&alice, "unread"), NX_OK);
    EXPECT_STATUS(send_text(client, "bye"), NX_OK);
    nx_ipc_close(&bench.ipc, client);
    EXPECT_STATUS(nx_ipc_client_receive(&alice, at_once, &message), NX_OK);
    EXPECT_BYTES(message.body, nx_bytes_of_text("bye"));
    EXPECT_STATUS(nx_ipc_client_receive(&alice, at_once, &message), NX_E_CLOSED);
    EXPECT_STATUS(say(&alice, "x"), NX_E_CLOSED);
    end();
}

/* ---- bad input ---------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    size_t len; /* of a datagram that begins with a good head for that length */
    bool has_descriptors;
    enum nx_status status;
} datagrams[] = {
    {"a head and nothing else is a message", NX_IPC_HEAD_LEN, false, NX_OK},
    {"a byte alone is no message", 1, false, NX_E_MALFORMED},
    {"an empty datagram is taken for the end", 0, false, NX_END},
    {"the longest datagram is a message", NX_IPC_MESSAGE_MAX, false, NX_OK},
    {"one that is a byte longer is over the limit", NX_IPC_MESSAGE_MAX + 1, false, NX_E_LIMIT},
    {"a descriptor that comes along ends the client", NX_IPC_HEAD_LEN, true, NX_E_MALFORMED},
    {"one that comes with the longest datagram does, too", NX_IPC_MESSAGE_MAX, true, NX_E_MALFORMED},
};
/* clang-format on */

#define DESCRIPTORS 3

static void send_datagram(int fd, size_t len, bool has_descriptors)
{
    static const int descriptors[DESCRIPTORS] = {0, 1, 2};
    union {
        struct cmsghdr head;
        uint8_t bytes[CMSG_SPACE(sizeof(descriptors))];
    } control;
    struct iovec span = {big, len};
    struct msghdr message = {.msg_iov = &span, .msg_iovlen = 1};

    memset(control.bytes, 0, sizeof(control.bytes));
    control.head = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(descriptors)),
        .cmsg_level = SOL_SOCKET,
        .cmsg_type = SCM_RIGHTS,
    };
    memcpy(CMSG_DATA(&control.head), descriptors, sizeof(descriptors));
    if (has_descriptors) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
    }
    EXPECT(sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)len);
}

static void bad_input(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(datagrams); i++) {
        struct nx_ipc_message message;
        struct nx_handle client, other;
        struct nx_ipc_sender sender;
        size_t len = datagrams[i].len;
        bool fits = len >= NX_IPC_HEAD_LEN && len <= NX_IPC_MESSAGE_MAX;

        begin(datagrams[i].name);
        int fd = ipc_bench_connect(&bench);
        EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &client, &sender), NX_OK);
        other = ipc_bench_meet(&bench, &bob);
        memset(big, 0, sizeof(big));
        EXPECT_STATUS(nx_ipc_head_encode(&call, fits ? len - NX_IPC_HEAD_LEN : 0, big), NX_OK);

        size_t descriptor_count = scratch_name_count("/proc/self/fd");
        send_datagram(fd, len, datagrams[i].has_descriptors);
        EXPECT_STATUS(receive(client, &message), datagrams[i].status);
        EXPECT_EQ(scratch_name_count("/proc/self/fd"), descriptor_count);
        /* What the driver itself found wrong stays wrong. */
        if (datagrams[i].status != NX_OK && len != 1) {
            EXPECT_STATUS(receive(client, &message), datagrams[i].status);
            if (datagrams[i].status != NX_END)
                EXPECT_STATUS(send_text(client, "x"), datagrams[i].status);
        }
        EXPECT_STATUS(say(&bob, "well"), NX_OK);
        EXPECT_STATUS(receive(other, &message), NX_OK);
        close(fd);
        end();
    }
}

/* ---- who may come in ---------------------------------------------------------------------------- */

static enum nx_status try_client(const char *folder)
{
    enum nx_status status = nx_ipc_client_open(&alice, folder, "testd");

    nx_ipc_client_close(&alice);
    return status;
}

/* Another user can reach the socket only where somebody has opened its folder. */
static void open_to_all(void)
{
    char path[SCRATCH_PATH_MAX];

    scratch_path(&bench.scratch, "run", path);
    EXPECT(chmod(path, 0711) == 0);
    EXPECT(chmod(bench.socket.place.path, 0666) == 0);
}

static void users(void)
{
    struct nx_handle client;
    struct nx_ipc_sender sender;

    begin("another user does not reach the socket");
    if (geteuid() != ROOT) {
        unit_skip("needs to be run as root");
        end();
        return;
    }
    EXPECT_STATUS(as_user(ALICE, try_client, bench.scratch.path), NX_E_DENIED);
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &client, &sender), NX_WOULD_BLOCK);
    EXPECT_EQ(bench.socket.turned_away, 0);
    end();

    begin("another user who reaches it all the same is turned away, and does not speak either");
    open_to_all();
    EXPECT_STATUS(as_user(ALICE, try_client, bench.scratch.path), NX_E_DENIED);
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &client, &sender), NX_WOULD_BLOCK);
    EXPECT_EQ(bench.socket.turned_away, 1);

    unit_row("who waits behind one that is turned away comes in");
    EXPECT_STATUS(as_user(BOB, try_client, bench.scratch.path), NX_E_DENIED);
    EXPECT_STATUS(nx_ipc_client_open(&bob, bench.scratch.path, "testd"), NX_OK);
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &client, &sender), NX_OK);
    EXPECT_EQ(bench.socket.turned_away, 2);
    end();

    begin("root is turned away by a daemon of somebody else");
    int fd = ipc_bench_connect(&bench);
    EXPECT(seteuid(ALICE) == 0);
    enum nx_status status = nx_ipc_accept(&bench.ipc, &client, &sender);
    EXPECT(seteuid(ROOT) == 0);
    EXPECT_STATUS(status, NX_WOULD_BLOCK);
    EXPECT_EQ(bench.socket.turned_away, 1);
    close(fd);
    end();

    begin("a user without a number here is turned away, even by one that is called the same");
    open_to_all();
    EXPECT(seteuid(NX_IPC_UID_UNMAPPED) == 0);
    fd = ipc_bench_connect(&bench);
    status = nx_ipc_accept(&bench.ipc, &client, &sender);
    EXPECT(seteuid(ROOT) == 0);
    EXPECT_STATUS(status, NX_WOULD_BLOCK);
    EXPECT_EQ(bench.socket.turned_away, 1);
    close(fd);
    end();
}

UNIT_SUITE(ipc_seqpacket_test)
{
    alice.fd = bob.fd = -1;
    coming_in();
    table_full();
    no_descriptors();
    messages();
    backpressure();
    gone();
    last_words();
    bad_input();
    users();
}
