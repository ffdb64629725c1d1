/* The axes of an X/Y grid: what changes from column to column or from row to row, and which picture a cell is. */
#pragma once

#include <glib.h>

typedef enum LkAxisKind {
    LK_AXIS_NONE, /* one row or column */
    LK_AXIS_STRENGTH,
    LK_AXIS_CHECKPOINT,
    LK_AXIS_PROMPT,
    LK_AXIS_SEED,
    LK_AXIS_KINDS, /* how many there are */
} LkAxisKind;

/** For files: "strength". */
const char *lk_axis_kind_name(LkAxisKind kind);
/** By that name; `otherwise` where it is none. */
LkAxisKind lk_axis_kind_find(const char *name, LkAxisKind otherwise);
/** For people, translated: "Strength". */
const char *lk_axis_kind_title(LkAxisKind kind);

/** How many values an axis may have, and how many pictures a grid. */
enum { LK_AXIS_MOST = 40, LK_GRID_MOST = 400 };

/** One value of an axis; by its kind one of the last four counts. */
typedef struct LkAxisValue {
    char *title, *subtitle; /* "0.0", "without"; the subtitle may be NULL */
    double strength;
    char *lora; /* name of a checkpoint's file */
    char *folder;
    char *prompt;
    guint64 seed;
} LkAxisValue;

/* The values of an axis: LkAxisValue *, free with g_ptr_array_unref; NULL with a sentence where the text is not right.
 */

/** "0, 0.4, 0.6"; also in WebUI's way "0-1 (+0.2)" and "0-1 [6]". */
GPtrArray *lk_axis_strengths(const char *text, GError **error);
/** "1, 2, 42" or "1-4". */
GPtrArray *lk_axis_seeds(const char *text, GError **error);
/** One prompt a line. */
GPtrArray *lk_axis_prompts(const char *text, GError **error);
/** An empty one for checkpoints. */
GPtrArray *lk_axis_values_new(void);
/** Appends a checkpoint; texts are copied. */
void lk_axis_add_checkpoint(GPtrArray *values, const char *title, const char *subtitle, const char *lora,
                            const char *folder);

/** The axes of a grid. Values may be NULL for LK_AXIS_NONE. */
typedef struct LkGridAxes {
    LkAxisKind columns, rows;
    GPtrArray *column_values, *row_values;
} LkGridAxes;

void lk_grid_axes_clear(LkGridAxes *axes);
guint lk_grid_axes_n_columns(const LkGridAxes *axes);
guint lk_grid_axes_n_rows(const LkGridAxes *axes);
/** The value at a place of an axis, or NULL. */
const LkAxisValue *lk_grid_axes_column(const LkGridAxes *axes, guint column);
const LkAxisValue *lk_grid_axes_row(const LkGridAxes *axes, guint row);

/** What of a picture the axes decide. */
typedef struct LkGridPoint {
    char *prompt;
    guint64 seed;
    const char *folder; /* where the LoRA of the checkpoint axis is to be looked for first, or NULL; borrowed */
} LkGridPoint;

/** The picture at a cell, from the prompt and seed that count elsewhere. Strength and checkpoint go into the tag `tag`
 * of the prompt. A prompt of the axis that names no LoRA gets the tags of `prompt`. Free `prompt` with g_free. */
LkGridPoint lk_grid_axes_point(const LkGridAxes *axes, guint column, guint row, const char *prompt, guint tag,
                               guint64 seed);

/** Whether these axes can be drawn with this prompt: not both of one kind, LoRA axes with a LoRA, not too many. */
gboolean lk_grid_axes_check(const LkGridAxes *axes, const char *prompt, GError **error);
