/* Store: durable values as data.
 *
 *   a machine                     the store                        a driver
 *
 *   put(key, value)  ---------->  WAITING  ---- output ---------->  writes it where it lasts
 *                                 IN_FLIGHT
 *   event: key, OK or why not <-  ANSWERED <--- answer(id, status)  when it does, or cannot
 *
 * Core never touches a disk. A machine says what is to last under which key and goes on; it
 * announces nothing of it before the event says NX_OK. Host files, the simulator's disk and a file
 * service on the board are drivers of the same few calls.
 *
 * One write of a key is in flight at a time. The newest value wins: while an earlier one of the same
 * key still waits, it is replaced, keeps its place in the line, and is settled by the event of the
 * one that replaced it. Between different keys no order is promised; a machine that needs one waits
 * for the event in between.
 *
 * What a driver promises:
 *   - NX_OK is answered when the value survives a loss of power, not before;
 *   - after a crash at any point a key has its old value or its new one, whole;
 *   - any other answer leaves the old value readable, with one exception: NX_E_IO may mean that the
 *     new one is there but not known to last. Whoever cannot live with either writes again.
 *
 * Reading is done once, at start, by a call of the driver's own that all drivers share in shape:
 *   load(driver, key, value) is NX_OK with the bytes; NX_E_NOT_FOUND: there never was one;
 *   NX_E_MALFORMED: there was one, and it was set aside as damaged; NX_E_LIMIT: it is longer than
 *   `value` has room for; NX_E_DENIED: others could have changed it; NX_E_IO. The answer and the
 *   bytes are handed to the machine that owns the key. */
#ifndef NX_CORE_STORE_STORE_H
#define NX_CORE_STORE_STORE_H

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/status.h"

enum nx_store_kind {
    NX_STORE_PUT,    /* the value of this key is now this */
    NX_STORE_REMOVE, /* this key has no value; fine when it has none already */
    NX_STORE_ASIDE,  /* keep the value, damaged as it is, under a name that nothing overwrites */
};

/* What the driver is to do. */
struct nx_store_request {
    uint64_t id; /* for the answer */
    enum nx_store_kind kind;
    const char *key;       /* both lent until the answer, so that a driver may take its time */
    struct nx_bytes value; /* of a put */
};

/* What became of a write. */
struct nx_store_event {
    char key[NX_STORE_KEY_MAX + 1];
    enum nx_store_kind kind;
    uint64_t sequence;     /* settles every write of this key up to this one */
    enum nx_status status; /* NX_OK: it lasts */
    struct nx_why why;     /* of a failure, for a person */
};

enum nx_store_slot_state {
    NX_STORE_SLOT_FREE,
    NX_STORE_SLOT_WAITING,
    NX_STORE_SLOT_IN_FLIGHT,
    NX_STORE_SLOT_ANSWERED,
};

struct nx_store_slot {
    enum nx_store_slot_state state;
    uint64_t place; /* in the line of those that wait */
    uint32_t value_len;
    struct nx_store_event event;
};

struct nx_store {
    struct nx_store_slot slots[NX_STORE_WRITES_MAX];
    uint32_t slot_count;
    uint32_t used_count;
    uint32_t high_water; /* most writes under way at once so far */
    uint32_t value_cap;
    uint8_t *values; /* slot_count times value_cap bytes */
    uint64_t sequence;
};

/* 1..NX_STORE_KEY_MAX of a-z 0-9 . _ -, first a letter or digit, without ".bad" in it: a key is a
 * file name on every system, and no key is the name of something set aside. */
bool nx_store_key_is_valid(const char *key);

/* Over `slot_count` (1..NX_STORE_WRITES_MAX) times `value_cap` bytes at `memory`, which it keeps.
 * Three slots for each key that is written often never make a machine wait: one in flight, one
 * waiting, and one for what replaces it. */
void nx_store_init(struct nx_store *s, void *memory, uint32_t value_cap, uint32_t slot_count);

/* Lends the memory that the next put will use, so that a large value is written once: fill it, then
 * put what was written. Lent until the next call on this store.
 * NX_OK; NX_WOULD_BLOCK: every slot is in use. */
NX_MUST_CHECK enum nx_status nx_store_lend(struct nx_store *s, struct nx_writer *value);

/* `key` is to have `value`. Copies both (without work when `value` was lent by nx_store_lend).
 * `*sequence`, unless NULL, is this write's number for its event.
 * NX_OK: under way, not yet stored; NX_WOULD_BLOCK: every slot is in use, try again after an event;
 * NX_E_INVALID: no key; NX_E_LIMIT: longer than `value_cap`. */
NX_MUST_CHECK enum nx_status nx_store_put(struct nx_store *s, const char *key,
                                          struct nx_bytes value, uint64_t *sequence);

/* `key` is to have no value. Answers as nx_store_put. */
NX_MUST_CHECK enum nx_status nx_store_remove(struct nx_store *s, const char *key,
                                             uint64_t *sequence);

/* What `key` has is to be kept under another name. It replaces no write that waits and is replaced
 * by none: what is damaged is never lost to a newer value. Its event is NX_E_NOT_FOUND when there is
 * nothing to keep. Answers as nx_store_put. */
NX_MUST_CHECK enum nx_status nx_store_aside(struct nx_store *s, const char *key,
                                            uint64_t *sequence);

/* For the driver: the next write to do, if there is one. More than one may be taken before the
 * first is answered; they are of different keys. */
bool nx_store_output(struct nx_store *s, struct nx_store_request *request);

/* For the driver: what became of the request `id`. `why` may be NULL; copies it.
 * NX_OK; NX_E_NOT_FOUND: no such request is in flight (it was answered before);
 * NX_E_INVALID: `status` is neither NX_OK nor a failure; it stays in flight. */
NX_MUST_CHECK enum nx_status nx_store_answer(struct nx_store *s, uint64_t id, enum nx_status status,
                                             const struct nx_why *why);

/* The oldest news, if there is any; its slot is free again. */
bool nx_store_event(struct nx_store *s, struct nx_store_event *event);

/* Nothing waits, is in flight or is still to be told: the moment to stop. */
bool nx_store_is_idle(const struct nx_store *s);

/* For drivers: the `number`th (1..NX_STORE_ASIDE_MAX) name that `key` is set aside under: "key.bad",
 * "key.bad-2", … Terminated. */
void nx_store_aside_name(const char *key, uint32_t number, char name[NX_STORE_NAME_MAX + 1]);

#endif
