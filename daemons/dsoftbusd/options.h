/* Options: how dsoftbusd was asked to run. */
#ifndef NX_DAEMONS_DSOFTBUSD_OPTIONS_H
#define NX_DAEMONS_DSOFTBUSD_OPTIONS_H

#include "core/bus/discovery.h"
#include "core/wire/address.h"
#include "host/net/interfaces.h"

/* Of a listener that names none, and of a node of version 1. */
#define DSOFTBUSD_PORT 34567

/* What the process answers when it ends. */
enum dsoftbusd_exit {
    DSOFTBUSD_EXIT_DONE = 0,   /* asked to end, and ended */
    DSOFTBUSD_EXIT_FAILED = 1, /* it could not start */
    DSOFTBUSD_EXIT_USAGE = 2,  /* no such option, or no such value */
};

struct dsoftbusd_options {
    const char *state;
    struct nx_address listen[DSB_LISTENERS_MAX];
    uint32_t listen_count;
    bool is_listen_default; /* nobody chose where: one of the families may be missing */
    enum dsb_discovery_mode discovery;
    char name[DSB_BEACON_NAME_MAX + 1];
    struct nx_interface_watch interfaces;
    struct nx_address peers[DSB_DISCOVERY_UNICAST_MAX];
    uint32_t peer_count;
    const char *v1[DSB_V1_ALLOWED_MAX]; /* device ids: 64 hex digits each */
    uint32_t v1_count;
    bool prints_markers;
};

/* Reads them; keeps what `argv` points to. True: run. False: `*code` is to be answered, and what there
 * was to say was said: help and version on standard output, a mistake as one line on standard error. */
bool dsoftbusd_options_read(struct dsoftbusd_options *o, int argc, char **argv,
                            enum dsoftbusd_exit *code);

#endif
