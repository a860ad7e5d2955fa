/* prctl, MAP_NORESERVE and their like, which c11 alone hides. */
#define _GNU_SOURCE

#include "daemons/dsoftbusd/process.h"

#include "core/base/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_CAP 1024 /* a pipe takes it whole or not at all (PIPE_BUF is 4,096) */

/* ---- what it allows itself ------------------------------------------------------------------ */

bool dsoftbusd_process_harden(void)
{
    const struct rlimit no_core = {0, 0};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)umask(077);
    if (setrlimit(RLIMIT_CORE, &no_core) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
        sigaction(SIGPIPE, &ignore, NULL) == 0)
        return true;
    dsoftbusd_process_log("cannot keep its keys out of core dumps: %s", strerror(errno));
    return false;
}

uint32_t dsoftbusd_process_want_descriptors(uint32_t count)
{
    struct rlimit limit, raised;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count)
        return count;
    raised = limit;
    raised.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit = raised;
    if (limit.rlim_cur < count)
        dsoftbusd_process_log(
            "may open %llu files and sockets, and could use %u; ulimit -n raises it",
            (unsigned long long)limit.rlim_cur, count);
    return (uint32_t)limit.rlim_cur;
}

void *dsoftbusd_process_map(uint64_t len)
{
    if (len > SIZE_MAX)
        return NULL;
    void *memory = mmap(NULL, (size_t)len, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* ---- what it says --------------------------------------------------------------------------- */

/* Whoever started it may have stopped to read: nobody waits for that. */
static void say(int descriptor, const char *line, size_t len)
{
    struct pollfd room = {.fd = descriptor, .events = POLLOUT};

    if (poll(&room, 1, 0) == 1 && (room.revents & POLLOUT) != 0 && write(descriptor, line, len) < 0)
        return; /* there is nobody to tell that to */
}

void dsoftbusd_process_log(const char *format, ...)
{
    char text[LINE_CAP - 16], line[LINE_CAP];
    struct nx_text t = nx_text_over(line, sizeof(line));
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    nx_text_add(&t, "dsoftbusd");
    nx_text_add(&t, ": ");
    t.len += nx_text_for_show(nx_bytes_of_text(text), line + t.len, sizeof(line) - t.len - 1);
    line[t.len++] = '\n';
    say(STDERR_FILENO, line, t.len);
}

void dsoftbusd_process_marker(void *owner, struct nx_bytes line)
{
    char whole[LINE_CAP];

    (void)owner;
    if (line.len + 1 > sizeof(whole))
        return;
    memcpy(whole, line.ptr, line.len);
    whole[line.len] = '\n';
    say(STDOUT_FILENO, whole, line.len + 1);
}
