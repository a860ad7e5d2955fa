/* Ipc bench: a daemon's side and clients of it in one process, over a real socket. */
#ifndef NX_TESTS_HOST_IPC_BENCH_H
#define NX_TESTS_HOST_IPC_BENCH_H

#include "host/ipc/client.h"
#include "host/ipc/seqpacket.h"
#include "tests/host/scratch.h"

struct ipc_bench {
    struct scratch scratch;
    struct nx_loop loop;
    struct nx_seqpacket socket;
    struct nx_ipc ipc;
    _Alignas(8) uint8_t room[NX_IPC_MESSAGE_MAX];
};

/* "testd" serves a folder of its own. */
void ipc_bench_begin(struct ipc_bench *b);

/* Everything is given back, and that is looked at. */
void ipc_bench_end(struct ipc_bench *b);

/* Collects what came; waits at most a little. */
void ipc_bench_wait(struct ipc_bench *b);

/* Lets time pass until an event comes, which has to be this one. */
void ipc_bench_expect(struct ipc_bench *b, struct nx_handle client, enum nx_ipc_event_kind kind);

/* Lets a little time pass, in which no event may come. */
void ipc_bench_expect_quiet(struct ipc_bench *b);

/* A client connects and is accepted. */
struct nx_handle ipc_bench_meet(struct ipc_bench *b, struct nx_ipc_client *c);

/* A socket connected to the daemon, for saying what no client would. */
int ipc_bench_connect(const struct ipc_bench *b);

#endif
