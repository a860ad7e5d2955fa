/* Grinding and guessing: what somebody in the middle of a pairing can search for, and how often he can
 * guess.
 *
 * He has a machine of his own, both persons take him for the other device, and he terminates both
 * channels: he sees everything inside them and says what he likes. What he has not is the code.
 *
 * First two schemes that are not ours, over our very handshake, and each is broken: they show what the
 * attacker of this file can do. Then the same attacker against pairing. */
#include "core/base/memory.h"
#include "core/bus/handshake.h"
#include "core/bus/pairing.h"
#include "tests/attacks/attacker.h"
#include "tests/unit/unit.h"

enum {
    CODES = 1000000,
    GRIND_MAX = 20 * CODES, /* handshakes; that this is not enough happens once in e^20 */
    REDUCED = 1000,         /* codes that are left to one who has seen three of the six digits */
    RECORDINGS = 8,         /* pairings whose every byte he has */
    GUESSES = 1000, /* of one digit, the other five having been seen: 100 of them right … */
    SPREAD = 48,    /* … and five times sqrt(1000 * 0.1 * 0.9) more or less */
    HOUR_S = 3600,
    ALONE_A_DAY = 32, /* 3, then after 1, 2, 4 … 32 minutes, and then one an hour */
};

/* ---- schemes that are not ours: two channels, and what is shown or said about them ------------- */

/* One device, and one end of a channel. */
struct end {
    struct dsb_identity identity;
    struct dsb_credentials credentials;
    struct nx_prng prng;
    struct dsb_handshake handshake;
};

static void end_init(struct end *e, uint8_t fill)
{
    uint8_t seed[NX_ED25519_SEED_LEN];

    memset(seed, fill, sizeof(seed));
    dsb_identity_init(&e->identity, seed);
    dsb_credentials_init(&e->credentials, &e->identity);
    nx_prng_init(&e->prng, fill, "grind");
}

/* The next message of the handshake. */
static bool say(struct end *from, struct end *to)
{
    const struct nx_rng rng = nx_prng_as_rng(&from->prng);
    uint8_t bytes[DSB_HANDSHAKE_FRAME_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    size_t used;

    return dsb_handshake_output(&from->handshake, &rng, &out) == NX_OK &&
           dsb_handshake_input(&to->handshake, nx_writer_bytes(&out), &used, NULL) == NX_OK;
}

/* Two victims and the one between them: `typist` dialled him and is through, he has dialled `owner` and
 * has the last word to say there. */
struct middle {
    struct end typist, owner;
    struct end to_typist, to_owner; /* he himself, twice */
};

static bool middle_begin(struct middle *m)
{
    end_init(&m->typist, 1);
    end_init(&m->owner, 2);
    end_init(&m->to_typist, 3);
    end_init(&m->to_owner, 3);
    dsb_handshake_accept(&m->to_typist.handshake, &m->to_typist.credentials);
    dsb_handshake_accept(&m->owner.handshake, &m->owner.credentials);
    return dsb_handshake_dial(&m->typist.handshake, &m->typist.credentials,
                              m->to_typist.identity.id,
                              m->to_typist.identity.noise_static) == NX_OK &&
           dsb_handshake_dial(&m->to_owner.handshake, &m->to_owner.credentials,
                              m->owner.identity.id, m->owner.identity.noise_static) == NX_OK &&
           say(&m->typist, &m->to_typist) && say(&m->to_typist, &m->typist) &&
           say(&m->typist, &m->to_typist) && say(&m->to_owner, &m->owner) &&
           say(&m->owner, &m->to_owner);
}

/* Six digits out of a channel's hash, as a screen would show them. */
static uint32_t shown_digits(const uint8_t h[NX_BLAKE2S_LEN])
{
    struct nx_reader r = nx_reader_over(nx_bytes_of(h, 4));

    return nx_read_u32le(&r) % CODES;
}

/* What he needs to know the hash of the owner's channel before he has spoken: the state behind the last
 * token of the third message. */
struct last_word {
    uint8_t h[NX_BLAKE2S_LEN];
    struct nx_aead aead;
    struct dsb_identity_proof proof; /* his own, with a number in it that nobody looks at */
    uint8_t *number;
};

#define PAD "{\"n\":\"00000000\","

static void last_word_init(struct last_word *w, const struct end *me)
{
    struct end copy = *me;
    const struct nx_rng rng = nx_prng_as_rng(&copy.prng);
    uint8_t bytes[DSB_HANDSHAKE_FRAME_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    const struct dsb_identity_proof *own = &me->credentials.proofs[DSB_PROOF_CLIENT];
    struct nx_writer text = nx_writer_over(w->proof.text, sizeof(w->proof.text));
    struct nx_blake2s hash;

    EXPECT_STATUS(dsb_handshake_output(&copy.handshake, &rng, &out), NX_OK);
    nx_blake2s_init(&hash, NX_BLAKE2S_LEN, (struct nx_bytes){NULL, 0});
    nx_blake2s_add(&hash, nx_bytes_of(me->handshake.noise.h, NX_BLAKE2S_LEN));
    nx_blake2s_add(&hash, nx_bytes_of(bytes + 4, NX_X25519_LEN + NX_AEAD_TAG_LEN));
    nx_blake2s_end(&hash, w->h);
    nx_crypto_aead_init(&w->aead, copy.handshake.noise.secret_key);

    nx_write_bytes(&text, nx_bytes_of_text(PAD));
    nx_write_bytes(&text, nx_bytes_of(own->text + 1, own->len - 1));
    EXPECT(!text.overflow);
    w->proof.len = text.len;
    w->number = w->proof.text + sizeof("{\"n\":\"") - 1;
}

/* The hash of the channel, if the number were this one. */
static void last_word_try(struct last_word *w, uint32_t number, uint8_t h[NX_BLAKE2S_LEN])
{
    static const uint8_t nonce[NX_AEAD_NONCE_LEN];
    uint8_t sealed[DSB_PROOF_TEXT_MAX + NX_AEAD_TAG_LEN];
    struct nx_blake2s hash;

    for (size_t i = 8; i-- > 0; number /= 10)
        w->number[i] = (uint8_t)('0' + number % 10);
    nx_crypto_aead_seal(&w->aead, nonce, nx_bytes_of(w->h, sizeof(w->h)),
                        nx_bytes_of(w->proof.text, w->proof.len), sealed);
    nx_blake2s_init(&hash, NX_BLAKE2S_LEN, (struct nx_bytes){NULL, 0});
    nx_blake2s_add(&hash, nx_bytes_of(w->h, sizeof(w->h)));
    nx_blake2s_add(&hash, nx_bytes_of(sealed, w->proof.len + NX_AEAD_TAG_LEN));
    nx_blake2s_end(&hash, h);
}

static void shown_digits_row(void)
{
    static struct middle m;
    static struct last_word w;
    uint8_t h[NX_BLAKE2S_LEN];
    uint32_t number = 0;

    unit_row("not ours: digits that both screens make of the channel are ground until they agree");
    NEED(middle_begin(&m));
    last_word_init(&w, &m.to_owner);
    uint32_t wanted = shown_digits(m.typist.handshake.noise.h);
    do
        last_word_try(&w, number, h);
    while (shown_digits(h) != wanted && ++number < GRIND_MAX);
    nx_crypto_aead_wipe(&w.aead);
    attacks_note("handshakes tried", (uint64_t)number + 1);

    m.to_owner.credentials.proofs[DSB_PROOF_CLIENT] = w.proof;
    EXPECT(say(&m.to_owner, &m.owner)); /* the owner's device takes it: it is a good proof */
    EXPECT_BYTES(nx_bytes_of(m.owner.handshake.noise.h, sizeof(h)), nx_bytes_of(h, sizeof(h)));
    EXPECT_EQ(shown_digits(m.owner.handshake.noise.h), wanted);
    EXPECT(memcmp(m.typist.handshake.noise.h, m.owner.handshake.noise.h, sizeof(h)) != 0);
}

/* SHA-256(code, hash of the channel): how a typist could show that he knows the digits. */
static void naive_proof(uint8_t digest[NX_SHA256_LEN], uint32_t code,
                        const uint8_t h[NX_BLAKE2S_LEN])
{
    uint8_t digits[DSB_PAIRING_CODE_LEN];
    struct nx_sha256 hash;

    for (size_t i = sizeof(digits); i-- > 0; code /= 10)
        digits[i] = (uint8_t)('0' + code % 10);
    nx_crypto_sha256_init(&hash);
    nx_crypto_sha256_add(&hash, nx_bytes_of(digits, sizeof(digits)));
    nx_crypto_sha256_add(&hash, nx_bytes_of(h, NX_BLAKE2S_LEN));
    nx_crypto_sha256_end(&hash, digest);
}

static void hashed_code_row(void)
{
    static struct middle m;
    const uint32_t code = 740511; /* the owner shows it, the typist types it */
    uint8_t said[NX_SHA256_LEN], tried[NX_SHA256_LEN], wanted[NX_SHA256_LEN];
    uint32_t found = 0;

    unit_row(
        "not ours: digits confirmed by a hash of them are found offline, and pair the wrong two");
    NEED(middle_begin(&m));
    NEED(say(&m.to_owner, &m.owner));
    naive_proof(said, code, m.typist.handshake.noise.h); /* comes to him, in the typist's channel */
    for (; found < CODES; found++) {
        naive_proof(tried, found, m.to_typist.handshake.noise.h);
        if (memcmp(tried, said, sizeof(said)) == 0)
            break;
    }
    EXPECT_EQ(found, code);
    naive_proof(said, found, m.to_owner.handshake.noise.h); /* he says it in the owner's */
    naive_proof(wanted, code, m.owner.handshake.noise.h);
    EXPECT_BYTES(nx_bytes_of(said, sizeof(said)), nx_bytes_of(wanted, sizeof(wanted)));
}

/* ---- ours: victims ----------------------------------------------------------------------------- */

/* A device with the product's own pairing machine, and the clock that it is told. */
struct victim {
    struct dsb_pairing machine;
    struct dsb_pairing_device device;
    struct nx_prng prng;
    struct nx_instant now;
};

static struct dsb_pairing_device device_of(uint8_t fill, uint32_t number)
{
    struct dsb_pairing_device device = {.id = {fill, (uint8_t)(number >> 8), (uint8_t)number}};

    memset(device.ed25519, fill + 1, sizeof(device.ed25519));
    memset(device.noise_static, fill + 2, sizeof(device.noise_static));
    return device;
}

static struct dsb_pairing_peer name_of(const struct dsb_pairing_device *device)
{
    struct dsb_pairing_peer peer = {.id_text = "whom the person takes for the other device"};

    memcpy(peer.id, device->id, sizeof(peer.id));
    return peer;
}

static void victim_init(struct victim *v, uint64_t seed)
{
    v->device = device_of(0x40, 0);
    nx_prng_init(&v->prng, seed, "victim");
    v->now = (struct nx_instant){nx_seconds(1000).ns};
    const struct dsb_pairing_config config = {
        .self = v->device,
        .rng = nx_prng_as_rng(&v->prng),
    };
    dsb_pairing_init(&v->machine, &config);
}

/* Take the victim's news, and store what it wants stored. True: it has paired somebody. */
static bool victim_listen(struct victim *v)
{
    struct dsb_pairing_event event;
    bool paired = false;

    while (dsb_pairing_event(&v->machine, &event)) {
        paired |= event.kind == DSB_PAIRING_EVENT_PAIRED;
        if (event.kind == DSB_PAIRING_EVENT_STORE)
            EXPECT_STATUS(dsb_pairing_stored(&v->machine, v->now, event.role, NX_OK), NX_OK);
    }
    return paired;
}

/* The value of the message of that kind that the victim says next. False: it says another, or none. */
static bool victim_says(struct victim *v, enum dsb_pairing_role role,
                        enum dsb_pairing_message_kind kind, uint8_t value[DSB_PAIRING_VALUE_LEN])
{
    uint8_t bytes[DSB_PAIRING_MESSAGE_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    struct dsb_pairing_message m;

    if (!dsb_pairing_output(&v->machine, role, &out) ||
        dsb_pairing_message_decode(nx_writer_bytes(&out), &m) != NX_OK || m.kind != kind)
        return false;
    memcpy(value, m.value, DSB_PAIRING_VALUE_LEN);
    return true;
}

static enum nx_status victim_hears(struct victim *v, enum dsb_pairing_role role,
                                   enum dsb_pairing_message_kind kind, const uint8_t *value)
{
    const struct dsb_pairing_message m = {.kind = kind, .value = value};
    uint8_t bytes[DSB_PAIRING_MESSAGE_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    dsb_pairing_message_encode(&m, &out);
    return dsb_pairing_input(&v->machine, v->now, role, nx_writer_bytes(&out));
}

static void digits_of(uint32_t number, uint8_t code[DSB_PAIRING_CODE_LEN])
{
    for (size_t i = DSB_PAIRING_CODE_LEN; i-- > 0; number /= 10)
        code[i] = (uint8_t)('0' + number % 10);
}

/* ---- ours: offline ------------------------------------------------------------------------------ */

/* All that he has of one run with a typist: what both said, the channel, the keys; and his own half. */
struct recording {
    struct dsb_pairing_binding binding;
    uint8_t their_share[NX_CPACE_SHARE_LEN];
    struct nx_prng drawn_from;    /* his own randomness, before he drew his half */
    struct dsb_pairing_half half; /* made for the digits that he guessed */
    uint8_t confirm[DSB_PAIRING_CONFIRM_LEN];
};

/* The typist types `code`, and takes him for the owner; he answers as if the code were `guess`. */
static bool record(struct recording *rec, uint32_t seed, uint32_t code, uint32_t guess)
{
    static struct victim v;
    const struct dsb_pairing_device me = device_of(0x80, seed);
    const struct dsb_pairing_peer name = name_of(&me);
    struct nx_prng prng;
    uint8_t digits[DSB_PAIRING_CODE_LEN], guessed[DSB_PAIRING_CODE_LEN];

    victim_init(&v, seed);
    nx_prng_init(&prng, seed, "grinder");
    const struct nx_rng rng = nx_prng_as_rng(&prng);
    memset(rec, 0, sizeof(*rec));
    EXPECT_STATUS(nx_rng_fill(&rng, rec->binding.channel, sizeof(rec->binding.channel)), NX_OK);
    rec->drawn_from = prng;
    rec->binding.typist = v.device;
    rec->binding.owner = me;
    digits_of(code, digits);
    digits_of(guess, guessed);
    bool holds =
        dsb_pairing_accept(&v.machine, v.now, &name, nx_bytes_of(digits, sizeof(digits))) ==
            NX_OK &&
        dsb_pairing_begin(&v.machine, v.now, DSB_PAIRING_TYPIST, &me, rec->binding.channel) ==
            NX_OK &&
        victim_says(&v, DSB_PAIRING_TYPIST, DSB_PAIRING_START, rec->their_share) &&
        dsb_pairing_prove(&rec->binding, guessed, &rng, &rec->half) == NX_OK &&
        victim_hears(&v, DSB_PAIRING_TYPIST, DSB_PAIRING_SHARE, rec->half.share) == NX_OK &&
        victim_says(&v, DSB_PAIRING_TYPIST, DSB_PAIRING_CONFIRM_TYPIST, rec->confirm);
    dsb_pairing_wipe(&v.machine);
    return holds;
}

/* Does the confirmation fit a half of his own, with this share in the transcript? */
static bool confirms(const struct recording *rec, const uint8_t share[NX_CPACE_SHARE_LEN])
{
    struct dsb_pairing_half half = rec->half;
    struct dsb_pairing_confirms c;

    memcpy(half.share, share, sizeof(half.share));
    return dsb_pairing_confirm(&rec->binding, false, &half, rec->their_share, &c) == NX_OK &&
           memcmp(c.secret_typist, rec->confirm, sizeof(rec->confirm)) == 0;
}

/* Whatever he can hold against one candidate: does anything fit?
 *
 *   - The program is no secret: he runs it on that code, on randomness of his own. A share that comes
 *     out as the recorded one would show the code; so it would if scalars did not come from entropy.
 *   - What he would have sent had he guessed this one: his own scalar on its generator.
 *
 * His scalar times their share is what the typist has when the guess was right; it is the same for
 * every candidate, and `confirms` has tried it. */
static bool fits(const struct recording *rec, uint32_t candidate)
{
    struct nx_prng elsewhere, again = rec->drawn_from;
    const struct nx_rng other = nx_prng_as_rng(&elsewhere), same = nx_prng_as_rng(&again);
    uint8_t digits[DSB_PAIRING_CODE_LEN];
    struct dsb_pairing_half theirs, own;

    nx_prng_init(&elsewhere, candidate, "his own machine");
    digits_of(candidate, digits);
    EXPECT_STATUS(dsb_pairing_prove(&rec->binding, digits, &other, &theirs), NX_OK);
    EXPECT_STATUS(dsb_pairing_prove(&rec->binding, digits, &same, &own), NX_OK);
    return memcmp(theirs.share, rec->their_share, sizeof(theirs.share)) == 0 ||
           confirms(rec, own.share);
}

static uint32_t count_that_fit(const struct recording *rec)
{
    uint32_t count = 0;

    for (uint32_t candidate = 0; candidate < REDUCED; candidate++)
        count += fits(rec, candidate);
    return count;
}

static void right_guess_row(void)
{
    static struct recording rec;

    unit_row("a guess that was right is known for one: the grinder's own sums are right");
    NEED(record(&rec, 1, 417, 417));
    EXPECT(confirms(&rec, rec.half.share));
    EXPECT_EQ(count_that_fit(&rec), 1);
}

static void offline_row(void)
{
    static struct recording rec;

    unit_row(
        "a whole recording, all keys of its channel known, fits every code as well as the right "
        "one");
    for (uint32_t seed = 0; seed < RECORDINGS; seed++) {
        uint32_t code = (seed * 271 + 29) % REDUCED;

        NEED(record(&rec, 100 + seed, code, (code + 1) % REDUCED));
        EXPECT(!confirms(&rec, rec.half.share));
        EXPECT_EQ(count_that_fit(&rec), 0);
    }
    attacks_note("codes held against each recording", REDUCED);
}

/* ---- ours: guesses -------------------------------------------------------------------------------- */

/* When the guesses came that a victim looked at. */
struct tally {
    struct nx_instant at[GUESSES];
    uint32_t count, right_count;
};

static struct tally tally;

static void count_guess(struct tally *t, struct nx_instant now, bool was_right)
{
    NX_CHECK(t->count < GUESSES);
    t->at[t->count++] = now;
    t->right_count += was_right;
}

/* The most of them in any hour. */
static uint32_t most_an_hour(const struct tally *t)
{
    uint32_t most = 0, first = 0;

    for (uint32_t i = 0; i < t->count; i++) {
        while (nx_duration_between(t->at[first], t->at[i]).ns >= nx_seconds(HOUR_S).ns)
            first++;
        if (i - first + 1 > most)
            most = i - first + 1;
    }
    return most;
}

/* The last digit, the others having been seen. `luck` NULL: he has none, ever. */
static void guess_last(struct nx_prng *luck, const char *code, uint8_t guess[DSB_PAIRING_CODE_LEN])
{
    uint8_t *last = &guess[DSB_PAIRING_CODE_LEN - 1];

    memcpy(guess, code, DSB_PAIRING_CODE_LEN);
    *last = luck == NULL ? *last ^ 1 : (uint8_t)('0' + nx_prng_next(luck) % 10);
}

/* One run with the owner of a code, up to and with the confirmation of a guess. False: he was not let
 * begin. */
static bool try_owner(struct victim *v, const struct dsb_pairing_device *me, struct nx_prng *luck,
                      const uint8_t guess[DSB_PAIRING_CODE_LEN], bool *was_right)
{
    const struct nx_rng rng = nx_prng_as_rng(luck);
    struct dsb_pairing_binding binding = {.typist = *me, .owner = v->device};
    struct dsb_pairing_half half;
    struct dsb_pairing_confirms confirms;
    uint8_t share[NX_CPACE_SHARE_LEN];

    EXPECT_STATUS(nx_rng_fill(&rng, binding.channel, sizeof(binding.channel)), NX_OK);
    if (dsb_pairing_begin(&v->machine, v->now, DSB_PAIRING_OWNER, me, binding.channel) != NX_OK)
        return false;
    EXPECT_STATUS(dsb_pairing_prove(&binding, guess, &rng, &half), NX_OK);
    EXPECT_STATUS(victim_hears(v, DSB_PAIRING_OWNER, DSB_PAIRING_START, half.share), NX_OK);
    EXPECT(victim_says(v, DSB_PAIRING_OWNER, DSB_PAIRING_SHARE, share));
    EXPECT_STATUS(dsb_pairing_confirm(&binding, true, &half, share, &confirms), NX_OK);
    *was_right = victim_hears(v, DSB_PAIRING_OWNER, DSB_PAIRING_CONFIRM_TYPIST,
                              confirms.secret_typist) == NX_OK;
    EXPECT_EQ(victim_listen(v), *was_right);
    return true;
}

/* A person offers code after code, whenever the device allows it, each time to somebody who is not whom
 * the person takes him for: another id each time, or one that never has luck (being right would end the
 * attack, and his failures be forgotten). He guesses as often as he is let. */
static void attack_owner(uint32_t hours, bool has_many_ids)
{
    static struct victim v;
    struct nx_prng luck;
    uint32_t offer_count = 0;

    victim_init(&v, 7);
    nx_prng_init(&luck, 7, "luck");
    memset(&tally, 0, sizeof(tally));
    struct nx_instant end = nx_instant_after(v.now, nx_seconds(hours * HOUR_S));
    while (v.now.ns < end.ns && tally.count < GUESSES) {
        const struct dsb_pairing_device me = device_of(0x80, has_many_ids ? offer_count : 0);
        const struct dsb_pairing_peer name = name_of(&me);
        char code[DSB_PAIRING_CODE_LEN + 1];
        uint8_t guess[DSB_PAIRING_CODE_LEN];
        uint32_t looked_at = 0;
        bool was_right = false;

        if (dsb_pairing_offer(&v.machine, v.now, &name, code) == NX_OK) {
            offer_count++;
            guess_last(has_many_ids ? &luck : NULL, code, guess);
            while (!was_right && try_owner(&v, &me, &luck, guess, &was_right)) {
                count_guess(&tally, v.now, was_right);
                looked_at++;
            }
            EXPECT_EQ(looked_at, 1);
        }
        v.now = nx_instant_after(v.now, nx_seconds(10));
        dsb_pairing_tick(&v.machine, v.now);
        EXPECT(!victim_listen(&v));
    }
    dsb_pairing_wipe(&v.machine);
}

/* The other way round: a person types the right code, and he has it typed at himself. What comes back
 * tells him whether his guess was right. */
static void attack_typist(uint32_t hours)
{
    static struct victim v;
    struct nx_prng luck;
    uint32_t run = 0;

    victim_init(&v, 8);
    nx_prng_init(&luck, 8, "luck");
    memset(&tally, 0, sizeof(tally));
    struct nx_instant end = nx_instant_after(v.now, nx_seconds(hours * HOUR_S));
    while (v.now.ns < end.ns && tally.count < GUESSES) {
        const struct nx_rng rng = nx_prng_as_rng(&luck);
        struct recording rec = {.binding = {.typist = v.device, .owner = device_of(0x80, run)}};
        const struct dsb_pairing_peer name = name_of(&rec.binding.owner);
        char code[DSB_PAIRING_CODE_LEN + 1] = {0};
        uint8_t guess[DSB_PAIRING_CODE_LEN], digits[DSB_PAIRING_CODE_LEN];

        digits_of((uint32_t)(nx_prng_next(&luck) % CODES), digits);
        memcpy(code, digits, sizeof(digits));
        guess_last(&luck, code, guess);
        if (dsb_pairing_accept(&v.machine, v.now, &name, nx_bytes_of_text(code)) == NX_OK) {
            run++;
            EXPECT_STATUS(dsb_pairing_begin(&v.machine, v.now, DSB_PAIRING_TYPIST,
                                            &rec.binding.owner, rec.binding.channel),
                          NX_OK);
            EXPECT(victim_says(&v, DSB_PAIRING_TYPIST, DSB_PAIRING_START, rec.their_share));
            EXPECT_STATUS(dsb_pairing_prove(&rec.binding, guess, &rng, &rec.half), NX_OK);
            EXPECT_STATUS(victim_hears(&v, DSB_PAIRING_TYPIST, DSB_PAIRING_SHARE, rec.half.share),
                          NX_OK);
            EXPECT(victim_says(&v, DSB_PAIRING_TYPIST, DSB_PAIRING_CONFIRM_TYPIST, rec.confirm));
            count_guess(&tally, v.now, confirms(&rec, rec.half.share));

            /* He cuts, so that the person types it again: there is no second guess at it. */
            dsb_pairing_link_lost(&v.machine, v.now, DSB_PAIRING_TYPIST);
            EXPECT(!victim_listen(&v));
            EXPECT(dsb_pairing_accept(&v.machine, v.now, &name, nx_bytes_of_text(code)) != NX_OK);
        }
        v.now = nx_instant_after(v.now, nx_seconds(10));
        dsb_pairing_tick(&v.machine, v.now);
        EXPECT(!victim_listen(&v));
    }
    dsb_pairing_wipe(&v.machine);
}

static void guess_rows(void)
{
    unit_row("a code is worth one guess, and an hour ten, whoever he says he is: one digit of ten "
             "is right"
             " as often as chance has it");
    attack_owner(2 * GUESSES / DSB_PAIRING_OFFERS_PER_HOUR, true);
    EXPECT_EQ(tally.count, GUESSES);
    EXPECT(most_an_hour(&tally) <= DSB_PAIRING_FAILED_PER_HOUR);
    EXPECT(tally.right_count >= GUESSES / 10 - SPREAD &&
           tally.right_count <= GUESSES / 10 + SPREAD);
    attacks_note("guesses of 1,000 that were right", tally.right_count);
    attacks_note("most guesses in an hour", most_an_hour(&tally));

    unit_row("one device that is always wrong has so many guesses in a day");
    attack_owner(24, false);
    EXPECT(tally.count <= ALONE_A_DAY);
    attacks_note("guesses", tally.count);

    unit_row("a typist is worth as much to him, and no more for typing it again");
    attack_typist(2 * GUESSES / DSB_PAIRING_ACCEPTS_PER_HOUR);
    EXPECT_EQ(tally.count, GUESSES);
    EXPECT(most_an_hour(&tally) <= DSB_PAIRING_ACCEPTS_PER_HOUR);
    EXPECT(tally.right_count >= GUESSES / 10 - SPREAD &&
           tally.right_count <= GUESSES / 10 + SPREAD);
    attacks_note("guesses of 1,000 that were right", tally.right_count);
}

UNIT_SUITE(grind_attacks)
{
    shown_digits_row();
    hashed_code_row();
    right_guess_row();
    offline_row();
    guess_rows();
}
