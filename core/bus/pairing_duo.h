/* Duo: two pairing machines and the line between them, for the tests of pairing.
 *
 * The line carries messages one at a time and can do to the n-th of them what a network, a peer or
 * a man in the middle would. Each end keeps its markers, its news, and every secret its machine was
 * ever seen to hold, so that a test can ask whether one of them is still in memory. */
#ifndef NX_CORE_BUS_PAIRING_DUO_H
#define NX_CORE_BUS_PAIRING_DUO_H

#include "core/bus/pairing.h"

enum duo_trick {
    DUO_PASS,
    DUO_DROP,
    DUO_TWICE,
    DUO_SHORT,    /* without its last byte */
    DUO_LONG,     /* with a byte more */
    DUO_FLIP,     /* one bit of the value is another */
    DUO_NEUTRAL,  /* the value is zeros */
    DUO_NEGATIVE, /* the value is a field element that encodes no point */
    DUO_TOP_BIT,  /* the value is the same point in another spelling */
    DUO_REFLECT,  /* the value is what the receiver said last */
    DUO_RETYPE,   /* as the message after it */
    DUO_CUT,      /* the line breaks instead */
};

struct duo_end {
    struct dsb_pairing machine;
    struct dsb_pairing_device device;
    struct dsb_pairing_peer name;
    struct nx_prng prng;
    struct nx_markers markers;

    char lines[8][NX_MARKER_LINE_MAX]; /* markers, in order */
    uint32_t line_count;
    struct dsb_pairing_event first; /* the first news of how something went, and the last */
    struct dsb_pairing_event last;
    uint32_t news_count;
    uint32_t budget_count;
    struct dsb_pairing_event store; /* the last STORE */
    uint32_t store_count;
    bool stores; /* answer STORE at once, with: */
    enum nx_status store_status;

    uint8_t secrets[24][32];
    uint32_t secret_count;
    uint8_t said[DSB_PAIRING_VALUE_LEN];
};

struct duo {
    struct duo_end typist;
    struct duo_end owner;
    uint8_t typist_channel[DSB_PAIRING_CHANNEL_LEN]; /* h at either end: the same, or else */
    uint8_t owner_channel[DSB_PAIRING_CHANNEL_LEN];
    struct nx_instant now;
    char code[DSB_PAIRING_CODE_LEN + 1];
    uint32_t trick_at; /* the how-manyth message, from 1, it is played on */
    enum duo_trick trick;
    uint32_t message_count;
};

/* Two strangers; the typist has the smaller id. Same seed, same codes. */
void duo_init(struct duo *d, uint64_t seed);

/* The owner offers, and the typist accepts what he sees. */
enum nx_status duo_offer(struct duo *d);
enum nx_status duo_accept(struct duo *d, const char *typed);

/* The line is up at both ends. Both NX_OK, or what the owner's end says, or the typist's. */
enum nx_status duo_connect(struct duo *d);

/* Carry messages until there are none. */
void duo_run(struct duo *d);

/* Offer, accept, connect, run; false when one of the first three did not answer NX_OK. */
bool duo_pair(struct duo *d);

/* Take an end's news, and answer its store if it does so. */
void duo_listen(struct duo *d, struct duo_end *end);

/* Let time pass; each deadline is kept when it comes, and what is then said is carried. */
void duo_wait(struct duo *d, uint32_t seconds);

/* Is there anything in the end's memory that was a secret: its code, a scalar, a confirmation? */
bool duo_leaks(const struct duo *d, const struct duo_end *end);

#endif
