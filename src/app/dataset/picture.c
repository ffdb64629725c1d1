#include "app/dataset/picture_private.h"
#include "text/tags.h"
#include "text/trigger.h"

#include <math.h>
#include <string.h>

G_DEFINE_FINAL_TYPE(LkPicture, lk_picture, G_TYPE_OBJECT)

enum {
    PROP_PATH = 1,
    PROP_NAME,
    PROP_CAPTION,
    PROP_CAPTION_STATE,
    PROP_UNSAVED,
    PROP_TOKENS,
    PROP_WIDTH,
    PROP_HEIGHT,
    PROP_BYTES,
    PROP_MODIFIED,
    PROP_REPEATS,
    PROP_OWN_REPEATS,
    PROP_EXCLUDED,
    PROP_REGULARISATION,
    PROP_MASK,
    PROP_PROBLEMS,
    PROP_ERROR,
    PROP_MISSING,
    PROP_BUCKET_WIDTH,
    PROP_BUCKET_HEIGHT,
    PROP_CUT,
    PROP_LAST
};
static GParamSpec *properties[PROP_LAST];

static void notify(LkPicture *self, int property)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[property]);
}

/* ---- making and storing ------------------------------------------------------------------------------ */

static void take_file(LkPicture *self, const LkPictureRecord *record)
{
    self->bytes = record->size;
    self->modified = record->mtime_ns;
    self->width = record->width;
    self->height = record->height;
    self->flags = record->flags;
    g_set_str(&self->error, record->decode_error);
    g_clear_pointer(&self->content, g_atomic_rc_box_release);
    self->content = lk_picture_content_from_record(record);
    self->sharpness = isnan(record->sharpness) ? -1 : (float)record->sharpness;
}

LkPicture *lk_picture_new(const LkPictureRecord *record, guint source_repeats, bool regularisation)
{
    LkPicture *self = g_object_new(LK_TYPE_PICTURE, NULL);
    self->path = g_ref_string_new(record->path);
    self->source = record->source;
    take_file(self, record);
    self->caption = record->caption ? g_ref_string_new(record->caption) : NULL;
    self->caption_modified = record->caption_mtime_ns;
    self->caption_state = (guint8)record->caption_state;
    self->own_repeats = record->repeats;
    self->source_repeats = MAX(source_repeats, 1);
    self->regularisation = regularisation;
    self->excluded = record->excluded;
    self->mask = g_strdup(record->mask);
    self->removed = record->removed;
    self->tokens = -1;
    return self;
}

LkPictureRecord lk_picture_to_record(LkPicture *self, GPtrArray *texts)
{
    LkPictureRecord record = {.source = self->source,
                              .path = self->path,
                              .size = self->bytes,
                              .mtime_ns = self->modified,
                              .width = self->width,
                              .height = self->height,
                              .sharpness = self->sharpness < 0 ? (double)NAN : (double)self->sharpness,
                              .flags = self->flags,
                              .decode_error = self->error,
                              .caption = self->caption,
                              .caption_mtime_ns = self->caption_modified,
                              .caption_state = (LkPictureCaptionState)self->caption_state,
                              .repeats = self->own_repeats,
                              .excluded = self->excluded,
                              .mask = self->mask,
                              .removed = self->removed};
    lk_picture_content_to_record(self->content, &record, texts);
    return record;
}

bool lk_picture_to_facts(LkPicture *self, LkPictureFacts *facts)
{
    if (!(self->flags & LK_PICTURE_FLAG_EXAMINED) || self->flags & LK_PICTURE_FLAG_MISSING)
        return false;
    *facts = (LkPictureFacts){.modified = self->modified,
                              .bytes = self->bytes,
                              .usable = !self->error,
                              .failure = lk_picture_flags_failure(self->flags),
                              .reason = self->error,
                              .info = lk_picture_get_info(self),
                              .size = {self->width, self->height},
                              .has_look = self->content && self->content->has_look,
                              .sharpness = self->sharpness};
    return true;
}

bool lk_picture_is_trained(LkPicture *self)
{
    return self->listed && !self->excluded && !self->error && !(self->flags & LK_PICTURE_FLAG_MISSING);
}

/* ---- changing ---------------------------------------------------------------------------------------- */

void lk_picture_set_caption(LkPicture *self, const char *caption, LkPictureCaptionState state)
{
    const bool other_state = self->caption_state != state;
    self->caption_state = (guint8)state;
    if (g_strcmp0(self->caption, caption) != 0) {
        const bool other_text = g_strcmp0(lk_picture_get_caption(self), caption ? caption : "") != 0;
        g_clear_pointer(&self->caption, g_ref_string_release);
        self->caption = caption ? g_ref_string_new(caption) : NULL;
        if (other_text)
            notify(self, PROP_CAPTION);
    }
    if (other_state)
        notify(self, PROP_CAPTION_STATE);
}

void lk_picture_add_pending(LkPicture *self, LkPictureField field, int more, bool failed)
{
    const gboolean before = lk_picture_get_unsaved(self);
    self->pending[field] = (guint16)CLAMP(self->pending[field] + more, 0, G_MAXUINT16);
    if (field == LK_PICTURE_FIELD_CAPTION)
        self->write_failed = failed;
    if (before != lk_picture_get_unsaved(self))
        notify(self, PROP_UNSAVED);
}

void lk_picture_set_tokens(LkPicture *self, int tokens)
{
    if (self->tokens == tokens)
        return;
    self->tokens = tokens;
    notify(self, PROP_TOKENS);
}

static void notify_file(LkPicture *self, int width, int height, bool missing, bool other_error)
{
    if (self->width != width)
        notify(self, PROP_WIDTH);
    if (self->height != height)
        notify(self, PROP_HEIGHT);
    if (lk_picture_get_missing(self) != missing)
        notify(self, PROP_MISSING);
    if (other_error)
        notify(self, PROP_ERROR);
}

void lk_picture_set_file(LkPicture *self, const LkPictureRecord *record)
{
    const int width = self->width, height = self->height;
    const gint64 bytes = self->bytes, modified = self->modified;
    const bool missing = lk_picture_get_missing(self), other = g_strcmp0(self->error, record->decode_error) != 0;
    take_file(self, record);
    notify_file(self, width, height, missing, other);
    if (self->bytes != bytes)
        notify(self, PROP_BYTES);
    if (self->modified != modified)
        notify(self, PROP_MODIFIED);
}

void lk_picture_set_facts(LkPicture *self, const LkPictureFacts *facts)
{
    const int width = self->width, height = self->height;
    const bool missing = lk_picture_get_missing(self), other = g_strcmp0(self->error, facts->reason) != 0;
    self->flags = lk_picture_flags_pack(&facts->info, facts->usable ? (LkFindingKind)0 : facts->failure) |
                  LK_PICTURE_FLAG_EXAMINED;
    self->width = facts->size.width;
    self->height = facts->size.height;
    g_clear_pointer(&self->content, g_atomic_rc_box_release);
    self->content = lk_picture_content_new(facts->hash, facts->has_look ? &facts->look : NULL);
    self->sharpness = (float)facts->sharpness;
    g_set_str(&self->error, facts->reason);
    notify_file(self, width, height, missing, other);
}

void lk_picture_set_flag(LkPicture *self, guint32 flag, bool on)
{
    const bool missing = lk_picture_get_missing(self);
    self->flags = on ? self->flags | flag : self->flags & ~flag;
    if (lk_picture_get_missing(self) != missing)
        notify(self, PROP_MISSING);
}

void lk_picture_set_source(LkPicture *self, gint64 source, guint repeats, bool regularisation)
{
    const guint before = lk_picture_get_repeats(self);
    const bool was = self->regularisation;
    self->source = source;
    self->source_repeats = MAX(repeats, 1);
    self->regularisation = regularisation;
    if (before != lk_picture_get_repeats(self))
        notify(self, PROP_REPEATS);
    if (was != regularisation)
        notify(self, PROP_REGULARISATION);
}

void lk_picture_set_own_repeats(LkPicture *self, guint repeats)
{
    if (self->own_repeats == repeats)
        return;
    const guint before = lk_picture_get_repeats(self);
    self->own_repeats = repeats;
    notify(self, PROP_OWN_REPEATS);
    if (before != lk_picture_get_repeats(self))
        notify(self, PROP_REPEATS);
}

void lk_picture_set_excluded(LkPicture *self, bool excluded)
{
    if (self->excluded == excluded)
        return;
    self->excluded = excluded;
    notify(self, PROP_EXCLUDED);
}

void lk_picture_set_mask(LkPicture *self, const char *mask)
{
    if (g_set_str(&self->mask, mask && *mask ? mask : NULL))
        notify(self, PROP_MASK);
}

void lk_picture_set_fit(LkPicture *self, const LkBucketFit *fit)
{
    const LkSize old = self->fit.bucket;
    const double cut = lk_picture_get_cut(self);
    self->fit = fit ? *fit : (LkBucketFit){0};
    if (old.width != self->fit.bucket.width)
        notify(self, PROP_BUCKET_WIDTH);
    if (old.height != self->fit.bucket.height)
        notify(self, PROP_BUCKET_HEIGHT);
    if (fabs(cut - lk_picture_get_cut(self)) > 1e-9)
        notify(self, PROP_CUT);
}

void lk_picture_set_problems(LkPicture *self, guint64 own, guint64 shared)
{
    const guint64 before = lk_picture_get_problems(self);
    self->own_problems = own;
    self->shared_problems = shared;
    if (before != lk_picture_get_problems(self))
        notify(self, PROP_PROBLEMS);
}

/* ---- asking ------------------------------------------------------------------------------------------ */

const char *lk_picture_get_path(LkPicture *self)
{
    return self->path;
}

/* Names that are not UTF-8 are rare; their display form is kept by GLib's table of interned texts. */
const char *lk_picture_get_name(LkPicture *self)
{
    const char *slash = strrchr(self->path, '/');
    const char *name = slash ? slash + 1 : self->path;
    if (g_utf8_validate(name, -1, NULL))
        return name;
    g_autofree char *shown = g_filename_display_name(name);
    return g_intern_string(shown);
}

const char *lk_picture_get_caption(LkPicture *self)
{
    return self->caption ? self->caption : "";
}

LkPictureCaptionState lk_picture_get_caption_state(LkPicture *self)
{
    return (LkPictureCaptionState)self->caption_state;
}

gboolean lk_picture_get_unsaved(LkPicture *self)
{
    return self->pending[LK_PICTURE_FIELD_CAPTION] > 0 || self->write_failed;
}

int lk_picture_get_tokens(LkPicture *self)
{
    return self->tokens;
}

int lk_picture_get_width(LkPicture *self)
{
    return self->width;
}

int lk_picture_get_height(LkPicture *self)
{
    return self->height;
}

gint64 lk_picture_get_bytes(LkPicture *self)
{
    return self->bytes;
}

gint64 lk_picture_get_modified(LkPicture *self)
{
    return self->modified;
}

guint lk_picture_get_repeats(LkPicture *self)
{
    return self->own_repeats ? self->own_repeats : self->source_repeats;
}

guint lk_picture_get_own_repeats(LkPicture *self)
{
    return self->own_repeats;
}

gboolean lk_picture_get_excluded(LkPicture *self)
{
    return self->excluded;
}

gboolean lk_picture_get_regularisation(LkPicture *self)
{
    return self->regularisation;
}

const char *lk_picture_get_mask(LkPicture *self)
{
    return self->mask;
}

guint64 lk_picture_get_problems(LkPicture *self)
{
    return self->own_problems | self->shared_problems;
}

gboolean lk_picture_has_problem(LkPicture *self, LkFindingKind kind)
{
    return (lk_picture_get_problems(self) & lk_finding_bit(kind)) != 0;
}

const char *lk_picture_get_error(LkPicture *self)
{
    return self->error;
}

gboolean lk_picture_get_missing(LkPicture *self)
{
    return (self->flags & LK_PICTURE_FLAG_MISSING) != 0;
}

LkPictureInfo lk_picture_get_info(LkPicture *self)
{
    LkPictureInfo info = lk_picture_flags_info(self->flags);
    info.bytes = self->bytes > 0 ? (size_t)self->bytes : 0;
    info.width = self->width;
    info.height = self->height;
    return info;
}

LkSize lk_picture_get_bucket(LkPicture *self)
{
    return self->fit.bucket;
}

gboolean lk_picture_get_fit(LkPicture *self, LkBucketFit *fit)
{
    *fit = self->fit;
    return fit->bucket.width > 0;
}

double lk_picture_get_cut(LkPicture *self)
{
    const LkBucketFit *fit = &self->fit;
    const double whole = (double)fit->resized.width * fit->resized.height;
    const double kept = (double)fit->bucket.width * fit->bucket.height;
    return whole > kept ? 100 * (1 - kept / whole) : 0;
}

static bool has_all_triggers(const char *caption, const char *triggers)
{
    g_auto(GStrv) words = lk_trigger_words(triggers ? triggers : "");
    for (char **word = words; *word; word++)
        if (!lk_caption_has_trigger(caption, *word, NULL))
            return false;
    return true;
}

gboolean lk_picture_matches(LkPicture *self, const LkFilter *filter, const char *triggers)
{
    if (lk_filter_is_empty(filter))
        return TRUE;
    const char *caption = lk_picture_get_caption(self);
    g_auto(GStrv) tags = lk_tags_parse(caption);
    const LkFilterSubject subject = {.name = lk_picture_get_name(self),
                                     .caption = caption,
                                     .tags = (const char *const *)tags,
                                     .tokens = self->tokens,
                                     .repeats = (int)MIN(lk_picture_get_repeats(self), G_MAXINT),
                                     .size = {self->width, self->height},
                                     .bucket = self->fit.bucket,
                                     .bytes = self->bytes,
                                     .problems = lk_picture_get_problems(self),
                                     .has_trigger = has_all_triggers(caption, triggers),
                                     .has_mask = self->mask || self->own_mask,
                                     .excluded = self->excluded,
                                     .is_reg = self->regularisation};
    return lk_filter_match(filter, &subject);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void get_integer(LkPicture *self, guint id, GValue *value)
{
    const int values[] = {[PROP_CAPTION_STATE] = self->caption_state,
                          [PROP_TOKENS] = self->tokens,
                          [PROP_WIDTH] = self->width,
                          [PROP_HEIGHT] = self->height,
                          [PROP_BUCKET_WIDTH] = self->fit.bucket.width,
                          [PROP_BUCKET_HEIGHT] = self->fit.bucket.height};
    g_value_set_int(value, values[id]);
}

static void lk_picture_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    LkPicture *self = LK_PICTURE(object);
    switch (id) {
    case PROP_PATH:
        g_value_set_string(value, self->path);
        break;
    case PROP_NAME:
        g_value_set_string(value, lk_picture_get_name(self));
        break;
    case PROP_CAPTION:
        g_value_set_string(value, lk_picture_get_caption(self));
        break;
    case PROP_UNSAVED:
        g_value_set_boolean(value, lk_picture_get_unsaved(self));
        break;
    case PROP_BYTES:
        g_value_set_int64(value, self->bytes);
        break;
    case PROP_MODIFIED:
        g_value_set_int64(value, self->modified);
        break;
    case PROP_REPEATS:
        g_value_set_uint(value, lk_picture_get_repeats(self));
        break;
    case PROP_OWN_REPEATS:
        g_value_set_uint(value, self->own_repeats);
        break;
    case PROP_EXCLUDED:
        g_value_set_boolean(value, self->excluded);
        break;
    case PROP_REGULARISATION:
        g_value_set_boolean(value, self->regularisation);
        break;
    case PROP_MASK:
        g_value_set_string(value, self->mask);
        break;
    case PROP_PROBLEMS:
        g_value_set_uint64(value, lk_picture_get_problems(self));
        break;
    case PROP_ERROR:
        g_value_set_string(value, self->error);
        break;
    case PROP_MISSING:
        g_value_set_boolean(value, lk_picture_get_missing(self));
        break;
    case PROP_CUT:
        g_value_set_double(value, lk_picture_get_cut(self));
        break;
    default:
        if (G_IS_PARAM_SPEC_INT(pspec))
            get_integer(self, id, value);
        else
            G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void lk_picture_finalize(GObject *object)
{
    LkPicture *self = LK_PICTURE(object);
    g_clear_pointer(&self->path, g_ref_string_release);
    g_clear_pointer(&self->caption, g_ref_string_release);
    g_free(self->error);
    g_free(self->mask);
    g_clear_pointer(&self->content, g_atomic_rc_box_release);
    G_OBJECT_CLASS(lk_picture_parent_class)->finalize(object);
}

static void lk_picture_class_init(LkPictureClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_picture_get_property;
    object_class->finalize = lk_picture_finalize;
    const GParamFlags get = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
    static const struct {
        int id;
        const char *name;
    } texts[] = {{PROP_PATH, "path"},
                 {PROP_NAME, "name"},
                 {PROP_CAPTION, "caption"},
                 {PROP_MASK, "mask"},
                 {PROP_ERROR, "error"}},
      integers[] = {{PROP_CAPTION_STATE, "caption-state"},
                    {PROP_TOKENS, "tokens"},
                    {PROP_WIDTH, "width"},
                    {PROP_HEIGHT, "height"},
                    {PROP_BUCKET_WIDTH, "bucket-width"},
                    {PROP_BUCKET_HEIGHT, "bucket-height"}},
      booleans[] = {{PROP_UNSAVED, "unsaved"},
                    {PROP_EXCLUDED, "excluded"},
                    {PROP_REGULARISATION, "regularisation"},
                    {PROP_MISSING, "missing"}};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        properties[texts[i].id] = g_param_spec_string(texts[i].name, NULL, NULL, NULL, get);
    for (size_t i = 0; i < G_N_ELEMENTS(integers); i++)
        properties[integers[i].id] = g_param_spec_int(integers[i].name, NULL, NULL, -1, G_MAXINT, 0, get);
    for (size_t i = 0; i < G_N_ELEMENTS(booleans); i++)
        properties[booleans[i].id] = g_param_spec_boolean(booleans[i].name, NULL, NULL, FALSE, get);
    properties[PROP_BYTES] = g_param_spec_int64("bytes", NULL, NULL, -1, G_MAXINT64, 0, get);
    properties[PROP_MODIFIED] = g_param_spec_int64("modified", NULL, NULL, G_MININT64, G_MAXINT64, 0, get);
    properties[PROP_REPEATS] = g_param_spec_uint("repeats", NULL, NULL, 0, G_MAXUINT, 1, get);
    properties[PROP_OWN_REPEATS] = g_param_spec_uint("own-repeats", NULL, NULL, 0, G_MAXUINT, 0, get);
    properties[PROP_PROBLEMS] = g_param_spec_uint64("problems", NULL, NULL, 0, G_MAXUINT64, 0, get);
    properties[PROP_CUT] = g_param_spec_double("cut", NULL, NULL, 0, 100, 0, get);
    g_object_class_install_properties(object_class, PROP_LAST, properties);
}

static void lk_picture_init(LkPicture *self)
{
    self->source_repeats = 1;
    self->tokens = -1;
}
