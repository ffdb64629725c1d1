#include "app/help/context.h"

#include "base/error.h"

#include <string.h>

/* By the name of a class: most dialogs keep theirs to themselves. */
static const struct {
    const char *type, *topic;
} types[] = {
    {"LkNewProjectDialog", "first-lora"},
    {"LkProjectsPage", "page-projects"},
    {"LkSourcesDialog", "how-many-pictures"},
    {"LkDoctorDialog", "quality"},
    {"LkCaptionPanel", "captions"},
    {"LkTagsPane", "captions"},
    {"LkDatasetPage", "page-dataset"},
    {"LkViewerPage", "page-dataset"},
    {"LkModelDialog", "base-model"},
    {"LkCompareDialog", "page-parameters"},
    {"LkParametersPage", "page-parameters"},
    {"LkChangeDialog", "learning-rate"},
    {"LkLogDialog", "page-training"},
    {"LkTrainingPage", "page-training"},
    {"LkPictureDialog", "page-test"},
    {"LkTestPage", "page-test"},
    {"LkExportDialog", "use-elsewhere"},
    {"LkResultsPage", "page-results"},
    {"LkQueueDialog", "page-tasks"},
    {"LkTaskPage", "page-tasks"},
    {"LkTasksPage", "page-tasks"},
    {"LkSystemPage", "page-system"},
    {"LkPreferences", "page-system"},
};

static const struct {
    const char *key, *topic;
} keys[] = {
    {"num_repeats", "how-long"},
    {"resolution", "out-of-memory"},
    {"train_batch_size", "out-of-memory"},
    {"trigger_words", "captions"},
    {"pretrained_model_name_or_path", "base-model"},
    {"network_dim", "dim-and-alpha"},
    {"network_alpha", "dim-and-alpha"},
    {"conv_dim", "dim-and-alpha"},
    {"conv_alpha", "dim-and-alpha"},
    {"optimizer_type", "loss"},
    {"max_grad_norm", "loss"},
    {"gradient_accumulation_steps", "out-of-memory"},
    {"gradient_checkpointing", "out-of-memory"},
    {"noise_offset", "quality"},
    {"masked_loss", "how-many-pictures"},
    {"validation_data_dir", "loss"},
    {"validation_split", "loss"},
    {"base_weights_precision", "out-of-memory"},
    {"fp8_base", "out-of-memory"},
    {"fp8_base_unet", "out-of-memory"},
    {"offload_base_weights", "out-of-memory"},
    {"vae_tiling", "out-of-memory"},
};

static const char *const groups[LK_PARAMETER_GROUP_COUNT] = {
    [LK_PARAMETER_GROUP_MODEL] = "base-model",
    [LK_PARAMETER_GROUP_DATASET] = "how-many-pictures",
    [LK_PARAMETER_GROUP_CAPTION] = "captions",
    [LK_PARAMETER_GROUP_NETWORK] = "dim-and-alpha",
    [LK_PARAMETER_GROUP_OPTIMIZER] = "learning-rate",
    [LK_PARAMETER_GROUP_SCHEDULE] = "learning-rate",
    [LK_PARAMETER_GROUP_LENGTH] = "how-long",
    [LK_PARAMETER_GROUP_MEMORY] = "mixed-precision",
    [LK_PARAMETER_GROUP_LOSS] = "loss",
    [LK_PARAMETER_GROUP_SAVING] = "interrupted",
    [LK_PARAMETER_GROUP_SAMPLING] = "page-training",
    [LK_PARAMETER_GROUP_METADATA] = "use-elsewhere",
    [LK_PARAMETER_GROUP_OTHER] = "page-parameters",
};

static const struct {
    int code;
    const char *topic;
} errors[] = {
    {LK_ERROR_MEMORY, "out-of-memory"},
    {LK_ERROR_NUMERIC, "loss"},
    {LK_ERROR_DEVICE, "gpu-not-found"},
};

static const char *topic_of_type(GtkWidget *widget)
{
    const char *name = G_OBJECT_TYPE_NAME(widget);
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_str_equal(types[i].type, name))
            return types[i].topic;
    return NULL;
}

static const char *topic_above(GtkWidget *widget)
{
    const char *topic = NULL;
    for (; widget && !topic; widget = gtk_widget_get_parent(widget))
        topic = topic_of_type(widget);
    return topic;
}

/* The first that is on the screen, from the top. */
static const char *topic_below(GtkWidget *widget)
{
    const char *topic = gtk_widget_get_mapped(widget) ? topic_of_type(widget) : NULL;
    if (!gtk_widget_get_mapped(widget))
        return NULL;
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child && !topic;
         child = gtk_widget_get_next_sibling(child))
        topic = topic_below(child);
    return topic;
}

const char *lk_help_context(AdwApplicationWindow *window)
{
    AdwDialog *dialog = adw_application_window_get_visible_dialog(window);
    const char *topic =
        dialog ? topic_of_type(GTK_WIDGET(dialog)) : topic_above(gtk_window_get_focus(GTK_WINDOW(window)));
    if (!topic)
        topic = topic_below(adw_application_window_get_content(window));
    return topic ? topic : "what-is-a-lora";
}

const char *lk_help_topic_of_parameter(const LkParameter *parameter)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (g_str_equal(keys[i].key, parameter->key))
            return keys[i].topic;
    return groups[parameter->group];
}

const char *lk_help_topic_of_error(int code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(errors); i++)
        if (errors[i].code == code)
            return errors[i].topic;
    return "failed";
}

const char *lk_help_context_nth(guint index)
{
    if (index < G_N_ELEMENTS(types))
        return types[index].topic;
    index -= G_N_ELEMENTS(types);
    if (index < G_N_ELEMENTS(keys))
        return keys[index].topic;
    index -= G_N_ELEMENTS(keys);
    return index < G_N_ELEMENTS(groups) ? groups[index] : NULL;
}
