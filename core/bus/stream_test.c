#include "core/bus/stream.h"

#include "tests/unit/unit.h"

#define OPEN   DSB_STREAM_OPEN
#define LOCAL  DSB_STREAM_HALF_CLOSED_LOCAL
#define REMOTE DSB_STREAM_HALF_CLOSED_REMOTE
#define CLOSED DSB_STREAM_CLOSED
#define RESET  DSB_STREAM_RESET

/* Every edge there is, and every one that there is not. */
/* clang-format off */
static const struct {
    const char *name;
    enum dsb_stream_state from;
    enum dsb_stream_input input;
    enum dsb_stream_state to;
    enum nx_status status;
} edges[] = {
    {"open: our CLOSE closes our half", OPEN, DSB_STREAM_SEND_CLOSE, LOCAL, NX_OK},
    {"open: the peer's CLOSE closes its half", OPEN, DSB_STREAM_RECEIVE_CLOSE, REMOTE, NX_OK},
    {"open: our reset resets", OPEN, DSB_STREAM_SEND_RESET, RESET, NX_OK},
    {"open: the peer's reset resets", OPEN, DSB_STREAM_RECEIVE_RESET, RESET, NX_OK},
    {"half closed by us: a second CLOSE of ours is none", LOCAL, DSB_STREAM_SEND_CLOSE, LOCAL,
      NX_E_STATE},
    {"half closed by us: the peer's CLOSE closes", LOCAL, DSB_STREAM_RECEIVE_CLOSE, CLOSED, NX_OK},
    {"half closed by us: our reset resets", LOCAL, DSB_STREAM_SEND_RESET, RESET, NX_OK},
    {"half closed by us: the peer's reset resets", LOCAL, DSB_STREAM_RECEIVE_RESET, RESET, NX_OK},
    {"half closed by the peer: our CLOSE closes", REMOTE, DSB_STREAM_SEND_CLOSE, CLOSED, NX_OK},
    {"half closed by the peer: a second CLOSE of its is none", REMOTE, DSB_STREAM_RECEIVE_CLOSE,
      REMOTE, NX_E_STATE},
    {"half closed by the peer: our reset resets", REMOTE, DSB_STREAM_SEND_RESET, RESET, NX_OK},
    {"half closed by the peer: its reset resets", REMOTE, DSB_STREAM_RECEIVE_RESET, RESET, NX_OK},
    {"closed: a further CLOSE of ours is none", CLOSED, DSB_STREAM_SEND_CLOSE, CLOSED, NX_E_STATE},
    {"closed: a further CLOSE of the peer is none", CLOSED, DSB_STREAM_RECEIVE_CLOSE, CLOSED,
      NX_E_STATE},
    {"closed is not gone: we may give up what is unconfirmed", CLOSED, DSB_STREAM_SEND_RESET, RESET,
      NX_OK},
    {"closed is not gone: the peer may give it up", CLOSED, DSB_STREAM_RECEIVE_RESET, RESET, NX_OK},
    {"reset: our CLOSE is none", RESET, DSB_STREAM_SEND_CLOSE, RESET, NX_E_STATE},
    {"reset: the peer's CLOSE is none", RESET, DSB_STREAM_RECEIVE_CLOSE, RESET, NX_E_STATE},
    {"reset: a second reset of ours changes nothing", RESET, DSB_STREAM_SEND_RESET, RESET, NX_OK},
    {"reset: a second reset of the peer changes nothing", RESET, DSB_STREAM_RECEIVE_RESET, RESET,
      NX_OK},
};
/* clang-format on */

UNIT_SUITE(stream_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(edges); i++) {
        enum dsb_stream_state state = edges[i].from;

        unit_row(edges[i].name);
        EXPECT_STATUS(dsb_stream_enter(&state, edges[i].input), edges[i].status);
        EXPECT_EQ(state, edges[i].to);
    }

    unit_row("the table of edges is complete: five states, four inputs");
    EXPECT_EQ(NX_COUNT_OF(edges), 5 * 4);

    unit_row("a state has a word, and a number that is none has one too");
    EXPECT_TEXT(dsb_stream_state_name(DSB_STREAM_OPEN), "open");
    EXPECT_TEXT(dsb_stream_state_name(DSB_STREAM_HALF_CLOSED_LOCAL), "half-closed-local");
    EXPECT_TEXT(dsb_stream_state_name(DSB_STREAM_HALF_CLOSED_REMOTE), "half-closed-remote");
    EXPECT_TEXT(dsb_stream_state_name(DSB_STREAM_CLOSED), "closed");
    EXPECT_TEXT(dsb_stream_state_name(DSB_STREAM_RESET), "reset");
    EXPECT_TEXT(dsb_stream_state_name((enum dsb_stream_state)7), "unknown");
}
