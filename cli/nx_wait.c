#include "cli/nx_wait.h"

#include "core/base/check.h"
#include "host/clock.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t came;
static int alarm_pipe[2] = {-1, -1};

static void on_signal(int number)
{
    came = number;
    (void)!write(alarm_pipe[1], "", 1); /* a full pipe wakes as well */
}

bool cli_wait_begin(void)
{
    static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal}; /* a slow write or open ends with EINTR */

    if (pipe2(alarm_pipe, O_NONBLOCK | O_CLOEXEC) != 0)
        return false;
    for (size_t i = 0; i < sizeof(stopping) / sizeof(stopping[0]); i++) {
        struct sigaction before;

        if (sigaction(stopping[i], &action, &before) != 0)
            return false;
        if (stopping[i] == SIGHUP && before.sa_handler == SIG_IGN)
            (void)signal(SIGHUP, SIG_IGN); /* nohup */
    }
    return signal(SIGPIPE, SIG_IGN) != SIG_ERR; /* a reader that left is an error of writing */
}

int cli_wait_signal(void)
{
    char bytes[16];
    int number = came;

    if (number == 0)
        return 0;
    came = 0; /* before the pipe is emptied: a signal in between is told the next time */
    while (read(alarm_pipe[0], bytes, sizeof(bytes)) > 0)
        ;
    return number;
}

bool cli_wait_has_signal(void)
{
    return came != 0;
}

void cli_wait(struct pollfd *descriptors, size_t count, struct nx_instant until)
{
    struct pollfd all[CLI_WAIT_MAX + 1];
    struct nx_instant now = nx_clock_now();
    uint64_t wait_ms = (nx_duration_between(now, until).ns + 999999) / 1000000;
    int timeout = nx_instant_is_never(until) ? -1 : wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;

    if (came != 0)
        timeout = 0;
    NX_CHECK(count <= CLI_WAIT_MAX);
    if (count > 0)
        memcpy(all, descriptors, count * sizeof(*all));
    all[count] = (struct pollfd){.fd = alarm_pipe[0], .events = POLLIN};
    if (poll(all, (nfds_t)count + 1, timeout) < 0)
        return; /* EINTR: the signal is told */
    for (size_t i = 0; i < count; i++)
        descriptors[i].revents = all[i].revents;
}
