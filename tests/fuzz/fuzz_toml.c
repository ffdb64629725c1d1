/* Any bytes as a TOML document: refused with a place, or a tree that is whole and whose texts and numbers, written
 * again, read the same. */
#include "format/gerror.h"
#include "format/toml.h"
#include "tests/fuzz/target.h"

#include <math.h>
#include <string.h>

static void check_node(const LkTomlNode *node, int depth)
{
    FUZZ_CHECK(depth < 400 && lk_toml_line(node) >= 1 && lk_toml_column(node) >= 1);
    bool table = lk_toml_type(node) == LK_TOML_TABLE;
    FUZZ_CHECK((lk_toml_type(node) == LK_TOML_STRING) == (lk_toml_string(node) != NULL));
    for (size_t i = 0; i < lk_toml_count(node); i++) {
        const LkTomlNode *member = lk_toml_at(node, i);
        FUZZ_CHECK(table == (lk_toml_key(member) != NULL));
        if (table)
            FUZZ_CHECK(lk_toml_get(node, lk_toml_key(member)) == member); /* so keys are there once */
        check_node(member, depth + 1);
    }
}

static void write_again(GString *out, const LkTomlNode *node)
{
    const char *key = lk_toml_key(node);
    switch (lk_toml_type(node)) {
    case LK_TOML_STRING:
        lk_toml_write_string(out, key, lk_toml_string(node));
        break;
    case LK_TOML_INTEGER:
        lk_toml_write_integer(out, key, lk_toml_integer(node));
        break;
    case LK_TOML_FLOAT:
        lk_toml_write_float(out, key, lk_toml_number(node));
        break;
    case LK_TOML_BOOLEAN:
        lk_toml_write_boolean(out, key, lk_toml_boolean(node));
        break;
    default: /* the writer is for flat tables */
        break;
    }
}

static void check_same(const LkTomlNode *a, const LkTomlNode *b)
{
    FUZZ_CHECK(b && lk_toml_type(a) == lk_toml_type(b));
    double x = lk_toml_number(a), y = lk_toml_number(b);
    FUZZ_CHECK(isnan(x) ? isnan(y) : memcmp(&x, &y, sizeof x) == 0);
    FUZZ_CHECK(lk_toml_integer(a) == lk_toml_integer(b) && lk_toml_boolean(a) == lk_toml_boolean(b));
    FUZZ_CHECK(g_strcmp0(lk_toml_string(a), lk_toml_string(b)) == 0);
}

static void check_writer(const LkTomlNode *root)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (size_t i = 0; i < lk_toml_count(root); i++)
        write_again(out, lk_toml_at(root, i));
    g_autoptr(GError) error = NULL;
    g_autoptr(LkToml) again = lk_toml_parse(out->str, out->len, "again", &error);
    FUZZ_CHECK(again);
    for (size_t i = 0; i < lk_toml_count(root); i++) {
        const LkTomlNode *node = lk_toml_at(root, i);
        if (lk_toml_type(node) != LK_TOML_ARRAY && lk_toml_type(node) != LK_TOML_TABLE)
            check_same(node, lk_toml_get(lk_toml_root(again), lk_toml_key(node)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of exactly this size, without a NUL behind. */
    g_autofree char *text = g_memdup2(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkToml) toml = lk_toml_parse(text, size, "fuzz", &error);
    FUZZ_CHECK(!toml == !!error);
    if (error)
        FUZZ_CHECK(error->domain == LK_ERROR && g_str_has_prefix(error->message, "fuzz ") &&
                   g_utf8_validate(error->message, -1, NULL));
    if (!toml)
        return 0;
    check_node(lk_toml_root(toml), 0);
    check_writer(lk_toml_root(toml));
    return 0;
}
