/* unshare, setns and ioctl, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/net/interfaces.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct nx_instant at(uint32_t ms)
{
    return nx_instant_after((struct nx_instant){0}, nx_milliseconds(ms));
}

static void networks(void)
{
    static struct dsb_network list[DSB_NETWORKS_MAX];
    struct dsb_networks ours = {.are_set = false};
    struct nx_address near = nx_address_ipv4((const uint8_t[]){127, 9, 9, 9}, 1);
    struct nx_address far = nx_address_ipv4((const uint8_t[]){203, 0, 113, 9}, 1);
    size_t count = 0;

    unit_row("this machine is on its loopback network, and not on one for documentation");
    EXPECT_STATUS(nx_interface_networks(list, NX_COUNT_OF(list), &count), NX_OK);
    EXPECT(count > 0);
    dsb_networks_set(&ours, list, count);
    EXPECT(dsb_networks_have(&ours, &near));
    EXPECT(!dsb_networks_have(&ours, &far));

    unit_row("no more of them than there is room for");
    EXPECT_STATUS(nx_interface_networks(list, 1, &count), NX_OK);
    EXPECT_EQ(count, 1);
    EXPECT_STATUS(nx_interface_networks(list, 0, &count), NX_OK);
    EXPECT_EQ(count, 0);
}

static void names(void)
{
    struct nx_interface_watch w;
    char name[NX_INTERFACE_NAME_CAP];

    nx_interface_watch_init(&w);
    unit_row("a watch over nothing has nothing to do");
    EXPECT(nx_instant_is_never(nx_interface_watch_deadline(&w)));
    EXPECT(!nx_interface_watch_tick(&w, at(0)));

    unit_row("a name that no interface can have is refused");
    EXPECT_STATUS(nx_interface_watch_add(&w, ""), NX_E_INVALID);
    EXPECT_STATUS(nx_interface_watch_add(&w, "a123456789abcdef"), NX_E_INVALID);
    EXPECT_EQ(w.name_count, 0);
    EXPECT_STATUS(nx_interface_watch_add(&w, "a123456789abcde"), NX_OK);

    unit_row("one that is not there is not up, and no fault");
    EXPECT(!nx_interface_watch_tick(&w, at(0)));
    EXPECT_EQ(w.up_count, 0);

    unit_row("a choice that is made twice is one");
    EXPECT_STATUS(nx_interface_watch_add(&w, "a123456789abcde"), NX_OK);
    EXPECT_EQ(w.name_count, 1);

    unit_row("one choice more than there may be is refused");
    for (uint32_t i = 1; i < DSB_BEACONS_INTERFACES_MAX; i++) {
        (void)snprintf(name, sizeof(name), "none%u", i);
        EXPECT_STATUS(nx_interface_watch_add(&w, name), NX_OK);
    }
    EXPECT_STATUS(nx_interface_watch_add(&w, "more"), NX_E_LIMIT);
    EXPECT_STATUS(nx_interface_watch_add(&w, "none1"), NX_OK);
}

/* Where nothing but loopback is, and that is down; false where this process may not have it. */
static bool enter_empty_namespace(int *home)
{
    *home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (*home < 0)
        return false;
    if (unshare(CLONE_NEWNET) == 0)
        return true;
    close(*home);
    return false;
}

static void set_loopback(bool is_up)
{
    struct ifreq request;
    int any_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memset(&request, 0, sizeof(request));
    memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = is_up ? IFF_UP : 0;
    EXPECT(any_socket >= 0 && ioctl(any_socket, SIOCSIFFLAGS, &request) == 0);
    close(any_socket);
}

static void changes(void)
{
    struct nx_interface_watch w;
    uint32_t loopback = 0;
    int home;

    unit_row("an interface that comes up, and one that goes, are noticed at the next look");
    if (!enter_empty_namespace(&home)) {
        unit_skip("only root may have a network namespace");
        return;
    }
    nx_interface_watch_init(&w);
    EXPECT_STATUS(nx_interface_watch_add(&w, "nothing"), NX_OK);
    EXPECT_STATUS(nx_interface_watch_add(&w, "lo"), NX_OK);
    EXPECT_EQ(nx_interface_watch_deadline(&w).ns, 0);
    EXPECT(!nx_interface_watch_tick(&w, at(1000)));
    EXPECT_STATUS(nx_interface_loopback(&loopback), NX_E_NOT_FOUND);

    set_loopback(true);
    EXPECT(!nx_interface_watch_tick(&w, at(5999)));
    EXPECT_EQ(nx_interface_watch_deadline(&w).ns, at(6000).ns);
    EXPECT(nx_interface_watch_tick(&w, at(6000)));
    EXPECT_STATUS(nx_interface_loopback(&loopback), NX_OK);
    EXPECT_EQ(w.up_count, 1);
    EXPECT_EQ(w.up[0], loopback);
    EXPECT(!nx_interface_watch_tick(&w, at(11000)));

    set_loopback(false);
    EXPECT(nx_interface_watch_tick(&w, at(16000)));
    EXPECT_EQ(w.up_count, 0);

    unit_row("one that is chosen later is looked at without waiting");
    set_loopback(true);
    nx_interface_watch_init(&w);
    EXPECT_STATUS(nx_interface_watch_add(&w, "nothing"), NX_OK);
    EXPECT(!nx_interface_watch_tick(&w, at(1000)));
    EXPECT_STATUS(nx_interface_watch_add(&w, "lo"), NX_OK);
    EXPECT(nx_interface_watch_tick(&w, at(1001)));

    EXPECT(setns(home, CLONE_NEWNET) == 0);
    close(home);
}

static void looks(void)
{
    struct nx_interface_address addresses[4];
    int home;

    unit_row("an interface is missing, down or up, whoever watches it");
    if (!enter_empty_namespace(&home)) {
        unit_skip("only root may have a network namespace");
        return;
    }
    EXPECT_EQ(nx_interface_look("nothing"), NX_INTERFACE_MISSING);
    EXPECT_EQ(nx_interface_look("lo"), NX_INTERFACE_DOWN);
    EXPECT_EQ(nx_interface_addresses(addresses, 4), 0);
    set_loopback(true);
    EXPECT_EQ(nx_interface_look("lo"), NX_INTERFACE_UP);

    unit_row("addresses come with their prefix and their interface, as many as there is room for");
    uint32_t loopback = 0;
    uint32_t count = nx_interface_addresses(addresses, 4);
    EXPECT_STATUS(nx_interface_loopback(&loopback), NX_OK);
    EXPECT(count == 1 || count == 2); /* IPv6 may be switched off */
    EXPECT(nx_address_is_loopback(&addresses[0].address));
    EXPECT_EQ(addresses[0].prefix_len, 8);
    EXPECT_EQ(addresses[0].interface_index, loopback);
    if (count == 2)
        EXPECT_EQ(addresses[1].prefix_len, 128);
    EXPECT_EQ(nx_interface_addresses(addresses, 1), 1);
    EXPECT_EQ(nx_interface_addresses(addresses, 0), 0);

    EXPECT(setns(home, CLONE_NEWNET) == 0);
    close(home);
}

UNIT_SUITE(interfaces_test)
{
    networks();
    names();
    changes();
    looks();
}
