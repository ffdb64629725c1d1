#include "app/dataset/dataset_finding_private.h"
#include "app/dataset/finding_texts.h"
#include "app/dataset/picture_list_private.h"
#include "dataset/doctor.h"

struct _LkDatasetFinding {
    GObject parent_instance;
    LkPictureList *list; /* NULL once it is gone */
    LkFindingKind kind;
    guint count;
    char *text, *fix_label;
    GListStore *pictures; /* NULL until somebody asks */
};

G_DEFINE_FINAL_TYPE(LkDatasetFinding, lk_dataset_finding, G_TYPE_OBJECT)

enum { PROP_KIND = 1, PROP_SEVERITY, PROP_TEXT, PROP_ADVICE, PROP_N_PICTURES, PROP_FIX_LABEL, PROP_LAST };
static GParamSpec *properties[PROP_LAST];

LkDatasetFinding *lk_dataset_finding_new(LkPictureList *list, LkFindingKind kind)
{
    LkDatasetFinding *self = g_object_new(LK_TYPE_DATASET_FINDING, NULL);
    self->list = list;
    self->kind = kind;
    return self;
}

void lk_dataset_finding_detach(LkDatasetFinding *self)
{
    self->list = NULL;
}

bool lk_dataset_finding_has(LkFindingKind kind, LkPicture *picture)
{
    return !picture->excluded && lk_picture_has_problem(picture, kind);
}

/* What the window can do about it in this project. */
static LkFixKind fix_of(LkDatasetFinding *self)
{
    const LkFixKind fix = lk_finding_kind_fix(self->kind);
    if (fix == LK_FIX_WRITE_TRIGGER && self->list && !*lk_picture_list_get_trigger_words(self->list))
        return LK_FIX_NONE;
    if (fix == LK_FIX_READ_MORE && self->list && self->list->rules->job->max_token_length >= LK_TOKENS_MOST)
        return LK_FIX_NONE;
    return fix;
}

/* Only what differs is replaced, so that a view stays where it is. */
static void fill(LkDatasetFinding *self)
{
    g_autoptr(GPtrArray) pictures = g_ptr_array_new();
    for (guint i = 0; self->list && i < self->list->pictures->len; i++)
        if (lk_dataset_finding_has(self->kind, self->list->pictures->pdata[i]))
            g_ptr_array_add(pictures, self->list->pictures->pdata[i]);
    GListModel *model = G_LIST_MODEL(self->pictures);
    const guint before = g_list_model_get_n_items(model);
    guint same = 0;
    for (bool equal = true; equal && same < MIN(before, pictures->len); same += equal) {
        g_autoptr(LkPicture) picture = g_list_model_get_item(model, same);
        equal = picture == pictures->pdata[same];
    }
    if (same < before || same < pictures->len)
        g_list_store_splice(self->pictures, same, before - same, pictures->pdata + same, pictures->len - same);
}

void lk_dataset_finding_update(LkDatasetFinding *self, guint count, const char *text)
{
    g_autofree char *own = text ? NULL : lk_finding_kind_text(self->kind, count);
    g_autofree char *label = lk_finding_fix_label(fix_of(self), count);
    g_object_freeze_notify(G_OBJECT(self));
    if (self->count != count) {
        self->count = count;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_N_PICTURES]);
    }
    if (g_set_str(&self->text, text ? text : own))
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_TEXT]);
    if (g_set_str(&self->fix_label, label))
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_FIX_LABEL]);
    if (self->pictures)
        fill(self);
    g_object_thaw_notify(G_OBJECT(self));
}

LkFindingKind lk_dataset_finding_get_kind(LkDatasetFinding *self)
{
    return self->kind;
}

LkSeverity lk_dataset_finding_get_severity(LkDatasetFinding *self)
{
    return lk_finding_kind_severity(self->kind);
}

const char *lk_dataset_finding_get_text(LkDatasetFinding *self)
{
    return self->text ? self->text : "";
}

const char *lk_dataset_finding_get_advice(LkDatasetFinding *self)
{
    return lk_finding_kind_advice(self->kind);
}

guint lk_dataset_finding_get_n_pictures(LkDatasetFinding *self)
{
    return self->count;
}

LkFixKind lk_dataset_finding_get_fix(LkDatasetFinding *self)
{
    return self->fix_label ? fix_of(self) : LK_FIX_NONE;
}

const char *lk_dataset_finding_get_fix_label(LkDatasetFinding *self)
{
    return self->fix_label;
}

GListModel *lk_dataset_finding_get_pictures(LkDatasetFinding *self)
{
    if (!self->pictures) {
        self->pictures = g_list_store_new(LK_TYPE_PICTURE);
        fill(self);
    }
    return G_LIST_MODEL(self->pictures);
}

char *lk_dataset_finding_to_filter(LkDatasetFinding *self)
{
    return g_strdup_printf("-is:excluded problem:%s", lk_finding_name(self->kind));
}

static void lk_dataset_finding_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkDatasetFinding *self = LK_DATASET_FINDING(object);
    switch (id) {
    case PROP_KIND:
        g_value_set_int(value, (int)self->kind);
        break;
    case PROP_SEVERITY:
        g_value_set_int(value, (int)lk_dataset_finding_get_severity(self));
        break;
    case PROP_TEXT:
        g_value_set_string(value, lk_dataset_finding_get_text(self));
        break;
    case PROP_ADVICE:
        g_value_set_string(value, lk_dataset_finding_get_advice(self));
        break;
    case PROP_N_PICTURES:
        g_value_set_uint(value, self->count);
        break;
    case PROP_FIX_LABEL:
        g_value_set_string(value, self->fix_label);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_dataset_finding_finalize(GObject *object)
{
    LkDatasetFinding *self = LK_DATASET_FINDING(object);
    g_free(self->text);
    g_free(self->fix_label);
    g_clear_object(&self->pictures);
    G_OBJECT_CLASS(lk_dataset_finding_parent_class)->finalize(object);
}

static void lk_dataset_finding_class_init(LkDatasetFindingClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_dataset_finding_get_property;
    object_class->finalize = lk_dataset_finding_finalize;
    const GParamFlags get = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    properties[PROP_KIND] = g_param_spec_int("kind", NULL, NULL, 0, LK_FINDING_COUNT, 0, get);
    properties[PROP_SEVERITY] = g_param_spec_int("severity", NULL, NULL, 0, G_MAXINT, 0, get);
    properties[PROP_TEXT] = g_param_spec_string("text", NULL, NULL, NULL, get);
    properties[PROP_ADVICE] = g_param_spec_string("advice", NULL, NULL, NULL, get);
    properties[PROP_N_PICTURES] = g_param_spec_uint("n-pictures", NULL, NULL, 0, G_MAXUINT, 0, get);
    properties[PROP_FIX_LABEL] = g_param_spec_string("fix-label", NULL, NULL, NULL, get);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
}

static void lk_dataset_finding_init(LkDatasetFinding *self)
{
}
