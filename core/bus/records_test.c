#include "core/bus/records.h"

#include "core/base/memory.h"
#include "core/bus/identity_proof.h"
#include "core/bus/noise_duo.h"
#include "core/bus/v1_session.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

#define OVERHEAD (DSB_RECORD_HEAD_LEN + NX_AEAD_TAG_LEN)

static struct nx_instant at_ms(uint32_t ms)
{
    return (struct nx_instant){nx_milliseconds(ms).ns};
}

/* One way between two ends, without a handshake: what `from` seals, `to` opens. */
struct pair {
    struct dsb_records from;
    struct dsb_records to;
};

static const uint8_t key[NX_AEAD_KEY_LEN] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
static const uint8_t key_back[NX_AEAD_KEY_LEN] = {1, 1, 2, 3, 5, 8, 13, 21};

static void records_of(struct dsb_records *r, enum dsb_records_protocol protocol,
                       const uint8_t sending[NX_AEAD_KEY_LEN],
                       const uint8_t receiving[NX_AEAD_KEY_LEN])
{
    *r = (struct dsb_records){.rest_until = NX_NEVER, .protocol = protocol};
    dsb_noise_cipher_init(&r->sending, sending);
    dsb_noise_cipher_init(&r->receiving, receiving);
}

static void pair_begin(struct pair *p, enum dsb_records_protocol protocol)
{
    records_of(&p->from, protocol, key, key_back);
    records_of(&p->to, protocol, key_back, key);
}

static void pair_end(struct pair *p)
{
    dsb_records_wipe(&p->from);
    dsb_records_wipe(&p->to);
}

static enum nx_status seal_text(struct dsb_records *r, const char *text, struct nx_writer *out)
{
    struct nx_bytes bytes = nx_bytes_of_text(text);
    struct nx_writer room = dsb_records_room(out, DSB_RECORD_PLAIN_MAX);

    nx_write_bytes(&room, bytes);
    NX_CHECK(!room.overflow);
    return dsb_records_seal(r, room.len, out);
}

/* ---- a whole v1 session ------------------------------------------------------------------------ */

static void handshake_v1(struct noise_duo *duo)
{
    const struct v1_device *devices[] = {&v1_session.initiator, &v1_session.responder};
    const struct noise_duo_keys keys = {"", devices[0]->noise_secret,
                                        v1_session.initiator_ephemeral, devices[1]->noise_secret,
                                        v1_session.responder_ephemeral};
    const char *const payloads[] = {"", devices[1]->proofs[DSB_PROOF_SERVER].text,
                                    devices[0]->proofs[DSB_PROOF_CLIENT].text};

    noise_duo_begin(duo, &keys);
    for (size_t turn = 0; turn < 3; turn++) {
        uint8_t written[DSB_HANDSHAKE_MAX], taken[DSB_HANDSHAKE_MAX], want[DSB_HANDSHAKE_MAX];
        struct nx_writer out = nx_writer_over(written, sizeof(written));
        struct nx_writer in = nx_writer_over(taken, sizeof(taken));
        struct noise_duo_end *writer = noise_duo_writer(duo, turn);

        EXPECT_STATUS(
            dsb_noise_write(&writer->noise, &writer->rng, nx_bytes_of_text(payloads[turn]), &out),
            NX_OK);
        EXPECT_BYTES(nx_writer_bytes(&out),
                     bytes_of_hex(v1_session.messages[turn], want, sizeof(want)));
        EXPECT_STATUS(
            dsb_noise_read(&noise_duo_reader(duo, turn)->noise, nx_writer_bytes(&out), &in), NX_OK);
        EXPECT_BYTES(nx_writer_bytes(&in), nx_bytes_of_text(payloads[turn]));
    }
}

/* `plain` from one end to the other, as a record whose body is `sealed`. */
static void expect_record(struct dsb_records *from, struct dsb_records *to, const char *plain,
                          const char *sealed)
{
    uint8_t plain_memory[128], body_memory[144], bytes[160];
    struct nx_bytes text = bytes_of_hex(plain, plain_memory, sizeof(plain_memory));
    struct nx_bytes body = bytes_of_hex(sealed, body_memory, sizeof(body_memory));
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    struct nx_writer room = dsb_records_room(&out, DSB_RECORD_PLAIN_MAX);
    struct nx_bytes opened;
    size_t used;

    nx_write_bytes(&room, text);
    EXPECT_STATUS(dsb_records_seal(from, room.len, &out), NX_OK);
    EXPECT_EQ(bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3], body.len);
    EXPECT_BYTES(nx_bytes_skip(nx_writer_bytes(&out), DSB_RECORD_HEAD_LEN), body);
    EXPECT_STATUS(dsb_records_open(to, at_ms(0), bytes, out.len, &opened, &used), NX_OK);
    EXPECT_BYTES(opened, text);
    EXPECT_EQ(used, out.len);
}

static void session_rows(void)
{
    struct noise_duo duo;
    struct dsb_records initiator, responder;
    uint8_t h[NX_BLAKE2S_LEN];

    unit_row("records are not made of a handshake that is not through");
    noise_duo_begin(&duo, &noise_duo_plain_keys);
    EXPECT_STATUS(dsb_records_init(&initiator, &duo.initiator.noise), NX_E_STATE);
    EXPECT_EQ(initiator.ended, NX_E_CLOSED);

    unit_row("the messages of a v1 session, with both proofs, byte for byte");
    handshake_v1(&duo);
    fixed_of_hex(v1_session.h, h, sizeof(h));
    EXPECT_BYTES(nx_bytes_of(duo.initiator.noise.h, sizeof(h)), nx_bytes_of(h, sizeof(h)));

    unit_row("the admission records of a v1 session, byte for byte");
    EXPECT_STATUS(dsb_records_init(&initiator, &duo.initiator.noise), NX_OK);
    EXPECT_STATUS(dsb_records_init(&responder, &duo.responder.noise), NX_OK);
    expect_record(&initiator, &responder, v1_session.connect_request,
                  v1_session.connect_request_sealed);
    expect_record(&responder, &initiator, v1_session.connect_response,
                  v1_session.connect_response_sealed);
    dsb_records_wipe(&initiator);
    dsb_records_wipe(&responder);
    noise_duo_wipe(&duo);
}

/* ---- admission ------------------------------------------------------------------------------- */

static void admission_rows(void)
{
    struct pair p;
    uint8_t bytes[256];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    struct nx_bytes plain;
    size_t used;

    unit_row("before admission one record is sent, and not a second one");
    pair_begin(&p, DSB_RECORDS_ADMISSION);
    EXPECT_STATUS(seal_text(&p.from, "request", &out), NX_OK);
    size_t first_len = out.len;
    EXPECT_STATUS(seal_text(&p.from, "more", &out), NX_E_STATE);
    EXPECT_EQ(out.len, first_len);

    unit_row("a second record before admission ends receiving, and the first one was good");
    dsb_records_admit(&p.from, DSB_RECORDS_NATIVE);
    EXPECT_STATUS(seal_text(&p.from, "more", &out), NX_OK);
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes, out.len, &plain, &used), NX_OK);
    EXPECT_EQ(used, first_len);
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes + used, out.len - used, &plain, &used),
                  NX_E_STATE);

    unit_row("what waits behind the admission opens once that was taken");
    pair_end(&p);
    pair_begin(&p, DSB_RECORDS_ADMISSION);
    out.len = 0;
    EXPECT_STATUS(seal_text(&p.from, "response", &out), NX_OK);
    dsb_records_admit(&p.from, DSB_RECORDS_V1);
    EXPECT_STATUS(seal_text(&p.from, "more", &out), NX_OK);
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes, out.len, &plain, &used), NX_OK);
    dsb_records_admit(&p.to, DSB_RECORDS_V1);
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes + used, out.len - used, &plain, &used),
                  NX_OK);
    EXPECT_BYTES(plain, nx_bytes_of_text("more"));
    pair_end(&p);
}

/* ---- heads ----------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *bytes;
    enum nx_status status;
} heads[] = {
    {"nothing is not whole yet", "", NX_WOULD_BLOCK},
    {"three bytes are not whole yet, whatever they say", "ffffff", NX_WOULD_BLOCK},
    {"a length of 0 is refused", "00000000", NX_E_MALFORMED},
    {"a length of 15, less than a tag, is refused", "0000000f", NX_E_MALFORMED},
    {"a length of 16, a tag and nothing under it, is refused", "00000010", NX_E_MALFORMED},
    {"a length of 17 is waited for", "00000011", NX_WOULD_BLOCK},
    {"a length of 65,535 is waited for", "0000ffff", NX_WOULD_BLOCK},
    {"a length of 65,536 is refused", "00010000", NX_E_LIMIT},
    {"a length of 2^32 - 1 is refused", "ffffffff", NX_E_LIMIT},
    {"little endian is refused", "11000000", NX_E_LIMIT},
};

static void head_row(const char *hex, enum nx_status want)
{
    struct pair p;
    uint8_t bytes[8];
    struct nx_bytes head = bytes_of_hex(hex, bytes, sizeof(bytes)), plain;
    size_t used;

    pair_begin(&p, DSB_RECORDS_NATIVE);
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes, head.len, &plain, &used), want);
    EXPECT_EQ(p.to.ended, want == NX_WOULD_BLOCK ? NX_OK : want);
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes, head.len, &plain, &used), want);
    pair_end(&p);
}

/* ---- lengths --------------------------------------------------------------------------------- */

static uint8_t large[DSB_RECORD_MAX + 1];

static void length_rows(void)
{
    struct pair p;
    struct nx_writer out = nx_writer_over(large, sizeof(large));
    struct nx_bytes plain;
    size_t used;

    unit_row("there is no room for a record where not one byte would fit");
    out.cap = OVERHEAD;
    EXPECT_EQ(dsb_records_room(&out, DSB_RECORD_PLAIN_MAX).cap, 0);
    out.cap = OVERHEAD + 1;
    EXPECT_EQ(dsb_records_room(&out, DSB_RECORD_PLAIN_MAX).cap, 1);

    unit_row("room is what is asked for, what is there, and never more than a record holds");
    out.cap = sizeof(large);
    EXPECT_EQ(dsb_records_room(&out, 100).cap, 100);
    EXPECT_EQ(dsb_records_room(&out, SIZE_MAX).cap, DSB_RECORD_PLAIN_MAX);
    out.len = 2000;
    EXPECT(dsb_records_room(&out, 100).ptr == large + 2000 + DSB_RECORD_HEAD_LEN);
    EXPECT_EQ(dsb_records_room(&out, SIZE_MAX).cap, sizeof(large) - 2000 - OVERHEAD);
    out.len = 0;

    unit_row("a record of nothing, and one of more than it holds, is not made");
    pair_begin(&p, DSB_RECORDS_NATIVE);
    EXPECT_STATUS(dsb_records_seal(&p.from, 0, &out), NX_E_INVALID);
    EXPECT_STATUS(dsb_records_seal(&p.from, DSB_RECORD_PLAIN_MAX + 1, &out), NX_E_INVALID);
    EXPECT(out.len == 0 && p.from.sending.next_number == 0);

    unit_row("65,519 bytes are one record, sealed and opened where they lie");
    for (size_t i = 0; i < DSB_RECORD_PLAIN_MAX; i++)
        large[DSB_RECORD_HEAD_LEN + i] = (uint8_t)(i % 251);
    EXPECT_STATUS(dsb_records_seal(&p.from, DSB_RECORD_PLAIN_MAX, &out), NX_OK);
    EXPECT_EQ(out.len, DSB_RECORD_MAX);
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), large, out.len - 1, &plain, &used),
                  NX_WOULD_BLOCK);
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), large, sizeof(large), &plain, &used), NX_OK);
    EXPECT(plain.ptr == large + DSB_RECORD_HEAD_LEN && plain.len == DSB_RECORD_PLAIN_MAX);
    EXPECT_EQ(used, DSB_RECORD_MAX);
    size_t wrong_count = 0;
    for (size_t i = 0; i < plain.len; i++)
        wrong_count += plain.ptr[i] != i % 251;
    EXPECT_EQ(wrong_count, 0);
    pair_end(&p);
}

/* ---- what a network does ------------------------------------------------------------------------ */

static void piece_rows(void)
{
    struct pair p;
    uint8_t bytes[128];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    struct nx_bytes plain;
    size_t used;

    pair_begin(&p, DSB_RECORDS_NATIVE);
    EXPECT_STATUS(seal_text(&p.from, "one", &out), NX_OK);
    size_t first_len = out.len;
    EXPECT_STATUS(seal_text(&p.from, "another", &out), NX_OK);

    unit_row("every beginning of a record waits for the rest, and the whole opens");
    for (size_t len = 0; len < first_len; len++)
        EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes, len, &plain, &used), NX_WOULD_BLOCK);
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes, first_len, &plain, &used), NX_OK);
    EXPECT_BYTES(plain, nx_bytes_of_text("one"));
    EXPECT_EQ(used, first_len);

    unit_row("the record behind it opens after it");
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes + used, out.len - used, &plain, &used),
                  NX_OK);
    EXPECT_BYTES(plain, nx_bytes_of_text("another"));
    pair_end(&p);
}

enum trick {
    TWICE,   /* the first record again */
    MOVED,   /* the second record first */
    BACK,    /* what the receiver sealed itself */
    LONGER,  /* a byte more, and a length that says so */
    SHORTER, /* a byte less, likewise */
};

static const struct {
    const char *name;
    enum trick trick;
} tricks[] = {
    {"a record does not open twice", TWICE},
    {"a record does not open before its turn", MOVED},
    {"a record does not open where it was made", BACK},
    {"a record with a byte more does not open", LONGER},
    {"a record with a byte less does not open", SHORTER},
};

static void trick_row(enum trick trick)
{
    struct pair p;
    uint8_t first[64] = {0}, second[64], kept[64];
    struct nx_writer out = nx_writer_over(first, sizeof(first));
    struct nx_writer next = nx_writer_over(second, sizeof(second));
    struct nx_bytes plain;
    size_t used;
    uint8_t *in = first;
    size_t in_len;

    pair_begin(&p, DSB_RECORDS_NATIVE);
    EXPECT_STATUS(seal_text(trick == BACK ? &p.to : &p.from, "first", &out), NX_OK);
    EXPECT_STATUS(seal_text(&p.from, "second", &next), NX_OK);
    in_len = out.len;
    memcpy(kept, first, sizeof(first));
    switch (trick) {
    case TWICE:
        EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), first, in_len, &plain, &used), NX_OK);
        in = kept;
        break;
    case MOVED:
        in = second;
        in_len = next.len;
        break;
    case BACK:
        break;
    case LONGER:
        first[3]++;
        in_len++;
        break;
    case SHORTER:
        first[3]--;
        in_len--;
        break;
    }
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), in, in_len, &plain, &used), NX_E_CRYPTO);

    /* It stays over, also for what would have been right; what is to be said can still be. */
    out.len = 0;
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), kept, sizeof(kept), &plain, &used),
                  NX_E_CRYPTO);
    EXPECT_STATUS(seal_text(&p.to, "goodbye", &out), NX_OK);
    EXPECT_STATUS(dsb_records_open(&p.from, at_ms(0), first, out.len, &plain, &used),
                  trick == BACK ? NX_E_CRYPTO : NX_OK);
    pair_end(&p);
}

static void flip_row(void)
{
    uint8_t sealed[64], bytes[64];
    size_t passed_count = 0;
    struct pair p;

    for (size_t bit = 0; bit < 8 * (OVERHEAD + 5); bit++) {
        struct nx_writer out = nx_writer_over(sealed, sizeof(sealed));
        struct nx_bytes plain;
        size_t used = 0;

        pair_begin(&p, DSB_RECORDS_NATIVE);
        EXPECT_STATUS(seal_text(&p.from, "hello", &out), NX_OK);
        memcpy(bytes, sealed, sizeof(bytes));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        passed_count += dsb_records_open(&p.to, at_ms(0), bytes, out.len, &plain, &used) == NX_OK;
        pair_end(&p);
    }
    EXPECT_EQ(passed_count, 0);
}

/* ---- time ------------------------------------------------------------------------------------ */

struct arrival {
    uint32_t at_ms;
    size_t len; /* of the 28 bytes of a record that are there by then */
    enum nx_status status;
};

static const struct {
    const char *name;
    size_t count;
    struct arrival arrivals[4];
} times[] = {
    {"a record may take a moment less than 10 s",
     2,
     {{100, 1, NX_WOULD_BLOCK}, {10099, 28, NX_OK}}},
    {"a record that is whole after exactly 10 s is too late",
     2,
     {{100, 1, NX_WOULD_BLOCK}, {10100, 28, NX_E_TIMEOUT}}},
    {"bytes on the way do not move the deadline",
     4,
     {{100, 1, NX_WOULD_BLOCK},
      {5000, 4, NX_WOULD_BLOCK},
      {10000, 27, NX_WOULD_BLOCK},
      {10100, 27, NX_E_TIMEOUT}}},
    {"a second record has 10 s of its own",
     4,
     {{0, 27, NX_WOULD_BLOCK}, {9000, 28, NX_OK}, {9500, 4, NX_WOULD_BLOCK}, {19499, 28, NX_OK}}},
    {"silence between records is no matter of theirs",
     3,
     {{0, 28, NX_OK}, {60000, 0, NX_WOULD_BLOCK}, {600000, 28, NX_OK}}},
    {"too late stays too late",
     3,
     {{0, 1, NX_WOULD_BLOCK}, {10000, 28, NX_E_TIMEOUT}, {0, 28, NX_E_TIMEOUT}}},
};

static void time_row(size_t row)
{
    struct pair p;
    uint8_t bytes[64];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    pair_begin(&p, DSB_RECORDS_NATIVE);
    EXPECT_STATUS(seal_text(&p.from, "12345678", &out), NX_OK);
    EXPECT_EQ(out.len, 28);
    for (size_t i = 0; i < times[row].count; i++) {
        const struct arrival *a = &times[row].arrivals[i];
        struct nx_bytes plain;
        size_t used;

        EXPECT_STATUS(dsb_records_open(&p.to, at_ms(a->at_ms), bytes, a->len, &plain, &used),
                      a->status);
        if (a->status == NX_OK) {
            out.len = 0;
            EXPECT_STATUS(seal_text(&p.from, "12345678", &out), NX_OK);
        }
    }
    pair_end(&p);
}

static void deadline_row(void)
{
    struct pair p;
    uint8_t byte = 0;
    struct nx_bytes plain;
    size_t used;

    pair_begin(&p, DSB_RECORDS_NATIVE);
    EXPECT(nx_instant_is_never(dsb_records_deadline(&p.to)));
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(500), &byte, 1, &plain, &used), NX_WOULD_BLOCK);
    EXPECT_EQ(dsb_records_deadline(&p.to).ns, at_ms(10500).ns);
    dsb_records_tick(&p.to, (struct nx_instant){at_ms(10500).ns - 1});
    EXPECT_STATUS(p.to.ended, NX_OK);
    dsb_records_tick(&p.to, at_ms(10500));
    EXPECT_STATUS(p.to.ended, NX_E_TIMEOUT);
    EXPECT(nx_instant_is_never(dsb_records_deadline(&p.to)));
    pair_end(&p);
}

/* ---- numbers and keys ------------------------------------------------------------------------- */

/* Under which key, counted in changes, the record of a number is, when the numbers begin at `first`
 * with the first key. */
static const struct {
    const char *name;
    enum dsb_records_protocol protocol;
    uint64_t first;
    uint32_t changes[4];
} numbers[] = {
    {"the records 65,535, 65,536, 65,537: the key changes just before the second",
     DSB_RECORDS_NATIVE,
     65535,
     {0, 1, 1, 1}},
    {"the records 65,534 to 65,537: nothing changes before its number",
     DSB_RECORDS_NATIVE,
     65534,
     {0, 0, 1, 1}},
    {"the records from 131,071 on: the key changes again",
     DSB_RECORDS_NATIVE,
     131071,
     {0, 1, 1, 1}},
    {"the records from 0 on: the first is no change", DSB_RECORDS_NATIVE, 0, {0, 0, 0, 0}},
    {"the records from 2^32 - 1 on: a native session goes on, with another key",
     DSB_RECORDS_NATIVE,
     UINT32_MAX,
     {0, 1, 1, 1}},
    {"a v1 session never changes its key", DSB_RECORDS_V1, 65535, {0, 0, 0, 0}},
};

/* "frame" as the record of `number`, by the primitives alone. */
static void record_by_hand(uint32_t changes, uint64_t number, uint8_t record[OVERHEAD + 5])
{
    static const uint8_t zeros[NX_AEAD_KEY_LEN];
    uint8_t nonce[NX_AEAD_NONCE_LEN], next[NX_AEAD_KEY_LEN + NX_AEAD_TAG_LEN];
    struct nx_aead aead;

    nx_crypto_aead_init(&aead, key);
    for (uint32_t i = 0; i < changes; i++) {
        memset(nonce, 0xff, sizeof(nonce));
        memset(nonce, 0, 4);
        nx_crypto_aead_seal(&aead, nonce, nx_bytes_of(NULL, 0), nx_bytes_of(zeros, sizeof(zeros)),
                            next);
        nx_crypto_aead_wipe(&aead);
        nx_crypto_aead_init(&aead, next);
    }
    memset(nonce, 0, 4);
    for (size_t i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(number >> (8 * i));
    memcpy(record, "\0\0\0\x15", DSB_RECORD_HEAD_LEN);
    nx_crypto_aead_seal(&aead, nonce, nx_bytes_of(NULL, 0), nx_bytes_of_text("frame"),
                        record + DSB_RECORD_HEAD_LEN);
    nx_crypto_aead_wipe(&aead);
}

static void number_row(size_t row)
{
    struct pair p;
    uint8_t bytes[OVERHEAD + 5], by_hand[OVERHEAD + 5];

    pair_begin(&p, numbers[row].protocol);
    p.from.sending.next_number = p.to.receiving.next_number = numbers[row].first;
    for (uint32_t i = 0; i < 4; i++) {
        struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
        struct nx_bytes plain;
        size_t used;

        record_by_hand(numbers[row].changes[i], numbers[row].first + i, by_hand);
        EXPECT_STATUS(seal_text(&p.from, "frame", &out), NX_OK);
        EXPECT_BYTES(nx_writer_bytes(&out), nx_bytes_of(by_hand, sizeof(by_hand)));
        /* In two pieces, so that waiting is seen to change no key. */
        EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes, out.len - 1, &plain, &used),
                      NX_WOULD_BLOCK);
        EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes, out.len, &plain, &used), NX_OK);
        EXPECT_BYTES(plain, nx_bytes_of_text("frame"));
    }
    EXPECT_BYTES(nx_bytes_of(p.from.receiving.aead.secret_key, sizeof(key_back)),
                 nx_bytes_of(key_back, sizeof(key_back)));
    pair_end(&p);
}

static const struct {
    const char *name;
    enum dsb_records_protocol protocol;
    uint64_t number;
    enum nx_status status;
} lasts[] = {
    {"a v1 session has a record 2^32 - 1", DSB_RECORDS_V1, UINT32_MAX, NX_OK},
    {"a v1 session has no record 2^32", DSB_RECORDS_V1, UINT64_C(1) << 32, NX_E_LIMIT},
    {"a native session has a record 2^64 - 2", DSB_RECORDS_NATIVE, UINT64_MAX - 1, NX_OK},
    {"a native session has no record 2^64 - 1", DSB_RECORDS_NATIVE, UINT64_MAX, NX_E_LIMIT},
};

static void last_row(size_t row)
{
    struct pair p;
    uint8_t bytes[OVERHEAD + 5], by_hand[OVERHEAD + 5];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    struct nx_bytes plain;
    size_t used;

    pair_begin(&p, lasts[row].protocol);
    p.from.sending.next_number = p.to.receiving.next_number = lasts[row].number;
    record_by_hand(0, lasts[row].number, by_hand);
    EXPECT_STATUS(seal_text(&p.from, "frame", &out), lasts[row].status);
    EXPECT_EQ(out.len, lasts[row].status == NX_OK ? sizeof(bytes) : 0);
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), by_hand, sizeof(by_hand), &plain, &used),
                  lasts[row].status);
    EXPECT_STATUS(p.to.ended, lasts[row].status);
    pair_end(&p);
}

static void wipe_row(void)
{
    static const uint8_t zeros[NX_AEAD_KEY_LEN];
    struct pair p;
    uint8_t bytes[64] = {0};
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    struct nx_bytes plain;
    size_t used;

    pair_begin(&p, DSB_RECORDS_NATIVE);
    pair_end(&p);
    pair_end(&p);
    EXPECT(memcmp(p.from.sending.aead.secret_key, zeros, sizeof(zeros)) == 0);
    EXPECT(memcmp(p.from.receiving.aead.secret_key, zeros, sizeof(zeros)) == 0);
    EXPECT_STATUS(seal_text(&p.from, "late", &out), NX_E_CLOSED);
    EXPECT_STATUS(dsb_records_open(&p.to, at_ms(0), bytes, sizeof(bytes), &plain, &used),
                  NX_E_CLOSED);
}

UNIT_SUITE(records_test)
{
    session_rows();
    admission_rows();
    for (size_t i = 0; i < NX_COUNT_OF(heads); i++) {
        unit_row(heads[i].name);
        head_row(heads[i].bytes, heads[i].status);
    }
    length_rows();
    piece_rows();
    for (size_t i = 0; i < NX_COUNT_OF(tricks); i++) {
        unit_row(tricks[i].name);
        trick_row(tricks[i].trick);
    }
    unit_row("a flipped bit anywhere in a record, and it does not open");
    flip_row();
    for (size_t i = 0; i < NX_COUNT_OF(times); i++) {
        unit_row(times[i].name);
        time_row(i);
    }
    unit_row("the deadline is that of the record that has begun");
    deadline_row();
    for (size_t i = 0; i < NX_COUNT_OF(numbers); i++) {
        unit_row(numbers[i].name);
        number_row(i);
    }
    for (size_t i = 0; i < NX_COUNT_OF(lasts); i++) {
        unit_row(lasts[i].name);
        last_row(i);
    }
    unit_row("wiped records hold no key, and are closed both ways");
    wipe_row();
}
