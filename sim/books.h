/* Books: does what a device holds add up, and is it within its limits, while it runs?
 *
 * Sums over the streams of every session are compared with what the node has counted as out: of blocks,
 * of slots, of credit and of queues. It is looked at after each turn of each device, and costs a few
 * additions for each stream.
 *
 * Each answers the sentence that does not hold; NULL: all of it does. */
#ifndef NX_SIM_BOOKS_H
#define NX_SIM_BOOKS_H

#include "core/node/connections.h"

/* Every block and every slot of a stream that is out is held by one stream of one session. */
const char *sim_books_of_pools(const struct dsb_node *n);

/* What is granted and queued at the node is the sum of its sessions, and there of their streams; and
 * a stream's window is no smaller than what its peer may send and what was pulled and not returned. */
const char *sim_books_of_credit(const struct dsb_node *n);

/* No count and no high-water mark is over its limit. */
const char *sim_books_of_limits(const struct dsb_node *n);
const char *sim_books_of_connections(const struct dsb_connections *c);

/* A link that is not down has one connection, which proved the device that the link is with, and on
 * which both sides said "paired" where it is a session: before that there is nobody to take data of. */
const char *sim_books_of_identity(const struct dsb_connections *c);

/* Whoever is wanted is up, is being dialled, or is due within the longest wait: nobody is given up. */
const char *sim_books_of_reach(const struct dsb_connections *c, struct nx_instant now);

/* All six. */
const char *sim_books(const struct dsb_connections *c, struct nx_instant now);

/* What a sender may still send and has sent without a confirmation is no more than what the other end has
 * reserved for it. */
const char *sim_books_of_flow(const struct dsb_stream *sender, const struct dsb_stream *receiver);

/* Nobody sends anything and nobody dials: nothing but the sessions themselves is held. */
const char *sim_books_of_rest(const struct dsb_connections *c);

#endif
