/* A list of facts that is printed as lines for people or as one JSON object. */
#pragma once

#include "format/metadata.h"

#include <stdint.h>

typedef struct LkFacts LkFacts;

/** One line for people. */
typedef struct LkFact {
    char *title, *value; /* value is NULL for a heading */
    const char *key;     /* the member's name; NULL where it has none of its own */
    bool below;          /* it stands below the last heading */
} LkFact;

LkFacts *lk_facts_new(void);
void lk_facts_free(LkFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkFacts, lk_facts_free)

/* `key` is the member's name; `title` (already translated) is what people read; NULL: they do not see it. Without a
 * value nothing is added. */
void lk_facts_text(LkFacts *facts, const char *key, const char *title, const char *value);
void lk_facts_integer(LkFacts *facts, const char *key, const char *title, int64_t value);
void lk_facts_number(LkFacts *facts, const char *key, const char *title, double value);
void lk_facts_boolean(LkFacts *facts, const char *key, bool value);
/** Bytes: people read "1.2 GiB". */
void lk_facts_bytes(LkFacts *facts, const char *key, const char *title, int64_t value);
/** JSON that is ready, and the words for it. */
void lk_facts_json(LkFacts *facts, const char *key, const char *title, const char *json, const char *words);
/** All pairs as an object; people see them one by one under the title, long ones cut. */
void lk_facts_pairs(LkFacts *facts, const char *key, const char *title, const LkMetadata *pairs);

/** The lines of that, for what JSON has otherwise. */
void lk_facts_lines(LkFacts *facts, const char *title, const LkMetadata *pairs);

/** What the file is, a name for programs ("lora", "base_model", …); NULL before it was set. The text must stay. */
void lk_facts_set_kind(LkFacts *facts, const char *kind);
const char *lk_facts_kind(const LkFacts *facts);

/** All lines for people, LkFact *, in their order; borrowed. */
const GPtrArray *lk_facts_all(const LkFacts *facts);

/** To stdout. */
void lk_facts_print(const LkFacts *facts);
void lk_facts_print_json(const LkFacts *facts);
