#include "core/node/link.h"

#include "core/crypto/crypto.h"
#include "core/wire/frame.h"

static void begin(struct dsb_link *link, enum dsb_link_state state,
                  const struct dsb_link_info *info)
{
    NX_CHECK(link->state == DSB_LINK_FREE);
    link->state = state;
    link->info = *info;
    link->number = 0;
    link->bye_due = false;
    link->is_down = false;
    link->end_was_told = false;
    link->unpair_due = false;
    link->refusal = NX_OK;
}

void dsb_link_begin_pairing(struct dsb_link *link, const struct dsb_link_info *info)
{
    begin(link, DSB_LINK_PAIRING, info);
}

void dsb_link_begin_session(struct dsb_link *link, struct nx_instant now,
                            const struct dsb_link_info *info, struct dsb_pools *pools)
{
    begin(link, DSB_LINK_SESSION, info);
    dsb_mux_init(&link->mux, now, pools, info->is_initiator);
}

void dsb_link_begin_refusal(struct dsb_link *link, const struct dsb_link_info *info,
                            enum nx_status why)
{
    begin(link, DSB_LINK_REFUSED, info);
    link->refusal = why;
}

/* ---- pairing ------------------------------------------------------------------------------- */

/* The pairing needs this link no more: say goodbye behind its last message. */
static void end_when_unneeded(struct dsb_link *link, const struct dsb_pairing *pairing)
{
    if (!dsb_pairing_has_link(pairing, dsb_link_role(link)))
        link->bye_due = true;
}

static enum nx_status pairing_frame(struct dsb_link *link, struct nx_instant now,
                                    struct dsb_pairing *pairing, const struct dsb_frame *frame)
{
    enum dsb_pairing_role role = dsb_link_role(link);

    if (frame->kind == DSB_FRAME_GOAWAY) {
        dsb_pairing_link_lost(pairing, now, role);
        link->state = DSB_LINK_OVER;
        return NX_OK;
    }
    if (frame->kind != DSB_FRAME_PAIR) { /* whoever is not paired has no streams */
        dsb_pairing_link_lost(pairing, now, role);
        link->bye_due = true;
        return NX_E_STATE;
    }

    enum nx_status status = dsb_pairing_input(pairing, now, role, frame->body);
    end_when_unneeded(link, pairing);

    /* A wrong code and its like end the pairing, and that tells of them; the link broke no rule. */
    return status == NX_E_MALFORMED ? status : NX_OK;
}

static enum nx_status pairing_input(struct dsb_link *link, struct nx_instant now,
                                    struct dsb_pairing *pairing, struct nx_bytes in, size_t *used)
{
    while (link->state == DSB_LINK_PAIRING && !link->bye_due) {
        struct dsb_frame frame;
        size_t frame_len;
        enum nx_status status = dsb_frame_decode(in, &frame, &frame_len);

        if (status == NX_WOULD_BLOCK)
            return NX_OK;
        if (status == NX_OK) {
            *used += frame_len;
            in = nx_bytes_skip(in, frame_len);
            status = pairing_frame(link, now, pairing, &frame);
        } else {
            dsb_pairing_link_lost(pairing, now, dsb_link_role(link));
            link->bye_due = true;
        }
        if (status != NX_OK)
            return status;
    }
    return in.len == 0 ? NX_OK : NX_E_CLOSED;
}

/* A message that was taken cannot be given back: there is room for it, and for a goodbye. */
static bool has_room(const struct nx_writer *out)
{
    return nx_writer_room(out) >= 2 * (DSB_FRAME_HEAD_LEN + DSB_PAIR_PAYLOAD_MAX);
}

static void put_pair(struct nx_writer *out, const struct nx_writer *message)
{
    const struct dsb_frame frame = {.kind = DSB_FRAME_PAIR, .body = nx_writer_bytes(message)};

    NX_CHECK(dsb_frame_encode(&frame, out) == NX_OK);
}

static void put_bye(struct dsb_link *link, struct nx_writer *out)
{
    const struct dsb_frame bye = {.kind = DSB_FRAME_GOAWAY,
                                  .code = DSB_GOAWAY_BYE,
                                  .body = nx_bytes_of_text("this link was for pairing")};

    NX_CHECK(dsb_frame_encode(&bye, out) == NX_OK);
    link->state = DSB_LINK_OVER;
}

static void pairing_output(struct dsb_link *link, struct dsb_pairing *pairing,
                           struct nx_writer *out)
{
    uint8_t bytes[DSB_PAIR_PAYLOAD_MAX];
    struct nx_writer message = nx_writer_over(bytes, sizeof(bytes));

    if (!has_room(out))
        return;
    if (dsb_pairing_output(pairing, dsb_link_role(link), &message))
        put_pair(out, &message);
    nx_crypto_wipe(bytes, sizeof(bytes));

    end_when_unneeded(link, pairing);
    if (link->bye_due)
        put_bye(link, out);
}

static void put_duplicate(struct dsb_link *link, struct nx_writer *out)
{
    const struct dsb_frame duplicate = {.kind = DSB_FRAME_GOAWAY,
                                        .code = DSB_GOAWAY_DUPLICATE,
                                        .body = nx_bytes_of_text("another session stays")};

    NX_CHECK(dsb_frame_encode(&duplicate, out) == NX_OK);
    link->state = DSB_LINK_OVER;
}

static void refusal_output(struct dsb_link *link, struct nx_writer *out)
{
    uint8_t bytes[DSB_PAIR_PAYLOAD_MAX];
    struct nx_writer message = nx_writer_over(bytes, sizeof(bytes));

    if (!has_room(out))
        return;
    if (link->info.purpose == DSB_LINK_TO_TALK) {
        put_duplicate(link, out);
        return;
    }
    dsb_pairing_refuse(link->refusal, &message);
    put_pair(out, &message);
    put_bye(link, out);
}

/* ---- all ----------------------------------------------------------------------------------- */

enum nx_status dsb_link_input(struct dsb_link *link, struct nx_instant now,
                              struct dsb_pairing *pairing, struct nx_bytes in, size_t *used)
{
    *used = 0;
    switch (link->state) {
    case DSB_LINK_PAIRING:
        return pairing_input(link, now, pairing, in, used);
    case DSB_LINK_SESSION:
        return dsb_mux_input(&link->mux, now, in, used);
    case DSB_LINK_REFUSED: /* nothing that comes matters any more */
        *used = in.len;
        return NX_OK;
    case DSB_LINK_FREE:
    case DSB_LINK_OVER:
        break;
    }
    return NX_E_CLOSED;
}

bool dsb_link_output(struct dsb_link *link, struct dsb_pairing *pairing, struct nx_writer *out)
{
    size_t before = out->len;

    switch (link->state) {
    case DSB_LINK_PAIRING:
        pairing_output(link, pairing, out);
        break;
    case DSB_LINK_SESSION:
        (void)dsb_mux_output(&link->mux, out);
        break;
    case DSB_LINK_REFUSED:
        refusal_output(link, out);
        break;
    case DSB_LINK_FREE:
    case DSB_LINK_OVER:
        break;
    }
    return out->len > before;
}

void dsb_link_break(struct dsb_link *link, struct nx_instant now, struct dsb_pairing *pairing,
                    enum nx_status status, const char *why)
{
    if (link->state == DSB_LINK_SESSION)
        dsb_mux_break(&link->mux, status, why);
    if (link->state == DSB_LINK_PAIRING) {
        dsb_pairing_link_lost(pairing, now, dsb_link_role(link));
        link->bye_due = true;
    }
}

void dsb_link_cut(struct dsb_link *link, struct nx_instant now, struct dsb_pairing *pairing)
{
    if (link->state == DSB_LINK_PAIRING)
        dsb_pairing_link_lost(pairing, now, dsb_link_role(link));
    if (link->state == DSB_LINK_SESSION)
        dsb_mux_cut(&link->mux);
    else
        link->state = DSB_LINK_OVER;
}

void dsb_link_wipe(struct dsb_link *link)
{
    if (link->state == DSB_LINK_SESSION)
        dsb_mux_wipe(&link->mux);
    nx_crypto_wipe(&link->info, sizeof(link->info));
    link->state = DSB_LINK_FREE;
}

void dsb_link_wipe_when_done(struct dsb_link *link)
{
    if (link->is_down && link->end_was_told && !link->unpair_due)
        dsb_link_wipe(link);
}
