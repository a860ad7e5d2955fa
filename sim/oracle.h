/* Oracles: what has to hold in every world, whatever goes wrong in it. One function each.
 *
 * Those with `news` in their name are asked as things happen; `calm` at the end, when nothing has gone
 * wrong for a while. What does not hold fails the world, with a sentence. */
#ifndef NX_SIM_ORACLE_H
#define NX_SIM_ORACLE_H

#include "core/node/connections.h"
#include "sim/device.h"
#include "sim/flows.h"

/* What one device may believe of another. */
struct sim_belief {
    bool
        was_accepted; /* the right code of an open offer was typed, and nothing came of it yet here */
    bool was_ever;    /* the same, at any time: else no registry may know it */
    bool is_unpaired;               /* it was told so, and of no pairing since */
    bool is_told;                   /* told of the pairing, and not of its end */
    bool may_go;                    /* either of them asked to unpair since */
    uint32_t up_count;              /* sessions that it was told of, and not the end of */
    struct nx_instant one_sided_at; /* told so last */
};

struct sim_offer {
    bool is_open;
    uint32_t taken_back_count; /* earlier ones whose end is still to be told */
    uint32_t typist;           /* SIM_DEVICES_MAX: somebody who is no device */
    char code[DSB_PAIRING_CODE_LEN + 1];
};

struct sim_oracle {
    struct sim_belief beliefs[SIM_DEVICES_MAX][SIM_DEVICES_MAX];
    struct sim_offer offers[SIM_DEVICES_MAX]; /* of each owner */
    uint32_t boots[SIM_DEVICES_MAX];          /* the last count that beacons were signed with */

    /* What there was, for the summary. */
    uint32_t paired_count, failed_count, unpaired_count, up_count, ended_count, one_sided_count;
};

struct sim_world;

/* Somebody typed `code` at `typist`, and it was accepted as an act. */
void sim_oracle_typed(struct sim_world *w, const struct sim_device *owner,
                      const struct sim_device *typist, const char *code);

/* For scenarios of pairing: this typist was just told that he is paired. The owner has to know it, since
 * he stores before his confirmation leaves. */
void sim_oracle_typist_paired(struct sim_world *w, const struct sim_device *owner,
                              const struct sim_device *typist);

/* The end of an offer was told, or of one before it. */
void sim_oracle_offer_ended(struct sim_offer *offer);

/* A person at `d` asked to forget `other`. */
void sim_oracle_unpairs(struct sim_world *w, const struct sim_device *d,
                        const struct sim_device *other);

/* Its power is back: a write that was cut left the old value or the new one. */
void sim_oracle_disk(struct sim_world *w, const struct sim_device *d);

/* It prints this marker: it has just become true (sim/marks.h). */
void sim_oracle_marker(struct sim_world *w, struct sim_device *d, struct nx_bytes line);

/* It is another device from now on, with an empty disk: no boot of it has been counted. */
void sim_oracle_anew(struct sim_world *w, const struct sim_device *d);

/* It is on again, and has read its registry and its boot counter: what was announced has lasted, and
 * nothing came back that was not accepted. */
void sim_oracle_on(struct sim_world *w, const struct sim_device *d);

/* Paired only after an accept of its code; no session but with a paired device; nothing after an
 * unpairing; no data outside of a session. */
void sim_oracle_news(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event);
void sim_oracle_connection(struct sim_world *w, struct sim_device *d,
                           const struct dsb_connections_event *event);

/* After each turn of a device: its books add up, nothing of it is over a limit, nobody is there whose
 * identity is not bound (sim/books.h). */
void sim_oracle_turn(struct sim_world *w, const struct sim_device *d);

/* What was accepted is confirmed or reported unconfirmed, and nothing is confirmed that was not pulled. */
void sim_oracle_flow_ended(struct sim_world *w, const struct sim_flow *f,
                           const struct dsb_mux_event *event);

/* It is off: all its memory and sockets are back; what it believed of sessions is gone. */
void sim_oracle_is_back(struct sim_world *w, const struct sim_device *d);
void sim_oracle_off(struct sim_world *w, const struct sim_device *d);

/* After the calm: whoever is paired with each other has a session; who is paired on one side alone was
 * told so; everybody sees everybody; no stream is pending; no registry knows who was never accepted. */
void sim_oracle_calm(struct sim_world *w);

#endif
