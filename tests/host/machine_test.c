/* The types that libuv's header names, kill and setitimer, which c11 alone hides. */
#define _DEFAULT_SOURCE

#include "host/clock.h"
#include "host/entropy.h"
#include "host/loop.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static uint64_t ms_since(struct nx_instant then)
{
    return nx_duration_between(then, nx_clock_now()).ns / 1000000;
}

UNIT_SUITE(clock_test)
{
    unit_row("time never goes back");
    struct nx_instant last = nx_clock_now();
    for (int i = 0; i < 1000; i++) {
        struct nx_instant now = nx_clock_now();

        if (now.ns < last.ns)
            EXPECT_EQ(now.ns, last.ns);
        last = now;
    }
    EXPECT(last.ns > 0);

    unit_row("time passes while one sleeps");
    struct nx_instant before = nx_clock_now();
    const struct timespec nap = {.tv_nsec = 20000000};
    EXPECT(nanosleep(&nap, NULL) == 0);
    EXPECT(ms_since(before) >= 20);

    unit_row("wall time is what everybody else's is");
    uint64_t here = (uint64_t)time(NULL);
    uint64_t wall = nx_clock_wall_s();
    EXPECT(wall >= here && wall <= here + 2);
}

UNIT_SUITE(entropy_test)
{
    struct nx_rng rng = nx_entropy();
    uint8_t first[300], second[300];
    static const uint8_t zeros[300];

    unit_row("it fills what was asked for and nothing behind it");
    memset(first, 0, sizeof(first));
    EXPECT_STATUS(nx_rng_fill(&rng, first, 268), NX_OK); /* longer than the kernel gives at once */
    EXPECT(memcmp(first + 236, zeros, 32) != 0);
    EXPECT_BYTES(nx_bytes_of(first + 268, 32), nx_bytes_of(zeros, 32));

    unit_row("it does not repeat itself");
    EXPECT_STATUS(nx_rng_fill(&rng, first, 32), NX_OK);
    EXPECT_STATUS(nx_rng_fill(&rng, second, 32), NX_OK);
    EXPECT(memcmp(first, second, 32) != 0);

    unit_row("nothing is easily given");
    EXPECT_STATUS(nx_rng_fill(&rng, first, 0), NX_OK);
}

/* ---- loop ---------------------------------------------------------------------------------- */

/* A signal to ourselves, in so many milliseconds. */
static void send_alarm_in(suseconds_t ms)
{
    const struct itimerval in = {.it_value = {.tv_usec = ms * 1000}};

    EXPECT(setitimer(ITIMER_REAL, &in, NULL) == 0);
}

static void loop_waits(struct nx_loop *loop)
{
    unit_row("a deadline that is past is not waited for");
    struct nx_instant before = nx_clock_now();
    nx_loop_wait(loop, (struct nx_instant){0});
    nx_loop_wait(loop, before);
    EXPECT(ms_since(before) < 1000);

    unit_row("a deadline is waited for");
    before = nx_clock_now();
    struct nx_instant until = nx_instant_after(before, nx_milliseconds(30));
    while (!nx_instant_reached(until, nx_clock_now()))
        nx_loop_wait(loop, until);
    EXPECT(ms_since(before) >= 30 && ms_since(before) < 5000);
}

static void loop_hears_signals(struct nx_loop *loop)
{
    int signal = 0;

    unit_row("a signal ends a wait without a deadline, and is told once");
    EXPECT_STATUS(nx_loop_watch(loop, SIGALRM), NX_OK);
    EXPECT(!nx_loop_signal(loop, &signal));
    send_alarm_in(20);
    nx_loop_wait(loop, NX_NEVER);
    EXPECT(nx_loop_signal(loop, &signal));
    EXPECT_EQ(signal, SIGALRM);
    EXPECT(!nx_loop_signal(loop, &signal));

    unit_row("the same signal twice before it is taken is one");
    EXPECT(kill(getpid(), SIGALRM) == 0);
    nx_loop_wait(loop, nx_instant_after(nx_clock_now(), nx_seconds(5)));
    EXPECT(kill(getpid(), SIGALRM) == 0);
    nx_loop_wait(loop, nx_instant_after(nx_clock_now(), nx_seconds(5)));
    EXPECT(nx_loop_signal(loop, &signal));
    EXPECT(!nx_loop_signal(loop, &signal));

    unit_row("another signal is told apart");
    EXPECT_STATUS(nx_loop_watch(loop, SIGUSR1), NX_OK);
    EXPECT(kill(getpid(), SIGUSR1) == 0);
    nx_loop_wait(loop, nx_instant_after(nx_clock_now(), nx_seconds(5)));
    EXPECT(nx_loop_signal(loop, &signal));
    EXPECT_EQ(signal, SIGUSR1);

    unit_row("a signal that nobody may watch is refused");
    EXPECT_STATUS(nx_loop_watch(loop, SIGKILL), NX_E_INVALID);

    unit_row("one signal more than there is room for is refused");
    EXPECT_STATUS(nx_loop_watch(loop, SIGUSR2), NX_OK);
    EXPECT_STATUS(nx_loop_watch(loop, SIGHUP), NX_E_LIMIT);
}

UNIT_SUITE(loop_test)
{
    static struct nx_loop loop;

    unit_row("a loop begins");
    NEED(nx_loop_init(&loop) == NX_OK);
    loop_waits(&loop);
    loop_hears_signals(&loop);
    nx_loop_wipe(&loop);

    unit_row("a loop may begin again where one has ended");
    NEED(nx_loop_init(&loop) == NX_OK);
    nx_loop_wait(&loop, (struct nx_instant){0});
    nx_loop_wipe(&loop);
}
