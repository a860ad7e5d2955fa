/* Status: every answer that a call of this project can give.
 *
 *   NX_OK                done
 *   positive             part of the conversation; the caller deals with it where it stands
 *   negative (NX_E_…)    a failure; it travels up unchanged
 *
 * The numbers cross process borders: they are never reused and only added to. What each one means
 * to a person, and its errno, is in docs/contracts/errors.md. */
#ifndef NX_CORE_BASE_STATUS_H
#define NX_CORE_BASE_STATUS_H

#include "core/base/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum nx_status {
    NX_OK = 0,

    NX_WOULD_BLOCK =
        1,      /* nothing to take, or no room to give, just now; try again after an event */
    NX_END = 2, /* the other side finished; everything before the end has been read */

    NX_E_INVALID = -1,      /* an argument that no caller should give */
    NX_E_STATE = -2,        /* the right thing at the wrong moment */
    NX_E_MALFORMED = -3,    /* bytes that break their format */
    NX_E_LIMIT = -4,        /* over a bound; the reason names it, its value and what was asked */
    NX_E_CLOSED = -5,       /* used after its end (EPIPE) */
    NX_E_ABORTED = -6,      /* ended early by one side, with a code and a reason */
    NX_E_NOT_FOUND = -7,    /* no such peer, stream, key or file */
    NX_E_EXISTS = -8,       /* the name is taken */
    NX_E_BUSY = -9,         /* one at a time, and one is under way */
    NX_E_DENIED = -10,      /* not allowed, or the proof was wrong */
    NX_E_IDENTITY = -11,    /* the other side is provably not who it was */
    NX_E_CRYPTO = -12,      /* a tag, a signature or a point that does not hold */
    NX_E_VERSION = -13,     /* of a newer version than this one understands */
    NX_E_UNSUPPORTED = -14, /* this backend does not have that operation */
    NX_E_TIMEOUT = -15,     /* it did not happen within its bound */
    NX_E_NO_MEMORY = -16,   /* a pool, a table or the heap is used up */
    NX_E_NO_SPACE = -17,    /* the disk or the quota is full */
    NX_E_IO = -18,          /* the machine below failed */
};

/* The stable lower-case word for a status, "would-block" for NX_WOULD_BLOCK; "unknown" for a number
 * that is none. Never NULL. */
const char *nx_status_name(enum nx_status status);

/* The one line that a person is shown: what it means, without the context. Never NULL. */
const char *nx_status_text(enum nx_status status);

/* True for a number that is one of the above: for a status that came over a border. */
bool nx_status_is_known(int32_t number);

/* Longest reason that travels with a failure, in bytes (docs/contracts/wire.md: RST and GOAWAY). */
#define NX_WHY_MAX 120

/* A bounded reason: UTF-8, always terminated. The zero value is "no reason given". */
struct nx_why {
    char text[NX_WHY_MAX + 1];
};

/* Set to `text`, cut at a character's border when it is longer than NX_WHY_MAX. Copies. */
void nx_why_set(struct nx_why *why, const char *text);

/* "<what>: limit <limit>, asked <asked>": the sentence every NX_E_LIMIT comes with. Copies. */
void nx_why_limit(struct nx_why *why, const char *what, uint64_t limit, uint64_t asked);

#endif
