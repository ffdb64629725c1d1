/* The <lora:name:strength> tags of a prompt as a person edits them: where they stand in the text, and texts with one
 * of them changed. What they mean is said in training/sample_prompts.h. */
#pragma once

#include <glib.h>

/** One tag in a text; places are bytes from its beginning. */
typedef struct LkTagSpan {
    gsize start, end;                   /* from "<" to behind ">" */
    gsize name_start, name_end;         /* the name, without blanks around it */
    gsize strength_start, strength_end; /* ":0.7", or two numbers; empty where there is none */
    char *name;                         /* "" where none is given */
    double strength;                    /* of the U-Net; 1 where none is given or it cannot be read */
} LkTagSpan;

/** The tags in their order: LkTagSpan, free with g_array_unref. */
GArray *lk_tag_spans_find(const char *text);

/** The index of the tag at a place of the text (at its ends too); -1 where there is none. */
int lk_tag_spans_at(const GArray *spans, gsize place);

/** A strength as it is written into a tag: "0.7", "1". Free with g_free. */
char *lk_strength_text(double strength);
/** A strength for people, always with a decimal place, in the locale's way: "0.7", "1.0". */
char *lk_strength_label(double strength);
/** "<lora:name:0.7>". */
char *lk_tag_text(const char *name, double strength);

/** Texts with the tag `index` changed; a copy where there is no such tag. Free with g_free. */
char *lk_tags_set_strength(const char *text, guint index, double strength);
char *lk_tags_set_name(const char *text, guint index, const char *name);
/** The text without any tag. */
char *lk_tags_strip(const char *text);
/** All tags of a text behind each other, separated by blanks; "" where there are none. */
char *lk_tags_only(const char *text);
