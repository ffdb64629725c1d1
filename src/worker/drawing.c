#include "worker/drawing_private.h"

#include "format/gerror.h"
#include "format/metadata.h"
#include "format/png.h"

#include <glib/gi18n.h>

struct _LkDrawing {
    GObject parent;
    LkPictureWish *wish;
    LkDrawingState state;
    int step;
    GBytes *preview, *picture;
    int preview_width, preview_height;
    char *infotext, *remarks;
    GError *error;
    double seconds;
};

G_DEFINE_FINAL_TYPE(LkDrawing, lk_drawing, G_TYPE_OBJECT)

enum { PROP_STATE = 1, PROP_STEP, PROP_STEPS, PROP_PREVIEW, PROP_PICTURE, PROP_ERROR_MESSAGE, PROP_COUNT };
static GParamSpec *specs[PROP_COUNT];

/* Wishes ---------------------------------------------------------------------------------------------------------- */

LkPictureWish lk_picture_wish_default(void)
{
    return (LkPictureWish){.device = "auto", .width = 512, .height = 512, .steps = 20, .cfg = 7};
}

LkPictureWish *lk_picture_wish_copy(const LkPictureWish *wish)
{
    LkPictureWish *copy = g_memdup2(wish, sizeof *wish);
    copy->model = g_strdup(wish->model);
    copy->device = g_strdup(wish->device);
    copy->prompt = g_strdup(wish->prompt);
    copy->negative = g_strdup(wish->negative);
    copy->sampler = g_strdup(wish->sampler);
    copy->lora_folders = (const char *const *)g_strdupv((char **)(uintptr_t)wish->lora_folders);
    return copy;
}

void lk_picture_wish_free(LkPictureWish *wish)
{
    if (!wish)
        return;
    g_free((char *)(uintptr_t)wish->model);
    g_free((char *)(uintptr_t)wish->device);
    g_free((char *)(uintptr_t)wish->prompt);
    g_free((char *)(uintptr_t)wish->negative);
    g_free((char *)(uintptr_t)wish->sampler);
    g_strfreev((char **)(uintptr_t)wish->lora_folders);
    g_free(wish);
}

/* What the maker tells -------------------------------------------------------------------------------------------- */

static void notify(LkDrawing *drawing, guint property)
{
    g_object_notify_by_pspec(G_OBJECT(drawing), specs[property]);
}

LkDrawing *lk_drawing_new(const LkPictureWish *wish)
{
    LkDrawing *drawing = g_object_new(LK_TYPE_DRAWING, NULL);
    drawing->wish = lk_picture_wish_copy(wish);
    return drawing;
}

void lk_drawing_set_state(LkDrawing *drawing, LkDrawingState state)
{
    if (drawing->state == state)
        return;
    drawing->state = state;
    notify(drawing, PROP_STATE);
}

void lk_drawing_set_step(LkDrawing *drawing, int step, GBytes *preview, int width, int height)
{
    drawing->step = step;
    notify(drawing, PROP_STEP);
    if (!preview)
        return;
    g_clear_pointer(&drawing->preview, g_bytes_unref);
    drawing->preview = preview;
    drawing->preview_width = width;
    drawing->preview_height = height;
    notify(drawing, PROP_PREVIEW);
}

void lk_drawing_set_remarks(LkDrawing *drawing, const char *remarks)
{
    g_set_str(&drawing->remarks, remarks);
}

void lk_drawing_set_picture(LkDrawing *drawing, GBytes *picture, const char *infotext, double seconds)
{
    drawing->picture = picture;
    drawing->infotext = g_strdup(infotext);
    drawing->seconds = seconds;
    notify(drawing, PROP_PICTURE);
    lk_drawing_set_state(drawing, LK_DRAWING_DONE);
}

void lk_drawing_set_error(LkDrawing *drawing, const GError *error)
{
    drawing->error = g_error_copy(error);
    notify(drawing, PROP_ERROR_MESSAGE);
    lk_drawing_set_state(drawing, LK_DRAWING_FAILED);
}

/* Asking ---------------------------------------------------------------------------------------------------------- */

const LkPictureWish *lk_drawing_get_wish(LkDrawing *drawing)
{
    return drawing->wish;
}

LkDrawingState lk_drawing_get_state(LkDrawing *drawing)
{
    return drawing->state;
}

int lk_drawing_get_step(LkDrawing *drawing)
{
    return drawing->step;
}

GBytes *lk_drawing_get_preview(LkDrawing *drawing, int *width, int *height)
{
    *width = drawing->preview_width;
    *height = drawing->preview_height;
    return drawing->preview;
}

GBytes *lk_drawing_get_picture(LkDrawing *drawing, int *width, int *height)
{
    *width = drawing->wish->width;
    *height = drawing->wish->height;
    return drawing->picture;
}

const char *lk_drawing_get_infotext(LkDrawing *drawing)
{
    return drawing->infotext;
}

const char *lk_drawing_get_remarks(LkDrawing *drawing)
{
    return drawing->remarks;
}

const GError *lk_drawing_get_error(LkDrawing *drawing)
{
    return drawing->error;
}

double lk_drawing_get_seconds(LkDrawing *drawing)
{
    return drawing->seconds;
}

/* Saving ---------------------------------------------------------------------------------------------------------- */

/** What the saving thread needs; the drawing itself stays with the main thread. */
typedef struct Save {
    char *path, *infotext;
    GBytes *picture;
    int width, height;
} Save;

static void save_free(gpointer data)
{
    Save *save = data;
    g_free(save->path);
    g_free(save->infotext);
    g_clear_pointer(&save->picture, g_bytes_unref);
    g_free(save);
}

static void write_png(GTask *task, gpointer drawing, gpointer data, GCancellable *cancellable)
{
    const Save *save = data;
    GError *error = NULL;
    g_autoptr(LkMetadata) texts = lk_metadata_new();
    lk_metadata_set(texts, "parameters", save->infotext);
    if (lk_png_write(save->path, g_bytes_get_data(save->picture, NULL), save->width, save->height,
                     (size_t)save->width * 3, texts, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

void lk_drawing_save_async(LkDrawing *drawing, const char *path, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data)
{
    g_autoptr(GTask) task = g_task_new(drawing, cancellable, callback, data);
    g_task_set_source_tag(task, lk_drawing_save_async);
    if (!drawing->picture) {
        g_task_return_new_error(task, LK_ERROR, LK_ERROR_USAGE, _("The picture is not finished."));
        return;
    }
    Save *save = g_new(Save, 1);
    *save = (Save){.path = g_strdup(path),
                   .infotext = g_strdup(drawing->infotext),
                   .picture = g_bytes_ref(drawing->picture),
                   .width = drawing->wish->width,
                   .height = drawing->wish->height};
    g_task_set_task_data(task, save, save_free);
    g_task_run_in_thread(task, write_png);
}

bool lk_drawing_save_finish(LkDrawing *drawing, GAsyncResult *result, GError **error)
{
    g_return_val_if_fail(g_task_is_valid(result, drawing), false);
    return g_task_propagate_boolean(G_TASK(result), error);
}

/* The object ------------------------------------------------------------------------------------------------------ */

static void lk_drawing_init(LkDrawing *drawing)
{
    drawing->state = LK_DRAWING_WAITING;
}

static void finalize(GObject *object)
{
    LkDrawing *drawing = LK_DRAWING(object);
    lk_picture_wish_free(drawing->wish);
    g_clear_pointer(&drawing->preview, g_bytes_unref);
    g_clear_pointer(&drawing->picture, g_bytes_unref);
    g_free(drawing->infotext);
    g_free(drawing->remarks);
    g_clear_error(&drawing->error);
    G_OBJECT_CLASS(lk_drawing_parent_class)->finalize(object);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
    const LkDrawing *drawing = LK_DRAWING(object);
    switch (id) {
    case PROP_STATE:
        g_value_set_enum(value, (int)drawing->state);
        break;
    case PROP_STEP:
        g_value_set_int(value, drawing->step);
        break;
    case PROP_STEPS:
        g_value_set_int(value, drawing->wish->steps);
        break;
    case PROP_PREVIEW:
        g_value_set_boxed(value, drawing->preview);
        break;
    case PROP_PICTURE:
        g_value_set_boxed(value, drawing->picture);
        break;
    case PROP_ERROR_MESSAGE:
        g_value_set_string(value, drawing->error ? drawing->error->message : NULL);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
    }
}

static void lk_drawing_class_init(LkDrawingClass *class)
{
    const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
    GObjectClass *object = G_OBJECT_CLASS(class);
    object->finalize = finalize;
    object->get_property = get_property;
    specs[PROP_STATE] = g_param_spec_enum("state", NULL, NULL, LK_TYPE_DRAWING_STATE, LK_DRAWING_WAITING, flags);
    specs[PROP_STEP] = g_param_spec_int("step", NULL, NULL, 0, G_MAXINT, 0, flags);
    specs[PROP_STEPS] = g_param_spec_int("steps", NULL, NULL, 0, G_MAXINT, 0, flags);
    specs[PROP_PREVIEW] = g_param_spec_boxed("preview", NULL, NULL, G_TYPE_BYTES, flags);
    specs[PROP_PICTURE] = g_param_spec_boxed("picture", NULL, NULL, G_TYPE_BYTES, flags);
    specs[PROP_ERROR_MESSAGE] = g_param_spec_string("error-message", NULL, NULL, NULL, flags);
    g_object_class_install_properties(object, PROP_COUNT, specs);
}
