"""Small trees that break one rule each, and some that only look as if they did."""

import rules

def including(path, name):
    """A tree where `path` includes `name`."""
    return {path: f"#include {name}\n", "core/base/text.h": ""}


def page(section, text):
    return {rules.CATALOGUE: f"# Markers\n\n## {section}\n\n| `{text}` | when | where |\n"}


PRINTS = {"core/node/node.c": 'void f(void) { emit("dsoftbus: paired peer="); }\n'}
FORMATS = {"host/main.c": 'printf("dsoftbus: paired peer=%s\\n", id);\n'}
COMMENT = {"core/node/node.c": '/* prints "dsoftbus: paired peer=" */\n'}
EXPECTS = {"core/node/node_test.c": 'EXPECT("dsoftbus: paired peer=");\n'}

TWELVE = {rules.LIMITS_CODE: "#define DSB_HEAD 4u /* bytes */\n#define DSB_MAX (DSB_HEAD + 8)\n"}
CLOSED = {rules.STATUS_CODE: "enum nx_status {\n    NX_E_CLOSED = -5, /* used after its end */\n};\n",
          rules.STATUS_WORDS: 'x = { {NX_E_CLOSED, "closed", "already closed"} };\n'}


def limits_page(head, most):
    return {rules.LIMITS_PAGE: f"| `DSB_HEAD` | {head} | why |\n| `DSB_MAX` | {most} | why |\n"}


def errors_page(row):
    return {rules.STATUS_PAGE: f"{row} EPIPE | it means | do |\n"}


SUITE = {"core/base/hex_test.c": "UNIT_SUITE(hex_test)\n{\n}\n"}
LISTED = {"core/base/base_tests.c": 'void hex_test(void);\n {"base/hex", hex_test},\n'}
DECLARED = {"core/base/base_tests.c": "void hex_test(void);\n"}

# (the row's name, the rule, the tree, is it broken?)
SAMPLES = [
    ("a room may include one to its left", rules.include_direction,
     including("core/wire/frame.c", '"core/base/text.h"'), False),
    ("a room may not include one to its right", rules.include_direction,
     including("core/base/text.c", '"core/wire/frame.h"'), True),
    ("a test of core may not either", rules.include_direction,
     including("core/base/text_test.c", '"core/wire/frame.h"'), True),
    ("a room that nobody ordered is found", rules.include_direction,
     including("core/misc/misc.c", '"core/base/text.h"'), True),
    ("core may not include host", rules.include_direction,
     including("core/wire/frame.c", '"host/tcp.h"'), True),
    ("a generated header has a direction too", rules.include_direction,
     including("core/base/text.c", '"schemas/net.capnp.h"'), True),
    ("a test of core may include the harness", rules.include_direction,
     including("core/base/text_test.c", '"tests/unit/unit.h"'), False),
    ("a test of core may not include other tests", rules.include_direction,
     including("core/base/text_test.c", '"tests/host/disk.h"'), True),
    ("core itself may not include the harness", rules.include_direction,
     including("core/base/text.c", '"tests/unit/unit.h"'), True),
    ("sim may not include host", rules.include_direction,
     including("sim/world.c", '"host/tcp.h"'), True),
    ("os may not include host", rules.include_direction,
     including("os/kernel/kernel.c", '"host/tcp.h"'), True),
    ("host may not include the SDK", rules.include_direction,
     including("host/tcp.c", '"sdk/include/nexus/svc_bus.h"'), True),
    ("the SDK may not include a daemon", rules.include_direction,
     including("sdk/bus.c", '"daemons/policyd/engine.h"'), True),
    ("a daemon may not include another one", rules.include_direction,
     including("daemons/samgrd/main.c", '"daemons/policyd/engine.h"'), True),
    ("a daemon may include itself", rules.include_direction,
     including("daemons/policyd/main.c", '"daemons/policyd/engine.h"'), False),
    ("a daemon's test may include the harness of that daemon", rules.include_direction,
     including("daemons/policyd/engine_test.c", '"tests/policyd/desk.h"'), False),
    ("the daemon itself may not", rules.include_direction,
     including("daemons/policyd/engine.c", '"tests/policyd/desk.h"'), True),
    ("nx may not include a daemon", rules.include_direction,
     including("cli/nx.c", '"daemons/policyd/engine.h"'), True),
    ("a world that nobody ordered is found", rules.include_direction, {"extra/x.c": ""}, True),

    ("an include from the file's own folder is found", rules.includes_from_root,
     including("core/base/text.c", '"text.h"'), True),
    ("an include that climbs is found", rules.includes_from_root,
     including("core/wire/frame.c", '"../base/text.h"'), True),
    ("an include in a comment is none", rules.includes_from_root,
     {"core/base/text.c": '/*\n#include "text.h"\n*/\n'}, False),

    ("string.h in core is found", rules.no_libc_where_freestanding,
     including("core/base/text.c", "<string.h>"), True),
    ("assert.h in a test of core is found", rules.no_libc_where_freestanding,
     including("core/base/text_test.c", "<assert.h>"), True),
    ("stdint.h in core is fine", rules.no_libc_where_freestanding,
     including("core/base/text.c", "<stdint.h>"), False),
    ("string.h in the simulator is found", rules.no_libc_where_freestanding,
     including("sim/world.c", "<string.h>"), True),
    ("stdio.h in the simulator's command line is fine", rules.no_libc_where_freestanding,
     including("sim/main.c", "<stdio.h>"), False),

    ("a marker that is not in the catalogue is found", rules.markers_are_catalogued,
     PRINTS | page("Printed", "dsoftbus: paired"), True),
    ("a marker in the catalogue is fine", rules.markers_are_catalogued,
     PRINTS | page("Printed", "dsoftbus: paired peer=<id>"), False),
    ("a marker printed by a format is fine", rules.markers_are_catalogued,
     FORMATS | page("Printed", "dsoftbus: paired peer=<id>"), False),
    ("a reserved marker that is printed is found", rules.markers_are_catalogued,
     PRINTS | page("Reserved", "dsoftbus: paired peer=<id>"), True),
    ("a marker that no code prints is found", rules.catalogued_markers_are_printed,
     page("Printed", "dsoftbus: paired peer=<id>"), True),
    ("a comment prints no marker", rules.catalogued_markers_are_printed,
     COMMENT | page("Printed", "dsoftbus: paired peer=<id>"), True),
    ("a test prints no marker", rules.catalogued_markers_are_printed,
     EXPECTS | page("Printed", "dsoftbus: paired peer=<id>"), True),
    ("a reserved marker waits", rules.catalogued_markers_are_printed,
     page("Reserved", "dsoftbus: paired peer=<id>"), False),

    ("a limit without a row is found", rules.limits_are_documented, TWELVE, True),
    ("a limit of another value is found", rules.limits_are_documented,
     TWELVE | limits_page("4", "13"), True),
    ("a row without its limit is found", rules.limits_are_documented, limits_page("4", "12"), True),
    ("limits and their sums in the page are fine", rules.limits_are_documented,
     TWELVE | limits_page("4", "12"), False),
    ("a count without a row is found", rules.counts_are_documented,
     {rules.COUNTS_CODE: '{"gate.left", gate->left},'}, True),
    ("a row without its count is found", rules.counts_are_documented,
     {rules.COUNTS_PAGE: "| `gate.left` | left |"}, True),
    ("counts with their rows are fine", rules.counts_are_documented,
     {rules.COUNTS_CODE: '{"v1.frames-dropped", d->dropped},',
      rules.COUNTS_PAGE: "| `v1.frames-dropped` | frames |"}, False),
    ("a status without a row is found", rules.statuses_are_documented, CLOSED, True),
    ("a status of another number is found", rules.statuses_are_documented,
     CLOSED | errors_page("| -6 | `NX_E_CLOSED` | closed |"), True),
    ("a status of another word is found", rules.statuses_are_documented,
     CLOSED | errors_page("| -5 | `NX_E_CLOSED` | shut |"), True),
    ("a row without its status is found", rules.statuses_are_documented,
     errors_page("| -5 | `NX_E_CLOSED` | closed |"), True),
    ("a status in the page is fine", rules.statuses_are_documented,
     CLOSED | errors_page("| -5 | `NX_E_CLOSED` | closed |"), False),

    ("a page that is named and not there is found", rules.pages_named_are_there,
     {"core/bus/mux.h": "/* docs/contracts/streams.md */\n"}, True),
    ("a page that is there is fine", rules.pages_named_are_there,
     {"core/bus/mux.h": "/* docs/contracts/streams.md */\n", "docs/contracts/streams.md": "\n"}, False),
    ("a link that leads nowhere is found", rules.pages_named_are_there,
     {"docs/README.md": "[x](contracts/streams.md)\n"}, True),
    ("a link beside itself, to a folder, or away is fine", rules.pages_named_are_there,
     {"docs/README.md": "[a](../LICENSE) [b](adr) [c](https://example.org/x)\n", "LICENSE": "\n",
      "docs/adr/0001-x.md": "\n"}, False),
    ("a contract in no index is found", rules.contracts_are_indexed,
     {"docs/README.md": "\n", "docs/contracts/wire.md": "\n"}, True),
    ("a contract in the index is fine", rules.contracts_are_indexed,
     {"docs/README.md": "[wire](contracts/wire.md)\n", "docs/contracts/wire.md": "\n"}, False),

    ("a defect whose row no test has is found", rules.named_rows_exist,
     {rules.DEFECTS: "| a | b | `it holds` |\n", "core/a/a_test.c": "row(\"it does not\")"}, True),
    ("an attack whose row no test has is found", rules.named_rows_exist,
     {rules.ATTACKS: "| a | b | `it fails` |\n", "tests/attacks/a_attacks.c": "row(\"it goes on\")"}, True),
    ("a defect whose row a test has is fine, wherever the text is broken", rules.named_rows_exist,
     {rules.DEFECTS: "| a | b | `it holds` |\n", "core/a/a_test.c": "row(\"it \"\n  \"holds\")"}, False),
    ("a suite in no list is found", rules.suites_are_listed, SUITE, True),
    ("a suite that is declared and not listed is found", rules.suites_are_listed,
     SUITE | DECLARED, True),
    ("a test file without a suite is found", rules.suites_are_listed,
     {"core/base/x_test.c": "\n"}, True),
    ("a suite in its list is fine", rules.suites_are_listed, SUITE | LISTED, False),

    ("a source in no meson.build is found", rules.sources_are_built,
     {"core/base/hex.c": "", "core/base/meson.build": "# 'hex.c'\n"}, True),
    ("a source in a meson.build of another folder is found", rules.sources_are_built,
     {"core/base/hex.c": "", "core/wire/meson.build": "'hex.c'\n"}, True),
    ("a source in the meson.build beside it is fine", rules.sources_are_built,
     {"core/base/hex.c": "", "core/base/meson.build": "'hex.c'\n"}, False),

    ("a character that turns text around is found", rules.text_that_misleads,
     {"core/base/hex.c": 'x = "\u202e";\n'}, True),
    ("its escape is fine", rules.text_that_misleads,
     {"core/base/hex.c": 'x = "\\xe2\\x80\\xae";\n'}, False),

    ("a note to do something later is found", rules.nothing_left_over,
     {"core/base/hex.c": "/* TO" "DO: faster */\n"}, True),
    ("a note with a name is found", rules.nothing_left_over,
     {"run": "x # later, TO" "DO(me)\n"}, True),
    ("the same letters in data are data", rules.nothing_left_over,
     {"core/base/hex.c": 'x = "X' 'XX";\n'}, False),
    ("a tab is found", rules.tabs_and_blanks, {"core/base/hex.c": "\tx\n"}, True),
    ("a blank at the end of a line is found", rules.tabs_and_blanks, {"README.md": "x \n"}, True),
    ("a carriage return is found", rules.tabs_and_blanks, {"README.md": "x\r\n"}, True),
    ("a Makefile has tabs", rules.tabs_and_blanks, {"Makefile": "all:\n\tx\n"}, False),
    ("bytes of a vector are as they are", rules.tabs_and_blanks,
     {"tests/vectors/a.in": "\t \n"}, False),
    ("a file without an end of line is found", rules.ends_with_newline, {"README.md": "x"}, True),
    ("a file with an empty line at its end is found", rules.ends_with_newline,
     {"README.md": "x\n\n"}, True),
    ("a file that ends with its last line is fine", rules.ends_with_newline,
     {"README.md": "x\n"}, False),
]
