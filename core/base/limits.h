/* Limits: every hard maximum of the system in one place, with its arithmetic.
 *
 * A maximum here sizes arrays and bounds decoders. The smaller figures that one machine runs with
 * (its profile: a host, a board) are a `struct dsb_profile`, given at init and never above these.
 * docs/contracts/limits.md is this file for readers. */
#ifndef NX_CORE_BASE_LIMITS_H
#define NX_CORE_BASE_LIMITS_H

#include <stdint.h>

/* ---- base ---------------------------------------------------------------------------------- */

#define NX_MARKER_LINE_MAX   256 /* bytes of one marker line */
#define NX_MARKER_BURST      256 /* lines at once */
#define NX_MARKER_PER_SECOND 64  /* lines a second after that */
#define NX_JSON_DEPTH_MAX    32 /* containers inside one another; the writer keeps a bit for each */

/* ---- names and ids ------------------------------------------------------------------------- */

#define DSB_ID_LEN      32 /* raw device id: SHA-256 of the Ed25519 public key */
#define DSB_ID_TEXT_MAX 64 /* as 64 hex digits; a localSim id is 1..64 bytes of text */

/* ---- store --------------------------------------------------------------------------------- */

#define NX_STORE_KEY_MAX    64    /* bytes of a key */
#define NX_STORE_VALUE_MAX  65536 /* bytes of a value: the registry, full, is the largest */
#define NX_STORE_WRITES_MAX 16    /* writes under way at once, three for each key written often */
#define NX_STORE_ASIDE_MAX  99    /* damaged values of one key that are kept */
#define NX_STORE_NAME_MAX   (NX_STORE_KEY_MAX + 7) /* with ".bad-99" behind it */
#define NX_STORE_HELD_MAX   32                     /* values that the driver over memory can hold */

/* ---- identity and handshake (docs/contracts/wire.md §1) --------------------------------------- */

#define DSB_IDENTITY_FILE_LEN   82  /* {"signing_key":"..."}: 18 of form, 64 hex digits */
#define DSB_IDENTITY_FILE_MAX   256 /* bytes of one that we look at: somebody may have laid it out */
#define DSB_HANDSHAKE_MAX       2048 /* bytes of the second and the third message */
#define DSB_HANDSHAKE_FRAME_MAX (4 + DSB_HANDSHAKE_MAX) /* with the length before it */
#define DSB_HANDSHAKE_FIRST_LEN (4 + 48)                /* the first message, whole */
#define DSB_HANDSHAKE_S         5    /* from a connection's first moment to its admission */
#define DSB_PROOF_TEXT_MAX      496  /* 114 of form and id; 96 numbers of 3 digits, 94 commas */
#define DSB_PROOF_PAYLOAD_MAX   2000 /* what fits into the second message: 2,048 - 48 */
#define DSB_PROOF_MEMBERS_MAX   16   /* of the object: three are ours, others are ignored */
#define DSB_PROOF_NODES_MAX     256  /* values and keys: 103 are ours */

#define DSB_ADMISSION_LEN_MAX 256 /* of either admission message as we write it: one segment */

_Static_assert(DSB_PROOF_TEXT_MAX == 114 + 96 * 3 + 94, "the longest proof");
_Static_assert(DSB_PROOF_PAYLOAD_MAX == DSB_HANDSHAKE_MAX - (32 + 16), "a key and a tag beside it");

#define DSB_V1_FRAME_SEGMENT_MAX 8168  /* bytes of a Frame of one segment of 8 KiB */
#define DSB_V1_FRAME_BYTES_MAX   65464 /* of any: the most whose message fits a record */
#define DSB_V1_FRAME_LEN_MAX     65512 /* of its message: 16 + 24 + 8 + 65,464 */
#define DSB_V1_ALLOWED_MAX       16    /* ids that a run is told to serve as v1 */
#define DSB_V1_KNOWN_MAX         256 /* pinned as v1, or native for good: 128 paired ones, and history */

_Static_assert(DSB_V1_FRAME_SEGMENT_MAX == 8192 - 8 * 3, "three words beside them");
_Static_assert(DSB_V1_FRAME_LEN_MAX == 8 * 6 + DSB_V1_FRAME_BYTES_MAX &&
                   DSB_V1_FRAME_LEN_MAX <= 65535 - 16 && DSB_V1_FRAME_LEN_MAX + 8 > 65535 - 16,
               "one word more is no record");

/* ---- frames (docs/contracts/wire.md §3) ------------------------------------------------------ */

#define DSB_FRAME_HEAD_LEN    12
#define DSB_FRAME_PAYLOAD_MAX 32768
#define DSB_FRAME_MAX         (DSB_FRAME_HEAD_LEN + DSB_FRAME_PAYLOAD_MAX) /* 32,780 */
#define DSB_STREAM_NAME_MAX   64
#define DSB_PAIR_PAYLOAD_MAX  256

/* ---- records (docs/contracts/wire.md §3) ----------------------------------------------------- */

#define DSB_RECORD_HEAD_LEN     4
#define DSB_RECORD_BODY_MAX     65535 /* one Noise message */
#define DSB_RECORD_PLAIN_MAX    65519 /* without its tag of 16 */
#define DSB_RECORD_MAX          (DSB_RECORD_HEAD_LEN + DSB_RECORD_BODY_MAX) /* 65,539 */
#define DSB_RECORD_REST_S       10    /* from a record's first byte to its last */
#define DSB_RECORD_REKEY_COUNT  65536 /* records of a direction under one key, native sessions */
#define DSB_RECORD_V1_COUNT_MAX 4294967296u /* records of a direction, v1 sessions: 2^32 */

/* ---- gate (docs/contracts/wire.md §1) ---------------------------------------------------------- */

#define DSB_GATE_PLACES_MAX        64 /* half-open handshakes of a node, on the responder's side */
#define DSB_GATE_KEPT              16 /* of those: kept for known sources, and as many for strangers */
#define DSB_GATE_PER_SOURCE_MAX    4 /* of one source: an IPv4 address, an IPv6 prefix of 64 bits */
#define DSB_GATE_SOURCES_MAX       256  /* sources that are remembered */
#define DSB_GATE_KNOWN_MAX         128  /* of those: sources that completed a session */
#define DSB_GATE_DELAY_MAX_MS      2000 /* that a first message waits for us, whatever was done */
#define DSB_GATE_SLOW_MS           1000 /* after which a handshake may have to go for a newer one */
#define DSB_GATE_SOURCE_BURST      8    /* handshakes of a source that begin at once, */
#define DSB_GATE_SOURCE_PER_SECOND 2    /* and a second after that */
#define DSB_GATE_FAILED_COST       4 /* handshakes that one counts for, besides itself, if it fails */
#define DSB_GATE_NODE_BURST        8 /* first messages of all strangers, or of all known sources, */
#define DSB_GATE_NODE_PER_SECOND   8 /* and a second after that */

/* A turn is granted up to 2 s ahead and has 1 s to be used: 32 at a time. Beside those there are 16
 * places to wait for one, when either sort leaves the other its quarter. */
_Static_assert(DSB_GATE_NODE_BURST + DSB_GATE_NODE_PER_SECOND *
                                         (DSB_GATE_DELAY_MAX_MS + DSB_GATE_SLOW_MS) / 1000 <=
                   DSB_GATE_PLACES_MAX - 2 * DSB_GATE_KEPT,
               "a flood takes away no turn that was granted");
_Static_assert(DSB_GATE_KNOWN_MAX + DSB_GATE_PLACES_MAX < DSB_GATE_SOURCES_MAX,
               "there is always an entry that may be forgotten");
_Static_assert(DSB_GATE_KNOWN_MAX > DSB_GATE_PLACES_MAX,
               "and a known source that has nothing under way");
/* The third handshake message and the request leave together. */
#define DSB_SESSION_OUTPUT_MAX                                                                     \
    (DSB_HANDSHAKE_FRAME_MAX + DSB_RECORD_HEAD_LEN + DSB_ADMISSION_LEN_MAX + DSB_RECORD_BODY_MAX - \
     DSB_RECORD_PLAIN_MAX) /* 2,328 */

/* ---- mux ----------------------------------------------------------------------------------- */

#define DSB_STREAMS_PER_SESSION_MAX 128
#define DSB_CREDIT_INITIAL          65536u   /* what both sides start a stream with */
#define DSB_CREDIT_STREAM_MAX       1048576u /* one stream's grant: 1 MiB */
#define DSB_CREDIT_SESSION_MAX      8388608u /* all grants of one session: 8 MiB */
#define DSB_CREDIT_GROWTH_MAX       4194304u /* of those, beyond what streams start with: 4 MiB */
#define DSB_CREDIT_NODE_MAX         1073741824u /* all grants of one node: 1 GiB */
#define DSB_QUEUES_NODE_MAX         1073741824u /* accepted and unsent, all of one node: 1 GiB */
#define DSB_CREDIT_FRAME_MIN        64u         /* what the smallest DATA frame costs */
#define DSB_PRIORITY_COUNT          8
#define DSB_HIGH_PRIORITY_BURST     8
#define DSB_OPEN_BURST              256 /* OPENs at once from a peer */
#define DSB_OPEN_PER_SECOND         128 /* and a second after that */
#define DSB_RST_WAITING_MAX         16  /* refusals that may wait unsent */

/* Every stream of a session can be granted what it starts with. */
_Static_assert(DSB_STREAMS_PER_SESSION_MAX *DSB_CREDIT_INITIAL == DSB_CREDIT_SESSION_MAX,
               "a session's grants hold the initial credit of all its streams");

/* However far windows have grown, half of a session's streams can still be opened. */
_Static_assert(DSB_CREDIT_SESSION_MAX - DSB_CREDIT_GROWTH_MAX ==
                   DSB_STREAMS_PER_SESSION_MAX / 2 * DSB_CREDIT_INITIAL,
               "growth leaves room for half of the streams");

#define DSB_STREAMS_PER_NODE_MAX 65534 /* slots are named by 16 bits, one value of them is none */

/* A frame waits as its bytes and a head of 4, and it costs at least 64 of credit, so that no more
 * than 17/16 of the credit granted can be asked of memory. */
#define DSB_PART_HEAD_LEN 4
_Static_assert(DSB_QUEUES_NODE_MAX < 0x80000000u, "a part's length and one bit fit its head");
_Static_assert((DSB_CREDIT_FRAME_MIN + DSB_PART_HEAD_LEN) * 16 == DSB_CREDIT_FRAME_MIN * 17,
               "the smallest frame that pays for its bytes alone");

/* ---- net (docs/contracts/net.md) ------------------------------------------------------------ */

#define NX_NET_PARTS_MAX    16   /* spans of one send or receive */
#define NX_NET_BACKLOG_MAX  128  /* connections that wait to be accepted, at one listener */
#define NX_NET_DATAGRAM_MAX 1232 /* 1,280 that every IPv6 link carries, less heads of 40 and 8 */

_Static_assert(NX_NET_DATAGRAM_MAX == 1280 - 40 - 8, "a datagram is never cut up on its way");

/* ---- discovery (docs/contracts/discovery.md) ------------------------------------------------ */

#define DSB_BEACON_MAX              256 /* bytes of one beacon that we send or look at */
#define DSB_BEACON_SERVICES_MAX     16
#define DSB_BEACON_SERVICE_NAME_MAX 64
#define DSB_BEACON_NAME_MAX         32
#define DSB_BEACON_TTL_MIN_S        1
#define DSB_BEACON_TTL_MAX_S        300

/* 41 + id without services, 79 + name of trailer: whoever drops the services may keep the name. */
_Static_assert(41 + DSB_ID_TEXT_MAX + 79 + DSB_BEACON_NAME_MAX <= DSB_BEACON_MAX,
               "the longest id, the longest name and a signature fit into one beacon");
_Static_assert(DSB_BEACON_MAX <= NX_NET_DATAGRAM_MAX, "a beacon is one datagram");

/* clang-format off */
#define DSB_CANDIDATES_MAX                 4   /* addresses kept of one device */
#define DSB_NEIGHBOUR_SERVICES_CAP         96  /* bytes kept of its service names */
#define DSB_DISCOVERY_TTL_S                60  /* of a beacon that names none, and of a session */
#define DSB_NETWORKS_MAX                   64  /* networks of ours that candidates are on */
#define DSB_DISCOVERY_UNICAST_MAX          16  /* configured addresses that beacons go to */
#define DSB_DISCOVERY_EVENTS_MAX           32  /* not yet taken; further ones become one "missed" */
#define DSB_DISCOVERY_INTERVAL_MIN_MS      100 /* so that a boot counts to 2^32 in 13 years */
#define DSB_DISCOVERY_KNOWN_BURST          4   /* beacons of a paired device from where it was proved */
#define DSB_DISCOVERY_KNOWN_PER_SECOND     2
#define DSB_DISCOVERY_ELSEWHERE_BURST      4   /* and from anywhere else */
#define DSB_DISCOVERY_ELSEWHERE_PER_SECOND 1
#define DSB_DISCOVERY_VERIFY_PER_SECOND    10  /* signatures of each of the two sorts, all devices */
#define DSB_BEACONS_INTERFACES_MAX         16  /* chosen, of one machine */
#define DSB_BEACONS_BATCH                  32  /* datagrams of a family taken in one turn */
/* clang-format on */

/* A signature costs about 50 microseconds on a host: 1 in 1,000 of a core, whoever sends what. */
_Static_assert(2 * DSB_DISCOVERY_VERIFY_PER_SECOND == 20, "20 signatures a second in all");
_Static_assert(2 * DSB_BEACONS_BATCH == 64, "a flood costs 64 datagrams a turn, two families");

/* {"version":1,"boots":} and ten digits: the boot counter as it is stored. */
#define DSB_BOOT_LEN_MAX  (22 + 10)
#define DSB_BOOT_FILE_MAX 256 /* bytes of one that is looked at */

/* ---- pairing (docs/contracts/pairing.md) ---------------------------------------------------- */

#define DSB_PAIRING_CODE_LEN         6    /* ASCII digits */
#define DSB_PAIRING_CODE_LIFE_S      120  /* of an offer, and of an accept that found no link */
#define DSB_PAIRING_SESSION_S        130  /* of an UNPAIRED session: a code's life and an answer */
#define DSB_PAIRING_SESSIONS_MAX     4    /* UNPAIRED sessions of a node, those told "busy" too */
#define DSB_PAIRING_STARTS_MAX       3    /* runs that may begin under one code */
#define DSB_PAIRING_OFFERS_PER_HOUR  10   /* local acts */
#define DSB_PAIRING_ACCEPTS_PER_HOUR 10   /* likewise */
#define DSB_PAIRING_FAILED_PER_HOUR  10   /* failed codes of a node, offers and accepts together */
#define DSB_PAIRING_FAILED_FREE      3    /* failed codes of one device before it has to wait */
#define DSB_PAIRING_WAIT_FIRST_S     60   /* after the third; doubled by every one after that */
#define DSB_PAIRING_WAIT_MAX_S       3600 /* and never longer */
#define DSB_PAIRING_SUSPECTS_MAX     16   /* devices whose failed codes are remembered */
#define DSB_PAIRING_EVENTS_MAX       8    /* news that may wait untaken */

/* A wait that still runs was begun by one of the last hour's failed codes, so at most ten devices
 * wait at once: there is always an entry for one more that forgets nobody who waits. */
_Static_assert(DSB_PAIRING_SUSPECTS_MAX > DSB_PAIRING_FAILED_PER_HOUR &&
                   DSB_PAIRING_WAIT_MAX_S <= 3600,
               "strangers cannot push a waiting device out of the table");

/* ---- registry (docs/contracts/registry.md) --------------------------------------------------- */

#define DSB_PEERS_MAX            128 /* paired devices of a node */
#define DSB_DISPLAY_NAME_MAX     64  /* bytes of UTF-8; a beacon's name is shorter */
#define DSB_REGISTRY_CHANGES_MAX 8   /* waiting, being stored, or not yet told */

_Static_assert(DSB_BEACON_NAME_MAX <= DSB_DISPLAY_NAME_MAX, "a name that was announced fits");

/* The longest peer: 59 bytes of form and comma, an id and a name that are all escapes, two keys as
 * hex, the twenty digits of a time. The rest: 168 of form; the acts of an hour, each a wait of at most
 * 3,600,000 ms and a comma; ten digits of a total and six of the 120,000 ms that spent digits wait;
 * suspects of 31 of form and comma, an id as hex, a count and a wait. The last element of each of the
 * five lists has no comma. */
#define DSB_REGISTRY_PEER_LEN_MAX \
    (59 + 2 * DSB_ID_TEXT_MAX + 2 * 64 + 2 * DSB_DISPLAY_NAME_MAX + 20) /* 463 */
#define DSB_REGISTRY_ACTS_MAX \
    (DSB_PAIRING_OFFERS_PER_HOUR + DSB_PAIRING_ACCEPTS_PER_HOUR + DSB_PAIRING_FAILED_PER_HOUR)
#define DSB_REGISTRY_REST_LEN_MAX \
    (168 + DSB_REGISTRY_ACTS_MAX * 8 + 10 + 6 + DSB_PAIRING_SUSPECTS_MAX * (31 + 64 + 10 + 7))
#define DSB_REGISTRY_LEN_MAX \
    (DSB_PEERS_MAX * DSB_REGISTRY_PEER_LEN_MAX + DSB_REGISTRY_REST_LEN_MAX - 5) /* 61,475 */
_Static_assert(DSB_REGISTRY_LEN_MAX <= NX_STORE_VALUE_MAX, "a full registry can be stored");

/* JSON nodes to read it: a peer has five members, a suspect three, and each member is a key and a
 * value. One peer more has room, so that one too many is told as a peer and not as a node. */
#define DSB_REGISTRY_NODES_MAX \
    (11 + 11 * (DSB_PEERS_MAX + 1) + 12 + DSB_REGISTRY_ACTS_MAX + 7 * DSB_PAIRING_SUSPECTS_MAX)

/* ---- v1 list (docs/contracts/registry.md) ----------------------------------------------------- */

_Static_assert(DSB_V1_KNOWN_MAX >= 2 * DSB_PEERS_MAX, "every paired device, and as many that were");

/* Form of 61, with the line feed; of each entry 20 of form, an id and a static as hex, and a comma,
 * less the last one's. One that is native is shorter. */
#define DSB_V1_LIST_LEN_MAX (61 + DSB_V1_KNOWN_MAX * (20 + 2 * 64 + 1) - 1) /* 38,204 */
_Static_assert(DSB_V1_LIST_LEN_MAX <= NX_STORE_VALUE_MAX, "a full list can be stored");

/* JSON nodes to read it: an entry has two members, each a key and a value. One more has room, so that
 * one too many is told as an entry. */
#define DSB_V1_NODES_MAX (9 + 5 * (DSB_V1_KNOWN_MAX + 1))

/* ---- links of a node ------------------------------------------------------------------------- */

#define DSB_LINKS_PER_PEER_MAX 3  /* two sessions, and one that is being closed */
#define DSB_SESSION_DOUBT_S    10 /* a session that somebody doubts is heard in so long, or over */
/* ---- reach (core/node/reach.h) ----------------------------------------------------------------- */

#define DSB_REACH_DIALS_MAX 8     /* dials under way at once; one is kept for what a person asks */
#define DSB_REACH_SOON_MS   1000  /* at most, before the first try */
#define DSB_REACH_FIRST_MS  1000  /* after a failure: at least; and doubled by every further one */
#define DSB_REACH_MAX_MS    60000 /* and never longer */
#define DSB_REACH_HELD_MS   30000 /* at least, while only a person can mend it */
#define DSB_REACH_LASTED_MS 10000 /* a session that lasted as long forgets the failures before it */
#define DSB_REACH_HURRY_MS  1000  /* at least, between two dials that were hurried */

/* ---- connections (core/node/connections.h) ---------------------------------------------------- */

#define DSB_LISTENERS_MAX      4
#define DSB_DIALS_MAX          12 /* devices dialled at once: those of reach, a pairing, v1 nodes */
#define DSB_CONNECTION_OUT_MAX (2 * (DSB_FRAME_MAX + 20)) /* two records of a full frame each */
#define DSB_CONNECTION_TURN_MAX \
    4 /* times that one is received from, and sent to, before the next */
#define DSB_CONNECTION_RECORDS_MAX \
    256 /* taken of one in a turn: 4 x 65,539 bytes of 1 KiB messages, each in its own record */
#define DSB_CONNECTION_LINGER_MS   1000 /* for the other side to close, once all was said */
#define DSB_CONNECTIONS_EVENTS_MAX 32
#define DSB_DIAL_TRY_S             3 /* until a socket is connected, or that address is given up */
#define DSB_DIAL_PROBE_S           4 /* the same of a probe: a system finds nobody there within 3 */
#define DSB_SESSION_LIFE_S         86400 /* then its dialler makes a new one: 24 h */
#define DSB_SESSION_AGAIN_S        60    /* after a try to do so that failed */

_Static_assert(DSB_DIAL_PROBE_S < DSB_HANDSHAKE_S && DSB_DIAL_TRY_S < DSB_HANDSHAKE_S,
               "a dial fails before its handshake is late");
_Static_assert(DSB_DIALS_MAX > DSB_REACH_DIALS_MAX + 1,
               "a pairing never waits for a device that is away");
_Static_assert(DSB_CONNECTION_OUT_MAX >= DSB_RECORD_MAX, "a frame of a v1 session, too");

/* ---- diagnosis (core/node/diagnosis.h) --------------------------------------------------------- */

#define DSB_EVIDENCE_SUBNETS_MAX 32 /* addresses of this machine that are looked at */

/* ---- Cap'n Proto (docs/capnp.md) ------------------------------------------------------------- */

#define NX_CAPN_WORDS_MAX           8192u  /* 64 KiB: nothing longer fits a record (65,519 bytes) */
#define NX_CAPN_TRAVERSAL_WORDS_MAX 32768u /* each word of the longest message four times */
#define NX_CAPN_DEPTH_DEFAULT       32
#define NX_CAPN_DEPTH_MAX           64 /* hard: a copy uses stack for each level */

_Static_assert(NX_CAPN_TRAVERSAL_WORDS_MAX == 4 * NX_CAPN_WORDS_MAX,
               "a message may be read, copied and read again");
_Static_assert(NX_CAPN_DEPTH_DEFAULT <= NX_CAPN_DEPTH_MAX, "the default keeps the hard bound");

/* ---- local IPC (docs/contracts/ipc.md) ------------------------------------------------------- */

#define NX_IPC_HEAD_LEN    24    /* a whole number of words: a body behind it is aligned as it is */
#define NX_IPC_BODY_MAX    65536 /* bytes: 64 KiB inline, above that it takes several messages */
#define NX_IPC_MESSAGE_MAX (NX_IPC_HEAD_LEN + NX_IPC_BODY_MAX) /* 65,560: one datagram */
#define NX_IPC_PARTS_MAX   8                                   /* spans that a body is sent from */
#define NX_IPC_CLIENTS_MAX 32                                  /* of one daemon at once */
#define NX_IPC_BACKLOG_MAX 16                                  /* that wait to be accepted */
#define NX_IPC_PATH_MAX    100 /* bytes of a socket's path; the system has 107 */

/* Bodies that are too long for a message come along with it as sealed memory. */
#define NX_IPC_BLOBS_MAX      4        /* with one message */
#define NX_IPC_BLOBS_HELD_MAX 8        /* that a daemon holds of one client */
#define NX_IPC_BLOB_BYTES_MAX 67108864 /* in those of one client together, and so in one: 64 MiB */

_Static_assert(NX_IPC_HEAD_LEN % 8 == 0, "words stay words");
_Static_assert(NX_IPC_BODY_MAX == NX_CAPN_WORDS_MAX * 8,
               "what a body can hold is what a reader of Cap'n Proto takes");

/* ---- typed calls (docs/contracts/rpc.md) ------------------------------------------------------ */

#define DSB_RPC_BODY_MAX 61440 /* bytes of a body: 60 KiB, so that its envelope fits beside it */
#define DSB_RPC_HEAD_MAX \
    512 /* bytes of an envelope besides the body: 192 are ours, the rest later ones' */
#define DSB_RPC_MESSAGE_MAX (DSB_RPC_BODY_MAX + DSB_RPC_HEAD_MAX) /* 61,952 */
#define DSB_RPC_SERVICE_MAX 60 /* bytes of a service's name: "rpc/" before it is a stream's */
#define DSB_RPC_CALLS_MAX   64 /* in flight on one stream */
#define DSB_RPC_DEADLINE_MAX_MS \
    3600000u                /* an hour; what takes longer tells of itself by other means */
#define DSB_RPC_ANSWER_S 30 /* seconds for the answer to a call that was given up */

_Static_assert(DSB_RPC_MESSAGE_MAX + DSB_CREDIT_FRAME_MIN <= DSB_CREDIT_INITIAL,
               "a message fits what every stream starts with, and the queue of a board");
_Static_assert(DSB_RPC_MESSAGE_MAX % 8 == 0 && DSB_RPC_MESSAGE_MAX / 8 <= NX_CAPN_WORDS_MAX &&
                   DSB_RPC_MESSAGE_MAX <= NX_IPC_BODY_MAX,
               "a reader takes it, and a program of this machine can be handed it in one piece");

#endif
