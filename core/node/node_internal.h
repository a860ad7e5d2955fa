/* What node.c, node_links.c and node_work.c share. */
#ifndef NX_CORE_NODE_NODE_INTERNAL_H
#define NX_CORE_NODE_NODE_INTERNAL_H

#include "core/node/node.h"

/* Carry what the parts have for each other: pairing's wishes to the registry, the registry's to the
 * store and back, until nothing moves. To be called at the end of whatever changed one of them. */
void dsb_node_work(struct dsb_node *n, struct nx_instant now);

/* Is there room for one more piece of news? What each dial may yet bring is kept free. */
bool dsb_node_can_tell(const struct dsb_node *n);
void dsb_node_tell(struct dsb_node *n, const struct dsb_node_event *event);

/* NX_E_LIMIT, and dsb_node_why says of what. */
enum nx_status dsb_node_over(struct dsb_node *n, const char *what, uint64_t limit, uint64_t asked);

/* Is there room for one more link of this purpose with this device? The first limit that says no. */
enum dsb_node_room {
    DSB_NODE_ROOM,
    DSB_NODE_NO_LINK,
    DSB_NODE_NO_LINK_OF_PEER,    /* for a session */
    DSB_NODE_NO_LINK_OF_PAIRING, /* for pairing */
    DSB_NODE_NO_NEWS,            /* the owner leaves them untaken */
};
enum dsb_node_room dsb_node_room_for(const struct dsb_node *n, enum dsb_link_purpose purpose,
                                     const uint8_t id[DSB_ID_LEN]);

/* Ask the driver to dial for a session; false: too many are asked for. One that is asked for already is
 * enough. */
bool dsb_node_ask_to_dial(struct dsb_node *n, const char *id_text);

/* The link that carries the session with this device, of two the one that stays; or NULL. */
struct dsb_link *dsb_node_session_link(struct dsb_node *n, const char *id_text);

/* News of a session's mux: what the node does about it before the owner hears. */
void dsb_node_on_mux_event(struct dsb_node *n, struct nx_instant now, struct dsb_link *link,
                           const struct dsb_mux_event *event);

/* The marker that says that the registry was read, or was given up and begun anew. */
void dsb_node_mark_ready(struct dsb_node *n, struct nx_instant now);

/* The marker that says that this stream is open; none for a service that has no marker. */
void dsb_node_mark_open(struct dsb_node *n, struct nx_instant now, const char *id_text,
                        struct nx_bytes stream_name);

#endif
