#include "core/node/judge.h"

#include "core/base/memory.h"
#include "core/node/node_internal.h"

void dsb_node_attested(struct dsb_node *n, struct nx_instant now, const uint8_t id[DSB_ID_LEN])
{
    dsb_v1_list_attested(&n->v1, id);
    dsb_node_work(n, now);
}

bool dsb_node_says_paired(const struct dsb_node *n, const struct dsb_pairing_device *device)
{
    return dsb_node_knows(n, device) == NX_OK;
}

/* ---- v1 ------------------------------------------------------------------------------------ */

enum nx_status dsb_node_judge_v1(const struct dsb_node *n, const uint8_t id[DSB_ID_LEN],
                                 const uint8_t noise_static[NX_X25519_LEN], bool is_v1_dial)
{
    if (n->is_shut_down)
        return NX_E_BUSY;
    if (n->registry_status != NX_OK) /* nobody knows who is native */
        return n->registry_status;
    if (dsb_registry_find(&n->registry, id) != NULL)
        return NX_E_IDENTITY;
    return dsb_v1_list_check(&n->v1, id, noise_static, is_v1_dial);
}

void dsb_node_v1_is_up(struct dsb_node *n, struct nx_instant now, const uint8_t id[DSB_ID_LEN],
                       const uint8_t noise_static[NX_X25519_LEN])
{
    if (dsb_registry_find(&n->registry, id) == NULL)
        dsb_v1_list_pin(&n->v1, id, noise_static);
    dsb_node_work(n, now);
}

static bool is_pinned_as_v1(const struct dsb_node *n, const uint8_t id[DSB_ID_LEN])
{
    const struct dsb_v1_entry *known = dsb_v1_list_find(&n->v1, id);

    return known != NULL && !known->is_native;
}

static enum dsb_refusal judge_v1(struct dsb_node *n, struct nx_instant now,
                                 const struct dsb_question *q)
{
    if (q->purpose != DSB_PURPOSE_SESSION)
        return DSB_REFUSAL_V1;

    enum nx_status status = dsb_node_judge_v1(n, q->device.id, q->device.noise_static, false);
    if (status == NX_E_LIMIT)
        return DSB_REFUSAL_LIMIT;
    if (status == NX_E_IDENTITY && is_pinned_as_v1(n, q->device.id))
        return DSB_REFUSAL_IDENTITY;
    if (status != NX_OK)
        return DSB_REFUSAL_V1;
    dsb_node_v1_is_up(n, now, q->device.id, q->device.noise_static);
    return DSB_REFUSAL_NONE;
}

/* ---- native -------------------------------------------------------------------------------- */

static enum dsb_refusal judge_room(const struct dsb_node *n, enum dsb_link_purpose purpose,
                                   const struct dsb_question *q)
{
    switch (dsb_node_room_for(n, purpose, q->device.id)) {
    case DSB_NODE_ROOM:
        break;
    case DSB_NODE_NO_LINK:
    case DSB_NODE_NO_LINK_OF_PEER:
    case DSB_NODE_NO_LINK_OF_PAIRING:
        return DSB_REFUSAL_LIMIT;
    case DSB_NODE_NO_NEWS:
        return DSB_REFUSAL_BUSY;
    }
    return DSB_REFUSAL_NONE;
}

static enum dsb_refusal judge_session(const struct dsb_node *n, const struct dsb_question *q)
{
    bool we_say_paired = dsb_node_says_paired(n, &q->device);

    if (!we_say_paired && !q->is_paired)
        return DSB_REFUSAL_UNKNOWN;
    if (!we_say_paired || !q->is_paired)
        return DSB_REFUSAL_ONE_SIDED;
    return judge_room(n, DSB_LINK_TO_TALK, q);
}

static enum dsb_refusal judge_pairing(const struct dsb_node *n, struct nx_instant now,
                                      const struct dsb_question *q)
{
    enum nx_status status = dsb_pairing_admits(&n->pairing, now, DSB_PAIRING_OWNER, q->device.id);

    if (status != NX_OK)
        return status == NX_E_BUSY ? DSB_REFUSAL_BUSY : DSB_REFUSAL_DENIED;
    return judge_room(n, DSB_LINK_TO_PAIR, q);
}

enum dsb_refusal dsb_node_judge(struct dsb_node *n, struct nx_instant now,
                                const struct dsb_question *q)
{
    if (q->protocol != DSB_PROTOCOL_V1)
        dsb_node_attested(n, now, q->device.id);
    if (n->is_shut_down)
        return DSB_REFUSAL_BUSY;
    if (n->registry_status != NX_OK)
        return DSB_REFUSAL_DENIED;
    if (q->protocol == DSB_PROTOCOL_V1)
        return judge_v1(n, now, q);
    if (dsb_node_knows(n, &q->device) == NX_E_IDENTITY)
        return DSB_REFUSAL_IDENTITY;

    switch (q->purpose) {
    case DSB_PURPOSE_SESSION:
        return judge_session(n, q);
    case DSB_PURPOSE_PAIR:
        return judge_pairing(n, now, q);
    }
    return DSB_REFUSAL_DENIED;
}
