/* Sealed memory that comes with a message, and which unit sends it. */

/* memfd_create and its seals, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/clock.h"
#include "host/ipc/blob.h"
#include "host/ipc/unit.h"
#include "tests/host/ipc_bench.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALL (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

static struct ipc_bench bench;
static struct nx_ipc_client alice, bob;
static struct nx_handle client;
static struct nx_ipc_message message;

static const struct nx_instant at_once = {0};
static const char text[] = "more than a message holds, if one thinks of it";

static void begin(const char *row, bool takes_blobs)
{
    unit_row(row);
    alice.fd = bob.fd = -1;
    ipc_bench_begin(&bench);
    if (takes_blobs)
        nx_seqpacket_take_blobs(&bench.socket);
    client = ipc_bench_meet(&bench, &alice);
}

static void end(void)
{
    nx_ipc_client_close(&alice);
    nx_ipc_client_close(&bob);
    ipc_bench_end(&bench);
}

/* Memory of this length with these seals. */
static int memory(off_t len, int seals)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    EXPECT(fd >= 0 && ftruncate(fd, len) == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0);
    return fd;
}

/* A call with these along, announced as so many; they are closed here. */
static enum nx_status send_with(struct nx_ipc_client *c, uint32_t announced, const int *fds,
                                uint32_t count)
{
    const struct nx_ipc_head head = {
        .kind = NX_IPC_CALL, .operation = 1, .call_id = 7, .blob_count = (uint8_t)announced};
    enum nx_status status =
        nx_ipc_client_send_with(c, at_once, &head, nx_bytes_of(NULL, 0), fds, count);

    for (uint32_t i = 0; i < count; i++)
        close(fds[i]);
    return status;
}

static enum nx_status receive(struct nx_handle from)
{
    return nx_ipc_receive(&bench.ipc, from, bench.room, &message);
}

static enum nx_status take(uint64_t len, struct nx_ipc_blob *blob)
{
    return nx_ipc_take_blob(&bench.ipc, client, 0, len, blob);
}

/* ---- what a blob is ---------------------------------------------------------------------------- */

static void good_ones(void)
{
    struct nx_ipc_blob blob;
    int fd = -1;

    begin("a sealed copy arrives as it was, and nobody can change it any more", true);
    EXPECT_STATUS(nx_ipc_blob_make(nx_bytes_of(text, sizeof(text)), &fd), NX_OK);
    int kept = dup(fd);
    EXPECT_STATUS(send_with(&alice, 1, &fd, 1), NX_OK);
    EXPECT_STATUS(receive(client), NX_OK);
    EXPECT_EQ(message.head.blob_count, 1);
    EXPECT_STATUS(take(sizeof(text), &blob), NX_OK);
    EXPECT_BYTES(blob.bytes, nx_bytes_of(text, sizeof(text)));
    EXPECT(ftruncate(kept, 0) != 0 && write(kept, "x", 1) < 0);
    EXPECT(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, kept, 0) == MAP_FAILED);
    close(kept);

    unit_row("it is taken once, and dropped twice");
    {
        struct nx_ipc_blob again;

        EXPECT_STATUS(take(sizeof(text), &again), NX_E_NOT_FOUND);
        nx_ipc_drop_blob(&bench.ipc, client, blob.handle);
        nx_ipc_drop_blob(&bench.ipc, client, blob.handle);
        EXPECT_EQ(bench.socket.clients[(uint32_t)client.value].blob_bytes, 0);
    }

    unit_row("one that is not taken is gone with the next message");
    size_t before = scratch_name_count("/proc/self/fd");
    EXPECT_STATUS(nx_ipc_blob_make(nx_bytes_of(text, sizeof(text)), &fd), NX_OK);
    EXPECT_STATUS(send_with(&alice, 1, &fd, 1), NX_OK);
    EXPECT_STATUS(receive(client), NX_OK);
    EXPECT_EQ(scratch_name_count("/proc/self/fd"), before + 1);
    EXPECT_STATUS(send_with(&alice, 0, NULL, 0), NX_OK);
    EXPECT_STATUS(receive(client), NX_OK);
    EXPECT_EQ(scratch_name_count("/proc/self/fd"), before);
    EXPECT_STATUS(take(sizeof(text), &blob), NX_E_NOT_FOUND);

    unit_row("a client that dies gives all of them back");
    for (uint32_t i = 0; i < NX_IPC_BLOBS_HELD_MAX; i++) {
        EXPECT_STATUS(nx_ipc_blob_make(nx_bytes_of(text, sizeof(text)), &fd), NX_OK);
        EXPECT_STATUS(send_with(&alice, 1, &fd, 1), NX_OK);
        EXPECT_STATUS(receive(client), NX_OK);
        EXPECT_STATUS(take(sizeof(text), &blob), NX_OK);
    }
    nx_ipc_client_close(&alice);
    EXPECT_STATUS(receive(client), NX_END);
    nx_ipc_close(&bench.ipc, client);
    EXPECT_EQ(bench.socket.clients[(uint32_t)client.value].blob_bytes, 0);
    end();

    unit_row("no bytes are no blob");
    EXPECT_STATUS(nx_ipc_blob_make(nx_bytes_of(NULL, 0), &fd), NX_E_INVALID);
}

static const struct {
    const char *name;
    int seals;
    off_t len;
    uint64_t announced;
    enum nx_status status;
} looked_at[] = {
    {"all seals and the announced length are what it takes", ALL, 100, 100, NX_OK},
    {"without any seal it could shrink under its reader, and is refused", 0, 100, 100,
     NX_E_MALFORMED},
    {"it may not shrink", ALL & ~F_SEAL_SHRINK, 100, 100, NX_E_MALFORMED},
    {"it may not grow", ALL & ~F_SEAL_GROW, 100, 100, NX_E_MALFORMED},
    {"it may not be written", ALL & ~F_SEAL_WRITE, 100, 100, NX_E_MALFORMED},
    {"it may get no further seals", ALL & ~F_SEAL_SEAL, 100, 100, NX_E_MALFORMED},
    {"against future writers alone it is not sealed", (ALL & ~F_SEAL_WRITE) | F_SEAL_FUTURE_WRITE,
     100, 100, NX_E_MALFORMED},
    {"a byte less than was announced is refused", ALL, 99, 100, NX_E_MALFORMED},
    {"a byte more than was announced is refused", ALL, 101, 100, NX_E_MALFORMED},
    {"what is announced as nothing is refused", ALL, 100, 0, NX_E_LIMIT},
    {"the longest one is taken", ALL, NX_IPC_BLOB_BYTES_MAX, NX_IPC_BLOB_BYTES_MAX, NX_OK},
    {"a byte more than the longest is refused", ALL, NX_IPC_BLOB_BYTES_MAX + 1,
     NX_IPC_BLOB_BYTES_MAX + 1, NX_E_LIMIT},
    {"the longest length of all is refused", ALL, 100, UINT64_MAX, NX_E_LIMIT},
};

static void checks(void)
{
    struct nx_ipc_blob blob;

    for (size_t i = 0; i < NX_COUNT_OF(looked_at); i++) {
        begin(looked_at[i].name, true);
        int fd = memory(looked_at[i].len, looked_at[i].seals);

        EXPECT_STATUS(send_with(&alice, 1, &fd, 1), NX_OK);
        EXPECT_STATUS(receive(client), NX_OK);
        EXPECT_STATUS(take(looked_at[i].announced, &blob), looked_at[i].status);
        end();
    }

    begin("what is no memory at all is refused: a file, a pipe", true);
    int pipes[2];
    EXPECT(pipe(pipes) == 0);
    close(pipes[1]);
    const int others[] = {open("/proc/self/exe", O_RDONLY | O_CLOEXEC), pipes[0]};
    EXPECT_STATUS(send_with(&alice, 2, others, 2), NX_OK);
    EXPECT_STATUS(receive(client), NX_OK);
    for (uint32_t i = 0; i < 3; i++)
        EXPECT_STATUS(nx_ipc_take_blob(&bench.ipc, client, i, 100, &blob),
                      i < 2 ? NX_E_MALFORMED : NX_E_NOT_FOUND);
    EXPECT_STATUS(nx_ipc_take_blob(&bench.ipc, client, UINT32_MAX, 100, &blob), NX_E_NOT_FOUND);
    end();
}

/* ---- how many ---------------------------------------------------------------------------------- */

/* As a client would that keeps to nothing: this head, and so many descriptors. */
static void send_raw(uint32_t announced, uint32_t count)
{
    union {
        struct cmsghdr head;
        uint8_t bytes[CMSG_SPACE(8 * sizeof(int))];
    } control;
    const struct nx_ipc_head head = {
        .kind = NX_IPC_CALL, .operation = 1, .call_id = 7, .blob_count = (uint8_t)announced};
    uint8_t bytes[NX_IPC_HEAD_LEN];
    struct iovec span = {bytes, sizeof(bytes)};
    struct msghdr datagram = {.msg_iov = &span, .msg_iovlen = 1};
    int fds[8];

    EXPECT_STATUS(nx_ipc_head_encode(&head, 0, bytes), NX_OK);
    for (uint32_t i = 0; i < count; i++)
        fds[i] = memory(100, ALL);
    memset(&control, 0, sizeof(control));
    if (count > 0) {
        control.head.cmsg_len = CMSG_LEN(count * sizeof(int));
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
        datagram.msg_control = control.bytes;
        datagram.msg_controllen = CMSG_SPACE(count * sizeof(int));
    }
    EXPECT(sendmsg(alice.fd, &datagram, MSG_NOSIGNAL) == NX_IPC_HEAD_LEN);
    for (uint32_t i = 0; i < count; i++)
        close(fds[i]);
}

static const struct {
    const char *name;
    bool takes_blobs;
    uint32_t announced, count;
    enum nx_status status;
} counted[] = {
    {"four come with one message", true, 4, 4, NX_OK},
    {"five are over the bound, and end the connection", true, 4, 5, NX_E_MALFORMED},
    {"eight as well", true, 4, 8, NX_E_MALFORMED},
    {"one more than was announced ends it", true, 1, 2, NX_E_MALFORMED},
    {"one less than was announced ends it", true, 2, 1, NX_E_MALFORMED},
    {"one that nothing announces ends it", true, 0, 1, NX_E_MALFORMED},
    {"one that is announced and does not come ends it", true, 1, 0, NX_E_MALFORMED},
    {"a daemon that takes none ends it, announced or not", false, 1, 1, NX_E_MALFORMED},
    {"and also when none comes", false, 1, 0, NX_E_MALFORMED},
};

static void counts(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(counted); i++) {
        begin(counted[i].name, counted[i].takes_blobs);
        struct nx_handle other = ipc_bench_meet(&bench, &bob);
        size_t before = scratch_name_count("/proc/self/fd");

        send_raw(counted[i].announced, counted[i].count);
        EXPECT_STATUS(receive(client), counted[i].status);
        EXPECT_EQ(scratch_name_count("/proc/self/fd"),
                  before + (counted[i].status == NX_OK ? counted[i].count : 0));
        if (counted[i].status != NX_OK)
            EXPECT_STATUS(receive(client), counted[i].status);
        EXPECT_STATUS(send_with(&bob, 0, NULL, 0), NX_OK);
        EXPECT_STATUS(receive(other), NX_OK);
        nx_ipc_close(&bench.ipc, client);
        EXPECT_EQ(scratch_name_count("/proc/self/fd"), before - 1);
        end();
    }

    begin("a head and what is sent with it agree, or nothing is sent", true);
    int fd = memory(1, ALL);
    EXPECT_STATUS(send_with(&alice, 2, &fd, 1), NX_E_INVALID);
    EXPECT_STATUS(receive(client), NX_WOULD_BLOCK);
    end();
}

/* ---- bounds ------------------------------------------------------------------------------------ */

static enum nx_status send_and_take(off_t len, struct nx_ipc_blob *blob)
{
    int fd = memory(len, ALL);

    EXPECT_STATUS(send_with(&alice, 1, &fd, 1), NX_OK);
    EXPECT_STATUS(receive(client), NX_OK);
    return take((uint64_t)len, blob);
}

static void bounds(void)
{
    struct nx_ipc_blob blob, first = {.handle = NX_HANDLE_NONE};

    begin("a client's bytes are bounded in all of them together, though they cost it nothing",
          true);
    EXPECT_STATUS(send_and_take(NX_IPC_BLOB_BYTES_MAX - 1, &first), NX_OK);
    EXPECT_STATUS(send_and_take(1, &blob), NX_OK);
    EXPECT_STATUS(send_and_take(1, &blob), NX_E_LIMIT);

    unit_row("what was over the bound can be taken when another one was dropped");
    nx_ipc_drop_blob(&bench.ipc, client, first.handle);
    EXPECT_STATUS(take(1, &blob), NX_OK);

    unit_row("and are bounded in number");
    for (uint32_t i = 2; i < NX_IPC_BLOBS_HELD_MAX; i++)
        EXPECT_STATUS(send_and_take(1, &blob), NX_OK);
    EXPECT_STATUS(send_and_take(1, &blob), NX_E_LIMIT);
    nx_ipc_drop_blob(&bench.ipc, client, blob.handle);
    EXPECT_STATUS(take(1, &blob), NX_OK);

    unit_row("another client has its own");
    struct nx_handle other = ipc_bench_meet(&bench, &bob);
    int fd = memory(NX_IPC_BLOB_BYTES_MAX, ALL);
    EXPECT_STATUS(send_with(&bob, 1, &fd, 1), NX_OK);
    EXPECT_STATUS(receive(other), NX_OK);
    EXPECT_STATUS(nx_ipc_take_blob(&bench.ipc, other, 0, NX_IPC_BLOB_BYTES_MAX, &first), NX_OK);

    unit_row("nobody drops what is another one's");
    nx_ipc_drop_blob(&bench.ipc, client, first.handle);
    EXPECT_EQ(bench.socket.clients[(uint32_t)other.value].blob_bytes, NX_IPC_BLOB_BYTES_MAX);
    end();
}

/* ---- units ------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *groups;
    const char *unit; /* empty: none */
} groups[] = {
    {"a service of the system manager is one", "0::/system.slice/cron.service\n", "cron.service"},
    {"also in a slice of its own", "0::/system.slice/system-getty.slice/getty@tty1.service\n",
     "getty@tty1.service"},
    {"and in a group of its own making", "0::/system.slice/cron.service/worker.service\n",
     "cron.service"},
    {"the old hierarchies beside it are passed over",
     "12:pids:/system.slice/other.service\n0::/system.slice/cron.service\n", "cron.service"},
    {"a user's service is none",
     "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service\n", ""},
    {"a scope is none", "0::/system.slice/run-1.scope\n", ""},
    {"a service in another slice is none", "0::/machine.slice/a.service\n", ""},
    {"the top is none", "0::/\n", ""},
    {"a slice alone is none", "0::/system.slice\n", ""},
    {"a name that is the end alone is none", "0::/system.slice/.service\n", ""},
    {"what only begins like it is none", "0::/system.slice.service/a.service\n", ""},
    {"old hierarchies alone tell nothing", "1:name=systemd:/system.slice/cron.service\n", ""},
    {"no text tells nothing", "", ""},
};

static void units(void)
{
    char unit[NX_IPC_UNIT_CAP];

    for (size_t i = 0; i < NX_COUNT_OF(groups); i++) {
        bool is_one = groups[i].unit[0] != '\0';

        unit_row(groups[i].name);
        EXPECT_STATUS(nx_ipc_unit_of_cgroup(nx_bytes_of_text(groups[i].groups), unit),
                      is_one ? NX_OK : NX_E_NOT_FOUND);
        EXPECT_TEXT(unit, groups[i].unit);
    }

    begin("a process at the other end is looked up, or this kernel does not say", false);
    int fd = bench.socket.clients[(uint32_t)client.value].fd;
    size_t before = scratch_name_count("/proc/self/fd");
    enum nx_status status = nx_ipc_peer_unit(fd, unit);
    EXPECT(status == NX_OK || status == NX_E_NOT_FOUND || status == NX_E_UNSUPPORTED);
    EXPECT_EQ(unit[0] != '\0', status == NX_OK);
    EXPECT_EQ(scratch_name_count("/proc/self/fd"), before);
    end();

    begin("one that has ended has no unit, whoever has its pid by now", false);
    pid_t child = fork();
    if (child == 0) {
        nx_ipc_client_close(&alice);
        _exit(nx_ipc_client_open(&bob, bench.scratch.path, "testd") == NX_OK ? 0 : 1);
    }
    EXPECT(waitpid(child, NULL, 0) == child);
    struct nx_handle late;
    struct nx_ipc_sender sender;
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &late, &sender), NX_OK);
    status = nx_ipc_peer_unit(bench.socket.clients[(uint32_t)late.value].fd, unit);
    EXPECT(status == NX_E_CLOSED || status == NX_E_UNSUPPORTED);
    EXPECT_TEXT(unit, "");
    end();
}

UNIT_SUITE(ipc_blob_test)
{
    good_ones();
    checks();
    counts();
    bounds();
    units();
}
