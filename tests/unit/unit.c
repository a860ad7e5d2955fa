#include "tests/unit/unit.h"

#include "core/base/text.h"

/* Tests are not core: the harness keeps its state where every EXPECT finds it. */
static struct {
    const char *suite;
    char row[200]; /* empty: between rows */
    bool row_failed;
    const char *skip_reason; /* NULL: the row is not skipped */
    uint64_t row_count;
    uint64_t failed_count;
} unit;

static void put(const char *text)
{
    unit_write(text, nx_bytes_of_text(text).len);
}

static void put_u64(uint64_t value)
{
    char digits[24];
    struct nx_text t = nx_text_over(digits, sizeof(digits));

    nx_text_add_u64(&t, value);
    put(digits);
}

static void end_row(void)
{
    if (unit.row[0] == '\0')
        return;

    unit.row_count++;
    unit.failed_count += unit.row_failed;
    put(unit.row_failed ? "not ok " : "ok ");
    put_u64(unit.row_count);
    put(" - ");
    put(unit.suite);
    put(": ");
    put(unit.row);
    if (unit.skip_reason != NULL && !unit.row_failed) {
        put(" # SKIP ");
        put(unit.skip_reason);
    }
    put("\n");
    unit.row[0] = '\0';
}

static void begin_row(const char *name, const uint64_t *number)
{
    end_row();

    struct nx_text t = nx_text_over(unit.row, sizeof(unit.row));
    nx_text_add(&t, name);
    if (number != NULL) {
        nx_text_add(&t, " ");
        nx_text_add_u64(&t, *number);
    }
    unit.row_failed = false;
    unit.skip_reason = NULL;
}

void unit_row(const char *name)
{
    begin_row(name, NULL);
}

void unit_row_number(const char *name, uint64_t number)
{
    begin_row(name, &number);
}

void unit_skip(const char *reason)
{
    unit.skip_reason = reason;
}

bool unit_row_has_failed(void)
{
    return unit.row_failed;
}

static void put_failure(const char *text, const char *file, int line)
{
    if (unit.row[0] == '\0')
        begin_row("what is expected before the first row", NULL);
    unit.row_failed = true;
    put("# ");
    put(file);
    put(":");
    put_u64((uint64_t)line);
    put(": ");
    put(text);
}

void unit_does_not_hold(const char *text, const char *file, int line)
{
    put_failure(text, file, line);
    put(" does not hold\n");
}

bool unit_expect_eq(uint64_t got, uint64_t want, const char *text, const char *file, int line)
{
    if (got != want) {
        put_failure(text, file, line);
        put(" is ");
        put_u64(got);
        put(", wanted ");
        put_u64(want);
        put("\n");
    }
    return got == want;
}

bool unit_expect_status(enum nx_status got, enum nx_status want, const char *text, const char *file,
                        int line)
{
    if (got != want) {
        put_failure(text, file, line);
        put(" is ");
        put(nx_status_name(got));
        put(", wanted ");
        put(nx_status_name(want));
        put("\n");
    }
    return got == want;
}

static void put_hex(struct nx_bytes bytes)
{
    char text[2 * 64 + 1];
    struct nx_text t = nx_text_over(text, sizeof(text));

    nx_text_add_hex(&t, bytes);
    put(text);
    if (t.cut)
        put("…");
}

bool unit_expect_bytes(struct nx_bytes got, struct nx_bytes want, const char *text,
                       const char *file, int line)
{
    bool equal = nx_bytes_equal(got, want);

    if (!equal) {
        put_failure(text, file, line);
        put("\n#   is     ");
        put_hex(got);
        put("\n#   wanted ");
        put_hex(want);
        put("\n");
    }
    return equal;
}

void unit_note(const char *text)
{
    put("# ");
    put(text);
    put("\n");
}

int unit_run(const struct unit_suite *suites, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t rows_before = unit.row_count;

        unit.suite = suites[i].name;
        suites[i].run();
        end_row();
        if (unit.row_count == rows_before) {
            begin_row("a suite has rows", NULL);
            unit.row_failed = true;
            end_row();
        }
    }
    put("1..");
    put_u64(unit.row_count);
    put("\n");
    return unit.failed_count == 0 && unit.row_count > 0 ? 0 : 1;
}
