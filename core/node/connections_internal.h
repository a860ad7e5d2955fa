/* What connections.c, connection_io.c and connections_dial.c share. */
#ifndef NX_CORE_NODE_CONNECTIONS_INTERNAL_H
#define NX_CORE_NODE_CONNECTIONS_INTERNAL_H

#include "core/node/connections.h"

/* ---- connections.c --------------------------------------------------------------------------- */

/* A place for one more, all fields at their beginning; if need be that of the connection that is leaving
 * longest. NULL: none. */
struct dsb_connection *dsb_connections_place(struct dsb_connections *c, struct nx_instant now);

uint32_t dsb_connection_index(const struct dsb_connections *c, const struct dsb_connection *conn);

void dsb_connections_tell(struct dsb_connections *c, const struct dsb_connections_event *event);

/* The handshake is over, one way or another: its place at the gate is free. */
void dsb_connection_leave_gate(struct dsb_connections *c, struct nx_instant now,
                               struct dsb_connection *conn, enum dsb_gate_outcome outcome);

/* Close the socket and give everything back, at once. */
void dsb_connection_close(struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn);

/* Nothing more is to be said but what waits in `out`: close it when that has been read, or after
 * DSB_CONNECTION_LINGER_MS. */
void dsb_connection_leave(struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn);

/* When its session has lived long enough; NX_NEVER: it is not ours to make anew, or is ending. */
struct nx_instant dsb_connection_again_at(const struct dsb_connections *c,
                                          const struct dsb_connection *conn);

/* ---- connection_io.c ------------------------------------------------------------------------- */

/* What one connection has to do now, as far as one turn goes. */
void dsb_connection_work(struct dsb_connections *c, struct nx_instant now,
                         struct dsb_connection *conn);

/* ---- connections_dial.c ---------------------------------------------------------------------- */

/* Dial whom the node and reach want dialled now. */
void dsb_connections_dial_due(struct dsb_connections *c, struct nx_instant now);

/* This session has lived long enough: another one like it. */
void dsb_connections_dial_again(struct dsb_connections *c, struct nx_instant now,
                                struct dsb_connection *conn);

/* One try came to its end. The device was reached: the other tries are dropped. */
void dsb_connection_try_won(struct dsb_connections *c, struct nx_instant now,
                            struct dsb_connection *conn);
void dsb_connection_try_lost(struct dsb_connections *c, struct nx_instant now,
                             struct dsb_connection *conn, enum nx_status status,
                             enum dsb_refusal refusal, const char *why);

/* Is there room for one more dial? */
bool dsb_connections_can_dial(const struct dsb_connections *c);

/* It is not paired any more: no session with it is dialled. */
void dsb_connections_drop_dials_of(struct dsb_connections *c, struct nx_instant now,
                                   const char *id_text);

/* Give up every dial. */
void dsb_connections_drop_dials(struct dsb_connections *c, struct nx_instant now);

#endif
