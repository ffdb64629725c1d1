/* What can be done on the Test page, as actions. */
#include "app/application.h"
#include "app/test/grid_sheet.h"
#include "app/test/lora_tags.h"
#include "app/test/picture_dialog.h"
#include "app/test/settings_file.h"
#include "app/test/test_page_private.h"

#include <glib/gi18n.h>
#include <string.h>

static GtkWindow *window_of(LkTestPage *self)
{
    return GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self)));
}

/* ---- settings of a picture --------------------------------------------------------------------------- */

static void add_sentence(GString *text, char *sentence)
{
    if (sentence)
        g_string_append_printf(text, "%s%s", text->len ? " " : "", sentence);
    g_free(sentence);
}

/* The LoRAs that the prompt names and nobody has here. */
static char *missing_loras(LkTestPage *self)
{
    LkTestSettings *settings = lk_test_bench_get_settings(self->bench);
    g_autoptr(GArray) spans = lk_tag_spans_find(lk_test_settings_get_prompt(settings));
    g_autoptr(GString) names = g_string_new(NULL);
    guint count = 0;
    for (guint i = 0; i < spans->len; i++) {
        const char *name = g_array_index(spans, LkTagSpan, i).name;
        if (lk_lora_list_find(lk_test_bench_get_loras(self->bench), name,
                              lk_test_settings_get_text(settings, "folders")))
            continue;
        g_string_append_printf(names, "%s%s", count ? ", " : "", name);
        count++;
    }
    return count ? g_strdup_printf(ngettext("This LoRA is not here: %s. Add its folder, or take it out of the prompt.",
                                            "These LoRAs are not here: %s. Add their folder, or take them out of the "
                                            "prompt.",
                                            count),
                                   names->str)
                 : NULL;
}

static char *other_model(LkTestPage *self, const LkInfotext *infotext)
{
    const char *model = lk_metadata_get(infotext->settings, "Model");
    const char *path = lk_project_get_base_model(lk_page_get_project(LK_PAGE(self)));
    g_autofree char *own = g_path_get_basename(path);
    if (g_str_has_suffix(own, ".safetensors"))
        own[strlen(own) - strlen(".safetensors")] = '\0';
    return model && strcmp(model, own) != 0
               ? g_strdup_printf(_("It was made with the base model %s, so it will look different here."), model)
               : NULL;
}

/* `name` is of a file from outside; NULL: a picture of this page. */
static void take_settings(LkTestPage *self, const LkInfotext *infotext, const char *name)
{
    GString *note = g_string_new(NULL);
    if (name)
        add_sentence(note, g_strdup_printf(_("The settings of %s are in place."), name));
    add_sentence(note, lk_test_settings_apply(lk_test_bench_get_settings(self->bench), infotext));
    add_sentence(note, missing_loras(self));
    add_sentence(note, name ? other_model(self, infotext) : NULL);
    lk_test_pane_show_note(self->pane, note->len ? note->str : NULL);
    lk_test_page_show_problem(self, NULL);
    if (adw_overlay_split_view_get_collapsed(self->split))
        adw_overlay_split_view_set_show_sidebar(self->split, TRUE);
    g_string_free(note, TRUE);
}

static void use_settings_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    LkTestPage *self = LK_TEST_PAGE(widget);
    LkTestPicture *picture = lk_test_page_get_picture(self);
    const LkPictureWish *wish = lk_test_picture_get_wish(picture);
    gboolean grid = lk_test_page_is_grid(self);
    if (grid && wish && wish->lora_folders && wish->lora_folders[0])
        lk_test_settings_prefer_folder(lk_test_bench_get_settings(self->bench), wish->lora_folders[0]);
    take_settings(self, lk_test_picture_get_infotext(picture), NULL);
    if (grid)
        g_object_set(lk_test_bench_get_settings(self->bench), "mode", "picture", NULL);
}

/* What a file's reading is for. */
typedef struct Load {
    LkTestPage *page;
    char *name;
} Load;

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree Load *load = data;
    g_autoptr(LkTestPage) self = load->page;
    g_autofree char *name = load->name;
    g_autoptr(GError) error = NULL;
    g_autoptr(LkInfotext) infotext = lk_settings_file_read_finish(result, &error);
    if (!self->bench)
        return; /* the page was closed */
    if (infotext)
        take_settings(self, infotext, name);
    else
        lk_test_page_show_problem(self, error->message);
}

void lk_test_page_load_settings(LkTestPage *self, const char *path)
{
    Load *load = g_new0(Load, 1);
    *load = (Load){g_object_ref(self), g_filename_display_basename(path)};
    lk_settings_file_read(path, NULL, read_cb, load);
}

static void picture_chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTestPage) self = data;
    g_autoptr(GFile) file = gtk_file_dialog_open_finish(GTK_FILE_DIALOG(source), result, NULL);
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    if (path && self->bench)
        lk_test_page_load_settings(self, path);
}

static void load_settings_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();
    gtk_file_filter_add_mime_type(filter, "image/png");
    gtk_file_filter_set_name(filter, _("PNG Pictures"));
    gtk_file_dialog_set_default_filter(dialog, filter);
    gtk_file_dialog_set_title(dialog, _("Picture Whose Settings to Use"));
    gtk_file_dialog_open(dialog, window_of(LK_TEST_PAGE(widget)), NULL, picture_chosen_cb, g_object_ref(widget));
}

/* ---- making ------------------------------------------------------------------------------------------ */

static void generate_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    LkTestPage *self = LK_TEST_PAGE(widget);
    if (lk_test_bench_is_busy(self->bench))
        lk_test_bench_cancel(self->bench);
    else
        lk_test_page_generate(self);
}

static void cancel_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    lk_test_bench_cancel(LK_TEST_PAGE(widget)->bench);
}

/* ---- saving ------------------------------------------------------------------------------------------ */

static void toast_saved(LkTestPage *self, const char *path, const char *text)
{
    g_autofree char *folder = g_path_get_dirname(path);
    lk_page_toast(GTK_WIDGET(self), text, _("Open Folder"), "win.open-folder", g_variant_new_string(folder));
}

static void copied_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTestPage) self = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *to = g_strdup(g_object_get_data(source, "to"));
    lk_application_end_writing();
    if (g_file_copy_finish(G_FILE(source), result, &error)) {
        toast_saved(self, to, _("Picture saved"));
        return;
    }
    if (!self->bench)
        return; /* the page was closed */
    g_autofree char *text = g_strdup_printf(_("The picture could not be saved: %s"), error->message);
    lk_test_page_show_problem(self, text);
}

/* A picture that is to be saved, while its new place is chosen. */
typedef struct Save {
    LkTestPage *page;
    char *from;
} Save;

static void save_chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree Save *save = data;
    g_autoptr(LkTestPage) self = save->page;
    g_autofree char *path = save->from;
    g_autoptr(GFile) from = g_file_new_for_path(path);
    g_autoptr(GFile) to = gtk_file_dialog_save_finish(GTK_FILE_DIALOG(source), result, NULL);
    if (!to || g_file_equal(from, to) || !self->bench)
        return;
    g_object_set_data_full(G_OBJECT(from), "to", g_file_get_path(to), g_free);
    lk_application_begin_writing();
    g_file_copy_async(from, to, G_FILE_COPY_OVERWRITE, G_PRIORITY_DEFAULT, NULL, NULL, NULL, copied_cb,
                      g_object_ref(self));
}

static void save_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    LkTestPage *self = LK_TEST_PAGE(widget);
    const char *path = lk_test_picture_get_path(lk_test_page_get_picture(self));
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    gtk_file_dialog_set_title(dialog, _("Save Picture"));
    gtk_file_dialog_set_initial_name(dialog, name);
    Save *save = g_new0(Save, 1);
    *save = (Save){g_object_ref(self), g_strdup(path)};
    gtk_file_dialog_save(dialog, window_of(self), NULL, save_chosen_cb, save);
}

static void sheet_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree Save *save = data;
    g_autoptr(LkTestPage) self = save->page;
    g_autofree char *path = save->from;
    g_autoptr(GError) error = NULL;
    lk_application_end_writing();
    if (lk_grid_sheet_save_finish(result, &error)) {
        toast_saved(self, path, _("Grid saved"));
        return;
    }
    if (!self->bench)
        return; /* the page was closed */
    g_autofree char *text = g_strdup_printf(_("The grid could not be saved: %s"), error->message);
    lk_test_page_show_problem(self, text);
}

void lk_test_page_save_grid(LkTestPage *self, const char *path)
{
    GPtrArray *cells = lk_test_bench_get_cells(self->bench);
    g_autoptr(GPtrArray) textures = g_ptr_array_new();
    const char *parameters = NULL;
    const LkPictureWish *wish = NULL;
    for (guint i = 0; i < cells->len; i++) {
        g_ptr_array_add(textures, lk_test_picture_get_texture(cells->pdata[i]));
        parameters = parameters ? parameters : lk_test_picture_get_parameters(cells->pdata[i]);
        wish = lk_test_picture_get_wish(cells->pdata[i]);
    }
    Save *save = g_new0(Save, 1);
    *save = (Save){g_object_ref(self), g_strdup(path)};
    lk_application_begin_writing();
    lk_grid_sheet_save(path, lk_test_bench_get_axes(self->bench), textures, wish->width, wish->height, parameters, NULL,
                       sheet_cb, save);
}

static void grid_chosen_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTestPage) self = data;
    g_autoptr(GFile) file = gtk_file_dialog_save_finish(GTK_FILE_DIALOG(source), result, NULL);
    g_autofree char *path = file ? g_file_get_path(file) : NULL;
    if (path && self->bench)
        lk_test_page_save_grid(self, path);
}

static void save_grid_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    LkTestPage *self = LK_TEST_PAGE(widget);
    g_autofree char *name = g_strdup_printf("%s-grid.png", lk_project_get_name(lk_page_get_project(LK_PAGE(self))));
    g_strdelimit(name, "/\\", '-');
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    gtk_file_dialog_set_title(dialog, _("Save the Whole Grid"));
    gtk_file_dialog_set_initial_name(dialog, name);
    gtk_file_dialog_save(dialog, window_of(self), NULL, grid_chosen_cb, g_object_ref(self));
}

/* ---- one picture ------------------------------------------------------------------------------------- */

static void copy_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    GdkTexture *texture = lk_test_picture_get_texture(lk_test_page_get_picture(LK_TEST_PAGE(widget)));
    gdk_clipboard_set_texture(gtk_widget_get_clipboard(widget), texture);
    lk_page_toast(widget, _("Picture copied"), NULL, NULL, NULL);
}

static void shown_large_cb(LkTestPage *self, guint position)
{
    if (lk_test_page_is_grid(self))
        lk_grid_view_choose(self->grid, position);
    else
        lk_history_strip_choose(self->strip, position);
}

/* Cells of the grid as a list. */
static GListModel *list_cells(LkTestPage *self)
{
    GListStore *store = g_list_store_new(LK_TYPE_TEST_PICTURE);
    GPtrArray *cells = lk_test_bench_get_cells(self->bench);
    g_list_store_splice(store, 0, 0, cells->pdata, cells->len);
    return G_LIST_MODEL(store);
}

static void open_large_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    LkTestPage *self = LK_TEST_PAGE(widget);
    gboolean grid = lk_test_page_is_grid(self);
    g_autoptr(GListModel) pictures =
        grid ? list_cells(self) : g_object_ref(G_LIST_MODEL(lk_test_bench_get_history(self->bench)));
    guint position = grid ? lk_grid_view_get_position(self->grid) : lk_history_strip_get_position(self->strip);
    LkPictureDialog *dialog =
        lk_picture_dialog_new(pictures, position, lk_test_bench_get_loras(self->bench),
                              lk_test_settings_get_text(lk_test_bench_get_settings(self->bench), "folders"));
    g_signal_connect_object(dialog, "shown", G_CALLBACK(shown_large_cb), self, G_CONNECT_SWAPPED);
    adw_dialog_present(ADW_DIALOG(dialog), widget);
}

static void show_in_folder_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    LkTestPage *self = LK_TEST_PAGE(widget);
    g_autoptr(GFile) file = g_file_new_for_path(lk_test_picture_get_path(lk_test_page_get_picture(self)));
    g_autoptr(GtkFileLauncher) launcher = gtk_file_launcher_new(file);
    gtk_file_launcher_open_containing_folder(launcher, window_of(self), NULL, NULL, NULL);
}

static void trashed_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTestPage) self = data;
    g_autoptr(GError) error = NULL;
    if (lk_test_history_trash_finish(LK_TEST_HISTORY(source), result, &error))
        lk_page_toast(GTK_WIDGET(self), _("Picture moved to the trash"), NULL, NULL, NULL);
    else
        lk_test_page_show_problem(self, error->message);
}

static void trash_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    LkTestPage *self = LK_TEST_PAGE(widget);
    lk_test_history_trash(lk_test_bench_get_history(self->bench), lk_test_page_get_picture(self), trashed_cb,
                          g_object_ref(self));
}

static void toggle_pane_action(GtkWidget *widget, const char *action, GVariant *parameter)
{
    AdwOverlaySplitView *split = LK_TEST_PAGE(widget)->split;
    adw_overlay_split_view_set_show_sidebar(split, !adw_overlay_split_view_get_show_sidebar(split));
}

/* ---- all of them ------------------------------------------------------------------------------------- */

void lk_test_page_install_actions(GtkWidgetClass *widget_class)
{
    static const struct {
        const char *name;
        GtkWidgetActionActivateFunc activate;
    } actions[] = {
        {"test.generate", generate_action},
        {"test.cancel", cancel_action},
        {"test.load-settings", load_settings_action},
        {"test.use-settings", use_settings_action},
        {"test.save", save_action},
        {"test.save-grid", save_grid_action},
        {"test.copy", copy_action},
        {"test.open-large", open_large_action},
        {"test.show-in-folder", show_in_folder_action},
        {"test.trash", trash_action},
        {"test.toggle-pane", toggle_pane_action},
    };
    static const struct {
        guint key;
        GdkModifierType modifiers;
        const char *action;
    } keys[] = {
        {GDK_KEY_Escape, 0, "test.cancel"},         {GDK_KEY_o, GDK_CONTROL_MASK, "test.load-settings"},
        {GDK_KEY_s, GDK_CONTROL_MASK, "test.save"}, {GDK_KEY_c, GDK_CONTROL_MASK, "test.copy"},
        {GDK_KEY_F9, 0, "test.toggle-pane"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
        gtk_widget_class_install_action(widget_class, actions[i].name, NULL, actions[i].activate);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        gtk_widget_class_add_binding_action(widget_class, keys[i].key, keys[i].modifiers, keys[i].action, NULL);
}
