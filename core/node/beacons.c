#include "core/node/beacons.h"

#include "core/base/memory.h"
#include "core/base/text.h"

_Static_assert(DSB_BEACONS_SOCKETS == DSB_ANNOUNCER_GROUPS, "each group has its socket");
_Static_assert(DSB_BEACONS_INTERFACES_MAX < 32, "each interface has its bit");

enum {
    PAUSE_FIRST_S = 1,
    PAUSE_MAX_S = 60,
};

static bool is_open(const struct dsb_beacons_socket *s)
{
    return s->handle.value != NX_HANDLE_NONE.value;
}

static bool has_mouth(const struct dsb_beacons_socket *s)
{
    return s->mouth.value != NX_HANDLE_NONE.value;
}

static size_t socket_index(enum nx_address_family family)
{
    return family == NX_ADDRESS_IPV4 ? 0 : 1;
}

/* ---- interfaces ---------------------------------------------------------------------------- */

static bool is_of_chosen(enum dsb_discovery_mode mode)
{
    return mode == DSB_DISCOVERY_QUIET || mode == DSB_DISCOVERY_MULTICAST;
}

/* Those that groups are joined on and sent by, in this mode, which is not OFF. */
static size_t interfaces(const struct dsb_beacons *b, const uint32_t **numbers)
{
    *numbers = b->chosen;
    if (is_of_chosen(b->mode))
        return b->chosen_count;
    *numbers = &b->config.loopback_index;
    return b->config.loopback_index != 0;
}

static bool is_joined(const struct dsb_beacons *b, const struct dsb_beacons_socket *s)
{
    const uint32_t *numbers;
    size_t count = interfaces(b, &numbers);

    return s->joined == (1u << count) - 1;
}

/* Sending by the mouth is all that `from` asks for. */
static bool wants_mouth(const struct dsb_beacons *b, const struct dsb_beacons_socket *s)
{
    const struct dsb_beacons_from *from = &b->config.from[s - b->sockets];

    return !from->is_mute && from->address.family != NX_ADDRESS_NONE && !has_mouth(s);
}

/* All that is wanted of this family is open and joined. */
static bool is_whole(const struct dsb_beacons *b, const struct dsb_beacons_socket *s)
{
    return is_open(s) && is_joined(b, s) && !wants_mouth(b, s);
}

/* Each of `some` is one of `all`. */
static bool are_among(const uint32_t *some, size_t some_count, const uint32_t *all,
                      size_t all_count)
{
    for (size_t i = 0; i < some_count; i++) {
        size_t at = 0;

        while (at < all_count && all[at] != some[i])
            at++;
        if (at == all_count)
            return false;
    }
    return true;
}

static bool are_interfaces(const uint32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] == 0 || are_among(&numbers[i], 1, numbers, i))
            return false;
    }
    return true;
}

enum nx_status dsb_beacons_set_interfaces(struct dsb_beacons *b, struct nx_instant now,
                                          const uint32_t *numbers, size_t count)
{
    if (count > DSB_BEACONS_INTERFACES_MAX)
        return NX_E_LIMIT;
    if (!are_interfaces(numbers, count))
        return NX_E_INVALID;

    bool has_gone = !are_among(b->chosen, b->chosen_count, numbers, count);
    bool has_come = !are_among(numbers, count, b->chosen, b->chosen_count);
    if (!has_gone && !has_come)
        return NX_OK;

    if (has_gone) {
        if (is_of_chosen(b->mode))
            dsb_beacons_close(b);
        b->chosen_count = 0;
    }
    for (size_t i = 0; i < count; i++) { /* those that stay keep their places */
        if (!are_among(&numbers[i], 1, b->chosen, b->chosen_count))
            b->chosen[b->chosen_count++] = numbers[i];
    }
    for (size_t i = 0; i < DSB_BEACONS_SOCKETS; i++)
        nx_backoff_reset(&b->sockets[i].backoff);

    /* Before the first `work` the node's own start decides, whose jitter keeps devices apart. */
    if (has_come && is_of_chosen(b->mode))
        dsb_node_announce(b->config.node, now);
    return NX_OK;
}

/* ---- opening and closing ------------------------------------------------------------------- */

void dsb_beacons_init(struct dsb_beacons *b, const struct dsb_beacons_config *config)
{
    const struct nx_backoff_config pauses = {
        .first = nx_seconds(PAUSE_FIRST_S),
        .max = nx_seconds(PAUSE_MAX_S),
        .attempt_max = UINT32_MAX,
        .within = nx_nanoseconds(UINT64_MAX),
    };

    *b = (struct dsb_beacons){.config = *config, .mode = DSB_DISCOVERY_OFF};
    if (b->config.port == 0)
        b->config.port = DSB_DISCOVERY_PORT;
    nx_prng_init(&b->pauses, config->seed, "beacons");
    for (size_t i = 0; i < DSB_BEACONS_SOCKETS; i++)
        nx_backoff_init(&b->sockets[i].backoff, &pauses);
}

static void close_socket(struct dsb_beacons *b, struct dsb_beacons_socket *s)
{
    if (is_open(s))
        nx_net_close(&b->config.net, s->handle);
    if (has_mouth(s))
        nx_net_close(&b->config.net, s->mouth);
    s->handle = s->mouth = NX_HANDLE_NONE;
    s->joined = 0;
    s->is_readable = false;
}

void dsb_beacons_close(struct dsb_beacons *b)
{
    for (size_t i = 0; i < DSB_BEACONS_SOCKETS; i++)
        close_socket(b, &b->sockets[i]);
}

void dsb_beacons_reopen(struct dsb_beacons *b)
{
    dsb_beacons_close(b);
    for (size_t i = 0; i < DSB_BEACONS_SOCKETS; i++) {
        nx_backoff_reset(&b->sockets[i].backoff);
        nx_why_set(&b->sockets[i].why, "");
    }
}

/* Again after a pause. One that runs already goes on: both kinds of failure in one turn are one. */
static void pause(struct dsb_beacons *b, struct nx_instant now, struct dsb_beacons_socket *s)
{
    struct nx_rng rng = nx_prng_as_rng(&b->pauses);

    (void)!nx_backoff_failed(&s->backoff, now, &rng);
}

static void open_socket(struct dsb_beacons *b, struct nx_instant now, size_t i)
{
    static const uint8_t any[16];
    struct dsb_beacons_socket *s = &b->sockets[i];
    struct nx_address local =
        i == 0 ? nx_address_ipv4(any, b->config.port) : nx_address_ipv6(any, b->config.port, 0);
    struct nx_net_fault fault;

    if (nx_net_bind(&b->config.net, &local, true, &s->handle, &fault) == NX_OK) {
        s->is_readable = true; /* the first try arms the event */
        return;
    }
    s->handle = NX_HANDLE_NONE;
    s->why = fault.why;
    b->counts.socket_failures++;
    pause(b, now, s);
}

/* At a port of its own: who binds the same one to a single address takes what is sent there from
 * the other socket. */
static void open_mouth(struct dsb_beacons *b, struct nx_instant now, size_t i)
{
    struct dsb_beacons_socket *s = &b->sockets[i];
    struct nx_address local = b->config.from[i].address;
    struct nx_net_fault fault;

    local.port = 0;
    if (nx_net_bind(&b->config.net, &local, false, &s->mouth, &fault) == NX_OK)
        return;
    s->mouth = NX_HANDLE_NONE;
    s->why = fault.why;
    b->counts.socket_failures++;
    pause(b, now, s);
}

static void join_missing(struct dsb_beacons *b, struct nx_instant now, size_t i)
{
    struct dsb_beacons_socket *s = &b->sockets[i];
    struct nx_address group = dsb_announcer_group(i);
    struct nx_net_fault fault;
    const uint32_t *numbers;
    size_t count = interfaces(b, &numbers);

    for (size_t k = 0; k < count; k++) {
        if ((s->joined & 1u << k) != 0)
            continue;
        if (nx_net_join(&b->config.net, s->handle, &group, numbers[k], &fault) == NX_OK) {
            s->joined |= 1u << k;
            continue;
        }
        s->why = fault.why;
        b->counts.join_failures++;
    }
    if (!is_joined(b, s))
        pause(b, now, s);
}

static void follow_mode(struct dsb_beacons *b)
{
    enum dsb_discovery_mode mode = dsb_node_discovery_mode(b->config.node);
    bool stays = mode == b->mode || (is_of_chosen(mode) && is_of_chosen(b->mode));

    b->mode = mode;
    if (!stays)
        dsb_beacons_reopen(b);
}

static void keep_open(struct dsb_beacons *b, struct nx_instant now, size_t i)
{
    struct dsb_beacons_socket *s = &b->sockets[i];

    if (b->mode == DSB_DISCOVERY_OFF || !nx_instant_reached(nx_backoff_deadline(&s->backoff), now))
        return;
    if (!is_open(s))
        open_socket(b, now, i);
    if (is_open(s) && wants_mouth(b, s))
        open_mouth(b, now, i);
    if (is_open(s))
        join_missing(b, now, i);
}

/* ---- receiving ----------------------------------------------------------------------------- */

static void take(struct dsb_beacons *b, struct nx_instant now,
                 const struct nx_net_datagram *datagram, const uint8_t *bytes)
{
    if (b->mode == DSB_DISCOVERY_LOOPBACK && datagram->interface_index != 0 &&
        datagram->interface_index != b->config.loopback_index) {
        b->counts.elsewhere++;
        return;
    }
    b->counts.received++;
    uint64_t own_count = b->config.node->discovery.counts.own;
    (void)dsb_node_datagram_input(b->config.node, now, datagram->from,
                                  nx_bytes_of(bytes, datagram->len));
    if (b->config.node->discovery.counts.own != own_count)
        b->sockets[socket_index(datagram->from.family)].echo.heard_at = now;
}

static void fail_receiving(struct dsb_beacons *b, struct nx_instant now,
                           struct dsb_beacons_socket *s, enum nx_status status)
{
    struct nx_text t = nx_text_over(s->why.text, sizeof(s->why.text));

    nx_text_add(&t, "receive beacons: ");
    nx_text_add(&t, nx_status_text(status));
    b->counts.socket_failures++;
    close_socket(b, s);
    pause(b, now, s);
}

static void receive_batch(struct dsb_beacons *b, struct nx_instant now,
                          struct dsb_beacons_socket *s)
{
    uint8_t bytes[DSB_BEACON_MAX];
    struct nx_net_datagram datagram;

    for (int i = 0; i < DSB_BEACONS_BATCH && s->is_readable; i++) {
        enum nx_status status = nx_net_receive_from(
            &b->config.net, s->handle, (struct nx_net_room){bytes, sizeof(bytes)}, &datagram);

        if (status == NX_OK)
            take(b, now, &datagram, bytes);
        else if (status == NX_WOULD_BLOCK)
            s->is_readable = false;
        else if (status == NX_E_LIMIT)
            b->counts.too_long++;
        else
            fail_receiving(b, now, s, status);
    }
}

/* All is as it is wanted: what went wrong before is forgotten. */
static void forget_failures(const struct dsb_beacons *b, struct dsb_beacons_socket *s)
{
    if (b->mode != DSB_DISCOVERY_OFF && !is_whole(b, s))
        return;
    nx_backoff_reset(&s->backoff);
    nx_why_set(&s->why, "");
}

/* ---- sending ------------------------------------------------------------------------------- */

static void sign(struct dsb_beacons *b)
{
    uint8_t message[DSB_BEACON_MESSAGE_MAX];
    uint8_t signature[DSB_BEACON_SIGNATURE_LEN];
    struct nx_bytes span;

    if (b->config.identity == NULL || !dsb_node_to_sign(b->config.node, message, &span))
        return;
    nx_crypto_ed25519_sign(signature, span, b->config.identity->secret_seed);
    NX_CHECK(dsb_node_signed(b->config.node, signature) == NX_OK); /* it waits for one */
}

static enum nx_status send_one(struct dsb_beacons *b, const struct nx_address *to,
                               struct nx_bytes datagram)
{
    size_t i = socket_index(to->family);
    const struct dsb_beacons_socket *s = &b->sockets[i];
    enum nx_status status = NX_E_CLOSED;

    if (b->config.from[i].is_mute)
        return NX_OK;
    if (is_open(s) && !wants_mouth(b, s))
        status = nx_net_send_to(&b->config.net, has_mouth(s) ? s->mouth : s->handle, to, datagram);
    if (status == NX_OK)
        b->counts.sent++;
    else if (status == NX_WOULD_BLOCK)
        b->counts.no_room++;
    else
        b->counts.unsent++;
    return status;
}

static void send_beacon(struct dsb_beacons *b, struct nx_instant now, struct nx_address to,
                        struct nx_bytes datagram)
{
    size_t i = socket_index(to.family);
    struct dsb_beacons_echo *echo = &b->sockets[i].echo;
    const uint32_t *numbers;
    size_t count = interfaces(b, &numbers);

    if (!nx_net_is_group(&to)) {
        (void)send_one(b, &to, datagram);
        return;
    }
    to.port = b->config.port;
    for (size_t k = 0; k < count; k++) {
        to.scope = numbers[k];
        echo->sent = send_one(b, &to, datagram);
    }
    if (count > 0 && !b->config.from[i].is_mute)
        echo->sent_at = now;
}

/* ---- a turn -------------------------------------------------------------------------------- */

bool dsb_beacons_input(struct dsb_beacons *b, const struct nx_net_event *event)
{
    for (size_t i = 0; i < DSB_BEACONS_SOCKETS; i++) {
        struct dsb_beacons_socket *s = &b->sockets[i];

        if (!is_open(s) || s->handle.value != event->socket.value)
            continue;
        /* WRITABLE changes nothing: what found no room then is old by now. */
        s->is_readable = s->is_readable || event->kind == NX_NET_READABLE;
        return true;
    }
    return false;
}

void dsb_beacons_work(struct dsb_beacons *b, struct nx_instant now)
{
    struct nx_address to;
    struct nx_bytes datagram;

    follow_mode(b);
    for (size_t i = 0; i < DSB_BEACONS_SOCKETS; i++) {
        keep_open(b, now, i);
        receive_batch(b, now, &b->sockets[i]);
        forget_failures(b, &b->sockets[i]);
    }
    sign(b);
    while (dsb_node_datagram_output(b->config.node, &to, &datagram))
        send_beacon(b, now, to, datagram);
}

struct nx_instant dsb_beacons_deadline(const struct dsb_beacons *b)
{
    const struct nx_instant at_once = {0};
    struct nx_instant deadline = NX_NEVER;

    if (b->mode != dsb_node_discovery_mode(b->config.node))
        return at_once;
    if (b->mode == DSB_DISCOVERY_OFF)
        return NX_NEVER;
    for (size_t i = 0; i < DSB_BEACONS_SOCKETS; i++) {
        const struct dsb_beacons_socket *s = &b->sockets[i];

        if (s->is_readable)
            return at_once;
        if (!is_whole(b, s))
            deadline = nx_instant_earlier(deadline, nx_backoff_deadline(&s->backoff));
    }
    return deadline;
}

bool dsb_beacons_is_open(const struct dsb_beacons *b, enum nx_address_family family)
{
    return is_open(&b->sockets[socket_index(family)]);
}

const struct nx_why *dsb_beacons_why(const struct dsb_beacons *b, enum nx_address_family family)
{
    return &b->sockets[socket_index(family)].why;
}
