/* Inside of the TOML reader: the nodes of a document. Not for other folders (see toml.h). */
#pragma once

#include "format/toml.h"

struct LkTomlNode {
    LkTomlType type;
    int line, column;
    const char *key; /* in the document's string chunk; NULL for elements of arrays */
    union {
        const char *string;
        int64_t integer;
        double number;
        bool boolean;
    } value;
    GPtrArray *members; /* of arrays and tables; each element is owned by it */
    GHashTable *by_key; /* of tables with many members: key → node */

    /* What TOML's rules about "defining twice" need to know. */
    bool header;     /* defined by [name], or an element of [[name]]: no second header, no dotted key into it */
    bool frozen;     /* an inline table or array: complete as it stands, with all it holds */
    bool of_tables;  /* an array made by [[name]] */
    unsigned dotted; /* the section (counted from 1) whose dotted keys opened it; 0 if none */
};

/** A new node; arrays and tables get their list. */
LkTomlNode *lk_toml_node_new(LkTomlType type, int line, int column);
/** Adds to an array or table (by `member->key`, which must not be there yet). */
void lk_toml_node_add(LkTomlNode *parent, LkTomlNode *member);
void lk_toml_node_free(LkTomlNode *node);
/** The member of a table, not const. */
LkTomlNode *lk_toml_node_get(const LkTomlNode *table, const char *key);
