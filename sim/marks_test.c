/* A marker that says what is true is fine; one that comes early, twice or wrongly is found. */
#include "sim/marks.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

#define OTHER "0123456789abcdef"

static struct dsb_node node;
static struct dsb_peer peer;
static struct sim_marks marks;

static void begin(void)
{
    memset(&node, 0, sizeof(node));
    memset(&peer, 0, sizeof(peer));
    memcpy(peer.id_text, OTHER, sizeof(OTHER));
    node.config.world = DSB_WORLD_NET;
    node.is_started = true;
    dsb_peers_init(&node.registry.peers, &peer, 1);
    node.registry.peers.count = 1;
    sim_marks_begin(&marks);
}

static void expect(const char *line, const char *stored, const char *sentence)
{
    const char *said =
        sim_marks_check(&marks, &node, nx_bytes_of_text(stored), nx_bytes_of_text(line));

    EXPECT_TEXT(said == NULL ? "nothing" : said, sentence);
}

UNIT_SUITE(marks_test)
{
    unit_row("ready once, when the registry was read, and not twice");
    begin();
    expect("dsoftbusd: ready", "", "nothing");
    expect("dsoftbusd: ready", "", "ready was printed twice");

    unit_row("ready before the registry was read is found");
    begin();
    node.registry_status = NX_E_STATE;
    expect("dsoftbusd: ready", "", "ready was printed before the registry was read");

    unit_row("the count of devices that there are, once for each change");
    begin();
    expect("dsoftbus: discovered n=1", "", "nothing");
    expect("dsoftbus: discovered n=1", "", "a count of devices was printed that had not changed");
    expect("dsoftbus: discovered n=2", "", "another count of devices was printed than there are");

    unit_row("an offer that does not stand, or shows its digits, is found");
    begin();
    expect("dsoftbus: pair offer peer=" OTHER " code=hidden", "",
           "an offer was printed that does not stand");
    node.pairing.sides[DSB_PAIRING_OWNER].state = DSB_PAIRING_OPEN;
    memcpy(node.pairing.sides[DSB_PAIRING_OWNER].peer.id_text, OTHER, sizeof(OTHER));
    expect("dsoftbus: pair offer peer=" OTHER " code=hidden", "", "nothing");
    expect("dsoftbus: pair offer peer=" OTHER " code=123456", "",
           "the digits of an offer were printed");

    unit_row("paired before it was stored is found; after it, it is fine once");
    begin();
    expect("dsoftbus: paired peer=" OTHER, "{}", "paired was printed before it was stored");
    begin();
    expect("dsoftbus: paired peer=" OTHER, "{\"id\":\"" OTHER "\"}", "nothing");
    expect("dsoftbus: paired peer=" OTHER, OTHER, "paired was printed twice");
    EXPECT(sim_marks_paired(&marks, OTHER));
    EXPECT(!sim_marks_paired(&marks, OTHER));

    unit_row("paired with a device that the registry does not know is found");
    begin();
    node.registry.peers.count = 0;
    expect("dsoftbus: paired peer=" OTHER, OTHER,
           "paired was printed of a device that is not in the registry");

    unit_row("a stream that is not open is found");
    begin();
    expect("dsoftbus: msg open peer=" OTHER " ch=a", "",
           "a stream was printed as open that is not, or twice");

    unit_row("a line that is no marker is found");
    begin();
    expect("dsoftbus: hello", "", "a marker that is not in the catalogue");
}
