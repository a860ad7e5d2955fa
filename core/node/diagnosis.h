/* Diagnosis: why a device is not found, or not connected, from what was seen of it (docs/doctor.md).
 *
 *     interface > multicast > beacon > address > tcp > handshake > identity > version > paired > service
 *
 * A ladder: each rung stands on those to its left. The first that fails is named, with its cause; what
 * is to the right of it was not reached. A rung of which there is no evidence, and which is not needed
 * for those behind it, is unknown and not failed: a quiet device is not heard, and may be in session
 * all the same.
 *
 * One function from evidence to verdict: it asks nobody and remembers nothing. Whoever owns a node
 * gathers the evidence (dsoftbusd, for `nx doctor`); that its daemon answers at all is the rung before
 * the first, and is up to whoever asks it.
 *
 * A cause is named when the evidence allows no other. Where it allows several, the cause is a word for
 * what was seen ("nobody-heard"), and its remedy names them. */
#ifndef NX_CORE_NODE_DIAGNOSIS_H
#define NX_CORE_NODE_DIAGNOSIS_H

#include "core/bus/admission.h"
#include "core/bus/discovery.h"
#include "core/node/connections.h"

/* In the order of the ladder; numbers cross process borders, 10 is kept for policy. */
enum dsb_rung {
    DSB_RUNG_INTERFACE = 1,
    DSB_RUNG_MULTICAST = 2,
    DSB_RUNG_BEACON = 3,
    DSB_RUNG_ADDRESS = 4,
    DSB_RUNG_TCP = 5,
    DSB_RUNG_HANDSHAKE = 6,
    DSB_RUNG_IDENTITY = 7,
    DSB_RUNG_VERSION = 8,
    DSB_RUNG_PAIRED = 9,
    DSB_RUNG_SERVICE = 11,
};
#define DSB_RUNGS 12 /* places of an array by rung */

enum dsb_rung_state {
    DSB_RUNG_NOT_REACHED, /* one before it failed, or nobody was asked for */
    DSB_RUNG_OK,
    DSB_RUNG_UNKNOWN, /* nothing is known of it, and nothing behind it needs it */
    DSB_RUNG_FAILED,
};

enum dsb_cause {
    DSB_CAUSE_NONE,
    DSB_CAUSE_DISCOVERY_OFF,
    DSB_CAUSE_NO_INTERFACE,
    DSB_CAUSE_INTERFACE_DOWN,
    DSB_CAUSE_NO_ADDRESS,
    DSB_CAUSE_PORT_TAKEN,
    DSB_CAUSE_NO_MULTICAST_ROUTE,
    DSB_CAUSE_FIREWALL_HERE,
    DSB_CAUSE_NOBODY_HEARD,
    DSB_CAUSE_NOT_HEARD,
    DSB_CAUSE_ISOLATED,
    DSB_CAUSE_CLOCK,
    DSB_CAUSE_WRONG_SUBNET,
    DSB_CAUSE_STALE_ADDRESS,
    DSB_CAUSE_TAKES_NO_SESSIONS,
    DSB_CAUSE_PORT_CLOSED,
    DSB_CAUSE_FIREWALL_THERE,
    DSB_CAUSE_UNREACHABLE,
    DSB_CAUSE_NO_HANDSHAKE,
    DSB_CAUSE_KEY_CHANGED,
    DSB_CAUSE_VERSION,
    DSB_CAUSE_REGISTRY,
    DSB_CAUSE_NOT_PAIRED,
    DSB_CAUSE_ONE_SIDED,
    DSB_CAUSE_FULL_TABLE,
    DSB_CAUSE_BUSY,
    DSB_CAUSE_REFUSED,
    DSB_CAUSE_NO_ANSWER,
};
#define DSB_CAUSES 28

/* Beacons come every 5 to 6 s: who was not heard for so long is not heard. */
#define DSB_DIAGNOSIS_FRESH_S 16

/* Devices that fall silent at once, within so long of each other. */
#define DSB_DIAGNOSIS_AT_ONCE_S 15

/* One address of this machine. */
struct dsb_evidence_subnet {
    struct nx_address address;
    uint8_t prefix_len;
};

/* What became of the beacons of one family. */
struct dsb_evidence_echo {
    struct nx_why why;   /* what is wrong with the socket; empty: nothing */
    bool is_mute;        /* sessions are not taken over this family, so none is sent */
    bool was_sent;       /* one was given to the system while the doctor looked, or */
    enum nx_status sent; /* it was refused: with this */
    bool came_back;      /* and one of them was heard again */
};

/* A dial that was made for the doctor, and failed. */
struct dsb_evidence_dial {
    enum nx_status status;
    enum dsb_refusal refusal;
    struct dsb_dial_end end;
    struct nx_address address;
    struct nx_why why;
};

struct dsb_evidence {
    /* This machine. */
    enum dsb_discovery_mode mode;
    uint32_t chosen_count;         /* --iface */
    const char *missing_interface; /* the first of them that is not there; NULL: all are */
    const char *down_interface;    /* the first that is down, or without a cable; NULL: none */
    const char *bare_interface;    /* the first that is up and has no address; NULL: none */
    bool has_loopback;
    uint32_t unicast_count;           /* --peer */
    bool is_offering;                 /* QUIET announces then */
    struct dsb_evidence_echo echo[2]; /* IPv4, IPv6 */
    struct dsb_evidence_subnet subnets[DSB_EVIDENCE_SUBNETS_MAX];
    uint32_t subnet_count;
    struct nx_duration listened; /* for beacons, so far */

    /* Others. */
    uint32_t heard_count;  /* devices whose beacons came within DSB_DIAGNOSIS_FRESH_S */
    uint32_t silent_count; /* devices that were heard before, and all fell silent at once */
    uint64_t no_room;      /* strangers that found no place */

    /* The registry. */
    enum nx_status registry_status;
    struct nx_why registry_why;
    uint32_t peer_count, peer_cap;

    /* The device that is asked about, unless it is nobody in particular. */
    bool is_asked;
    bool is_known; /* paired, or heard; all below is about it */
    bool is_paired;
    bool is_heard; /* within DSB_DIAGNOSIS_FRESH_S */
    bool is_heard_since_dialled;
    bool was_heard;             /* ever */
    struct nx_duration silence; /* since then */
    struct nx_address heard_from;
    bool is_behind;        /* its boot counter ran back, and it was not heard otherwise since */
    bool has_key_conflict; /* a beacon of its id came with another static */
    bool is_replaced;      /* another device is heard where it was, and it is not */
    uint32_t address_count;
    struct nx_address address; /* the first to be tried */
    bool is_up;                /* there is a session */
    uint16_t protocol;         /* of it */
    bool is_answered;          /* a ping by it came back, after `round_trip` */
    struct nx_duration round_trip;
    bool has_dial;
    struct dsb_evidence_dial dial;
};

struct dsb_finding {
    enum dsb_rung_state state;
    struct nx_why evidence; /* one sentence, without a full stop; empty: not reached */
};

struct dsb_diagnosis {
    struct dsb_finding rungs[DSB_RUNGS]; /* by enum dsb_rung */
    enum dsb_rung failed;                /* the first that does; meaningless without a cause */
    enum dsb_cause cause;                /* NONE: nothing is wrong */
};

/* The verdict. Total: any evidence has one. */
void dsb_diagnose(const struct dsb_evidence *evidence, struct dsb_diagnosis *diagnosis);

/* The rung to the right; 0 behind the last. */
enum dsb_rung dsb_rung_next(enum dsb_rung rung);

/* Stable words, "tcp" and "wrong-subnet", "" for what is none; and what to do about a cause, as one or
 * more sentences, "" for none. Never NULL. */
const char *dsb_rung_word(enum dsb_rung rung);
const char *dsb_cause_word(enum dsb_cause cause);
const char *dsb_cause_remedy(enum dsb_cause cause);

/* Is `address` in one of these subnets? Link-local and loopback addresses always are. */
bool dsb_evidence_is_on_link(const struct dsb_evidence *evidence, const struct nx_address *address);

#endif
