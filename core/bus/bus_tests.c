/* The suites of this room, in reading order. */
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

void admission_test(void);
void announcer_test(void);
void discovery_paired_test(void);
void discovery_test(void);
void gate_test(void);
void handshake_test(void);
void identity_proof_test(void);
void identity_test(void);
void keepalive_test(void);
void ledger_test(void);
void neighbour_test(void);
void neighbours_test(void);
void networks_test(void);
void noise_cipher_test(void);
void noise_test(void);
void pairing_act_test(void);
void pairing_budget_test(void);
void pairing_code_test(void);
void pairing_message_test(void);
void pairing_proof_test(void);
void pairing_spent_test(void);
void pairing_test(void);
void pairing_wait_test(void);
void peers_test(void);
void records_test(void);
void registry_json_test(void);
void registry_load_test(void);
void registry_test(void);
void session_test(void);
void stream_name_test(void);
void scheduler_test(void);
void pools_test(void);
void inbox_test(void);
void outbox_test(void);
void stream_test(void);
void streams_test(void);
void mux_test(void);
void mux_end_test(void);
void mux_flood_test(void);
void mux_ping_test(void);
void mux_random_test(void);
void byte_stream_test(void);
void msg_stream_test(void);
void streams_over_mux_test(void);
void v1_frame_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"bus/admission", admission_test},
        {"bus/announcer", announcer_test},
        {"bus/discovery", discovery_test},
        {"bus/discovery of paired devices", discovery_paired_test},
        {"bus/gate", gate_test},
        {"bus/handshake", handshake_test},
        {"bus/identity", identity_test},
        {"bus/identity_proof", identity_proof_test},
        {"bus/keepalive", keepalive_test},
        {"bus/ledger", ledger_test},
        {"bus/neighbour", neighbour_test},
        {"bus/neighbours", neighbours_test},
        {"bus/networks", networks_test},
        {"bus/noise", noise_test},
        {"bus/noise_cipher", noise_cipher_test},
        {"bus/pairing", pairing_test},
        {"bus/pairing_act", pairing_act_test},
        {"bus/pairing_budget", pairing_budget_test},
        {"bus/pairing_code", pairing_code_test},
        {"bus/pairing_message", pairing_message_test},
        {"bus/pairing_proof", pairing_proof_test},
        {"bus/pairing_spent", pairing_spent_test},
        {"bus/pairing_wait", pairing_wait_test},
        {"bus/peers", peers_test},
        {"bus/records", records_test},
        {"bus/registry", registry_test},
        {"bus/registry at its start", registry_load_test},
        {"bus/registry_json", registry_json_test},
        {"bus/session", session_test},
        {"bus/stream_name", stream_name_test},
        {"bus/scheduler", scheduler_test},
        {"bus/pools", pools_test},
        {"bus/inbox", inbox_test},
        {"bus/outbox", outbox_test},
        {"bus/stream", stream_test},
        {"bus/streams", streams_test},
        {"bus/mux", mux_test},
        {"bus/mux at an end", mux_end_test},
        {"bus/mux under a flood", mux_flood_test},
        {"bus/mux that is asked", mux_ping_test},
        {"bus/two muxes at random", mux_random_test},
        {"bus/byte_stream", byte_stream_test},
        {"bus/msg_stream", msg_stream_test},
        {"bus/streams over two muxes", streams_over_mux_test},
        {"bus/v1_frame", v1_frame_test},
    };

    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
