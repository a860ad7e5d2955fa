/* Commands: what the rows of nx's table run. Each is handed what was typed, talks to the daemon, and
 * has told what came of it by the time it returns. */
#ifndef NX_CLI_NX_COMMANDS_H
#define NX_CLI_NX_COMMANDS_H

#include "cli/nx_show.h"
#include "cli/nx_talk.h"

enum cli_exit cli_help(struct cli *cli);
enum cli_exit cli_completion(struct cli *cli);

enum cli_exit cli_status(struct cli *cli);
enum cli_exit cli_limits(struct cli *cli);
enum cli_exit cli_bugreport(struct cli *cli);

enum cli_exit cli_doctor(struct cli *cli);

enum cli_exit cli_discover(struct cli *cli);
enum cli_exit cli_peers(struct cli *cli);
enum cli_exit cli_paired(struct cli *cli);
enum cli_exit cli_watch_bus(struct cli *cli);

enum cli_exit cli_pair_offer(struct cli *cli);
enum cli_exit cli_pair_accept(struct cli *cli);
enum cli_exit cli_unpair(struct cli *cli);

enum cli_exit cli_connect(struct cli *cli);
enum cli_exit cli_ping(struct cli *cli);
enum cli_exit cli_bus_call(struct cli *cli);

enum cli_exit cli_msg_send(struct cli *cli);
enum cli_exit cli_msg_recv(struct cli *cli);
enum cli_exit cli_frame_send(struct cli *cli);
enum cli_exit cli_frame_recv(struct cli *cli);
enum cli_exit cli_byte_send(struct cli *cli);
enum cli_exit cli_byte_recv(struct cli *cli);

/* The figures of `limits`, as an array. */
json_t *cli_json_of_limits(struct nx_capn_list limits);

#endif
