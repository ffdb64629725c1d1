#include "app/test/test_picture.h"

#include "app/application.h"
#include "format/png.h"

#include <glib/gi18n.h>

struct _LkTestPicture {
    GObject parent_instance;
    LkPictureWish *wish;
    char *key;
    LkTestPictureState state;
    LkDrawing *drawing; /* while it is ordered and until it is saved */
    GdkTexture *texture, *preview;
    int step;
    char *parameters, *path, *planned_path, *error, *remarks;
    LkInfotext *infotext;
    double seconds;
    LkTestPicture *partner;
    GCancellable *loading; /* NULL: its file is not being read */
};

G_DEFINE_FINAL_TYPE(LkTestPicture, lk_test_picture, G_TYPE_OBJECT)

enum { PROP_PATH = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

enum { SIGNAL_CHANGED, SIGNAL_SAVED, SIGNAL_SAVE_FAILED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

static void changed(LkTestPicture *self)
{
    g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
}

/* ---- making one -------------------------------------------------------------------------------------- */

static char *make_key(const LkPictureWish *wish)
{
    g_autofree char *folders = wish->lora_folders ? g_strjoinv("\n", (char **)(uintptr_t)wish->lora_folders) : NULL;
    return g_strdup_printf("%s\n%d %d %d %d %d %d %d %.9g %" G_GUINT64_FORMAT " %s\n%s\n%s\n%s", wish->model,
                           wish->bf16, wish->clip_skip, wish->v_prediction, wish->zero_terminal_snr, wish->width,
                           wish->height, wish->steps, wish->cfg, wish->seed, wish->sampler ? wish->sampler : "",
                           wish->prompt, wish->negative ? wish->negative : "", folders ? folders : "");
}

LkTestPicture *lk_test_picture_new(const LkPictureWish *wish)
{
    LkTestPicture *self = g_object_new(LK_TYPE_TEST_PICTURE, NULL);
    self->wish = lk_picture_wish_copy(wish);
    self->key = make_key(wish);
    return self;
}

LkTestPicture *lk_test_picture_new_file(const char *path)
{
    LkTestPicture *self = g_object_new(LK_TYPE_TEST_PICTURE, NULL);
    self->path = g_strdup(path);
    self->state = LK_TEST_PICTURE_DONE;
    return self;
}

/* ---- asking ------------------------------------------------------------------------------------------ */

LkTestPictureState lk_test_picture_get_state(LkTestPicture *self)
{
    return self->state;
}

gboolean lk_test_picture_is_busy(LkTestPicture *self)
{
    return self->state == LK_TEST_PICTURE_WAITING || self->state == LK_TEST_PICTURE_LOADING ||
           self->state == LK_TEST_PICTURE_DRAWING;
}

int lk_test_picture_get_step(LkTestPicture *self)
{
    return self->step;
}

const LkPictureWish *lk_test_picture_get_wish(LkTestPicture *self)
{
    return self->wish;
}

const char *lk_test_picture_get_key(LkTestPicture *self)
{
    return self->key;
}

GdkPaintable *lk_test_picture_get_paintable(LkTestPicture *self)
{
    GdkTexture *texture = self->texture ? self->texture : self->preview;
    return texture ? GDK_PAINTABLE(texture) : NULL;
}

GdkTexture *lk_test_picture_get_texture(LkTestPicture *self)
{
    return self->texture;
}

const LkInfotext *lk_test_picture_get_infotext(LkTestPicture *self)
{
    return self->infotext;
}

const char *lk_test_picture_get_parameters(LkTestPicture *self)
{
    return self->parameters;
}

double lk_test_picture_get_seconds(LkTestPicture *self)
{
    return self->seconds;
}

const char *lk_test_picture_get_error(LkTestPicture *self)
{
    return self->error;
}

const char *lk_test_picture_get_remarks(LkTestPicture *self)
{
    return self->remarks;
}

const char *lk_test_picture_get_path(LkTestPicture *self)
{
    return self->path;
}

LkTestPicture *lk_test_picture_get_partner(LkTestPicture *self)
{
    return self->partner;
}

void lk_test_picture_set_partner(LkTestPicture *self, LkTestPicture *partner)
{
    g_set_object(&self->partner, partner);
}

/* ---- drawing ----------------------------------------------------------------------------------------- */

static GdkTexture *make_texture(GBytes *rgb, int width, int height)
{
    return rgb ? gdk_memory_texture_new(width, height, GDK_MEMORY_R8G8B8, rgb, (gsize)width * 3) : NULL;
}

static void set_parameters(LkTestPicture *self, const char *parameters)
{
    g_set_str(&self->parameters, parameters);
    g_clear_pointer(&self->infotext, lk_infotext_free);
    self->infotext = parameters ? lk_infotext_parse(parameters) : NULL;
}

static void saved_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTestPicture) self = data;
    g_autoptr(GError) error = NULL;
    lk_application_end_writing();
    if (lk_drawing_save_finish(LK_DRAWING(source), result, &error)) {
        g_set_str(&self->path, self->planned_path);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_PATH]);
        g_signal_emit(self, signals[SIGNAL_SAVED], 0);
    } else {
        g_autofree char *text = g_strdup_printf(_("The picture could not be saved: %s"), error->message);
        g_signal_emit(self, signals[SIGNAL_SAVE_FAILED], 0, text);
    }
}

/* Lets go of the drawing, which holds the whole picture once more. */
static void end_drawing(LkTestPicture *self)
{
    if (!self->drawing)
        return;
    g_signal_handlers_disconnect_by_data(self->drawing, self);
    g_clear_object(&self->drawing);
}

static void finish(LkTestPicture *self)
{
    int width, height;
    GBytes *rgb = lk_drawing_get_picture(self->drawing, &width, &height);
    g_autoptr(GdkTexture) texture = make_texture(rgb, width, height);
    g_set_object(&self->texture, texture);
    g_clear_object(&self->preview);
    set_parameters(self, lk_drawing_get_infotext(self->drawing));
    self->seconds = lk_drawing_get_seconds(self->drawing);
    lk_application_begin_writing();
    lk_drawing_save_async(self->drawing, self->planned_path, NULL, saved_cb, g_object_ref(self));
}

static void take_preview(LkTestPicture *self)
{
    int width, height;
    GBytes *rgb = lk_drawing_get_preview(self->drawing, &width, &height);
    g_autoptr(GdkTexture) texture = make_texture(rgb, width, height);
    g_set_object(&self->preview, texture);
}

static void drawing_cb(LkTestPicture *self)
{
    static const LkTestPictureState states[] = {
        [LK_DRAWING_WAITING] = LK_TEST_PICTURE_WAITING,   [LK_DRAWING_LOADING] = LK_TEST_PICTURE_LOADING,
        [LK_DRAWING_DRAWING] = LK_TEST_PICTURE_DRAWING,   [LK_DRAWING_DONE] = LK_TEST_PICTURE_DONE,
        [LK_DRAWING_CANCELLED] = LK_TEST_PICTURE_PLANNED, [LK_DRAWING_FAILED] = LK_TEST_PICTURE_FAILED,
    };
    g_autoptr(LkTestPicture) held = g_object_ref(self);
    LkDrawingState now = lk_drawing_get_state(self->drawing);
    self->state = states[now];
    self->step = lk_drawing_get_step(self->drawing);
    g_set_str(&self->remarks, lk_drawing_get_remarks(self->drawing));
    if (now == LK_DRAWING_DONE)
        finish(self);
    else if (now == LK_DRAWING_FAILED)
        g_set_str(&self->error, lk_drawing_get_error(self->drawing)->message);
    else
        take_preview(self);
    if (!lk_test_picture_is_busy(self)) {
        end_drawing(self);
        g_clear_object(&self->preview);
    }
    changed(self);
}

void lk_test_picture_order(LkTestPicture *self, LkPictureMaker *maker, const char *path)
{
    g_return_if_fail(self->wish && !self->drawing);
    g_set_str(&self->planned_path, path);
    g_clear_pointer(&self->error, g_free);
    self->drawing = lk_picture_maker_order(maker, self->wish);
    self->state = LK_TEST_PICTURE_WAITING;
    g_signal_connect_swapped(self->drawing, "notify::state", G_CALLBACK(drawing_cb), self);
    g_signal_connect_swapped(self->drawing, "notify::preview", G_CALLBACK(drawing_cb), self);
    changed(self);
}

void lk_test_picture_cancel(LkTestPicture *self, LkPictureMaker *maker)
{
    if (self->drawing)
        lk_picture_maker_cancel(maker, self->drawing);
}

/* ---- files ------------------------------------------------------------------------------------------- */

/* What a thread reads of a file. */
typedef struct File {
    char *path, *parameters;
    GdkTexture *texture;
} File;

static void file_free(gpointer data)
{
    File *file = data;
    g_free(file->path);
    g_free(file->parameters);
    g_clear_object(&file->texture);
    g_free(file);
}

static void load_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    File *file = data;
    GError *error = NULL;
    file->texture = gdk_texture_new_from_filename(file->path, &error);
    if (!file->texture) {
        g_autofree char *name = g_filename_display_basename(file->path);
        g_prefix_error(&error, _("%s cannot be shown: "), name);
        g_task_return_error(task, error);
        return;
    }
    g_autoptr(LkMetadata) texts = lk_png_read_texts(file->path, NULL);
    file->parameters = texts ? g_strdup(lk_metadata_get(texts, "parameters")) : NULL;
    g_task_return_boolean(task, TRUE);
}

static void loaded_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    LkTestPicture *self = LK_TEST_PICTURE(source);
    File *file = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) error = NULL;
    gboolean good = g_task_propagate_boolean(G_TASK(result), &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    g_clear_object(&self->loading);
    g_set_str(&self->error, good ? NULL : error->message);
    if (good) {
        g_set_object(&self->texture, file->texture);
        set_parameters(self, file->parameters);
    }
    changed(self);
}

void lk_test_picture_load(LkTestPicture *self)
{
    if (!self->path || self->texture || self->loading)
        return;
    self->loading = g_cancellable_new();
    g_autoptr(GTask) task = g_task_new(self, self->loading, loaded_cb, NULL);
    g_task_set_source_tag(task, lk_test_picture_load);
    File *file = g_new0(File, 1);
    file->path = g_strdup(self->path);
    g_task_set_task_data(task, file, file_free);
    g_task_run_in_thread(task, load_thread);
}

void lk_test_picture_unload(LkTestPicture *self)
{
    if (self->loading)
        g_cancellable_cancel(self->loading);
    g_clear_object(&self->loading);
    if (self->path)
        g_clear_object(&self->texture);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_test_picture_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_PATH)
        g_value_set_string(value, LK_TEST_PICTURE(object)->path);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_test_picture_dispose(GObject *object)
{
    LkTestPicture *self = LK_TEST_PICTURE(object);
    end_drawing(self);
    if (self->loading)
        g_cancellable_cancel(self->loading);
    g_clear_object(&self->loading);
    g_clear_object(&self->partner);
    g_clear_object(&self->texture);
    g_clear_object(&self->preview);
    G_OBJECT_CLASS(lk_test_picture_parent_class)->dispose(object);
}

static void lk_test_picture_finalize(GObject *object)
{
    LkTestPicture *self = LK_TEST_PICTURE(object);
    lk_picture_wish_free(self->wish);
    g_clear_pointer(&self->infotext, lk_infotext_free);
    char *texts[] = {self->key, self->parameters, self->path, self->planned_path, self->error, self->remarks};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    G_OBJECT_CLASS(lk_test_picture_parent_class)->finalize(object);
}

static void lk_test_picture_class_init(LkTestPictureClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_test_picture_get_property;
    object_class->dispose = lk_test_picture_dispose;
    object_class->finalize = lk_test_picture_finalize;
    properties[PROP_PATH] = g_param_spec_string("path", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    GType type = G_TYPE_FROM_CLASS(klass);
    signals[SIGNAL_CHANGED] = g_signal_new("changed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_SAVED] = g_signal_new("saved", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[SIGNAL_SAVE_FAILED] =
        g_signal_new("save-failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void lk_test_picture_init(LkTestPicture *self)
{
}
