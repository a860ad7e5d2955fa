/* Peers: the devices that are paired or have a session, as the daemon tells them. */
#ifndef NX_CLI_NX_PEERS_H
#define NX_CLI_NX_PEERS_H

#include "cli/nx_show.h"
#include "cli/nx_talk.h"

/* Asks for them. Prints one line for each (with `only_paired`, not for v1 nodes that are merely
 * connected), or, where these are not NULL, adds each to the array `peers` and those in a session to
 * the array `sessions`. `*count`: how many there were. */
enum cli_exit cli_list_peers(struct cli *cli, bool only_paired, json_t *peers, json_t *sessions,
                             uint32_t *count);

/* An array of texts. */
json_t *cli_json_texts(struct nx_capn_list texts);

/* "v1" or "native". */
const char *cli_protocol_name(uint16_t protocol);

#endif
