#include "format/toml.h"

#include "format/toml_node.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#define HASH_FROM 16 /* members from which a table keeps a hash; fewer are faster to walk */

LkTomlNode *lk_toml_node_new(LkTomlType type, int line, int column)
{
    LkTomlNode *node = g_new0(LkTomlNode, 1);
    node->type = type;
    node->line = line;
    node->column = column;
    if (type == LK_TOML_ARRAY || type == LK_TOML_TABLE)
        node->members = g_ptr_array_new();
    return node;
}

void lk_toml_node_add(LkTomlNode *parent, LkTomlNode *member)
{
    g_ptr_array_add(parent->members, member);
    if (parent->type != LK_TOML_TABLE)
        return;
    if (!parent->by_key && parent->members->len >= HASH_FROM) {
        parent->by_key = g_hash_table_new(g_str_hash, g_str_equal);
        for (guint i = 0; i < parent->members->len; i++) {
            LkTomlNode *node = parent->members->pdata[i];
            g_hash_table_insert(parent->by_key, (char *)node->key, node);
        }
    } else if (parent->by_key) {
        g_hash_table_insert(parent->by_key, (char *)member->key, member);
    }
}

/* Depth is bounded by the parser, so recursion is. */
void lk_toml_node_free(LkTomlNode *node)
{
    if (!node)
        return;
    for (guint i = 0; node->members && i < node->members->len; i++)
        lk_toml_node_free(node->members->pdata[i]);
    if (node->members)
        g_ptr_array_unref(node->members);
    if (node->by_key)
        g_hash_table_unref(node->by_key);
    g_free(node);
}

LkTomlNode *lk_toml_node_get(const LkTomlNode *table, const char *key)
{
    if (!table || table->type != LK_TOML_TABLE)
        return NULL;
    if (table->by_key)
        return g_hash_table_lookup(table->by_key, key);
    for (guint i = 0; i < table->members->len; i++) {
        LkTomlNode *node = table->members->pdata[i];
        if (strcmp(node->key, key) == 0)
            return node;
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------------- access */

const char *lk_toml_type_name(LkTomlType type)
{
    static const char *const names[] = {
        [LK_TOML_STRING] = N_("a string"),   [LK_TOML_INTEGER] = N_("an integer"), [LK_TOML_FLOAT] = N_("a float"),
        [LK_TOML_BOOLEAN] = N_("a boolean"), [LK_TOML_ARRAY] = N_("an array"),     [LK_TOML_TABLE] = N_("a table")};
    return (unsigned)type < G_N_ELEMENTS(names) ? _(names[type]) : "?";
}

LkTomlType lk_toml_type(const LkTomlNode *node)
{
    return node->type;
}

const char *lk_toml_key(const LkTomlNode *node)
{
    return node->key;
}

int lk_toml_line(const LkTomlNode *node)
{
    return node->line;
}

int lk_toml_column(const LkTomlNode *node)
{
    return node->column;
}

size_t lk_toml_count(const LkTomlNode *node)
{
    return node && node->members ? node->members->len : 0;
}

const LkTomlNode *lk_toml_at(const LkTomlNode *node, size_t i)
{
    return i < lk_toml_count(node) ? node->members->pdata[i] : NULL;
}

const LkTomlNode *lk_toml_get(const LkTomlNode *node, const char *key)
{
    return lk_toml_node_get(node, key);
}

const char *lk_toml_string(const LkTomlNode *node)
{
    return node && node->type == LK_TOML_STRING ? node->value.string : NULL;
}

int64_t lk_toml_integer(const LkTomlNode *node)
{
    return node && node->type == LK_TOML_INTEGER ? node->value.integer : 0;
}

double lk_toml_number(const LkTomlNode *node)
{
    if (node && node->type == LK_TOML_INTEGER)
        return (double)node->value.integer;
    return node && node->type == LK_TOML_FLOAT ? node->value.number : 0.0;
}

bool lk_toml_boolean(const LkTomlNode *node)
{
    return node && node->type == LK_TOML_BOOLEAN && node->value.boolean;
}
