"""The rules of the tree. Each takes the tree, a dict of path to text, and answers a list of
complaints, each beginning with the path it is about. A rule reads nothing but its tree, so that
samples.py can show it a tree that breaks it."""

import os
import re

# ---- who may include whom (architecture.md, "Worlds and rooms") ----------------------------------

# Rooms of core: each may include those before it, and itself.
ROOMS = ["base", "crypto", "capn", "wire", "store", "policy",
         "bus", "rpc", "ipc", "net", "node", "localsim"]

FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "limits.h"}

# What the files below a folder may include besides their own folder; the longest prefix counts.
# ANY: no bound, for what is around the product and not in it.
ANY = None
WORLDS = {
    "host": ["core/"],
    "os": ["core/", "daemons/"],
    "os/semihost": ["core/base/", "tests/unit/"],
    "sim": ["core/"],
    "daemons": ["core/", "host/", "schemas/"],
    "sdk": ["core/", "host/", "schemas/"],
    "cli": ["core/", "host/", "schemas/", "sdk/"],
    "tests": ANY,
    "fuzz": ANY,
    "bench": ANY,
    "examples": ANY,
    "tools": ANY,
}

# Freestanding, as what they test: the harness, and the table that judges every backend's streams, and
# localSim as a world, and parts of the bus and a node on benches.
HARNESS = ["tests/unit/", "tests/streams/", "tests/localsim/", "tests/bus/", "tests/node/"]


def is_code(path):
    return path.endswith((".c", ".h", ".S"))


def is_test(path):
    return path.endswith(("_test.c", "_tests.c")) or path.startswith(("tests/", "fuzz/"))


def is_generated(path):
    """Made in the build directory, from schemas/."""
    return path.endswith(".capnp.h")


def code_in(tree):
    return [(path, text) for path, text in sorted(tree.items()) if is_code(path)]


def without_comments(text):
    """C without its comments; strings stay, lines stay where they are."""
    def keep(match):
        return match[0] if match[0].startswith('"') else "\n" * match[0].count("\n")
    return re.sub(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/|//[^\n]*', keep, text, flags=re.DOTALL)


def includes(text):
    """(line number, '<' or '"', name) of each #include."""
    for number, line in enumerate(without_comments(text).split("\n"), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match[1], match[2]


def may_include(path):
    """The beginnings of what a file may include; ANY; or an empty list for an unknown place."""
    world, _, rest = path.partition("/")
    if world == "core":
        room = rest.split("/")[0]
        if room not in ROOMS:
            return []
        left = ROOMS[:ROOMS.index(room) + 1]
        allowed = [f"core/{name}/" for name in left] + (["schemas/"] if "capn" in left else [])
    else:
        places = [place for place in WORLDS if path.startswith(place + "/")]
        if not places:
            return []
        place = max(places, key=len)
        if WORLDS[place] is ANY:
            return ANY
        # A daemon is a world of its own: what it shares with another one goes over IPC.
        own = "/".join(path.split("/")[:2]) if place == "daemons" else place
        allowed = WORLDS[place] + [own + "/"]
        # Its tests may have a harness of the same name: tests/dsoftbusd/ is for daemons/dsoftbusd/.
        if place == "daemons" and is_test(path):
            allowed.append("tests/" + own.split("/")[1] + "/")
    return allowed + (HARNESS if is_test(path) else [])


def include_direction(tree):
    found = []
    for path, text in code_in(tree):
        allowed = may_include(path)
        if allowed is ANY:
            continue
        if not allowed:
            found.append(f"{path}: a place that tests/tidy/rules.py does not know")
            continue
        found += [f"{path}:{number}: may not include {name}"
                  for number, kind, name in includes(text)
                  if kind == '"' and not name.startswith(tuple(allowed))]
    return found


def includes_from_root(tree):
    return [f"{path}:{number}: {name} is not a file, seen from the root"
            for path, text in code_in(tree) for number, kind, name in includes(text)
            if kind == '"' and name not in tree and not is_generated(name)]


def is_freestanding(path):
    """All of core; the simulator but for its command line on a host."""
    return path.startswith(("core/", "sim/")) and path != "sim/main.c"


def no_libc_where_freestanding(tree):
    return [f"{path}:{number}: <{name}> belongs to a C library, which is not promised here"
            for path, text in code_in(tree) if is_freestanding(path)
            for number, kind, name in includes(text) if kind == "<" and name not in FREESTANDING]


# ---- markers and their catalogue -----------------------------------------------------------------

CATALOGUE = "docs/contracts/markers.md"

# The programs that print markers. A text of theirs begins with the name and a colon.
PRINTERS = ["dsoftbus", "dsoftbusd", "netstackd", "samgrd", "bundlemgrd", "policyd", "identityd",
            "permsd", "nexus-init", "busdir", "share", "SELFTEST"]


def catalogued(tree):
    """({head: line number} of printed markers, the same of reserved ones). A head ends where the
    first value begins: the rows of the page are `| `text with <values>` | when | where |`."""
    printed, reserved = {}, {}
    section = None
    for number, line in enumerate(tree.get(CATALOGUE, "").split("\n"), 1):
        if line.startswith("## "):
            section = {"Printed": printed, "Reserved": reserved}.get(line[3:].strip())
        row = re.match(r"\| `([^`]+)` \|", line)
        if row and section is not None:
            section[row[1].split("<")[0]] = number
    return printed, reserved


def markers_in_code(tree):
    """{head: "path:line"} of what code prints. In a format the first value begins at its '%'. A marker
    goes by the sink of core/base/marker.h: what a file prints with stdio is said to a person."""
    begins = re.compile(r'"((?:' + "|".join(PRINTERS) + r'):(?:\\.|[^"\\\n])+)"')
    return {match[1].split("%")[0].removesuffix("\\n"): f"{path}:{number}"
            for path, text in code_in(tree) if not is_test(path) and "#include <stdio.h>" not in text
            for number, line in enumerate(without_comments(text).split("\n"), 1)
            for match in begins.finditer(line)}


def markers_are_catalogued(tree):
    printed, reserved = catalogued(tree)
    return [f"{where}: \"{head}\" is "
            + (f"reserved in {CATALOGUE}: move its row to Printed" if head in reserved
               else f"not in {CATALOGUE}")
            for head, where in sorted(markers_in_code(tree).items()) if head not in printed]


def catalogued_markers_are_printed(tree):
    printed, _ = catalogued(tree)
    code = markers_in_code(tree)
    return [f"{CATALOGUE}:{number}: no code prints \"{head}\"" for head, number in printed.items()
            if head not in code]


# ---- pages that repeat a header say what it says -------------------------------------------------

LIMITS_CODE, LIMITS_PAGE = "core/base/limits.h", "docs/contracts/limits.md"
STATUS_CODE, STATUS_WORDS = "core/base/status.h", "core/base/status.c"
STATUS_PAGE = "docs/contracts/errors.md"


def limits_in_code(tree):
    """{name: value} of the numbers that limits.h defines, sums and products worked out."""
    values = {}
    for line in without_comments(tree.get(LIMITS_CODE, "").replace("\\\n", " ")).split("\n"):
        match = re.match(r"#define (\w+) +(\S.*)", line)
        if match is None:
            continue
        digits = re.sub(r"\b([A-Z]\w*)\b", lambda name: str(values.get(name[1], name[1])), match[2])
        digits = re.sub(r"\b(\d+|0x[0-9a-fA-F]+)[uUlL]+\b", r"\1", digits)
        if re.fullmatch(r"[0-9a-fA-Fx()+*/ -]+", digits):
            values[match[1]] = int(eval(digits.replace("/", "//")))  # digits and signs, nothing else
    return values


def limits_in_page(tree):
    """{name: value} of the rows `| `NAME` | 32,768 | …`."""
    rows = re.findall(r"^\| `(\w+)` \| ([0-9,]+) ", tree.get(LIMITS_PAGE, ""), flags=re.MULTILINE)
    return {name: int(value.replace(",", "")) for name, value in rows}


def limits_are_documented(tree):
    code, page = limits_in_code(tree), limits_in_page(tree)
    return ([f"{LIMITS_PAGE}: {name} is {value:,}, not {page.get(name, 'mentioned')}"
             for name, value in code.items() if page.get(name) != value]
            + [f"{LIMITS_PAGE}: {LIMITS_CODE} has no {name}" for name in page if name not in code])


def statuses_are_documented(tree):
    numbers = dict(re.findall(r"^\s+(NX_\w+) =\s*(-?\d+),",
                              without_comments(tree.get(STATUS_CODE, "")), flags=re.MULTILINE))
    words = dict(re.findall(r'\{(NX_\w+), "([^"]+)",', tree.get(STATUS_WORDS, "")))
    rows = re.findall(r"^\| (-?\d+) \| `(\w+)` \| (\S+) \|", tree.get(STATUS_PAGE, ""),
                      flags=re.MULTILINE)
    code = {(number, name, words.get(name, "?")) for name, number in numbers.items()}
    return ([f"{STATUS_PAGE}: no row {number}, {name}, {word}"
             for number, name, word in sorted(code - set(rows))]
            + [f"{STATUS_PAGE}: {STATUS_CODE} has no {number}, {name}, {word}"
               for number, name, word in sorted(set(rows) - code)])


COUNTS_CODE, COUNTS_PAGE = "daemons/dsoftbusd/answers.c", "docs/contracts/ipc.md"


def counts_are_documented(tree):
    """What a daemon counts, `{"gate.left", …}`, and the rows `| `gate.left` | …`."""
    code = set(re.findall(r'\{"([a-z0-9]+\.[a-z-]+)",', tree.get(COUNTS_CODE, "")))
    page = set(re.findall(r"^\| `([a-z0-9]+\.[a-z-]+)` \|", tree.get(COUNTS_PAGE, ""),
                          flags=re.MULTILINE))
    return ([f"{COUNTS_PAGE}: no row {name}" for name in sorted(code - page)]
            + [f"{COUNTS_PAGE}: {COUNTS_CODE} has no {name}" for name in sorted(page - code)])


# ---- what is named is there ----------------------------------------------------------------------

def pages_named_are_there(tree):
    """`docs/….md` wherever it is written, and links of a page to a file beside it."""
    found = []
    for path, number, line in lines_of(tree):
        named = re.findall(r"\bdocs/[\w/-]+\.md\b", line) if not path.startswith("tests/tidy/") else []
        if path.endswith(".md"):
            named += [os.path.normpath(os.path.join(os.path.dirname(path), link))
                      for link in re.findall(r"\]\(([^)#:]+)\)", line)]
        found += [f"{path}:{number}: there is no {page}" for page in named
                  if page not in tree and not any(other.startswith(page + "/") for other in tree)]
    return found


def contracts_are_indexed(tree):
    index = tree.get("docs/README.md", "")
    return [f"docs/README.md: {path} is not in the index" for path in sorted(tree)
            if path.startswith("docs/contracts/") and f"]({path[5:]})" not in index]


DEFECTS = "docs/contracts/defects.md"
ATTACKS = "docs/attacks.md"


def named_rows_exist(tree):
    """Each row that the pages of defects and of attacks name is the text of a row of a test."""
    texts = "\n".join(re.sub(r'"\s*\n\s*"', "", text) for path, text in tree.items() if is_test(path))
    return [f"{page}:{number}: no test has the row \"{row}\"" for page in (DEFECTS, ATTACKS)
            for number, line in enumerate(tree.get(page, "").split("\n"), 1)
            for row in re.findall(r"`([^`]+)`", line.rsplit(" | ", 1)[-1]) if line.startswith("| ")
            if row not in texts]


# ---- nothing is forgotten ------------------------------------------------------------------------

def suites_are_listed(tree):
    """Each UNIT_SUITE of a *_test.c stands in the list of suites, the *_tests.c of its folder."""
    found = []
    for path, text in code_in(tree):
        if not path.endswith("_test.c") or not path.startswith(("core/", "os/")):
            continue
        folder = os.path.dirname(path)
        lists = [without_comments(other) for name, other in tree.items()
                 if name.endswith("_tests.c") and os.path.dirname(name) == folder]
        suites = re.findall(r"^UNIT_SUITE\((\w+)\)", text, flags=re.MULTILINE)
        if not suites:
            found.append(f"{path}: has no UNIT_SUITE")
        found += [f"{path}: {suite} is in no list of suites of {folder}/" for suite in suites
                  if not any(re.search(rf'\{{\s*"[^"]+",\s*{suite}\s*\}}', text) for text in lists)]
    return found


def sources_are_built(tree):
    """Each source stands in a meson.build, named from the folder of that file."""
    built = {os.path.normpath(os.path.join(os.path.dirname(path), name))
             for path, text in tree.items() if os.path.basename(path) == "meson.build"
             for name in re.findall(r"'([^'\n]+\.[cS])'", re.sub(r"#.*", "", text))}
    return [f"{path}: is in no meson.build" for path, _ in code_in(tree)
            if path.endswith((".c", ".S")) and path not in built]


# ---- plain text ----------------------------------------------------------------------------------

# At the beginning of a comment, or with a colon or a name behind it; in data the letters are free.
LATER = r"(?:TO" r"DO|FIX" r"ME|X" r"XX)\b"
LEFTOVER = re.compile(rf"(?://|/\*|\*|#)\s*{LATER}|\b{LATER}\s*[:(]")


def is_vector(path):
    """Data whose every byte is meant; a patch, where a blank may be a line of context."""
    return "/vectors/" in "/" + path or path.endswith(".patch")


def lines_of(tree):
    for path, text in sorted(tree.items()):
        if not is_vector(path):
            for number, line in enumerate(text.split("\n"), 1):
                yield path, number, line


def nothing_left_over(tree):
    return [f"{path}:{number}: {LEFTOVER.search(line)[0]}" for path, number, line in lines_of(tree)
            if not path.endswith(".md") and LEFTOVER.search(line)]


def tabs_and_blanks(tree):
    found = []
    for path, number, line in lines_of(tree):
        is_make = os.path.basename(path) == "Makefile" or path.endswith(".mk")
        if "\t" in (line.removeprefix("\t") if is_make else line):
            found.append(f"{path}:{number}: a tab")
        if line != line.rstrip():
            found.append(f"{path}:{number}: blanks, or a carriage return, at the end of the line")
    return found


def text_that_misleads(tree):
    """Characters that make a page read otherwise than a compiler does (CVE-2021-42574)."""
    unseen = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
    return [f"{path}:{number}: U+{ord(unseen.search(line)[0]):04X} is there and cannot be seen"
            for path, number, line in lines_of(tree) if unseen.search(line)]


def ends_with_newline(tree):
    return [f"{path}: does not end with one newline" for path, text in sorted(tree.items())
            if text and not is_vector(path) and (not text.endswith("\n") or text.endswith("\n\n"))]


def shell_scripts(tree):
    return [path for path, text in sorted(tree.items())
            if path.endswith(".sh") or re.match(r"#!\s*(/usr)?/bin/(env )?(sh|bash|dash)\b", text)]


# (what a row is called, the rule)
RULES = [
    ("code includes only what its place may", include_direction),
    ("includes are spelled from the root", includes_from_root),
    ("core and sim include no header of a C library", no_libc_where_freestanding),
    ("each marker that code prints is in the catalogue", markers_are_catalogued),
    ("each marker of the catalogue is printed by code", catalogued_markers_are_printed),
    ("each limit is in its contract page, with its value", limits_are_documented),
    ("each status is in its contract page, with its number and word", statuses_are_documented),
    ("each count of a daemon is in its contract page", counts_are_documented),
    ("each page that is named is there", pages_named_are_there),
    ("each contract is in the index of docs/", contracts_are_indexed),
    ("each row that the pages of defects and attacks name is there", named_rows_exist),
    ("each suite of tests is in the list of its room", suites_are_listed),
    ("each source is in a meson.build", sources_are_built),
    ("nothing is left to do in code", nothing_left_over),
    ("no tabs, and no blanks at the end of a line", tabs_and_blanks),
    ("no characters that are there and cannot be seen", text_that_misleads),
    ("each file ends with one newline", ends_with_newline),
]
