/* Link: one admitted connection of a node, whichever way it came about.
 *
 *     FREE ----> PAIRING ----.
 *       \                     \
 *        +-----> SESSION ------+----> OVER ----> FREE
 *         \                   /
 *          `---> REFUSED ----'
 *
 * What admission established is in `struct dsb_link_info`; the link takes it as proved. A link of
 * purpose pair carries PAIR frames and GOAWAY and nothing else, and it never turns into a session;
 * a link of purpose session is a mux, unless another session with that device stays in its place: then
 * it is REFUSED as a duplicate. localSim says that a link is up after comparing registries, a
 * session over sockets after Noise, attestation and admission. */
#ifndef NX_CORE_NODE_LINK_H
#define NX_CORE_NODE_LINK_H

#include "core/bus/mux.h"
#include "core/bus/pairing.h"

/* As in admission (docs/contracts/wire.md §2). */
enum dsb_link_purpose {
    DSB_LINK_TO_TALK = 0,
    DSB_LINK_TO_PAIR = 1,
};

enum dsb_link_state {
    DSB_LINK_FREE,
    DSB_LINK_PAIRING,
    DSB_LINK_SESSION,
    DSB_LINK_REFUSED, /* a `no` waits to leave: of pairing, or GOAWAY duplicate of a session */
    DSB_LINK_OVER,    /* nothing more comes out of it: the driver closes it and says so */
};

/* Who is at the other end, as the channel proved it. */
struct dsb_link_info {
    enum dsb_link_purpose purpose;
    bool is_initiator; /* we dialled */
    struct dsb_pairing_device device;
    char id_text[DSB_ID_TEXT_MAX + 1];
    uint8_t channel[DSB_PAIRING_CHANNEL_LEN]; /* h, which binds a pairing to this link */
};

struct dsb_link {
    enum dsb_link_state state;
    struct dsb_link_info info;
    uint64_t number;        /* links of a node count from 1: the higher, the newer */
    enum nx_status refusal; /* REFUSED: why */
    bool bye_due;           /* PAIRING: GOAWAY is to be said */
    bool is_down;           /* SESSION: what was below is gone */
    bool end_was_told;      /* SESSION: its owner has heard of its end */
    bool unpair_due;        /* SESSION: the other side unpaired us; the registry has no place yet */
    struct dsb_mux mux;     /* SESSION */
};

/* The side of the pairing machine that a link of purpose pair belongs to. */
static inline enum dsb_pairing_role dsb_link_role(const struct dsb_link *link)
{
    return link->info.is_initiator ? DSB_PAIRING_TYPIST : DSB_PAIRING_OWNER;
}

/* Begin as what `info` says. Copies it. */
void dsb_link_begin_pairing(struct dsb_link *link, const struct dsb_link_info *info);
void dsb_link_begin_session(struct dsb_link *link, struct nx_instant now,
                            const struct dsb_link_info *info, struct dsb_pools *pools);

/* Tell the other side no, and end. Of a link for a session: that another one with it stays. */
void dsb_link_begin_refusal(struct dsb_link *link, const struct dsb_link_info *info,
                            enum nx_status why);

/* Bytes arrived. Takes whole frames, `*used`; a rest is to be brought again, longer.
 * NX_OK; NX_E_CLOSED: it is over, nothing was taken; NX_E_MALFORMED, NX_E_LIMIT, NX_E_STATE: the
 * other side broke the protocol, and the link is over once its output was taken. */
NX_MUST_CHECK enum nx_status dsb_link_input(struct dsb_link *link, struct nx_instant now,
                                            struct dsb_pairing *pairing, struct nx_bytes in,
                                            size_t *used);

/* Append whole frames that are to be sent. False: nothing was. */
bool dsb_link_output(struct dsb_link *link, struct dsb_pairing *pairing, struct nx_writer *out);

/* The other side broke the rules of what carries its frames: a session ends with `status`, a pairing's
 * link as lost. Their goodbye is output before it is over. */
void dsb_link_break(struct dsb_link *link, struct nx_instant now, struct dsb_pairing *pairing,
                    enum nx_status status, const char *why);

/* The link below is gone; not of one that is FREE. */
void dsb_link_cut(struct dsb_link *link, struct nx_instant now, struct dsb_pairing *pairing);

/* Wipe a session's link that nobody needs any more: it is down, its end was told, and the registry
 * has taken what it brought. */
void dsb_link_wipe_when_done(struct dsb_link *link);

/* Give everything back; FREE again. */
void dsb_link_wipe(struct dsb_link *link);

#endif
