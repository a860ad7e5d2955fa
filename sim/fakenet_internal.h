/* What the parts of FakeNet share: fakenet.c (places, events), fakenet_dial.c (listening, accepting,
 * dialling), fakenet_stream.c (bytes), fakenet_datagram.c. Statuses and failures as in core/net/net.h. */
#ifndef NX_SIM_FAKENET_INTERNAL_H
#define NX_SIM_FAKENET_INTERNAL_H

#include "core/base/check.h"
#include "core/base/memory.h"
#include "sim/fakenet.h"

/* Kinds of entries of the timeline. */
enum fake_entry_kind {
    FAKE_ENTRY_WIRE,     /* the first piece under way to an end; number: its serial */
    FAKE_ENTRY_DATAGRAM, /* one under way */
    FAKE_ENTRY_DIAL,     /* only that there is a tick */
};

/* ---- fakenet.c: places and events ---- */

struct fake_socket *fakenet_find(struct fake_host *host, struct nx_handle handle);

/* The socket if it is of this sort; else why not. */
enum nx_status fakenet_find_kind(struct fake_host *host, struct nx_handle handle,
                                 enum fake_socket_kind kind, struct fake_socket **socket);
struct fake_socket *fakenet_open_socket(struct fake_host *host, enum fake_socket_kind kind);
uint32_t fakenet_index(const struct fake_socket *socket);
uint16_t fakenet_fresh_port(struct fakenet *net);
bool fakenet_is_any(const struct nx_address *address);
struct fake_host *fakenet_host_at(struct fakenet *net, const struct nx_address *address);

void fakenet_tell(struct fake_socket *socket, enum nx_net_event_kind kind);
void fakenet_tell_if_waiting(struct fake_socket *socket, enum nx_net_event_kind kind);
enum nx_status fakenet_wait_for(struct fake_socket *socket, enum nx_net_event_kind kind);

/* One chance of `per_million`. Draws only where there is one. */
bool fakenet_happens(struct fakenet *net, uint32_t per_million);

/* When `len` bytes that leave `host` now arrive. */
struct nx_instant fakenet_arrival(struct fakenet *net, struct fake_host *host, size_t len);

/* ---- fakenet_stream.c ---- */

struct fake_end *fakenet_open_end(struct fakenet *net, uint32_t host);
uint32_t fakenet_end_index(const struct fakenet *net, const struct fake_end *end);
void fakenet_tell_end(struct fakenet *net, const struct fake_end *end, enum nx_net_event_kind kind);
void fakenet_fail(struct fakenet *net, struct fake_end *end, enum nx_net_failure failure);

/* The other side hears of it, if it is there and there is a way. */
void fakenet_close_end(struct fake_host *host, struct fake_end *end, bool is_reset);

/* The pieces under way to the end that `entry` names arrive, as far as they are due. */
bool fakenet_arrive(struct fakenet *net, const struct sim_entry *entry);

enum nx_status fakenet_send(void *self, struct nx_handle handle, const struct nx_bytes *parts,
                            size_t part_count, size_t *sent);
enum nx_status fakenet_receive(void *self, struct nx_handle handle, const struct nx_net_room *rooms,
                               size_t room_count, size_t *received);
enum nx_status fakenet_finish(void *self, struct nx_handle handle);

/* ---- fakenet_dial.c ---- */

enum nx_net_failure fakenet_listen(void *self, const struct nx_address *local, uint32_t backlog,
                                   struct nx_handle *listener);
enum nx_status fakenet_accept(void *self, struct nx_handle handle, struct nx_handle *stream,
                              struct nx_address *peer);
enum nx_net_failure fakenet_connect(void *self, const struct nx_address *peer,
                                    struct nx_instant deadline, struct nx_handle *stream);
void fakenet_drop_backlog(struct fake_socket *listener);

/* There may be a place, or one more that waits. */
void fakenet_tell_acceptable(struct fake_socket *listener);

/* Dials go on. False: nothing moved. */
bool fakenet_dial(struct fakenet *net);
struct nx_instant fakenet_dial_deadline(const struct fakenet *net);

/* ---- fakenet_datagram.c ---- */

enum nx_net_failure fakenet_bind(void *self, const struct nx_address *local, bool is_shared,
                                 struct nx_handle *handle);
enum nx_net_failure fakenet_join(void *self, struct nx_handle handle,
                                 const struct nx_address *group, uint32_t interface_index);
enum nx_status fakenet_send_to(void *self, struct nx_handle handle, const struct nx_address *to,
                               struct nx_bytes bytes);
enum nx_status fakenet_receive_from(void *self, struct nx_handle handle, struct nx_net_room room,
                                    struct nx_net_datagram *head);
void fakenet_drop_datagrams(struct fakenet *net, uint32_t socket);
bool fakenet_datagram_arrives(struct fakenet *net, const struct sim_entry *entry);

#endif
