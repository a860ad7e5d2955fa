/* What the files of connections share. Those named connections* have the table of them, connection* one
 * of them:
 *
 *     connections.c          the table, news, turns, the end of all
 *     connections_accept.c   who dials us: listeners and the gate
 *     connections_dial.c     whom we dial, at several addresses at once
 *     connections_v1.c       sessions with v1 nodes, and their verbs
 *     connection.c           a turn of one, and what its session has become
 *     connection_receive.c   socket -> session -> link
 *     connection_send.c      link, session -> socket
 *     connection_leave.c     its end: what it held is given back, its last word is heard */
#ifndef NX_CORE_NODE_CONNECTIONS_INTERNAL_H
#define NX_CORE_NODE_CONNECTIONS_INTERNAL_H

#include "core/node/connections.h"

/* ---- connections.c --------------------------------------------------------------------------- */

/* A place for one more, all fields at their beginning; if need be that of the connection that is leaving
 * longest. NULL: none. */
struct dsb_connection *dsb_connections_place(struct dsb_connections *c, struct nx_instant now);

/* It is not used any more, and keeps nothing that was said. */
void dsb_connections_free_place(struct dsb_connections *c, struct dsb_connection *conn);

uint32_t dsb_connection_index(const struct dsb_connections *c, const struct dsb_connection *conn);

void dsb_connections_tell(struct dsb_connections *c, const struct dsb_connections_event *event);

/* ---- connections_accept.c -------------------------------------------------------------------- */

/* Take in whoever waits, as many as may be in one turn. */
void dsb_connections_accept_due(struct dsb_connections *c, struct nx_instant now);

/* News of the network. True: it was about a listener. */
bool dsb_connections_listener_input(struct dsb_connections *c, const struct nx_net_event *event);

/* The handshake is over, one way or another: its place at the gate is free. */
void dsb_connection_leave_gate(struct dsb_connections *c, struct nx_instant now,
                               struct dsb_connection *conn, enum dsb_gate_outcome outcome);

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

/* ---- connections_v1.c ------------------------------------------------------------------------ */

bool dsb_connection_is_v1_with(const struct dsb_connection *conn, const uint8_t id[DSB_ID_LEN]);

/* Its handshake and admission are through: it is a v1 session from now on. */
void dsb_connection_come_up_v1(struct dsb_connections *c, struct nx_instant now,
                               struct dsb_connection *conn);

/* A record came: a frame, or a breach. */
void dsb_connection_take_v1(struct dsb_connections *c, struct nx_instant now,
                            struct dsb_connection *conn, struct nx_bytes plain);

/* It is no v1 session any more, if it was one. */
void dsb_connection_end_v1(struct dsb_connections *c, struct dsb_connection *conn);

/* ---- connection.c ---------------------------------------------------------------------------- */

/* What one connection has to do now, as far as one turn goes. */
void dsb_connection_work(struct dsb_connections *c, struct nx_instant now,
                         struct dsb_connection *conn);

/* When it next has something to do by itself. */
struct nx_instant dsb_connection_deadline(const struct dsb_connections *c,
                                          const struct dsb_connection *conn);

/* Does it carry a session? */
bool dsb_connection_is_up(const struct dsb_connection *conn);

/* News of the device at its other end. */
void dsb_connection_tell(struct dsb_connections *c, const struct dsb_connection *conn,
                         enum dsb_connections_event_kind kind);

/* To be called whenever the session of an open connection may have moved that is not up yet. False: the
 * connection is leaving, or gone. */
bool dsb_connection_follow(struct dsb_connections *c, struct nx_instant now,
                           struct dsb_connection *conn);

/* ---- connection_receive.c -------------------------------------------------------------------- */

/* Whatever has arrived, as far as one turn goes. */
void dsb_connection_receive(struct dsb_connections *c, struct nx_instant now,
                            struct dsb_connection *conn);

/* The other side broke the rules of what carries its frames: a last word, and the end. */
void dsb_connection_break(struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn, enum nx_status status, const char *why);

/* Nothing more comes: the other side has finished (NX_END), or the connection failed. It is closed. */
void dsb_connection_lost(struct dsb_connections *c, struct nx_instant now,
                         struct dsb_connection *conn, enum nx_status status);

/* ---- connection_send.c ----------------------------------------------------------------------- */

/* Whatever there is to say, as far as one turn goes. */
void dsb_connection_send(struct dsb_connections *c, struct nx_instant now,
                         struct dsb_connection *conn);

/* What waits in `out`, and no more. False: it waits still, or the connection is gone. */
bool dsb_connection_send_out(struct dsb_connections *c, struct nx_instant now,
                             struct dsb_connection *conn);

/* ---- connection_leave.c ---------------------------------------------------------------------- */

/* Close the socket and give everything back, at once. */
void dsb_connection_close(struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn);

/* Nothing more is to be said but what waits in `out`: close it when that has been read, or after
 * DSB_CONNECTION_LINGER_MS. */
void dsb_connection_leave(struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn);

/* Say what waits, and close it when that was heard or it is time. */
void dsb_connection_work_leaving(struct dsb_connections *c, struct nx_instant now,
                                 struct dsb_connection *conn);

#endif
