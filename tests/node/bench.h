/* For tests: one node, "self", alone on a bench. Whoever is at the other end of its links, and the
 * store below it, is played by the rows. Freestanding, as what it tests. */
#ifndef NX_TESTS_NODE_BENCH_H
#define NX_TESTS_NODE_BENCH_H

#include "core/node/node.h"

enum {
    BENCH_LINES_MAX = 8,
};

/* The store's sentence to a failure. */
#define BENCH_STORE_WHY "registry.json: No space left on device"

struct bench {
    struct dsb_node node;
    struct nx_instant now;
    struct nx_prng prng;
    struct nx_markers markers;
    char lines[BENCH_LINES_MAX][NX_MARKER_LINE_MAX]; /* its markers, the first of them */
    uint32_t line_count;
};

/* The one bench of a test program, its node not begun. */
struct bench *bench_clear(void);

/* What its node is begun with: the board's profile, a world of text ids. */
struct dsb_node_config bench_config(struct bench *b);

/* Cleared and started, with so many friends in the registry: "friend-0" and on, of key 7 each. */
struct bench *bench_begin(uint32_t friend_count);

/* A device as admission would prove it; `key` tells its keys from another's. */
struct dsb_link_info bench_info(const char *id_text, uint8_t key, enum dsb_link_purpose purpose,
                                bool we_dialled);

/* "friend-<number>"; lent until the next call. */
const char *bench_friend(uint32_t number);

/* A session with that friend, who dialled; its link. */
uint32_t bench_session(struct bench *b, uint32_t number);

/* The other side of a session says goodbye, and goes on serving our streams up to `last_served`. */
void bench_bye(struct bench *b, uint32_t link, enum dsb_goaway_code code, uint32_t last_served);

/* The next news of this kind, passing over others. False: there is none. */
bool bench_event(struct bench *b, enum dsb_node_event_kind kind, struct dsb_node_event *event);

/* The store answers the next write that the node has for it. False: there is none. */
bool bench_store(struct bench *b, enum nx_status status);

/* The frames that wait on a link, as kinds in order; it takes them. */
size_t bench_kinds(struct bench *b, uint32_t link, enum dsb_frame_kind kinds[4]);

#endif
