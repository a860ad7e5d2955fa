#include "core/node/diagnosis.h"

#include "core/base/memory.h"
#include "core/base/text.h"

/* ---- words ------------------------------------------------------------------------------------ */

static const char *const rung_words[DSB_RUNGS] = {
    [DSB_RUNG_INTERFACE] = "interface",
    [DSB_RUNG_MULTICAST] = "multicast",
    [DSB_RUNG_BEACON] = "beacon",
    [DSB_RUNG_ADDRESS] = "address",
    [DSB_RUNG_TCP] = "tcp",
    [DSB_RUNG_HANDSHAKE] = "handshake",
    [DSB_RUNG_IDENTITY] = "identity",
    [DSB_RUNG_VERSION] = "version",
    [DSB_RUNG_PAIRED] = "paired",
    [DSB_RUNG_SERVICE] = "service",
};

/* clang-format off */
static const struct {
    const char *word;
    const char *remedy;
} causes[DSB_CAUSES] = {
    [DSB_CAUSE_DISCOVERY_OFF] = {"discovery-off",
        "start dsoftbusd with --discovery quiet or multicast, and --iface"},
    [DSB_CAUSE_NO_INTERFACE] = {"no-interface",
        "start dsoftbusd with --iface NAME (ip link shows the names), or with --peer ADDR of the other "
        "device"},
    [DSB_CAUSE_INTERFACE_DOWN] = {"interface-down",
        "plug the cable in or join the network, then: ip link set NAME up; or choose another one with "
        "--iface"},
    [DSB_CAUSE_NO_ADDRESS] = {"no-address",
        "give the interface an address: DHCP, or ip address add ADDR/LEN dev NAME"},
    [DSB_CAUSE_PORT_TAKEN] = {"port-taken",
        "end the program that has UDP port 37020 for itself (ss -lunp shows it); dsoftbusd tries again"},
    [DSB_CAUSE_NO_MULTICAST_ROUTE] = {"no-multicast-route",
        "ip route add 239.0.0.0/8 dev NAME; ip -6 route add ff00::/8 dev NAME table local; remove what "
        "forbids them (ip route, ip -6 route show table all); or name devices with --peer ADDR"},
    [DSB_CAUSE_FIREWALL_HERE] = {"firewall",
        "let UDP port 37020 and the port of sessions (TCP 34567) in and out on this machine, e.g.: nft "
        "insert rule inet filter input udp dport 37020 accept; nft insert rule inet filter input tcp "
        "dport 34567 accept; or: ufw allow 37020/udp; ufw allow 34567/tcp"},
    [DSB_CAUSE_NOBODY_HEARD] = {"nobody-heard",
        "on the other device: is dsoftbusd running with --discovery multicast and --iface, or showing a "
        "code? does its firewall let UDP port 37020 out? Are both on one network that lets its members "
        "talk (no guest network, no client isolation)? Else name it: --peer ADDR"},
    [DSB_CAUSE_NOT_HEARD] = {"not-heard",
        "other devices are heard, so this network works: on that device, is dsoftbusd running with "
        "--discovery multicast and --iface, or showing a code? does its firewall let UDP port 37020 out? "
        "Run nx doctor there"},
    [DSB_CAUSE_ISOLATED] = {"isolated",
        "switch off client isolation (AP isolation, guest mode, private VLAN) at the access point or "
        "switch, or join both devices to a network that lets its members talk"},
    [DSB_CAUSE_CLOCK] = {"clock",
        "its state folder was put back from an older copy: restart dsoftbusd on this device, which "
        "forgets how far that one had counted. If nobody put it back, somebody plays old beacons"},
    [DSB_CAUSE_WRONG_SUBNET] = {"wrong-subnet",
        "give both devices addresses of one subnet (ip address; mind the prefix length), or a route "
        "between them"},
    [DSB_CAUSE_STALE_ADDRESS] = {"stale-address",
        "is that device on? If it has another address by now, let it announce itself: show a code there "
        "(nx bus pair offer), or start it with --discovery multicast, or with --peer and the address of "
        "this one. Run nx doctor there"},
    [DSB_CAUSE_TAKES_NO_SESSIONS] = {"takes-no-sessions",
        "that device announces no port for sessions: it has to dial this one, or to be started with "
        "--listen"},
    [DSB_CAUSE_PORT_CLOSED] = {"port-closed",
        "that machine is there, and nobody listens: start dsoftbusd on it, or start it again with the "
        "--listen port that it had"},
    [DSB_CAUSE_FIREWALL_THERE] = {"firewall",
        "on that device let its port of sessions in (the one above, 34567 if nobody chose), e.g.: nft "
        "insert rule inet filter input tcp dport 34567 accept; or: ufw allow 34567/tcp. Look for what "
        "filters between the two, too"},
    [DSB_CAUSE_UNREACHABLE] = {"unreachable",
        "the connection could not be made, for the reason above: ip route get ADDR shows the way that "
        "this machine takes"},
    [DSB_CAUSE_NO_HANDSHAKE] = {"no-handshake",
        "what listens there is no dsoftbusd, is overrun, or is one whose key is not the known one: is "
        "that address still that device's? Compare nx status there with nx bus peers here"},
    [DSB_CAUSE_KEY_CHANGED] = {"key-changed",
        "was that device reset or replaced? Compare the noise static of nx status there with nx bus "
        "peers here. If so: nx bus unpair it and pair anew. If not, somebody takes its place: do not"},
    [DSB_CAUSE_VERSION] = {"version",
        "it speaks an older version, that proves less: update it; or, if you mean to, start dsoftbusd "
        "with --allow-v1 ID and use nx bus connect --v1"},
    [DSB_CAUSE_REGISTRY] = {"registry",
        "mend what is said of the registry (nx status has it, too), and restart dsoftbusd"},
    [DSB_CAUSE_NOT_PAIRED] = {"not-paired",
        "pair them: nx bus pair offer on one, nx bus pair accept on the other"},
    [DSB_CAUSE_ONE_SIDED] = {"one-sided",
        "only one of the two is paired with the other: pair them again, nx bus pair offer on one, nx bus "
        "pair accept on the other"},
    [DSB_CAUSE_FULL_TABLE] = {"full-table",
        "make room on the device that is full, this one if the rung is paired: nx bus peers lists who is "
        "paired, nx bus unpair lets one go"},
    [DSB_CAUSE_BUSY] = {"busy", "try again in a minute; nx status there says what it does"},
    [DSB_CAUSE_REFUSED] = {"refused", "it does not let this device in: nx status there says why"},
    [DSB_CAUSE_NO_ANSWER] = {"no-answer",
        "a session stands and nothing comes back by it: try again in a minute, when it is given up; nx "
        "status there says whether it is busy"},
};
/* clang-format on */

enum dsb_rung dsb_rung_next(enum dsb_rung rung)
{
    for (int next = (int)rung + 1; next < DSB_RUNGS; next++) {
        if (rung_words[next] != NULL)
            return (enum dsb_rung)next;
    }
    return (enum dsb_rung)0;
}

const char *dsb_rung_word(enum dsb_rung rung)
{
    bool is_one = (unsigned)rung < DSB_RUNGS && rung_words[rung] != NULL;

    return is_one ? rung_words[rung] : "";
}

const char *dsb_cause_word(enum dsb_cause cause)
{
    bool is_one = (unsigned)cause < DSB_CAUSES && causes[cause].word != NULL;

    return is_one ? causes[cause].word : "";
}

const char *dsb_cause_remedy(enum dsb_cause cause)
{
    bool is_one = (unsigned)cause < DSB_CAUSES && causes[cause].remedy != NULL;

    return is_one ? causes[cause].remedy : "";
}

/* ---- sentences -------------------------------------------------------------------------------- */

/* The verdict as it comes to be. */
struct ladder {
    const struct dsb_evidence *e;
    struct dsb_diagnosis *d;
};

static struct nx_text sentence(struct nx_why *why)
{
    return nx_text_over(why->text, sizeof(why->text));
}

static void add_address(struct nx_text *t, const struct nx_address *address)
{
    char text[NX_ADDRESS_TEXT_CAP];

    nx_address_print(address, text);
    nx_text_add(t, text);
}

static void add_seconds(struct nx_text *t, struct nx_duration time)
{
    nx_text_add_u64(t, time.ns / 1000000000u);
    nx_text_add(t, " s");
}

/* Each answers whether the ladder goes on. */
static bool say(const struct ladder *l, enum dsb_rung rung, enum dsb_rung_state state,
                const char *evidence)
{
    l->d->rungs[rung].state = state;
    nx_why_set(&l->d->rungs[rung].evidence, evidence);
    return true;
}

static bool ok(const struct ladder *l, enum dsb_rung rung, const char *evidence)
{
    return say(l, rung, DSB_RUNG_OK, evidence);
}

static bool unknown(const struct ladder *l, enum dsb_rung rung, const char *evidence)
{
    return say(l, rung, DSB_RUNG_UNKNOWN, evidence);
}

static bool fail(const struct ladder *l, enum dsb_rung rung, enum dsb_cause cause,
                 const char *evidence)
{
    (void)say(l, rung, DSB_RUNG_FAILED, evidence);
    l->d->failed = rung;
    l->d->cause = cause;
    return false;
}

/* "<what><name><rest>", which may lack a part. */
static const char *joined(struct nx_why *why, const char *what, const char *name, const char *rest)
{
    struct nx_text t = sentence(why);

    nx_text_add(&t, what);
    nx_text_add(&t, name);
    nx_text_add(&t, rest);
    return why->text;
}

static const char *at_address(struct nx_why *why, const char *what,
                              const struct nx_address *address, const char *rest)
{
    char text[NX_ADDRESS_TEXT_CAP];

    nx_address_print(address, text);
    return joined(why, what, text, rest);
}

/* ---- what is known ---------------------------------------------------------------------------- */

static bool in_subnet(const struct dsb_evidence_subnet *s, const struct nx_address *a)
{
    uint8_t width = s->address.family == NX_ADDRESS_IPV4 ? 32 : 128;
    uint8_t len = s->prefix_len < width ? s->prefix_len : width;

    if (s->address.family != a->family || memcmp(s->address.bytes, a->bytes, len / 8) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00u >> len % 8);
    return len % 8 == 0 || ((s->address.bytes[len / 8] ^ a->bytes[len / 8]) & mask) == 0;
}

bool dsb_evidence_is_on_link(const struct dsb_evidence *e, const struct nx_address *a)
{
    bool is_link_local =
        a->family == NX_ADDRESS_IPV6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;

    if (is_link_local || nx_address_is_loopback(a))
        return true;
    for (uint32_t i = 0; i < e->subnet_count && i < DSB_EVIDENCE_SUBNETS_MAX; i++) {
        if (in_subnet(&e->subnets[i], a))
            return true;
    }
    return false;
}

/* It is reached, or there is somewhere to try: it need not be found. */
static bool needs_no_finding(const struct dsb_evidence *e)
{
    return e->is_asked && e->is_known && (e->is_answered || e->address_count > 0);
}

/* Nobody said anything to the dial: neither yes nor no. */
static bool was_dial_silent(const struct dsb_evidence *e)
{
    enum nx_net_failure failure = e->dial.end.failure;

    return e->has_dial && e->dial.end.stage == DSB_DIAL_AT_CONNECT &&
           (failure == NX_NET_TIMED_OUT || failure == NX_NET_UNREACHABLE);
}

/* Everybody fell silent at the same time, and nobody was heard since. */
static bool is_isolated(const struct dsb_evidence *e)
{
    return e->heard_count == 0 && e->silent_count >= 2;
}

static bool is_of_chosen(enum dsb_discovery_mode mode)
{
    return mode == DSB_DISCOVERY_QUIET || mode == DSB_DISCOVERY_MULTICAST;
}

/* ---- interface, multicast: this machine ------------------------------------------------------- */

static bool walk_interface(const struct ladder *l)
{
    const struct dsb_evidence *e = l->e;
    const enum dsb_rung rung = DSB_RUNG_INTERFACE;
    struct nx_why why = {{0}};

    if (e->mode == DSB_DISCOVERY_OFF)
        return needs_no_finding(e) ? unknown(l, rung, "discovery is off")
                                   : fail(l, rung, DSB_CAUSE_DISCOVERY_OFF,
                                          "discovery is off: nothing is heard or sent");
    if (is_of_chosen(e->mode) && e->chosen_count == 0) {
        bool is_needed = e->unicast_count == 0 && e->heard_count == 0 && !needs_no_finding(e);

        return is_needed ? fail(l, rung, DSB_CAUSE_NO_INTERFACE,
                                "no interface was chosen: groups are neither heard nor sent to")
                         : unknown(l, rung, "none was chosen; devices are found by --peer alone");
    }
    if (is_of_chosen(e->mode) && e->missing_interface != NULL)
        return fail(l, rung, DSB_CAUSE_INTERFACE_DOWN,
                    joined(&why, "", e->missing_interface, ": there is no interface of that name"));
    if (is_of_chosen(e->mode) && e->down_interface != NULL)
        return fail(l, rung, DSB_CAUSE_INTERFACE_DOWN,
                    joined(&why, "", e->down_interface, " is down, or has no cable or network"));
    if (is_of_chosen(e->mode) && e->bare_interface != NULL)
        return fail(l, rung, DSB_CAUSE_NO_ADDRESS,
                    joined(&why, "", e->bare_interface, " is up and has no address"));
    if (e->mode == DSB_DISCOVERY_LOOPBACK && !e->has_loopback)
        return fail(l, rung, DSB_CAUSE_INTERFACE_DOWN, "loopback is down");
    return ok(l, rung,
              is_of_chosen(e->mode) ? "those that were chosen are up and have addresses"
                                    : "loopback is up");
}

/* Nothing came of it: the sentence for one family that was tried, the first that says why. */
static bool fail_multicast(const struct ladder *l, const struct dsb_evidence_echo *echo)
{
    const enum dsb_rung rung = DSB_RUNG_MULTICAST;

    if (echo->was_sent && echo->sent == NX_OK)
        return fail(
            l, rung, DSB_CAUSE_FIREWALL_HERE,
            "beacons leave and this machine does not hear its own: UDP 37020 is dropped here");
    if (echo->sent == NX_E_DENIED)
        return fail(l, rung, DSB_CAUSE_FIREWALL_HERE,
                    "the system forbids to send beacons: UDP 37020 is filtered on its way out");
    if (echo->sent == NX_E_NOT_FOUND)
        return fail(l, rung, DSB_CAUSE_NO_MULTICAST_ROUTE,
                    "no route leads to the group: beacons do not leave this machine");
    struct nx_why why = {{0}};
    return fail(l, rung, DSB_CAUSE_NO_MULTICAST_ROUTE,
                joined(&why, "beacons do not leave: ", nx_status_text(echo->sent), ""));
}

/* A family is enough. One that fails is not in the way of one that works. */
static bool walk_multicast(const struct ladder *l)
{
    const struct dsb_evidence *e = l->e;
    const enum dsb_rung rung = DSB_RUNG_MULTICAST;
    const struct dsb_evidence_echo *worst = NULL;

    if (e->mode == DSB_DISCOVERY_OFF || (is_of_chosen(e->mode) && e->chosen_count == 0))
        return unknown(l, rung, "not tried");
    for (int i = 0; i < 2; i++) {
        const struct dsb_evidence_echo *echo = &e->echo[i];

        if (echo->came_back)
            return ok(l, rung, "this machine hears its own beacons");
        if (worst == NULL && echo->was_sent)
            worst = echo;
        /* One that left and did not come back says more than one that could not leave: a machine
         * without a family is as good as any. */
        if (worst != NULL && echo->was_sent && worst->sent != NX_OK && echo->sent == NX_OK)
            worst = echo;
    }
    if (worst != NULL)
        return fail_multicast(l, worst);
    for (int i = 0; i < 2; i++) {
        if (e->echo[i].why.text[0] != '\0' && e->echo[1 - i].why.text[0] != '\0')
            return fail(l, rung, DSB_CAUSE_PORT_TAKEN, e->echo[i].why.text);
    }
    if (e->mode == DSB_DISCOVERY_QUIET && !e->is_offering)
        return unknown(l, rung, "not tried: quiet, this device announces while it shows a code");
    return unknown(l, rung, "not tried: no beacon was due");
}

/* ---- beacon ----------------------------------------------------------------------------------- */

static bool fail_silent(const struct ladder *l)
{
    const struct dsb_evidence *e = l->e;
    const enum dsb_rung rung = DSB_RUNG_BEACON;
    struct nx_why why = {{0}};
    struct nx_text t = sentence(&why);

    if (is_isolated(e)) {
        nx_text_add(&t, "all of ");
        nx_text_add_u64(&t, e->silent_count);
        nx_text_add(&t, " devices that were heard fell silent at once, though the interface is up");
        return fail(l, rung, DSB_CAUSE_ISOLATED, why.text);
    }
    if (e->no_room > 0 && e->heard_count == 0)
        return fail(l, rung, DSB_CAUSE_FULL_TABLE,
                    "beacons come, and every place of the table is a paired device's");
    nx_text_add(&t, e->heard_count > 0 ? "it is not heard" : "no other device is heard");
    nx_text_add(&t, " in ");
    add_seconds(&t, e->listened);
    if (e->heard_count > 0) {
        nx_text_add(&t, ", and ");
        nx_text_add_u64(&t, e->heard_count);
        nx_text_add(&t, e->heard_count == 1 ? " other device is" : " others are");
    }
    return fail(l, rung, e->heard_count > 0 ? DSB_CAUSE_NOT_HEARD : DSB_CAUSE_NOBODY_HEARD,
                why.text);
}

static bool walk_anybody(const struct ladder *l)
{
    struct nx_why why = {{0}};
    struct nx_text t = sentence(&why);

    if (l->e->heard_count == 0)
        return fail_silent(l);
    nx_text_add_u64(&t, l->e->heard_count);
    nx_text_add(&t, l->e->heard_count == 1 ? " other device is heard" : " other devices are heard");
    return ok(l, DSB_RUNG_BEACON, why.text);
}

static bool walk_beacon(const struct ladder *l)
{
    const struct dsb_evidence *e = l->e;
    const enum dsb_rung rung = DSB_RUNG_BEACON;
    struct nx_why why = {{0}};
    struct nx_text t = sentence(&why);

    if (!e->is_asked)
        return walk_anybody(l);
    if (!e->is_known)
        return fail_silent(l);
    if (e->is_behind)
        return fail(l, rung, DSB_CAUSE_CLOCK,
                    "its beacons are older than ones that were heard: its boot counter ran back");
    if (e->is_heard) {
        add_seconds(&t, e->silence);
        nx_text_add(&t, " ago from ");
        add_address(&t, &e->heard_from);
        return ok(l, rung, why.text);
    }
    if (!e->is_answered && is_isolated(e) && (e->address_count == 0 || was_dial_silent(e)))
        return fail_silent(l);
    if (!needs_no_finding(e))
        return fail_silent(l);
    nx_text_add(&t, "not heard");
    if (e->was_heard) {
        nx_text_add(&t, " for ");
        add_seconds(&t, e->silence);
    }
    nx_text_add(&t, "; where it was is known");
    return unknown(l, rung, why.text);
}

/* ---- address, tcp ----------------------------------------------------------------------------- */

static bool walk_address(const struct ladder *l)
{
    const struct dsb_evidence *e = l->e;
    const enum dsb_rung rung = DSB_RUNG_ADDRESS;
    const struct nx_address *address = e->has_dial ? &e->dial.address : &e->address;
    struct nx_why why = {{0}};

    if (e->is_answered)
        return ok(l, rung, at_address(&why, "", &e->address, ", where its session goes"));
    if (e->address_count == 0)
        return fail(l, rung, DSB_CAUSE_TAKES_NO_SESSIONS, "it is heard, and names no port");
    if (was_dial_silent(e) && !e->is_replaced) {
        bool is_on_link = dsb_evidence_is_on_link(e, address);
        bool is_unreachable = e->dial.end.failure == NX_NET_UNREACHABLE;

        if (!is_on_link && (is_unreachable || e->is_heard_since_dialled))
            return fail(l, rung, DSB_CAUSE_WRONG_SUBNET,
                        at_address(&why, "", address,
                                   " is in no subnet of this machine, and no way leads there"));
        if (is_unreachable || !e->is_heard_since_dialled)
            return fail(l, rung, DSB_CAUSE_STALE_ADDRESS,
                        at_address(&why, "nobody answers at ", address,
                                   ", and no beacon names another address"));
    }
    return ok(l, rung, at_address(&why, "", address, ""));
}

static bool walk_tcp(const struct ladder *l)
{
    const struct dsb_evidence *e = l->e;
    const enum dsb_rung rung = DSB_RUNG_TCP;
    const struct nx_address *address = &e->dial.address;
    struct nx_why why = {{0}};

    if (e->is_answered)
        return ok(l, rung, "by the session");
    if (!e->has_dial)
        return unknown(l, rung, "not tried");
    if (e->dial.end.stage > DSB_DIAL_AT_CONNECT)
        return ok(l, rung, at_address(&why, "", address, " takes connections"));
    if (e->dial.end.failure == NX_NET_REFUSED)
        return fail(
            l, rung, DSB_CAUSE_PORT_CLOSED,
            at_address(&why, "", address, " refuses: that machine is there, and nobody listens"));
    if (e->dial.end.failure == NX_NET_TIMED_OUT)
        return fail(
            l, rung, DSB_CAUSE_FIREWALL_THERE,
            at_address(&why, "", address, " says nothing, though its beacons come: filtered"));
    if (e->dial.end.failure == NX_NET_NOT_PERMITTED)
        return fail(l, rung, DSB_CAUSE_FIREWALL_HERE,
                    at_address(&why, "the system forbids to connect to ", address, ""));
    struct nx_text t = sentence(&why);
    add_address(&t, address);
    nx_text_add(&t, ": ");
    nx_text_add(&t, e->dial.why.text);
    return fail(l, rung, DSB_CAUSE_UNREACHABLE, why.text);
}

/* ---- handshake, identity, version ------------------------------------------------------------- */

/* What a dial proved is a matter of keys. */
static bool is_of_identity(const struct dsb_evidence *e)
{
    const struct dsb_evidence_dial *dial = &e->dial;

    return dial->end.was_answered && !dial->end.is_v1_answer && dial->refusal == DSB_REFUSAL_NONE &&
           (dial->status == NX_E_IDENTITY || dial->status == NX_E_CRYPTO);
}

static bool walk_handshake(const struct ladder *l)
{
    const struct dsb_evidence *e = l->e;
    const enum dsb_rung rung = DSB_RUNG_HANDSHAKE;
    struct nx_why why = {{0}};

    if (e->is_answered)
        return ok(l, rung, "by the session");
    if (!e->has_dial)
        return unknown(l, rung, "not tried");
    if (e->dial.end.stage == DSB_DIAL_AT_ADMISSION)
        return ok(l, rung, "its three messages are through");
    if (is_of_identity(e))
        return ok(l, rung, "it was answered");
    if (e->has_key_conflict || e->is_replaced)
        return unknown(l, rung, "not answered by whoever is there");
    return fail(l, rung, DSB_CAUSE_NO_HANDSHAKE,
                joined(&why, "whoever is there makes none: ", e->dial.why.text, ""));
}

static bool walk_identity(const struct ladder *l)
{
    const struct dsb_evidence *e = l->e;
    const enum dsb_rung rung = DSB_RUNG_IDENTITY;
    struct nx_why why = {{0}};

    if (e->is_answered)
        return ok(l, rung, "it proved the key that is pinned");
    if (!e->has_dial)
        return unknown(l, rung, "not tried");
    if (e->dial.refusal == DSB_REFUSAL_IDENTITY)
        return fail(l, rung, DSB_CAUSE_KEY_CHANGED, "it has another key pinned for this device");
    if (is_of_identity(e))
        return fail(l, rung, DSB_CAUSE_KEY_CHANGED,
                    joined(&why, "its proof does not hold: ", e->dial.why.text, ""));
    if (e->dial.end.stage < DSB_DIAL_AT_ADMISSION)
        return fail(l, rung, DSB_CAUSE_KEY_CHANGED,
                    e->has_key_conflict ? "a beacon of its id has another key than the known one"
                                        : "another device announces itself from that very address");
    return ok(l, rung, e->is_paired ? "it proved the key that is pinned" : "it proved its id");
}

static bool walk_version(const struct ladder *l)
{
    const struct dsb_evidence *e = l->e;
    const enum dsb_rung rung = DSB_RUNG_VERSION;

    if (e->is_answered)
        return ok(l, rung, e->protocol == DSB_PROTOCOL_V1 ? "v1, as it was allowed" : "native");
    if (!e->has_dial)
        return unknown(l, rung, "not tried");
    if (e->dial.end.is_v1_answer)
        return fail(l, rung, DSB_CAUSE_VERSION,
                    e->is_paired ? "it answers as a v1 node, and was more when it was paired"
                                 : "it answers as a v1 node: no streams, no pairing");
    if (e->dial.refusal == DSB_REFUSAL_V1)
        return fail(l, rung, DSB_CAUSE_VERSION, "it takes this device for a v1 node");
    return ok(l, rung, "native");
}

/* ---- paired, service -------------------------------------------------------------------------- */

static bool walk_paired(const struct ladder *l)
{
    const struct dsb_evidence *e = l->e;
    const enum dsb_rung rung = DSB_RUNG_PAIRED;
    struct nx_why why = {{0}};

    if (e->is_answered && e->protocol == DSB_PROTOCOL_V1)
        return ok(l, rung, "not needed of a v1 node that was allowed");
    if (e->registry_status != NX_OK)
        return fail(l, rung, DSB_CAUSE_REGISTRY, e->registry_why.text);
    if (e->has_dial && e->dial.refusal == DSB_REFUSAL_ONE_SIDED)
        return fail(l, rung, DSB_CAUSE_ONE_SIDED,
                    e->is_paired ? "it has forgotten this device, which has not forgotten it"
                                 : "it takes this device for paired, and is not paired here");
    if (!e->is_paired && e->peer_count >= e->peer_cap) {
        nx_why_limit(&why, "it is not, and no more can be: paired devices", e->peer_cap,
                     e->peer_count + 1u);
        return fail(l, rung, DSB_CAUSE_FULL_TABLE, why.text);
    }
    if (!e->is_paired)
        return fail(l, rung, DSB_CAUSE_NOT_PAIRED, "it is heard and known, and not paired");
    if (e->has_dial && e->dial.refusal == DSB_REFUSAL_UNKNOWN)
        return fail(l, rung, DSB_CAUSE_ONE_SIDED, "it says that it is not paired with this device");
    return ok(l, rung, "both ways");
}

/* The one place for what is asked of a device that has let us in: an answer by its session. */
static bool walk_service(const struct ladder *l)
{
    const struct dsb_evidence *e = l->e;
    const enum dsb_rung rung = DSB_RUNG_SERVICE;
    struct nx_why why = {{0}};
    struct nx_text t = sentence(&why);

    if (e->is_answered && e->protocol == DSB_PROTOCOL_V1)
        return ok(l, rung, "its session stands");
    if (e->is_answered) {
        nx_text_add(&t, "it answers in ");
        nx_text_add_u64(&t, e->round_trip.ns / 1000u);
        nx_text_add(&t, " us");
        return ok(l, rung, why.text);
    }
    if (e->has_dial && e->dial.refusal == DSB_REFUSAL_LIMIT)
        return fail(l, rung, DSB_CAUSE_FULL_TABLE, "it is full, and takes no further session");
    if (e->has_dial && e->dial.refusal == DSB_REFUSAL_BUSY)
        return fail(l, rung, DSB_CAUSE_BUSY, "it is busy, or on its way down");
    if (e->has_dial)
        return fail(l, rung, DSB_CAUSE_REFUSED,
                    joined(&why, "it does not let us in: ", e->dial.why.text, ""));
    return fail(l, rung, DSB_CAUSE_NO_ANSWER,
                e->is_up ? "a session stands, and no answer comes by it"
                         : "no session came to be in time");
}

/* ---- all of it -------------------------------------------------------------------------------- */

void dsb_diagnose(const struct dsb_evidence *evidence, struct dsb_diagnosis *diagnosis)
{
    static bool (*const peer_rungs[])(const struct ladder *) = {
        walk_address, walk_tcp,    walk_handshake, walk_identity,
        walk_version, walk_paired, walk_service,
    };
    const struct ladder l = {evidence, diagnosis};

    *diagnosis = (struct dsb_diagnosis){.failed = DSB_RUNG_INTERFACE};
    if (!walk_interface(&l) || !walk_multicast(&l) || !walk_beacon(&l) || !evidence->is_asked)
        return;
    for (size_t i = 0; i < sizeof(peer_rungs) / sizeof(peer_rungs[0]); i++) {
        if (!peer_rungs[i](&l))
            return;
    }
}
