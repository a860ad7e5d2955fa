/* What sockets.c, tcp.c and udp.c share. */
#ifndef NX_HOST_NET_SOCKETS_INTERNAL_H
#define NX_HOST_NET_SOCKETS_INTERNAL_H

#include "host/net/endpoint.h"
#include "host/net/sockets.h"

#define NX_EVENT_BIT(kind) ((uint8_t)(1u << (kind)))

/* The open socket of this sort. NX_OK; NX_E_CLOSED; NX_E_INVALID: of another sort. */
enum nx_status nx_sockets_find(struct nx_sockets *s, struct nx_handle handle,
                               enum nx_socket_kind kind, struct nx_socket **socket);

/* Gives the descriptor a place, in that state. It is closed when there is none. */
enum nx_net_failure nx_sockets_add(struct nx_sockets *s, enum nx_socket_kind kind,
                                   enum nx_socket_state state, int fd, struct nx_socket **socket);

/* Whether one more socket would find a place. */
bool nx_sockets_has_room(const struct nx_sockets *s);

/* A new descriptor that does not block and is gone after an exec; -1 and `failure`. IPv6 is for IPv6
 * only. */
int nx_socket_make(const struct nx_address *address, int type, enum nx_net_failure *failure);

/* Bound to `local`, or what stood in the way. */
enum nx_net_failure nx_socket_bind(int fd, const struct nx_address *local);

/* Sets a whole number as an option. False: the system does not have it. */
bool nx_socket_set(int fd, int level, int option, int value);

/* The event of this kind was promised: have the loop look for it. Answers NX_WOULD_BLOCK. */
enum nx_status nx_socket_await(struct nx_socket *socket, enum nx_net_event_kind kind);

/* A listener has no place to accept into: it is looked at again when a socket was closed, and when it is
 * the system that has no room, also after NX_SOCKETS_PAUSE_MS. Answers NX_E_NO_MEMORY. */
enum nx_status nx_socket_pause(struct nx_socket *listener, bool is_system_full);

/* Tell this event, promised or not. */
void nx_socket_tell(struct nx_socket *socket, enum nx_net_event_kind kind);

/* The dial is over, with this. */
void nx_socket_dialled(struct nx_socket *stream, enum nx_net_failure failure);

/* What nx_net_driver says, of streams. */
enum nx_net_failure nx_tcp_listen(void *self, const struct nx_address *local, uint32_t backlog,
                                  struct nx_handle *listener);
enum nx_status nx_tcp_accept(void *self, struct nx_handle listener, struct nx_handle *stream,
                             struct nx_address *peer);
enum nx_net_failure nx_tcp_connect(void *self, const struct nx_address *peer,
                                   struct nx_instant deadline, struct nx_handle *stream);
enum nx_status nx_tcp_send(void *self, struct nx_handle handle, const struct nx_bytes *parts,
                           size_t part_count, size_t *sent);
enum nx_status nx_tcp_receive(void *self, struct nx_handle handle, const struct nx_net_room *rooms,
                              size_t room_count, size_t *received);
enum nx_status nx_tcp_finish(void *self, struct nx_handle handle);

/* The loop says that a dial may be over. */
void nx_tcp_look_at_dial(struct nx_socket *stream);

/* The same of datagrams. */
enum nx_net_failure nx_udp_bind(void *self, const struct nx_address *local, bool is_shared,
                                struct nx_handle *handle);
enum nx_net_failure nx_udp_join(void *self, struct nx_handle handle, const struct nx_address *group,
                                uint32_t interface_index);
enum nx_status nx_udp_send_to(void *self, struct nx_handle handle, const struct nx_address *to,
                              struct nx_bytes datagram);
enum nx_status nx_udp_receive_from(void *self, struct nx_handle handle, struct nx_net_room room,
                                   struct nx_net_datagram *datagram);

#endif
