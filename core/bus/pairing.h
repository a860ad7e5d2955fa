/* Pairing: six digits shown on one device, typed on the other, and then each knows the other's keys
 * (docs/contracts/pairing.md).
 *
 * A node has two sides, which do not disturb each other: as the *owner* of a code it offers one, as
 * the *typist* it accepts one. Each side has at most one act open, bound to one device, and at most
 * one link, an authenticated session of purpose pair that the typist dialled.
 *
 *   the owner's side                               the typist's side
 *
 *   CLOSED                                         CLOSED
 *     | offer: digits for a person                   | accept: digits from a person
 *   OPEN <-------------------------+               OPEN             the owner of this machine dials
 *     | begin: the link is up      | broken off,     | begin: the link is up, Ya leaves
 *   STARTING                       | the code is   SHARING
 *     | Ya came, Yb leaves         | unspent         | Yb came, confA leaves: the code is spent
 *   CONFIRMING --------------------+               CONFIRMING
 *     | confA was right: the code is spent           | confB was right
 *   STORING                                        STORING
 *     | stored: confB leaves, PAIRED                 | stored: PAIRED
 *   CLOSED                                         CLOSED
 *
 * From anywhere a failure, a cancel or the end of time leads back to CLOSED, the other side being
 * told why. Being paired is announced, by event and marker, after the entry is stored and not
 * before.
 *
 * The node that embeds this moves messages (one PAIR frame each), dials, stores and shows. After
 * any call it takes the outputs of both roles, the events, and, where `has_link` has become false,
 * ends that session once its last message has left. */
#ifndef NX_CORE_BUS_PAIRING_H
#define NX_CORE_BUS_PAIRING_H

#include "core/base/marker.h"
#include "core/bus/pairing_budget.h"
#include "core/bus/pairing_message.h"
#include "core/bus/pairing_proof.h"
#include "core/bus/pairing_spent.h"

/* Which side of this node; also which side of the link that goes with it. */
enum dsb_pairing_role {
    DSB_PAIRING_TYPIST, /* dialled, entered the digits */
    DSB_PAIRING_OWNER,  /* was dialled, showed the digits */
};
#define DSB_PAIRING_ROLE_COUNT 2

enum dsb_pairing_state {
    DSB_PAIRING_CLOSED,
    DSB_PAIRING_OPEN,
    DSB_PAIRING_STARTING,
    DSB_PAIRING_SHARING,
    DSB_PAIRING_CONFIRMING,
    DSB_PAIRING_STORING,
};

/* The device an offer or accept names. */
struct dsb_pairing_peer {
    uint8_t id[DSB_ID_LEN];
    char id_text[DSB_ID_TEXT_MAX + 1]; /* as markers show it: 64 hex digits, or a localSim id */
};

struct dsb_pairing_config {
    struct dsb_pairing_device self;
    struct nx_rng rng;          /* codes and scalars */
    struct nx_markers *markers; /* kept; NULL: nobody listens */
    bool markers_show_code;     /* localSim alone: the offer's marker carries the digits */
};

enum dsb_pairing_event_kind {
    /* Store this peer's entry, then call dsb_pairing_stored. Nothing is paired yet. */
    DSB_PAIRING_EVENT_STORE,
    /* Stored: this peer is paired. */
    DSB_PAIRING_EVENT_PAIRED,
    /* The act is over without success: `status` says why, `spent` that the digits are used up. */
    DSB_PAIRING_EVENT_FAILED,
    /* A link was broken off before the code was spent; the offer or accept is open still. */
    DSB_PAIRING_EVENT_INTERRUPTED,
    /* The act is over because the other one paired the two devices. */
    DSB_PAIRING_EVENT_SUPERSEDED,
    /* The budgets changed: export and store them. */
    DSB_PAIRING_EVENT_BUDGET,
};

struct dsb_pairing_event {
    enum dsb_pairing_event_kind kind;
    enum dsb_pairing_role role;       /* not BUDGET */
    enum nx_status status;            /* FAILED, INTERRUPTED */
    bool spent;                       /* FAILED */
    struct dsb_pairing_peer peer;     /* not BUDGET */
    struct dsb_pairing_device device; /* STORE: the id and keys to pin */
};

/* One link, from begin to its end; wiped then. */
struct dsb_pairing_link {
    struct dsb_pairing_binding binding;
    struct dsb_pairing_half half;         /* the typist's, until Yb has come */
    struct dsb_pairing_confirms confirms; /* from then on */
    struct nx_instant ends_at;
};

struct dsb_pairing_side {
    enum dsb_pairing_state state;
    struct dsb_pairing_peer peer;
    uint8_t secret_code[DSB_PAIRING_CODE_LEN]; /* until it is spent */
    struct nx_instant expires_at;              /* the code */
    uint32_t start_count;
    bool spent;
    struct dsb_pairing_link link;
};

/* The one message that waits to leave on a link; a `no` takes the place of what waited before. */
struct dsb_pairing_mail {
    uint8_t bytes[DSB_PAIRING_MESSAGE_MAX];
    uint32_t len;
};

struct dsb_pairing {
    struct dsb_pairing_config config;
    struct dsb_pairing_side sides[DSB_PAIRING_ROLE_COUNT];
    struct dsb_pairing_mail mail[DSB_PAIRING_ROLE_COUNT];
    struct dsb_pairing_budget budget;
    struct dsb_pairing_spent spent;
    struct nx_instant latest; /* that was ever handed in */
    bool budget_changed;
    struct dsb_pairing_event events[DSB_PAIRING_EVENTS_MAX];
    uint32_t event_first;
    uint32_t event_count;
    struct nx_why why;
};

/* Copies `config`. Nothing is open, no budget is used. */
void dsb_pairing_init(struct dsb_pairing *p, const struct dsb_pairing_config *config);

/* The end: every secret is gone. Only init may follow. */
void dsb_pairing_wipe(struct dsb_pairing *p);

/* ---- local acts ---------------------------------------------------------------------------- */

/* A person asks for a code that `peer` may use; copies `peer`. The digits, terminated, go to
 * whoever asked and nowhere else; they live DSB_PAIRING_CODE_LIFE_S.
 * NX_OK; NX_E_BUSY: an offer is open; NX_E_LIMIT: a budget, named by dsb_pairing_why;
 * NX_E_INVALID: no name, or ourselves; NX_WOULD_BLOCK: take the events first; or what the
 * randomness answers. Except for NX_OK nothing changed and nothing counts. */
NX_MUST_CHECK enum nx_status dsb_pairing_offer(struct dsb_pairing *p, struct nx_instant now,
                                               const struct dsb_pairing_peer *peer,
                                               char code[DSB_PAIRING_CODE_LEN + 1]);

/* A person typed the digits that `peer` shows; copies both. Spaces and hyphens do not count.
 * NX_OK: begun, and a link is wanted (dsb_pairing_to_dial); NX_E_MALFORMED: not six digits;
 * NX_E_DENIED: these digits were given away already; then as dsb_pairing_offer. */
NX_MUST_CHECK enum nx_status dsb_pairing_accept(struct dsb_pairing *p, struct nx_instant now,
                                                const struct dsb_pairing_peer *peer,
                                                struct nx_bytes typed);

/* Close the act of this role, FAILED with `status`: NX_E_ABORTED when a person thought better of
 * it, what dialling answered when no address did. Nothing happens when it is closed. */
void dsb_pairing_cancel(struct dsb_pairing *p, struct nx_instant now, enum dsb_pairing_role role,
                        enum nx_status status);

/* This device was unpaired: cancel what is under way with it. */
void dsb_pairing_unpair(struct dsb_pairing *p, struct nx_instant now, const uint8_t id[DSB_ID_LEN]);

/* ---- links --------------------------------------------------------------------------------- */

/* The device that an accept waits to reach, lent until the next call: dial it with purpose pair.
 * NULL when there is none, or when that very device is already on the line. */
const struct dsb_pairing_peer *dsb_pairing_to_dial(const struct dsb_pairing *p);

/* May a session with purpose pair, attested as this device, be admitted?
 * NX_OK; NX_E_DENIED: nothing open names it, and nothing is counted; NX_E_BUSY: it has a link. */
NX_MUST_CHECK enum nx_status dsb_pairing_admits(const struct dsb_pairing *p, struct nx_instant now,
                                                enum dsb_pairing_role role,
                                                const uint8_t id[DSB_ID_LEN]);

/* The link of this role is up: `device` is what the session authenticated, `channel` its h.
 * Copies. When both dialled at once, the session dialled by the smaller id goes on and the other
 * is broken off, its code unspent.
 * NX_OK; NX_E_DENIED and NX_E_BUSY as dsb_pairing_admits; NX_E_LIMIT: a budget was used up
 * meanwhile; NX_WOULD_BLOCK: take the events first; or what the randomness answers. Except for
 * NX_OK nothing changed: say dsb_pairing_refuse on that session and end it. */
NX_MUST_CHECK enum nx_status dsb_pairing_begin(struct dsb_pairing *p, struct nx_instant now,
                                               enum dsb_pairing_role role,
                                               const struct dsb_pairing_device *device,
                                               const uint8_t channel[DSB_PAIRING_CHANNEL_LEN]);

/* Append the `no` for a session that begin did not take. */
void dsb_pairing_refuse(enum nx_status status, struct nx_writer *out);

/* The payload of a PAIR frame came in on the link of this role.
 * NX_OK: taken; NX_E_CLOSED: there is no such link, or its time was up; otherwise why the link
 * is over now, as the event tells as well: NX_E_MALFORMED (bytes or order), NX_E_UNSUPPORTED (a
 * mode), NX_E_CRYPTO (a share that is none), NX_E_DENIED (a confirmation that is wrong),
 * NX_E_LIMIT. */
NX_MUST_CHECK enum nx_status dsb_pairing_input(struct dsb_pairing *p, struct nx_instant now,
                                               enum dsb_pairing_role role, struct nx_bytes payload);

/* Append the payload that waits to leave on the link of this role, if one does and it fits. */
bool dsb_pairing_output(struct dsb_pairing *p, enum dsb_pairing_role role, struct nx_writer *out);

/* The session under the link of this role ended. Nothing happens when there was no link. */
void dsb_pairing_link_lost(struct dsb_pairing *p, struct nx_instant now,
                           enum dsb_pairing_role role);

/* Is the link of this role still needed? When not: end it after its last output. */
bool dsb_pairing_has_link(const struct dsb_pairing *p, enum dsb_pairing_role role);

/* ---- the store ----------------------------------------------------------------------------- */

/* The answer to a STORE event of this role: NX_OK or a failure.
 * NX_OK: taken; NX_E_STATE: nobody waits for it any more, the pairing ended meanwhile: an entry
 * that was stored, and was not there before, has to be taken out again; NX_E_INVALID: `status` is
 * neither. */
NX_MUST_CHECK enum nx_status dsb_pairing_stored(struct dsb_pairing *p, struct nx_instant now,
                                                enum dsb_pairing_role role, enum nx_status status);

/* What the budgets are at `now`, to be stored after each BUDGET event. */
void dsb_pairing_export(const struct dsb_pairing *p, struct nx_instant now,
                        struct dsb_pairing_saved *saved);

/* Right after init: resume them. Waits go on with all that was left of them, and as no restart may
 * give digits back, no accept is taken until the last digits typed before it would have expired.
 * NX_OK; NX_E_MALFORMED: no budget can look like that, nothing changed. */
NX_MUST_CHECK enum nx_status dsb_pairing_import(struct dsb_pairing *p, struct nx_instant now,
                                                const struct dsb_pairing_saved *saved);

/* ---- time and news ------------------------------------------------------------------------- */

/* Codes and links whose time is up end. A clock that went back is taken for a restart: it cannot
 * measure the life of what is open, so that ends too, and every wait goes on with what was left. */
void dsb_pairing_tick(struct dsb_pairing *p, struct nx_instant now);

/* When tick next has something to do; NX_NEVER when nothing is open. */
struct nx_instant dsb_pairing_deadline(const struct dsb_pairing *p);

/* Take the next event; false when there is none. */
bool dsb_pairing_event(struct dsb_pairing *p, struct dsb_pairing_event *event);

enum dsb_pairing_state dsb_pairing_state(const struct dsb_pairing *p, enum dsb_pairing_role role);

/* The device that the open act of this role names, lent until the next call; NULL when closed. */
const struct dsb_pairing_peer *dsb_pairing_peer_of(const struct dsb_pairing *p,
                                                   enum dsb_pairing_role role);

/* Codes that were spent and paired nobody, restarts included: what `nx status` shows. */
uint32_t dsb_pairing_failed_count(const struct dsb_pairing *p);

/* Why the last offer or accept was refused. */
const struct nx_why *dsb_pairing_why(const struct dsb_pairing *p);

#endif
