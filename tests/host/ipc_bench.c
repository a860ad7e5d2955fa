/* Sockets, which c11 alone hides. */
#define _DEFAULT_SOURCE

#include "tests/host/ipc_bench.h"

#include "host/clock.h"
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void ipc_bench_begin(struct ipc_bench *b)
{
    struct nx_why why = {""};

    scratch_make(&b->scratch);
    EXPECT_STATUS(nx_loop_init(&b->loop), NX_OK);
    EXPECT_STATUS(nx_seqpacket_open(&b->socket, &b->loop, b->scratch.path, "testd", &why), NX_OK);
    b->ipc = nx_seqpacket_as_ipc(&b->socket);
}

void ipc_bench_end(struct ipc_bench *b)
{
    nx_seqpacket_close(&b->socket);
    nx_seqpacket_close(&b->socket); /* of what is closed: nothing */
    EXPECT_EQ(b->socket.handles.count, 0);
    EXPECT_EQ(b->socket.live_count, 0);
    nx_loop_wipe(&b->loop);
    scratch_remove(&b->scratch);
}

void ipc_bench_wait(struct ipc_bench *b)
{
    struct nx_instant until = nx_instant_after(nx_clock_now(), nx_milliseconds(10));

    nx_loop_wait(&b->loop, nx_instant_earlier(until, nx_seqpacket_deadline(&b->socket)));
    nx_seqpacket_tick(&b->socket, nx_clock_now());
}

void ipc_bench_expect(struct ipc_bench *b, struct nx_handle client, enum nx_ipc_event_kind kind)
{
    struct nx_ipc_event event = {.client = {UINT64_MAX}, .kind = NX_IPC_ACCEPTABLE};
    bool has_come = nx_ipc_event(&b->ipc, &event);

    for (int i = 0; i < 500 && !has_come; i++) {
        ipc_bench_wait(b);
        has_come = nx_ipc_event(&b->ipc, &event);
    }
    EXPECT(has_come);
    EXPECT_EQ(event.client.value, client.value);
    EXPECT_EQ(event.kind, kind);
}

void ipc_bench_expect_quiet(struct ipc_bench *b)
{
    struct nx_ipc_event event;

    for (int i = 0; i < 3; i++)
        ipc_bench_wait(b);
    EXPECT(!nx_ipc_event(&b->ipc, &event));
}

struct nx_handle ipc_bench_meet(struct ipc_bench *b, struct nx_ipc_client *c)
{
    struct nx_handle client = NX_HANDLE_NONE;
    struct nx_ipc_sender sender;

    EXPECT_STATUS(nx_ipc_client_open(c, b->scratch.path, "testd"), NX_OK);
    EXPECT_STATUS(nx_ipc_accept(&b->ipc, &client, &sender), NX_OK);
    return client;
}

int ipc_bench_connect(const struct ipc_bench *b)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, b->socket.place.path, strlen(b->socket.place.path) + 1);
    EXPECT(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}
