/* Flood: what somebody without an identity can do to a node by connecting to it, and what a stream
 * carries meanwhile. A part of bench/flood.py, which says how they work together.
 *
 *     flood attack ADDR:PORT STATIC RATE SECONDS     RATE connections a second, each from one of 60,000
 *                                                    sources on loopback: a third says nothing, a third
 *                                                    garbage, a third a first message that holds
 *     flood sink                                     takes connections and drops them; prints its port
 *     flood meter                                    reads, and prints the bytes so far ten times a second
 *
 * An attack holds each connection until the other side ends it, or 6 s; it prints what became of them. */
#define _GNU_SOURCE

#include "core/base/hex.h"
#include "core/bus/noise.h"
#include "core/wire/address.h"
#include "host/entropy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SLOTS = 16384,
    HOLD_MS = 6000,
    FIRST_LEN = 52,
    EVENTS = 256,
};

enum kind {
    HALF_OPEN,
    GARBAGE,
    FIRST_MESSAGE,
    KINDS
};

struct connection {
    int fd; /* -1: free */
    enum kind kind;
    bool has_spoken;
    uint64_t until_ms;
};

static struct connection slots[SLOTS];
static uint32_t free_slots[SLOTS], free_count;
static uint8_t first[FIRST_LEN];

static struct {
    uint64_t tried, not_tried, connected, ended_by_them, held, answered;
} counts;

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int failed(const char *what)
{
    perror(what);
    return 1;
}

/* ---- the attack ------------------------------------------------------------------------------ */

/* Message 1 holds for everybody who has a node's static key, which its beacons name; one is enough,
 * since nothing in it is of the connection. */
static bool make_first(const char *static_hex)
{
    struct nx_rng rng = nx_entropy();
    uint8_t own[NX_X25519_LEN], own_public[NX_X25519_LEN], peer[NX_X25519_LEN];
    struct nx_writer out = nx_writer_over(first, sizeof(first));
    struct dsb_noise noise;
    struct dsb_noise_config config = {
        .is_initiator = true, .secret_static = own, .static_public = own_public};

    if (nx_hex_decode(nx_bytes_of_text(static_hex), peer, sizeof(peer)) != NX_OK ||
        nx_rng_fill(&rng, own, sizeof(own)) != NX_OK)
        return false;
    config.remote_static = peer;
    nx_crypto_x25519_public(own_public, own);
    nx_write_u32be(&out, FIRST_LEN - 4);
    return dsb_noise_init(&noise, &config) == NX_OK &&
           dsb_noise_write(&noise, &rng, nx_bytes_of(NULL, 0), &out) == NX_OK &&
           out.len == FIRST_LEN;
}

static void let_go(struct connection *c)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(c->fd);
    c->fd = -1;
    free_slots[free_count++] = (uint32_t)(c - slots);
}

static void begin(int epoll, const struct sockaddr_in *to, uint64_t number, uint64_t now_ms)
{
    /* 127.1.0.1 and on: many sources, none of which did anything before. */
    struct sockaddr_in from = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(0x7f010001u + (uint32_t)(number * 7919 % 60000)),
    };
    const int yes = 1;

    if (free_count == 0) {
        counts.not_tried++;
        return;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        counts.not_tried++;
        return;
    }
    struct connection *c = &slots[free_slots[--free_count]];
    *c = (struct connection){
        .fd = fd, .kind = (enum kind)(number % KINDS), .until_ms = now_ms + HOLD_MS};
    struct epoll_event want = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                               .data.u32 = (uint32_t)(c - slots)};
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
    counts.tried++;
    if (bind(fd, (const struct sockaddr *)&from, sizeof(from)) != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &want) != 0 ||
        (connect(fd, (const struct sockaddr *)to, sizeof(*to)) != 0 && errno != EINPROGRESS))
        let_go(c);
}

static void speak(struct connection *c)
{
    static const uint8_t garbage[64] = "\xff\xff\xff\xffGET / HTTP/1.1";

    c->has_spoken = true;
    counts.connected++;
    if (c->kind == GARBAGE && send(c->fd, garbage, sizeof(garbage), MSG_NOSIGNAL) < 0)
        return;
    if (c->kind == FIRST_MESSAGE && send(c->fd, first, sizeof(first), MSG_NOSIGNAL) < 0)
        return;
}

static void take(struct connection *c, uint32_t events)
{
    uint8_t room[4096];

    if (c->fd < 0)
        return;
    if ((events & EPOLLOUT) != 0 && (events & (EPOLLERR | EPOLLHUP)) == 0 && !c->has_spoken)
        speak(c);
    if ((events & EPOLLIN) != 0 && recv(c->fd, room, sizeof(room), 0) > 0)
        counts.answered++;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        counts.ended_by_them++;
        let_go(c);
    }
}

static void let_go_of_late(uint64_t now_ms)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        if (slots[i].fd >= 0 && now_ms >= slots[i].until_ms) {
            counts.held++;
            let_go(&slots[i]);
        }
    }
}

static int attack(const char *where, const char *static_hex, uint64_t rate, uint64_t seconds)
{
    struct nx_address address;
    struct sockaddr_in to = {.sin_family = AF_INET};
    struct rlimit limit = {SLOTS + 64, SLOTS + 64};
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    uint64_t begun = now_ns(), late_at = 0;

    if (nx_address_parse(nx_bytes_of_text(where), 0, &address, NULL) != NX_OK ||
        address.family != NX_ADDRESS_IPV4 || !make_first(static_hex) || epoll < 0) {
        (void)fprintf(stderr, "flood: no such address, or no such key\n");
        return 2;
    }
    memcpy(&to.sin_addr, address.bytes, 4);
    to.sin_port = htons(address.port);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return failed("flood: ulimit -n");
    for (uint32_t i = 0; i < SLOTS; i++) {
        slots[i].fd = -1;
        free_slots[free_count++] = i;
    }
    for (;;) {
        struct epoll_event events[EVENTS];
        uint64_t passed = now_ns() - begun, now_ms = passed / 1000000;

        if (passed >= seconds * 1000000000u)
            break;
        /* A burst each millisecond at most; what was missed is made good, so that the rate holds. */
        for (uint64_t due = passed * rate / 1000000000u; counts.tried + counts.not_tried < due;)
            begin(epoll, &to, counts.tried + counts.not_tried, now_ms);
        int count = epoll_wait(epoll, events, EVENTS, 1);
        for (int i = 0; i < count; i++)
            take(&slots[events[i].data.u32], events[i].events);
        if (now_ms >= late_at) {
            let_go_of_late(now_ms);
            late_at = now_ms + 100;
        }
    }
    printf("tried %llu connected %llu answered %llu ended-by-them %llu held-to-the-end %llu "
           "not-tried %llu\n",
           (unsigned long long)counts.tried, (unsigned long long)counts.connected,
           (unsigned long long)counts.answered, (unsigned long long)counts.ended_by_them,
           (unsigned long long)counts.held, (unsigned long long)counts.not_tried);
    return 0;
}

/* ---- the sink and the meter -------------------------------------------------------------------- */

static int drop_all(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(listener, 128) != 0 || getsockname(listener, (struct sockaddr *)&at, &len) != 0)
        return failed("flood: sink");
    printf("%d\n", ntohs(at.sin_port));
    (void)fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            continue;
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(fd);
    }
}

static int meter(void)
{
    static uint8_t room[1 << 20];
    uint64_t total = 0, say_at = now_ns();

    for (ssize_t got; (got = read(0, room, sizeof(room))) > 0;) {
        total += (uint64_t)got;
        uint64_t now = now_ns();
        if (now < say_at)
            continue;
        say_at = now + 100000000u;
        printf("%llu %llu\n", (unsigned long long)(now / 1000000), (unsigned long long)total);
        (void)fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc < 2 ? "" : argv[1];

    if (strcmp(what, "sink") == 0 && argc == 2)
        return drop_all();
    if (strcmp(what, "meter") == 0 && argc == 2)
        return meter();
    if (strcmp(what, "attack") == 0 && argc == 6 && nx_crypto_init() == NX_OK)
        return attack(argv[2], argv[3], strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
    (void)fprintf(stderr, "usage: flood attack ADDR:PORT STATIC RATE SECONDS | sink | meter\n");
    return 2;
}
