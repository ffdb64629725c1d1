#include "cli/facts.h"

#include "cli/report.h"
#include "format/json.h"
#include "text/wrap.h"

#include <stdio.h>

enum { TITLE_COLUMNS = 24, LONGEST_VALUE = 160 };

struct LkFacts {
    GString *json;    /* the object, open */
    GPtrArray *lines; /* LkFact, for people */
    const char *kind;
};

static void fact_free(gpointer data)
{
    LkFact *fact = data;
    g_free(fact->title);
    g_free(fact->value);
    g_free(fact);
}

LkFacts *lk_facts_new(void)
{
    LkFacts *facts = g_new0(LkFacts, 1);
    facts->json = g_string_new(NULL);
    facts->lines = g_ptr_array_new_with_free_func(fact_free);
    lk_json_begin(facts->json);
    return facts;
}

void lk_facts_free(LkFacts *facts)
{
    if (!facts)
        return;
    g_string_free(facts->json, TRUE);
    g_ptr_array_unref(facts->lines);
    g_free(facts);
}

/** Text from a file as one line that cannot command a terminal, cut behind `most` characters. */
static char *presentable(const char *text, int most)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);
    int count = 0;
    for (const char *at = valid; *at && count < most; at = g_utf8_next_char(at), count++) {
        gunichar c = g_utf8_get_char(at);
        g_string_append_unichar(out, g_unichar_iscntrl(c) ? ' ' : c);
    }
    if (count == most)
        g_string_append(out, "…");
    return g_string_free(out, FALSE);
}

/* `value` is cut behind `most` characters; NULL makes a heading. */
static LkFact *add_fact(LkFacts *facts, const char *title, const char *value, int most, bool below)
{
    LkFact *fact = g_new0(LkFact, 1);
    fact->title = presentable(title, LONGEST_VALUE);
    fact->value = value ? presentable(value, most) : NULL;
    fact->below = below;
    g_ptr_array_add(facts->lines, fact);
    return fact;
}

static void add_line(LkFacts *facts, const char *key, const char *title, const char *value)
{
    add_fact(facts, title, value ? value : "", G_MAXINT, false)->key = key;
}

void lk_facts_text(LkFacts *facts, const char *key, const char *title, const char *value)
{
    if (!value)
        return;
    lk_json_add_string(facts->json, key, value);
    if (title)
        add_line(facts, key, title, value);
}

void lk_facts_integer(LkFacts *facts, const char *key, const char *title, int64_t value)
{
    g_autofree char *text = g_strdup_printf("%ld", (long)value);
    lk_json_add_integer(facts->json, key, value);
    if (title)
        add_line(facts, key, title, text);
}

void lk_facts_number(LkFacts *facts, const char *key, const char *title, double value)
{
    g_autofree char *text = g_strdup_printf("%g", value);
    lk_json_add_number(facts->json, key, value);
    if (title)
        add_line(facts, key, title, text);
}

void lk_facts_boolean(LkFacts *facts, const char *key, bool value)
{
    lk_json_add_boolean(facts->json, key, value);
}

void lk_facts_bytes(LkFacts *facts, const char *key, const char *title, int64_t value)
{
    g_autofree char *text = lk_cli_bytes(value);
    lk_json_add_integer(facts->json, key, value);
    if (title)
        add_line(facts, key, title, text);
}

void lk_facts_json(LkFacts *facts, const char *key, const char *title, const char *json, const char *words)
{
    lk_json_add_key(facts->json, key);
    g_string_append(facts->json, json);
    if (title)
        add_line(facts, key, title, words);
}

void lk_facts_lines(LkFacts *facts, const char *title, const LkMetadata *pairs)
{
    if (lk_metadata_count(pairs) == 0)
        return;
    add_fact(facts, title, NULL, 0, false);
    for (size_t i = 0; i < lk_metadata_count(pairs); i++)
        add_fact(facts, lk_metadata_key(pairs, i), lk_metadata_value(pairs, i), LONGEST_VALUE, true);
}

void lk_facts_pairs(LkFacts *facts, const char *key, const char *title, const LkMetadata *pairs)
{
    lk_json_add_key(facts->json, key);
    lk_json_begin(facts->json);
    for (size_t i = 0; i < lk_metadata_count(pairs); i++)
        lk_json_add_string(facts->json, lk_metadata_key(pairs, i), lk_metadata_value(pairs, i));
    lk_json_end(facts->json);
    if (title)
        lk_facts_lines(facts, title, pairs);
}

void lk_facts_set_kind(LkFacts *facts, const char *kind)
{
    facts->kind = kind;
}

const char *lk_facts_kind(const LkFacts *facts)
{
    return facts->kind;
}

const GPtrArray *lk_facts_all(const LkFacts *facts)
{
    return facts->lines;
}

static void print_fact(const LkFact *fact)
{
    if (!fact->value) {
        printf("\n%s\n", fact->title);
        return;
    }
    int columns = (fact->below ? 2 : 0) + lk_text_columns(fact->title);
    printf("%s%s%*s %s\n", fact->below ? "  " : "", fact->title, MAX(0, TITLE_COLUMNS - columns), "", fact->value);
}

void lk_facts_print(const LkFacts *facts)
{
    g_ptr_array_foreach(facts->lines, (GFunc)(void (*)(void))print_fact, NULL);
}

void lk_facts_print_json(const LkFacts *facts)
{
    printf("%s}\n", facts->json->str);
}
