/* Processes and the environment, which c11 alone hides. */
#define _DEFAULT_SOURCE

#include "core/base/text.h"
#include "host/clock.h"
#include "tests/host/ipc_bench.h"
#include "tests/host/users.h"
#include "tests/unit/unit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ipc_bench bench;
static struct nx_ipc_client client;

static const struct nx_instant at_once = {0};

static void begin(const char *row)
{
    unit_row(row);
    ipc_bench_begin(&bench);
}

static void end(void)
{
    nx_ipc_client_close(&client);
    nx_ipc_client_close(&client); /* of what is closed: nothing */
    ipc_bench_end(&bench);
}

/* ---- between processes --------------------------------------------------------------------------- */

/* What a command does: ask, take the news, take the reply. Answers what went wrong. */
static int ask(const char *folder)
{
    struct nx_instant until = nx_instant_after(nx_clock_now(), nx_seconds(10));
    struct nx_ipc_message message;
    uint32_t call_id = 0;

    if (nx_ipc_client_open(&client, folder, "testd") != NX_OK)
        return 1;
    if (nx_ipc_client_begin(&client, until, 5, nx_bytes_of_text("what"), 10000, &call_id) != NX_OK)
        return 2;
    if (nx_ipc_client_receive(&client, until, &message) != NX_OK ||
        message.head.kind != NX_IPC_NEWS || message.head.call_id != call_id ||
        !nx_bytes_equal(message.body, nx_bytes_of_text("part")))
        return 3;
    if (nx_ipc_client_receive(&client, until, &message) != NX_OK ||
        message.head.kind != NX_IPC_REPLY || message.head.status != NX_E_BUSY)
        return 4;
    if (nx_ipc_client_call(&client, 6, nx_bytes_of_text(""), 10000, &message) != NX_OK ||
        message.head.status != NX_OK || !nx_bytes_equal(message.body, nx_bytes_of_text("whole")))
        return 5;
    return 0;
}

/* Waits for a message, which has to come. */
static void receive(struct nx_handle from, struct nx_ipc_message *message)
{
    enum nx_status status = nx_ipc_receive(&bench.ipc, from, bench.room, message);

    if (status == NX_WOULD_BLOCK) {
        ipc_bench_expect(&bench, from, NX_IPC_READABLE);
        status = nx_ipc_receive(&bench.ipc, from, bench.room, message);
    }
    EXPECT_STATUS(status, NX_OK);
}

static void answer(struct nx_handle to, const struct nx_ipc_head *head, const char *text)
{
    struct nx_bytes body = nx_bytes_of_text(text);

    EXPECT_STATUS(nx_ipc_send(&bench.ipc, to, head, &body, 1), NX_OK);
}

static void two_processes(void)
{
    struct nx_ipc_message message = {.head = {.kind = NX_IPC_CALL}};
    struct nx_handle from = NX_HANDLE_NONE;
    struct nx_ipc_sender sender = {0, 0};
    int ended = 0;

    begin("another process asks, is told news and a reply, and asks again");
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &from, &sender), NX_WOULD_BLOCK);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(ask(bench.scratch.path));

    ipc_bench_expect(&bench, NX_HANDLE_NONE, NX_IPC_ACCEPTABLE);
    EXPECT_STATUS(nx_ipc_accept(&bench.ipc, &from, &sender), NX_OK);
    EXPECT_EQ(sender.pid, child);
    receive(from, &message);
    EXPECT_EQ(message.head.operation, 5);
    EXPECT_EQ(message.head.deadline_ms, 10000);
    EXPECT_BYTES(message.body, nx_bytes_of_text("what"));
    struct nx_ipc_head news = nx_ipc_news_head(&message.head);
    struct nx_ipc_head reply = nx_ipc_reply_head(&message.head, NX_E_BUSY);
    answer(from, &news, "part");
    answer(from, &reply, "");
    receive(from, &message);
    EXPECT_EQ(message.head.operation, 6);
    reply = nx_ipc_reply_head(&message.head, NX_OK);
    answer(from, &reply, "whole");
    EXPECT(waitpid(child, &ended, 0) == child && WIFEXITED(ended));
    EXPECT_EQ(WEXITSTATUS(ended), 0);

    unit_row("when that process is over, it is gone");
    ipc_bench_expect(&bench, from, NX_IPC_GONE);
    nx_ipc_close(&bench.ipc, from);
    end();
}

/* ---- sentences ----------------------------------------------------------------------------------- */

static void expect_sentence(const char *begin_with, const char *end_with)
{
    char want[NX_IPC_CLIENT_WHY_CAP];
    struct nx_text t = nx_text_over(want, sizeof(want));

    nx_text_add(&t, begin_with);
    nx_text_add(&t, bench.scratch.path);
    nx_text_add(&t, end_with);
    EXPECT_TEXT(client.why, want);
}

static void expect_nobody_serves(const char *folder)
{
    char want[NX_IPC_CLIENT_WHY_CAP];
    struct nx_text t = nx_text_over(want, sizeof(want));

    EXPECT_STATUS(nx_ipc_client_open(&client, folder, "otherd"), NX_E_NOT_FOUND);
    nx_text_add(&t, "no otherd serves ");
    nx_text_add(&t, folder);
    nx_text_add(&t, ": start it with otherd --state ");
    nx_text_add(&t, folder);
    EXPECT_TEXT(client.why, want);
    EXPECT_EQ(nx_ipc_client_descriptor(&client), -1);
}

static void nobody_serves(void)
{
    int ended = 0;

    begin("where no daemon ever was, a client says how to start one");
    expect_nobody_serves(bench.scratch.path);

    unit_row("where one was killed, it says so, too");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct nx_ipc_place place;
        struct nx_why why;
        int listener;

        (void)!nx_ipc_place_take(&place, bench.scratch.path, "otherd", &listener, &why);
        _exit(0);
    }
    EXPECT(waitpid(child, &ended, 0) == child && WIFEXITED(ended));
    expect_nobody_serves(bench.scratch.path);
    end();

    unit_row("the longest folder that can be served leaves the sentence whole");
    char folder[NX_IPC_PATH_MAX + 1];
    memset(folder, 'x', sizeof(folder));
    folder[NX_IPC_PATH_MAX - strlen("/run/otherd.sock")] = '\0';
    expect_nobody_serves(folder);

    unit_row("a folder that is one byte longer is refused with its length");
    size_t len = strlen(folder);
    folder[len] = 'x';
    folder[len + 1] = '\0';
    EXPECT_STATUS(nx_ipc_client_open(&client, folder, "otherd"), NX_E_LIMIT);
    EXPECT(strstr(client.why, "limit 100, asked 101") != NULL);
}

static void ended_by_daemon(void)
{
    struct nx_ipc_message message;

    begin("a daemon that ended the connection and goes on is of another version");
    struct nx_handle from = ipc_bench_meet(&bench, &client);
    nx_ipc_close(&bench.ipc, from);
    EXPECT_STATUS(nx_ipc_client_receive(&client, at_once, &message), NX_E_CLOSED);
    expect_sentence("testd of ", ": it ended the connection");
    nx_ipc_client_look_why(&client);
    expect_sentence("testd of ", ": it ended the connection and goes on: it is of another version "
                                 "than this program; restart it");
    end();

    begin("one that serves no more was stopped");
    (void)ipc_bench_meet(&bench, &client);
    nx_seqpacket_close(&bench.socket);
    EXPECT_STATUS(nx_ipc_client_receive(&client, at_once, &message), NX_E_CLOSED);
    nx_ipc_client_look_why(&client);
    expect_sentence("testd of ", ": it ended the connection: it was stopped, and has to be started "
                                 "again");
    end();
}

/* ---- time ------------------------------------------------------------------------------------------ */

static void waiting(void)
{
    struct nx_ipc_message message;
    struct pollfd descriptor;

    begin("who does not want to wait does not");
    struct nx_handle from = ipc_bench_meet(&bench, &client);
    EXPECT_STATUS(nx_ipc_client_receive(&client, at_once, &message), NX_WOULD_BLOCK);

    unit_row("the descriptor is readable exactly when there is an answer");
    descriptor = (struct pollfd){.fd = nx_ipc_client_descriptor(&client), .events = POLLIN};
    EXPECT_EQ(poll(&descriptor, 1, 0), 0);
    const struct nx_ipc_head news = {.kind = NX_IPC_NEWS, .operation = 1, .call_id = 1};
    answer(from, &news, "x");
    EXPECT_EQ(poll(&descriptor, 1, 0), 1);
    EXPECT_STATUS(nx_ipc_client_receive(&client, at_once, &message), NX_OK);
    EXPECT_EQ(poll(&descriptor, 1, 0), 0);

    unit_row("a wait ends at its time, and not before");
    struct nx_instant until = nx_instant_after(nx_clock_now(), nx_milliseconds(30));
    EXPECT_STATUS(nx_ipc_client_receive(&client, until, &message), NX_WOULD_BLOCK);
    EXPECT(nx_instant_reached(until, nx_clock_now()));

    unit_row("a call that is not answered in time is cancelled, and says so");
    EXPECT_STATUS(nx_ipc_client_call(&client, 4, nx_bytes_of_text("q"), 20, &message),
                  NX_E_TIMEOUT);
    expect_sentence("testd of ", ": it did not answer in time");
    receive(from, &message);
    EXPECT_EQ(message.head.kind, NX_IPC_CALL);
    EXPECT_EQ(message.head.deadline_ms, 20);
    struct nx_ipc_head late = nx_ipc_reply_head(&message.head, NX_OK);
    uint32_t call_id = message.head.call_id;
    receive(from, &message);
    EXPECT_EQ(message.head.kind, NX_IPC_CANCEL);
    EXPECT_EQ(message.head.operation, 4);
    EXPECT_EQ(message.head.call_id, call_id);

    unit_row("an answer that comes too late is not taken for that of another call");
    answer(from, &late, "late");
    EXPECT_STATUS(nx_ipc_client_call(&client, 4, nx_bytes_of_text("q"), 20, &message),
                  NX_E_TIMEOUT);
    receive(from, &message);
    EXPECT_EQ(message.head.call_id, call_id + 1);
    end();
}

static void other_answers(void)
{
    struct nx_ipc_message message;

    begin("a reply of another operation is none");
    struct nx_handle from = ipc_bench_meet(&bench, &client);
    const struct nx_ipc_head reply = {.kind = NX_IPC_REPLY, .operation = 5, .call_id = 1};
    answer(from, &reply, "");
    EXPECT_STATUS(nx_ipc_client_call(&client, 4, nx_bytes_of_text("q"), 5000, &message),
                  NX_E_MALFORMED);

    unit_row("a daemon of another version is told from one that says nonsense");
    int fd = bench.socket.clients[(uint32_t)from.value].fd;
    uint8_t head[NX_IPC_HEAD_LEN] = {NX_IPC_VERSION + 1};
    EXPECT(send(fd, head, sizeof(head), MSG_NOSIGNAL) == (ssize_t)sizeof(head));
    EXPECT_STATUS(nx_ipc_client_receive(&client, at_once, &message), NX_E_VERSION);
    EXPECT(send(fd, head, 1, MSG_NOSIGNAL) == 1);
    EXPECT_STATUS(nx_ipc_client_receive(&client, at_once, &message), NX_E_MALFORMED);

    unit_row("ids of calls begin again after the last, and 0 is none");
    uint32_t call_id = 0;
    client.last_call_id = UINT32_MAX;
    EXPECT_STATUS(nx_ipc_client_begin(&client, at_once, 1, nx_bytes_of_text(""), 0, &call_id),
                  NX_OK);
    EXPECT_EQ(call_id, 1);

    unit_row("what cannot be said is not said");
    EXPECT_STATUS(nx_ipc_client_begin(&client, at_once, 0, nx_bytes_of_text(""), 0, &call_id),
                  NX_E_INVALID);
    EXPECT_EQ(client.last_call_id, 1);

    unit_row("a client that was closed says and hears nothing, and what it heard is wiped");
    nx_ipc_client_close(&client);
    EXPECT_EQ(client.room[0], 0);
    EXPECT_STATUS(nx_ipc_client_receive(&client, at_once, &message), NX_E_CLOSED);
    EXPECT_STATUS(nx_ipc_client_begin(&client, at_once, 1, nx_bytes_of_text(""), 0, &call_id),
                  NX_E_CLOSED);
    end();
}

/* ---- which daemon ------------------------------------------------------------------------------------ */

static void which_daemon(void)
{
    unit_row("the folder is the one that was named, else NEXUS_STATE, else none");
    EXPECT(setenv("NEXUS_STATE", "/from/environment", 1) == 0);
    EXPECT_TEXT(nx_ipc_state_folder("/named"), "/named");
    EXPECT_TEXT(nx_ipc_state_folder(NULL), "/from/environment");
    EXPECT(setenv("NEXUS_STATE", "", 1) == 0);
    EXPECT(nx_ipc_state_folder(NULL) == NULL);
    EXPECT(unsetenv("NEXUS_STATE") == 0);
    EXPECT(nx_ipc_state_folder(NULL) == NULL);
    EXPECT(nx_ipc_state_folder("") == NULL);

    begin("a daemon of another user is not spoken to");
    if (geteuid() != ROOT) {
        unit_skip("needs to be run as root");
        end();
        return;
    }
    nx_seqpacket_close(&bench.socket);
    struct nx_why why;
    EXPECT(chown(bench.scratch.path, ALICE, ALICE) == 0);
    char path[SCRATCH_PATH_MAX];
    scratch_path(&bench.scratch, "run", path);
    EXPECT(chown(path, ALICE, ALICE) == 0);
    scratch_path(&bench.scratch, "run/testd.lock", path);
    EXPECT(chown(path, ALICE, ALICE) == 0);
    EXPECT(seteuid(ALICE) == 0);
    enum nx_status status =
        nx_seqpacket_open(&bench.socket, &bench.loop, bench.scratch.path, "testd", &why);
    EXPECT(seteuid(ROOT) == 0);
    EXPECT_STATUS(status, NX_OK);
    EXPECT_STATUS(nx_ipc_client_open(&client, bench.scratch.path, "testd"), NX_E_DENIED);
    expect_sentence("testd of ",
                    " runs as user 61001 and serves nobody else: run this as that user");
    end();
}

UNIT_SUITE(ipc_client_test)
{
    client.fd = -1;
    two_processes();
    nobody_serves();
    ended_by_daemon();
    waiting();
    other_answers();
    which_daemon();
}
