#include "core/base/json.h"

#include "core/base/memory.h"
#include "core/base/text.h"

/* What a text may go on with. */
enum expect {
    EXPECT_VALUE, /* the whole value */
    EXPECT_FIRST, /* the first item of a container, or its end */
    EXPECT_MORE,  /* a comma and another item, or its end */
    EXPECT_NOTHING,
};

/* One text being read. Nothing is nested but the text: a container that is still open keeps the one
 * around it in `next`, where its follower will stand once it is closed. */
struct parser {
    struct nx_json json;
    uint32_t node_cap;
    const struct nx_json_limits *limits;
    struct nx_why *why;

    uint32_t at;
    uint32_t open; /* the innermost open container, NX_JSON_NONE outside of all */
    uint32_t last; /* its latest element or key */
    uint32_t depth;
    enum expect expect;
};

static enum nx_status malformed(struct parser *p, const char *what)
{
    if (p->why != NULL) {
        struct nx_text t = nx_text_over(p->why->text, sizeof(p->why->text));

        nx_text_add(&t, "json: ");
        nx_text_add(&t, what);
        nx_text_add(&t, " at byte ");
        nx_text_add_u64(&t, p->at);
    }
    return NX_E_MALFORMED;
}

static enum nx_status over_limit(struct parser *p, const char *what, uint64_t limit, uint64_t asked)
{
    if (p->why != NULL)
        nx_why_limit(p->why, what, limit, asked);
    return NX_E_LIMIT;
}

/* ---- the characters of a string ------------------------------------------------------------ */

/* The value of four hexadecimal digits of either case, UINT32_MAX when there are not so many. */
static uint32_t hex4(struct nx_bytes in)
{
    uint32_t value = 0;

    if (in.len < 4)
        return UINT32_MAX;
    for (size_t i = 0; i < 4; i++) {
        uint8_t c = in.ptr[i];
        uint8_t lower = c | 0x20;

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint32_t)(c - '0');
        else if (lower >= 'a' && lower <= 'f')
            value = value << 4 | (uint32_t)(lower - 'a' + 10);
        else
            return UINT32_MAX;
    }
    return value;
}

static bool begins_with_u(struct nx_bytes in)
{
    return in.len >= 2 && in.ptr[0] == '\\' && in.ptr[1] == 'u';
}

/* \uXXXX, or two of them that make one character (RFC 8259 §7). */
static uint32_t next_u_escape(struct nx_bytes *rest)
{
    uint32_t unit = hex4(nx_bytes_skip(*rest, 2));

    if (unit == UINT32_MAX || (unit >= 0xdc00 && unit <= 0xdfff))
        return UINT32_MAX;
    if (unit < 0xd800 || unit > 0xdfff) {
        *rest = nx_bytes_skip(*rest, 6);
        return unit;
    }

    struct nx_bytes second = nx_bytes_skip(*rest, 6);
    if (!begins_with_u(second))
        return UINT32_MAX;
    uint32_t low = hex4(nx_bytes_skip(second, 2));
    if (low < 0xdc00 || low > 0xdfff)
        return UINT32_MAX;
    *rest = nx_bytes_skip(second, 6);
    return 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
}

/* The next character of what is between two quotes, unescaped; UINT32_MAX, and `*rest` stays, when
 * JSON does not allow what is there. `rest` may not be empty. */
static uint32_t next_char(struct nx_bytes *rest)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";

    if (rest->ptr[0] < 0x20)
        return UINT32_MAX;
    if (rest->ptr[0] != '\\')
        return nx_utf8_next(rest);
    if (begins_with_u(*rest))
        return next_u_escape(rest);

    for (size_t i = 0; rest->len >= 2 && i < sizeof(letters) - 1; i++) {
        if (rest->ptr[1] == (uint8_t)letters[i]) {
            *rest = nx_bytes_skip(*rest, 2);
            return (uint8_t)meanings[i];
        }
    }
    return UINT32_MAX;
}

/* The next character of a string that parsed: it stands, or the text was changed under us. */
static uint32_t next_known_char(struct nx_bytes *rest)
{
    uint32_t c = next_char(rest);

    NX_CHECK(c != UINT32_MAX);
    return c;
}

/* `c` as UTF-8; answers its length, 1..4. */
static uint32_t utf8_of(uint32_t c, uint8_t out[4])
{
    static const uint8_t leads[] = {0x00, 0xc0, 0xe0, 0xf0};
    uint32_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (uint32_t i = len - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (uint8_t)(leads[len - 1] | c);
    return len;
}

/* ---- nodes --------------------------------------------------------------------------------- */

static bool is_in_object(const struct parser *p)
{
    return p->open != NX_JSON_NONE && p->json.nodes[p->open].type == NX_JSON_OBJECT;
}

/* The raw bytes of a node. */
static struct nx_bytes span_of(const struct nx_json *json, const struct nx_json_node *node)
{
    return nx_bytes_of(json->text.ptr + node->at, node->len);
}

static enum nx_status add_node(struct parser *p, struct nx_json_node node)
{
    struct nx_json *json = &p->json;
    uint32_t index = json->count;

    if (index == p->node_cap)
        return over_limit(p, "json values", p->node_cap, (uint64_t)index + 1);

    json->nodes[index] = node;
    json->count++;
    /* The whole value has no neighbour, and a member is in the list by its key. */
    if (p->open == NX_JSON_NONE || (is_in_object(p) && node.type != NX_JSON_KEY))
        return NX_OK;

    if (p->last != NX_JSON_NONE)
        json->nodes[p->last].next = index;
    p->last = index;
    json->nodes[p->open].size++;
    return NX_OK;
}

static bool same_string(const struct nx_json *json, const struct nx_json_node *a,
                        const struct nx_json_node *b)
{
    struct nx_bytes rest_a = span_of(json, a);
    struct nx_bytes rest_b = span_of(json, b);

    if (a->size != b->size)
        return false;
    /* Of one size, and alike so far: neither ends before the other. */
    while (rest_a.len > 0) {
        if (next_known_char(&rest_a) != next_known_char(&rest_b))
            return false;
    }
    return true;
}

/* A key of the open object, before it is added. */
static enum nx_status check_key(struct parser *p, const struct nx_json_node *key)
{
    const struct nx_json *json = &p->json;
    uint32_t before = json->nodes[p->open].size;

    if (before >= p->limits->member_count_max)
        return over_limit(p, "json members", p->limits->member_count_max, (uint64_t)before + 1);
    if (p->limits->allow_duplicate_keys)
        return NX_OK;

    for (uint32_t i = nx_json_first(json, p->open); i != NX_JSON_NONE; i = json->nodes[i].next) {
        if (same_string(json, &json->nodes[i], key)) {
            p->at = key->at - 1;
            return malformed(p, "a key comes twice");
        }
    }
    return NX_OK;
}

/* ---- the text ------------------------------------------------------------------------------ */

/* The byte that is next, or -1 at the end. */
static int peek(const struct parser *p)
{
    return p->at < p->json.text.len ? p->json.text.ptr[p->at] : -1;
}

static void skip_space(struct parser *p)
{
    while (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\n' || peek(p) == '\r')
        p->at++;
}

static bool skip_digits(struct parser *p)
{
    uint32_t start = p->at;

    while (peek(p) >= '0' && peek(p) <= '9')
        p->at++;
    return p->at > start;
}

static enum nx_status end_value(struct parser *p)
{
    p->expect = p->open == NX_JSON_NONE ? EXPECT_NOTHING : EXPECT_MORE;
    return NX_OK;
}

static enum nx_status add_value(struct parser *p, struct nx_json_node value)
{
    enum nx_status status = add_node(p, value);

    return status == NX_OK ? end_value(p) : status;
}

static enum nx_status read_number(struct parser *p)
{
    uint32_t start = p->at;

    if (peek(p) == '-')
        p->at++;
    if (peek(p) == '0')
        p->at++;
    else if (!skip_digits(p))
        return malformed(p, "a number has no digit");
    if (peek(p) == '.') {
        p->at++;
        if (!skip_digits(p))
            return malformed(p, "a fraction has no digit");
    }
    if (peek(p) == 'e' || peek(p) == 'E') {
        p->at++;
        if (peek(p) == '+' || peek(p) == '-')
            p->at++;
        if (!skip_digits(p))
            return malformed(p, "an exponent has no digit");
    }
    return add_value(
        p, (struct nx_json_node){
               .at = start, .len = p->at - start, .next = NX_JSON_NONE, .type = NX_JSON_NUMBER});
}

static enum nx_status read_word(struct parser *p, const char *word, enum nx_json_type type,
                                uint32_t size)
{
    struct nx_bytes want = nx_bytes_of_text(word);
    struct nx_bytes rest = nx_bytes_skip(p->json.text, p->at);
    uint32_t start = p->at;

    if (rest.len < want.len || !nx_bytes_equal(nx_bytes_of(rest.ptr, want.len), want))
        return malformed(p, "a word is none of true, false, null");
    p->at += (uint32_t)want.len;
    return add_value(p, (struct nx_json_node){.at = start,
                                              .len = (uint32_t)want.len,
                                              .next = NX_JSON_NONE,
                                              .size = size,
                                              .type = type});
}

/* From one quote to the other. */
static enum nx_status read_string(struct parser *p, enum nx_json_type type,
                                  struct nx_json_node *string)
{
    struct nx_bytes rest = nx_bytes_skip(p->json.text, (size_t)p->at + 1);
    uint32_t start = p->at + 1;
    uint32_t size = 0;

    while (rest.len > 0 && rest.ptr[0] != '"') {
        uint8_t utf8[4];
        uint32_t c = next_char(&rest);

        p->at = (uint32_t)(p->json.text.len - rest.len);
        if (c == UINT32_MAX)
            return malformed(p, "a string has a character or escape that may not be there");
        size += utf8_of(c, utf8);
    }
    p->at = (uint32_t)(p->json.text.len - rest.len);
    if (rest.len == 0)
        return malformed(p, "a string has no end");
    if (size > p->limits->string_max)
        return over_limit(p, "json string", p->limits->string_max, size);

    *string = (struct nx_json_node){
        .at = start, .len = p->at - start, .next = NX_JSON_NONE, .size = size, .type = type};
    p->at++;
    return NX_OK;
}

static enum nx_status open_container(struct parser *p, enum nx_json_type type)
{
    if (p->depth >= p->limits->depth_max)
        return over_limit(p, "json depth", p->limits->depth_max, (uint64_t)p->depth + 1);

    uint32_t index = p->json.count;
    enum nx_status status =
        add_node(p, (struct nx_json_node){.at = p->at, .next = NX_JSON_NONE, .type = type});
    if (status != NX_OK)
        return status;

    p->json.nodes[index].next = p->open;
    p->open = index;
    p->last = NX_JSON_NONE;
    p->depth++;
    p->at++;
    p->expect = EXPECT_FIRST;
    return NX_OK;
}

static enum nx_status close_container(struct parser *p)
{
    uint32_t closed = p->open;
    struct nx_json_node *node = &p->json.nodes[closed];

    p->at++;
    p->depth--;
    p->open = node->next;
    node->next = NX_JSON_NONE;
    node->len = p->at - node->at;
    p->last = is_in_object(p) ? closed - 1 : closed; /* a member is in the list by its key */
    return end_value(p);
}

static enum nx_status read_value(struct parser *p)
{
    struct nx_json_node string;
    enum nx_status status;

    switch (peek(p)) {
    case '{':
        return open_container(p, NX_JSON_OBJECT);
    case '[':
        return open_container(p, NX_JSON_ARRAY);
    case '"':
        status = read_string(p, NX_JSON_STRING, &string);
        return status == NX_OK ? add_value(p, string) : status;
    case 't':
        return read_word(p, "true", NX_JSON_BOOL, 1);
    case 'f':
        return read_word(p, "false", NX_JSON_BOOL, 0);
    case 'n':
        return read_word(p, "null", NX_JSON_NULL, 0);
    case '-':
        return read_number(p);
    default:
        if (peek(p) >= '0' && peek(p) <= '9')
            return read_number(p);
        return malformed(p, "a value is missing");
    }
}

static enum nx_status read_member(struct parser *p)
{
    struct nx_json_node key;
    enum nx_status status;

    if (peek(p) != '"')
        return malformed(p, "a key is missing");
    status = read_string(p, NX_JSON_KEY, &key);
    if (status == NX_OK)
        status = check_key(p, &key);
    if (status == NX_OK)
        status = add_node(p, key);
    if (status != NX_OK)
        return status;

    skip_space(p);
    if (peek(p) != ':')
        return malformed(p, "a colon is missing");
    p->at++;
    skip_space(p);
    return read_value(p);
}

static enum nx_status read_item(struct parser *p)
{
    return is_in_object(p) ? read_member(p) : read_value(p);
}

static enum nx_status step(struct parser *p)
{
    skip_space(p);
    switch (p->expect) {
    case EXPECT_VALUE:
        return read_value(p);
    case EXPECT_FIRST:
    case EXPECT_MORE:
        if (peek(p) == (is_in_object(p) ? '}' : ']'))
            return close_container(p);
        if (p->expect == EXPECT_FIRST)
            return read_item(p);
        if (peek(p) != ',')
            return malformed(p, "neither a comma nor the end of the container stands");
        p->at++;
        skip_space(p);
        return read_item(p);
    case EXPECT_NOTHING:
        break;
    }
    return peek(p) < 0 ? NX_OK : malformed(p, "something follows the value");
}

enum nx_status nx_json_parse(struct nx_json *json, struct nx_bytes text, struct nx_json_node *nodes,
                             uint32_t node_cap, const struct nx_json_limits *limits,
                             struct nx_why *why)
{
    struct parser p = {
        .json = {.text = text, .nodes = nodes},
        .node_cap = node_cap,
        .limits = limits,
        .why = why,
        .open = NX_JSON_NONE,
        .last = NX_JSON_NONE,
    };

    if (text.len > limits->length_max)
        return over_limit(&p, "json text", limits->length_max, text.len);
    /* Each step takes at least one byte, or is the last. */
    while (p.expect != EXPECT_NOTHING || p.at < text.len) {
        enum nx_status status = step(&p);

        if (status != NX_OK)
            return status;
    }
    *json = p.json;
    return NX_OK;
}

/* ---- finding ------------------------------------------------------------------------------- */

static const struct nx_json_node *node_at(const struct nx_json *json, uint32_t node)
{
    static const struct nx_json_node absent = {.next = NX_JSON_NONE, .type = NX_JSON_ABSENT};

    if (node == NX_JSON_NONE)
        return &absent;
    NX_CHECK(node < json->count);
    return &json->nodes[node];
}

enum nx_json_type nx_json_type_of(const struct nx_json *json, uint32_t node)
{
    return node_at(json, node)->type;
}

uint32_t nx_json_count(const struct nx_json *json, uint32_t node)
{
    const struct nx_json_node *n = node_at(json, node);

    return n->type == NX_JSON_ARRAY || n->type == NX_JSON_OBJECT ? n->size : 0;
}

uint32_t nx_json_first(const struct nx_json *json, uint32_t node)
{
    return nx_json_count(json, node) == 0 ? NX_JSON_NONE : node + 1;
}

uint32_t nx_json_next(const struct nx_json *json, uint32_t node)
{
    return node_at(json, node)->next;
}

uint32_t nx_json_value(const struct nx_json *json, uint32_t key)
{
    return nx_json_type_of(json, key) == NX_JSON_KEY ? key + 1 : NX_JSON_NONE;
}

static bool key_is(const struct nx_json *json, const struct nx_json_node *key, struct nx_bytes want)
{
    struct nx_bytes rest = span_of(json, key);

    if (key->size != want.len)
        return false;
    while (rest.len > 0) {
        if (next_known_char(&rest) != nx_utf8_next(&want))
            return false;
    }
    return true;
}

uint32_t nx_json_find(const struct nx_json *json, uint32_t object, const char *key)
{
    struct nx_bytes want = nx_bytes_of_text(key);
    uint32_t i;

    if (nx_json_type_of(json, object) != NX_JSON_OBJECT)
        return NX_JSON_NONE;
    for (i = nx_json_first(json, object); i != NX_JSON_NONE; i = json->nodes[i].next) {
        if (key_is(json, &json->nodes[i], want))
            break;
    }
    return nx_json_value(json, i);
}

/* ---- values -------------------------------------------------------------------------------- */

/* NX_OK when the node is there and of that type. */
static enum nx_status check_type(const struct nx_json *json, uint32_t node, enum nx_json_type type)
{
    if (node == NX_JSON_NONE)
        return NX_E_NOT_FOUND;
    return nx_json_type_of(json, node) == type ? NX_OK : NX_E_MALFORMED;
}

enum nx_status nx_json_get_bool(const struct nx_json *json, uint32_t node, bool *out)
{
    enum nx_status status = check_type(json, node, NX_JSON_BOOL);

    if (status == NX_OK)
        *out = json->nodes[node].size == 1;
    return status;
}

enum nx_status nx_json_get_u64(const struct nx_json *json, uint32_t node, uint64_t *out)
{
    enum nx_status status = check_type(json, node, NX_JSON_NUMBER);
    uint64_t value = 0;

    if (status != NX_OK)
        return status;

    struct nx_bytes digits = span_of(json, &json->nodes[node]);
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return NX_E_MALFORMED;

        uint64_t digit = digits.ptr[i] - (uint64_t)'0';
        if (value > (UINT64_MAX - digit) / 10)
            return NX_E_MALFORMED;
        value = value * 10 + digit;
    }
    *out = value;
    return NX_OK;
}

static enum nx_status check_string(const struct nx_json *json, uint32_t node)
{
    if (nx_json_type_of(json, node) == NX_JSON_KEY)
        return NX_OK;
    return check_type(json, node, NX_JSON_STRING);
}

static void copy_string(const struct nx_json *json, const struct nx_json_node *node, uint8_t *out)
{
    struct nx_bytes rest = span_of(json, node);
    uint32_t at = 0;

    while (rest.len > 0) {
        uint8_t utf8[4];
        uint32_t len = utf8_of(next_known_char(&rest), utf8);

        NX_CHECK(len <= node->size - at);
        memcpy(out + at, utf8, len);
        at += len;
    }
}

enum nx_status nx_json_get_string(const struct nx_json *json, uint32_t node, uint8_t *out,
                                  size_t cap, size_t *len)
{
    enum nx_status status = check_string(json, node);

    if (status != NX_OK)
        return status;
    if (json->nodes[node].size > cap)
        return NX_E_LIMIT;

    copy_string(json, &json->nodes[node], out);
    *len = json->nodes[node].size;
    return NX_OK;
}

enum nx_status nx_json_get_text(const struct nx_json *json, uint32_t node, char *out, size_t cap)
{
    enum nx_status status = check_string(json, node);

    if (status != NX_OK)
        return status;
    if (json->nodes[node].size >= cap)
        return NX_E_LIMIT;

    struct nx_bytes rest = span_of(json, &json->nodes[node]);
    while (rest.len > 0) {
        if (next_known_char(&rest) == 0)
            return NX_E_MALFORMED;
    }
    copy_string(json, &json->nodes[node], (uint8_t *)out);
    out[json->nodes[node].size] = '\0';
    return NX_OK;
}

enum nx_status nx_json_get_byte_array(const struct nx_json *json, uint32_t node, uint8_t *out,
                                      size_t len)
{
    enum nx_status status = check_type(json, node, NX_JSON_ARRAY);
    uint64_t value;

    if (status != NX_OK)
        return status;
    if (json->nodes[node].size != len)
        return NX_E_MALFORMED;
    for (uint32_t i = nx_json_first(json, node); i != NX_JSON_NONE; i = json->nodes[i].next) {
        if (nx_json_get_u64(json, i, &value) != NX_OK || value > UINT8_MAX)
            return NX_E_MALFORMED;
    }

    for (uint32_t i = nx_json_first(json, node); i != NX_JSON_NONE; i = json->nodes[i].next) {
        NX_CHECK(nx_json_get_u64(json, i, &value) == NX_OK);
        *out++ = (uint8_t)value;
    }
    return NX_OK;
}
