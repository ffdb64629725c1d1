#include "app/test/test_page.h"

#include "app/application.h"
#include "app/test/grid_view.h"
#include "app/test/history_strip.h"
#include "app/test/picture_words.h"
#include "app/test/test_page_private.h"
#include "app/widgets/compare.h"
#include "app/widgets/drop_area.h"
#include "app/widgets/shortcuts.h"

#include <glib/gi18n.h>

G_DEFINE_FINAL_TYPE(LkTestPage, lk_test_page, LK_TYPE_PAGE)

enum { PROP_NARROW = 1, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

/* ---- what is looked at ------------------------------------------------------------------------------- */

static LkTestSettings *settings(LkTestPage *self)
{
    return lk_test_bench_get_settings(self->bench);
}

gboolean lk_test_page_is_grid(LkTestPage *self)
{
    return g_str_equal(lk_test_settings_get_text(settings(self), "mode"), "grid");
}

/* What is being drawn outside a grid, and until it is in the history. */
static LkTestPicture *fresh_picture(LkTestPage *self)
{
    LkTestPicture *current = lk_test_bench_get_current(self->bench);
    LkTestPicture *partner = current ? lk_test_picture_get_partner(current) : NULL;
    if (!current || lk_test_picture_get_state(current) == LK_TEST_PICTURE_PLANNED ||
        lk_test_picture_get_state(current) == LK_TEST_PICTURE_FAILED)
        return NULL;
    gboolean busy = lk_test_picture_is_busy(current) || (partner && lk_test_picture_is_busy(partner));
    return busy || !lk_test_picture_get_path(current) ? current : NULL;
}

LkTestPicture *lk_test_page_get_picture(LkTestPage *self)
{
    if (lk_test_page_is_grid(self))
        return lk_grid_view_get_chosen(self->grid);
    LkTestPicture *fresh = fresh_picture(self);
    return fresh ? fresh : lk_history_strip_get_chosen(self->strip);
}

/* ---- the bar below ----------------------------------------------------------------------------------- */

/* "Drawing: step 7 of 20". */
static char *busy_words(LkTestPicture *picture)
{
    int steps = lk_test_picture_get_wish(picture)->steps, step = lk_test_picture_get_step(picture);
    switch (lk_test_picture_get_state(picture)) {
    case LK_TEST_PICTURE_WAITING:
        return g_strdup(_("Waiting"));
    case LK_TEST_PICTURE_LOADING:
        return g_strdup(_("Loading base model and LoRAs…"));
    default:
        return step < steps ? g_strdup_printf(_("Drawing: step %d of %d"), step, steps)
                            : g_strdup(_("Turning the latent into a picture…"));
    }
}

static const char *folders(LkTestPage *self)
{
    return lk_test_settings_get_text(settings(self), "folders");
}

/* A picture that is not done is described by what it will be. */
static char *wish_title(LkTestPage *self, LkTestPicture *picture)
{
    const LkPictureWish *wish = lk_test_picture_get_wish(picture);
    LkInfotext infotext = {.prompt = (char *)(uintptr_t)(wish ? wish->prompt : "")};
    return lk_picture_title(&infotext, lk_test_bench_get_loras(self->bench), folders(self));
}

static char *undone_words(LkTestPicture *picture)
{
    const char *error = lk_test_picture_get_error(picture);
    if (lk_test_picture_is_busy(picture))
        return busy_words(picture);
    if (error)
        return g_strdup(error);
    return g_strdup(lk_test_picture_get_state(picture) == LK_TEST_PICTURE_PLANNED ? _("Not made yet") : _("Reading…"));
}

static void show_details(LkTestPage *self)
{
    LkTestPicture *picture = lk_test_page_get_picture(self);
    if (!picture)
        return;
    const LkInfotext *infotext = lk_test_picture_get_infotext(picture);
    LkTestPicture *partner = lk_test_picture_get_partner(picture);
    gboolean done = infotext || lk_test_picture_get_texture(picture);
    g_autofree char *title = done ? lk_picture_title(infotext, lk_test_bench_get_loras(self->bench), folders(self))
                                  : wish_title(self, picture);
    g_autofree char *caption =
        done ? lk_picture_caption(infotext, lk_test_picture_get_seconds(picture)) : undone_words(picture);
    if (done && partner && lk_test_picture_is_busy(partner))
        g_set_str(&title, _("The same without LoRA"));
    g_autofree char *busy = partner && lk_test_picture_is_busy(partner) && done ? busy_words(partner) : NULL;
    const char *remarks = lk_test_picture_get_remarks(picture);
    gtk_label_set_label(self->details_title, title);
    gtk_label_set_label(self->details_caption, busy ? busy : caption);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->details_caption), remarks);
}

/* ---- what can be done -------------------------------------------------------------------------------- */

static void show_generate(GtkWidget *button, gboolean busy, const char *why)
{
    gtk_button_set_label(GTK_BUTTON(button), busy ? _("Cancel") : _("Generate"));
    gtk_widget_set_tooltip_text(button, why ? why : busy ? _("Stop After This Step") : _("Generate (Ctrl+Enter)"));
    if (busy)
        gtk_widget_remove_css_class(button, "suggested-action");
    else
        gtk_widget_add_css_class(button, "suggested-action");
}

static void enable(LkTestPage *self, const char *action, gboolean enabled)
{
    gtk_widget_action_set_enabled(GTK_WIDGET(self), action, enabled);
}

static void show_actions(LkTestPage *self)
{
    const char *why = NULL;
    gboolean grid = lk_test_page_is_grid(self), busy = lk_test_bench_is_busy(self->bench);
    gboolean can = lk_test_bench_can_generate(self->bench, &why);
    LkTestPicture *picture = lk_test_page_get_picture(self);
    gboolean there = picture && lk_test_picture_get_texture(picture);
    gboolean file = picture && lk_test_picture_get_path(picture);
    show_generate(self->pane_generate, busy, can ? NULL : why);
    show_generate(self->content_generate, busy, can ? NULL : why);
    enable(self, "test.generate", busy || can);
    enable(self, "test.cancel", busy);
    enable(self, "test.save", file);
    enable(self, "test.copy", there);
    enable(self, "test.open-large", there || file); /* the dialog reads it */
    enable(self, "test.use-settings", picture && lk_test_picture_get_infotext(picture));
    enable(self, "test.show-in-folder", file);
    enable(self, "test.trash", file && !grid && !fresh_picture(self));
    enable(self, "test.save-grid", lk_test_bench_count_done(self->bench) > 0);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(self->save_button), grid ? "test.save-grid" : "test.save");
    gtk_widget_set_tooltip_text(self->save_button, grid ? _("Save the Whole Grid…") : _("Save Picture…"));
    gtk_actionable_set_action_name(GTK_ACTIONABLE(self->main_button), grid ? "test.use-settings" : "test.save");
    gtk_button_set_label(GTK_BUTTON(self->main_button), grid ? _("Use These Settings") : _("Save Picture…"));
    gtk_widget_set_visible(self->main_button, !self->narrow);
}

/* Generate is in the pane, and where that is folded away in the header. */
static void update_header(LkTestPage *self)
{
    gboolean hidden =
        adw_overlay_split_view_get_collapsed(self->split) && !adw_overlay_split_view_get_show_sidebar(self->split);
    gtk_widget_set_visible(self->content_generate, hidden);
    gtk_widget_set_visible(self->save_button, !self->narrow);
    gtk_widget_set_visible(GTK_WIDGET(self->modes), !self->narrow);
    gtk_widget_set_visible(GTK_WIDGET(self->narrow_modes), self->narrow);
}

static void update_header_cb(LkTestPage *self)
{
    update_header(self);
}

static void show_banner(LkTestPage *self)
{
    LkGateState gate = lk_training_gate_get_state(lk_test_bench_get_gate(self->bench));
    static const struct {
        const char *title, *button;
    } banners[] = {
        [LK_GATE_TRAINING] = {N_("Training is running and uses the device"), N_("Pause and Test")},
        [LK_GATE_PAUSING] = {N_("Training pauses after this step"), NULL},
        [LK_GATE_PAUSED] = {N_("Training is paused"), N_("Resume Training")},
    };
    adw_banner_set_revealed(self->banner, gate != LK_GATE_FREE);
    if (gate == LK_GATE_FREE)
        return;
    adw_banner_set_title(self->banner, _(banners[gate].title));
    adw_banner_set_button_label(self->banner, banners[gate].button ? _(banners[gate].button) : NULL);
}

void lk_test_page_update(LkTestPage *self)
{
    lk_test_page_show_stage(self);
    show_details(self);
    show_actions(self);
    show_banner(self);
}

/* ---- messages ---------------------------------------------------------------------------------------- */

void lk_test_page_show_problem(LkTestPage *self, const char *text)
{
    gtk_label_set_label(self->problem_label, text ? text : "");
    gtk_widget_set_visible(self->problem, text != NULL);
    if (text)
        gtk_accessible_announce(GTK_ACCESSIBLE(self), text, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

static void close_problem_cb(LkTestPage *self)
{
    lk_test_page_show_problem(self, NULL);
}

static void problem_cb(LkTestPage *self, const char *text)
{
    lk_test_page_show_problem(self, text);
}

static void banner_cb(LkTestPage *self)
{
    LkTrainingGate *gate = lk_test_bench_get_gate(self->bench);
    self->generate_when_free = lk_training_gate_get_state(gate) == LK_GATE_TRAINING;
    if (self->generate_when_free)
        lk_training_gate_pause(gate);
    else
        lk_training_gate_resume(gate);
}

/* ---- the bench --------------------------------------------------------------------------------------- */

void lk_test_page_generate(LkTestPage *self)
{
    LkGridAxes axes = {0};
    g_autoptr(GError) error = NULL;
    lk_test_page_show_problem(self, NULL);
    if (lk_test_page_is_grid(self) && !lk_test_pane_read_axes(self->pane, &axes, &error)) {
        lk_test_page_show_problem(self, error->message);
        return;
    }
    lk_test_bench_generate(self->bench, &axes, (guint)MAX(lk_test_pane_get_tag(self->pane), 0));
    lk_grid_axes_clear(&axes);
    if (adw_overlay_split_view_get_collapsed(self->split))
        adw_overlay_split_view_set_show_sidebar(self->split, FALSE);
}

/* The empty cells of the grid as the axes are; what is not right is said in their rows. */
static void plan(LkTestPage *self)
{
    LkGridAxes axes = {0};
    if (lk_test_page_is_grid(self) && lk_test_pane_read_axes(self->pane, &axes, NULL) &&
        lk_grid_axes_n_columns(&axes) * lk_grid_axes_n_rows(&axes) <= LK_GRID_MOST)
        lk_test_bench_plan(self->bench, &axes, (guint)MAX(lk_test_pane_get_tag(self->pane), 0));
    lk_grid_axes_clear(&axes);
}

static void planned_cb(LkTestPage *self)
{
    GPtrArray *cells = lk_test_bench_get_cells(self->bench);
    LkPictureWish wish = lk_test_settings_wish(settings(self));
    lk_grid_view_set(self->grid, lk_test_bench_get_axes(self->bench), cells, (double)wish.width / wish.height);
    lk_test_page_update(self);
}

static void changed_cb(LkTestPage *self)
{
    if (self->generate_when_free && lk_training_gate_get_state(lk_test_bench_get_gate(self->bench)) == LK_GATE_PAUSED) {
        self->generate_when_free = FALSE;
        lk_test_page_generate(self);
    }
    lk_test_page_update(self);
}

static void made_cb(LkTestPage *self)
{
    lk_history_strip_choose(self->strip, 0);
    lk_test_page_update(self);
}

static void mode_cb(LkTestPage *self)
{
    plan(self);
    lk_test_page_update(self);
}

/* ---- the history ------------------------------------------------------------------------------------- */

static void load_with_partner(LkTestPicture *picture)
{
    lk_test_picture_load(picture);
    if (lk_test_picture_get_partner(picture))
        lk_test_picture_load(lk_test_picture_get_partner(picture));
}

static void unload_with_partner(LkTestPicture *picture)
{
    lk_test_picture_unload(picture);
    if (lk_test_picture_get_partner(picture))
        lk_test_picture_unload(lk_test_picture_get_partner(picture));
}

/* Only what is shown is in memory. */
static void chosen_cb(LkTestPage *self)
{
    LkTestPicture *chosen = lk_history_strip_get_chosen(self->strip);
    LkTestPicture *partner = chosen ? lk_test_picture_get_partner(chosen) : NULL;
    if (self->shown && self->shown != chosen)
        unload_with_partner(self->shown);
    g_set_object(&self->shown, chosen);
    g_signal_group_set_target(self->shown_signals, chosen);
    g_signal_group_set_target(self->partner_signals, partner);
    if (chosen)
        load_with_partner(chosen);
    lk_test_page_update(self);
}

static void open_large_cb(LkTestPage *self)
{
    gtk_widget_activate_action(GTK_WIDGET(self), "test.open-large", NULL);
}

static void picture_pressed_cb(LkTestPage *self, int n_press)
{
    if (n_press == 2)
        open_large_cb(self);
}

/* ---- files from outside ------------------------------------------------------------------------------ */

static void files_cb(LkTestPage *self, char **paths)
{
    lk_test_page_load_settings(self, paths[0]);
}

static void texture_cb(LkTestPage *self)
{
    lk_test_page_show_problem(self, _("This picture comes without its file, and so without settings. Save it as a PNG "
                                      "file first, then drop that."));
}

static void refused_cb(LkTestPage *self, const char *text)
{
    lk_test_page_show_problem(self, text);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_test_page_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    if (id == PROP_NARROW)
        g_value_set_boolean(value, LK_TEST_PAGE(object)->narrow);
    else
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
}

static void lk_test_page_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkTestPage *self = LK_TEST_PAGE(object);
    if (id != PROP_NARROW) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
        return;
    }
    self->narrow = g_value_get_boolean(value);
    if (self->narrow)
        adw_overlay_split_view_set_show_sidebar(self->split, FALSE);
    update_header(self);
    if (self->bench)
        lk_test_page_update(self);
}

/* Checkpoints that were removed elsewhere are noticed when the page is looked at again. */
static void lk_test_page_map(GtkWidget *widget)
{
    LkTestPage *self = LK_TEST_PAGE(widget);
    GTK_WIDGET_CLASS(lk_test_page_parent_class)->map(widget);
    lk_lora_list_refresh(lk_test_bench_get_loras(self->bench));
}

static void connect_bench(LkTestPage *self)
{
    g_signal_connect_object(self->bench, "changed", G_CALLBACK(changed_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->bench, "planned", G_CALLBACK(planned_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->bench, "made", G_CALLBACK(made_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->bench, "problem", G_CALLBACK(problem_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(settings(self), "notify::mode", G_CALLBACK(mode_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->pane, "axes-changed", G_CALLBACK(plan), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->grid, "chosen", G_CALLBACK(lk_test_page_update), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->grid, "opened", G_CALLBACK(open_large_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->strip, "chosen", G_CALLBACK(chosen_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->strip, "opened", G_CALLBACK(open_large_cb), self, G_CONNECT_SWAPPED);
    GBindingFlags both = G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL;
    g_object_bind_property(settings(self), "mode", self->modes, "active-name", both);
    g_object_bind_property(settings(self), "mode", self->narrow_modes, "active-name", both);
}

static void lk_test_page_constructed(GObject *object)
{
    LkTestPage *self = LK_TEST_PAGE(object);
    LkApplication *application = lk_application_get();
    LkProject *project = lk_page_get_project(LK_PAGE(self));
    G_OBJECT_CLASS(lk_test_page_parent_class)->constructed(object);
    self->bench = lk_test_bench_new(project, lk_application_get_maker(application),
                                    lk_application_get_tasks(application), lk_application_get_settings(application));
    lk_test_pane_set(self->pane, project, settings(self), lk_test_bench_get_loras(self->bench));
    connect_bench(self);
    lk_history_strip_set_history(self->strip, lk_test_bench_get_history(self->bench));
    update_header(self);
    lk_test_page_update(self);
}

static void lk_test_page_dispose(GObject *object)
{
    LkTestPage *self = LK_TEST_PAGE(object);
    if (self->bench) {
        g_signal_handlers_disconnect_by_data(self->bench, self);
        lk_test_bench_close(self->bench);
    }
    g_clear_object(&self->shown_signals);
    g_clear_object(&self->partner_signals);
    g_clear_object(&self->shown);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_TEST_PAGE);
    g_clear_object(&self->bench);
    G_OBJECT_CLASS(lk_test_page_parent_class)->dispose(object);
}

static void tight_cb(LkTestPage *self)
{
    gtk_widget_add_css_class(GTK_WIDGET(self->narrow_modes), "tight");
}

static void loose_cb(LkTestPage *self)
{
    gtk_widget_remove_css_class(GTK_WIDGET(self->narrow_modes), "tight");
}

static void bind_children(GtkWidgetClass *widget_class)
{
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, split);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, modes);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, narrow_modes);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, content_generate);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, save_button);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, banner);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, problem);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, problem_label);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, toasts);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, stage);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, picture_frame);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, picture);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, picture_progress);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, compare_frame);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, compare);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, compare_progress);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, compare_hint);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, grid_title);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, grid_caption);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, grid);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, strip);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, details);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, details_title);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, details_caption);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, main_button);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, pane_generate);
    gtk_widget_class_bind_template_child(widget_class, LkTestPage, pane);
    gtk_widget_class_bind_template_callback(widget_class, update_header_cb);
    gtk_widget_class_bind_template_callback(widget_class, tight_cb);
    gtk_widget_class_bind_template_callback(widget_class, loose_cb);
    gtk_widget_class_bind_template_callback(widget_class, banner_cb);
    gtk_widget_class_bind_template_callback(widget_class, files_cb);
    gtk_widget_class_bind_template_callback(widget_class, texture_cb);
    gtk_widget_class_bind_template_callback(widget_class, refused_cb);
    gtk_widget_class_bind_template_callback(widget_class, close_problem_cb);
}

static AdwToastOverlay *lk_test_page_get_toasts(LkPage *page)
{
    return LK_TEST_PAGE(page)->toasts;
}

static void lk_test_page_class_init(LkTestPageClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    object_class->get_property = lk_test_page_get_property;
    object_class->set_property = lk_test_page_set_property;
    object_class->constructed = lk_test_page_constructed;
    object_class->dispose = lk_test_page_dispose;
    LK_PAGE_CLASS(klass)->get_toasts = lk_test_page_get_toasts;
    widget_class->map = lk_test_page_map;
    properties[PROP_NARROW] =
        g_param_spec_boolean("narrow", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
    g_type_ensure(LK_TYPE_DROP_AREA);
    g_type_ensure(LK_TYPE_COMPARE);
    g_type_ensure(LK_TYPE_GRID_VIEW);
    g_type_ensure(LK_TYPE_HISTORY_STRIP);
    g_type_ensure(LK_TYPE_TEST_PANE);
    gtk_widget_class_set_template_from_resource(widget_class, "/io/github/lorikeet_lora/Lorikeet/ui/test-test_page.ui");
    bind_children(widget_class);
    lk_test_page_install_actions(widget_class);
}

/* A text view takes Return with whatever is held, so keys of the page are looked at before those of its widgets. */
static void add_keys(LkTestPage *self)
{
    static const LkShortcut keys = {"<Control>Return|<Control>KP_Enter", "test.generate"};
    lk_shortcuts_add(GTK_WIDGET(self), &keys, 1, LK_SHORTCUTS_FIRST);
}

static void lk_test_page_init(LkTestPage *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    add_keys(self);
    self->shown_signals = g_signal_group_new(LK_TYPE_TEST_PICTURE);
    g_signal_group_connect_swapped(self->shown_signals, "changed", G_CALLBACK(lk_test_page_update), self);
    self->partner_signals = g_signal_group_new(LK_TYPE_TEST_PICTURE);
    g_signal_group_connect_swapped(self->partner_signals, "changed", G_CALLBACK(lk_test_page_update), self);
    GtkGesture *click = gtk_gesture_click_new();
    g_signal_connect_object(click, "pressed", G_CALLBACK(picture_pressed_cb), self, G_CONNECT_SWAPPED);
    gtk_widget_add_controller(GTK_WIDGET(self->picture), GTK_EVENT_CONTROLLER(click));
}
