#include "app/test/grid_axis.h"

#include "app/test/lora_tags.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

static const struct {
    const char *name, *title;
} kinds[LK_AXIS_KINDS] = {
    [LK_AXIS_NONE] = {"none", N_("None")},
    [LK_AXIS_STRENGTH] = {"strength", N_("Strength")},
    [LK_AXIS_CHECKPOINT] = {"checkpoint", N_("Checkpoint")},
    [LK_AXIS_PROMPT] = {"prompt", N_("Prompt")},
    [LK_AXIS_SEED] = {"seed", N_("Seed")},
};

const char *lk_axis_kind_name(LkAxisKind kind)
{
    return kinds[kind].name;
}

LkAxisKind lk_axis_kind_find(const char *name, LkAxisKind otherwise)
{
    for (int i = 0; name && i < LK_AXIS_KINDS; i++)
        if (g_str_equal(kinds[i].name, name))
            return (LkAxisKind)i;
    return otherwise;
}

const char *lk_axis_kind_title(LkAxisKind kind)
{
    return _(kinds[kind].title);
}

/* ---- values ------------------------------------------------------------------------------------------ */

static void value_free(gpointer data)
{
    LkAxisValue *value = data;
    g_free(value->title);
    g_free(value->subtitle);
    g_free(value->lora);
    g_free(value->folder);
    g_free(value->prompt);
    g_free(value);
}

GPtrArray *lk_axis_values_new(void)
{
    return g_ptr_array_new_with_free_func(value_free);
}

static LkAxisValue *add_value(GPtrArray *values)
{
    LkAxisValue *value = g_new0(LkAxisValue, 1);
    g_ptr_array_add(values, value);
    return value;
}

static void add_strength(GPtrArray *values, double strength)
{
    LkAxisValue *value = add_value(values);
    value->strength = round(strength * 1000) / 1000;
    value->title = lk_strength_label(value->strength);
    value->subtitle = value->strength == 0 ? g_strdup(_("without")) : NULL;
}

static void add_seed(GPtrArray *values, guint64 seed)
{
    LkAxisValue *value = add_value(values);
    value->seed = seed;
    value->title = g_strdup_printf("%" G_GUINT64_FORMAT, seed);
}

void lk_axis_add_checkpoint(GPtrArray *values, const char *title, const char *subtitle, const char *lora,
                            const char *folder)
{
    LkAxisValue *value = add_value(values);
    value->title = g_strdup(title);
    value->subtitle = g_strdup(subtitle);
    value->lora = g_strdup(lora);
    value->folder = g_strdup(folder);
}

/* ---- reading them ------------------------------------------------------------------------------------ */

/* A number at *at, which moves behind it and the blanks after it. */
static gboolean take_number(const char **at, double *number)
{
    char *end;
    *at += strspn(*at, " ");
    *number = g_ascii_strtod(*at, &end);
    if (end == *at || !isfinite(*number))
        return FALSE;
    *at = end + strspn(end, " ");
    return TRUE;
}

static gboolean take(const char **at, char character)
{
    if (**at != character)
        return FALSE;
    *at += 1;
    *at += strspn(*at, " ");
    return TRUE;
}

/* "0-1 (+0.2)" or "0-1 [6]"; with `step` 0 that has to be said. False where it is no range. */
static gboolean read_range(const char *text, double step, GArray *numbers)
{
    double first, last, count = 0;
    const char *at = text;
    if (!take_number(&at, &first) || !take(&at, '-') || !take_number(&at, &last))
        return FALSE;
    if (take(&at, '(')) {
        take(&at, '+');
        if (!take_number(&at, &step) || !take(&at, ')'))
            return FALSE;
    } else if (take(&at, '[')) {
        if (!take_number(&at, &count) || !take(&at, ']') || count < 2 || count > LK_AXIS_MOST || count != floor(count))
            return FALSE;
        step = (last - first) / (count - 1);
    }
    if (*at || !(step > 0) || last < first)
        return FALSE;
    int steps = (int)MIN((last - first) / step + 1e-6, LK_AXIS_MOST + 1);
    for (int i = 0; i <= steps; i++) {
        double number = first + i * step;
        g_array_append_val(numbers, number);
    }
    return TRUE;
}

/* The numbers of a list with commas or semicolons; NULL with a sentence. */
static GArray *read_numbers(const char *text, double step, const char *example, GError **error)
{
    g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(double));
    g_auto(GStrv) parts = g_strsplit_set(text, ",;\n", -1);
    for (char **part = parts; *part; part++) {
        const char *at = g_strstrip(*part);
        double number;
        if (!*at)
            continue;
        if (take_number(&at, &number) && !*at) {
            g_array_append_val(numbers, number);
        } else if (!read_range(*part, step, numbers)) {
            lk_set_error(error, LK_ERROR_USAGE, _("“%s” cannot be read. Write numbers with commas between them: %s."),
                         *part, example);
            return NULL;
        }
    }
    if (numbers->len == 0) {
        lk_set_error(error, LK_ERROR_USAGE, _("There are no values. Write numbers with commas between them: %s."),
                     example);
        return NULL;
    }
    return g_steal_pointer(&numbers);
}

static GPtrArray *check_count(GPtrArray *values, GError **error)
{
    if (values->len <= LK_AXIS_MOST)
        return values;
    g_ptr_array_unref(values);
    lk_set_error(error, LK_ERROR_USAGE, _("An axis can have at most %d values. Leave some out."), LK_AXIS_MOST);
    return NULL;
}

GPtrArray *lk_axis_strengths(const char *text, GError **error)
{
    enum { LARGEST = 100 };
    g_autoptr(GArray) numbers = read_numbers(text, 0, "0, 0.4, 0.6, 0.8, 1", error);
    if (!numbers)
        return NULL;
    g_autoptr(GPtrArray) values = lk_axis_values_new();
    for (guint i = 0; i < numbers->len; i++) {
        double strength = g_array_index(numbers, double, i);
        if (fabs(strength) > LARGEST) {
            lk_set_error(error, LK_ERROR_USAGE, _("A strength of %g is too much. Usual are 0 to 1.5."), strength);
            return NULL;
        }
        add_strength(values, strength);
    }
    return check_count(g_steal_pointer(&values), error);
}

GPtrArray *lk_axis_seeds(const char *text, GError **error)
{
    const double largest = 9007199254740992; /* what a double counts to */
    g_autoptr(GArray) numbers = read_numbers(text, 1, "1, 2, 42", error);
    if (!numbers)
        return NULL;
    g_autoptr(GPtrArray) values = lk_axis_values_new();
    for (guint i = 0; i < numbers->len; i++) {
        double seed = g_array_index(numbers, double, i);
        if (seed < 0 || seed > largest || seed != floor(seed)) {
            lk_set_error(error, LK_ERROR_USAGE, _("%g is no seed. Seeds are whole numbers from 0."), seed);
            return NULL;
        }
        add_seed(values, (guint64)seed);
    }
    return check_count(g_steal_pointer(&values), error);
}

GPtrArray *lk_axis_prompts(const char *text, GError **error)
{
    g_autoptr(GPtrArray) values = lk_axis_values_new();
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (!*g_strstrip(*line))
            continue;
        LkAxisValue *value = add_value(values);
        value->prompt = g_strdup(*line);
        value->title = lk_tags_strip(*line);
    }
    if (values->len == 0) {
        lk_set_error(error, LK_ERROR_USAGE, _("There are no prompts for the grid. Write one a line."));
        return NULL;
    }
    return check_count(g_steal_pointer(&values), error);
}

/* ---- both axes --------------------------------------------------------------------------------------- */

void lk_grid_axes_clear(LkGridAxes *axes)
{
    g_clear_pointer(&axes->column_values, g_ptr_array_unref);
    g_clear_pointer(&axes->row_values, g_ptr_array_unref);
    *axes = (LkGridAxes){0};
}

guint lk_grid_axes_n_columns(const LkGridAxes *axes)
{
    return axes->column_values ? axes->column_values->len : 1;
}

guint lk_grid_axes_n_rows(const LkGridAxes *axes)
{
    return axes->row_values ? axes->row_values->len : 1;
}

const LkAxisValue *lk_grid_axes_column(const LkGridAxes *axes, guint column)
{
    return axes->column_values && column < axes->column_values->len ? axes->column_values->pdata[column] : NULL;
}

const LkAxisValue *lk_grid_axes_row(const LkGridAxes *axes, guint row)
{
    return axes->row_values && row < axes->row_values->len ? axes->row_values->pdata[row] : NULL;
}

/* The value that the axes have for a kind, or NULL. */
static const LkAxisValue *value_of(const LkGridAxes *axes, LkAxisKind kind, guint column, guint row)
{
    return axes->columns == kind ? lk_grid_axes_column(axes, column)
           : axes->rows == kind  ? lk_grid_axes_row(axes, row)
                                 : NULL;
}

static void set_text(char **text, char *value)
{
    g_free(*text);
    *text = value;
}

LkGridPoint lk_grid_axes_point(const LkGridAxes *axes, guint column, guint row, const char *prompt, guint tag,
                               guint64 seed)
{
    LkGridPoint point = {.prompt = g_strdup(prompt), .seed = seed};
    const LkAxisValue *value = value_of(axes, LK_AXIS_PROMPT, column, row);
    if (value) {
        g_autofree char *own = lk_tags_only(value->prompt), *tags = lk_tags_only(prompt);
        set_text(&point.prompt,
                 *own || !*tags ? g_strdup(value->prompt) : g_strdup_printf("%s %s", value->prompt, tags));
    }
    if ((value = value_of(axes, LK_AXIS_CHECKPOINT, column, row))) {
        set_text(&point.prompt, lk_tags_set_name(point.prompt, tag, value->lora));
        point.folder = value->folder;
    }
    if ((value = value_of(axes, LK_AXIS_STRENGTH, column, row)))
        set_text(&point.prompt, lk_tags_set_strength(point.prompt, tag, value->strength));
    if ((value = value_of(axes, LK_AXIS_SEED, column, row)))
        point.seed = value->seed;
    return point;
}

gboolean lk_grid_axes_check(const LkGridAxes *axes, const char *prompt, GError **error)
{
    g_autofree char *tags = lk_tags_only(prompt);
    gboolean lora = axes->columns == LK_AXIS_STRENGTH || axes->rows == LK_AXIS_STRENGTH ||
                    axes->columns == LK_AXIS_CHECKPOINT || axes->rows == LK_AXIS_CHECKPOINT;
    guint count = lk_grid_axes_n_columns(axes) * lk_grid_axes_n_rows(axes);
    if (axes->columns == axes->rows && axes->columns != LK_AXIS_NONE)
        return lk_set_error(error, LK_ERROR_USAGE, _("Columns and rows both change “%s”. Choose another for one."),
                            lk_axis_kind_title(axes->columns));
    if (lora && !*tags)
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("The prompt names no LoRA whose strength or checkpoint could change. Insert one."));
    if (count > LK_GRID_MOST)
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("This grid would have %u pictures; at most %d can be made. Leave some values out."),
                            count, LK_GRID_MOST);
    return TRUE;
}
