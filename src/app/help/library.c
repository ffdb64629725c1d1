#include "app/help/library.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#define FOLDER "/io/github/lorikeet_lora/Lorikeet/help/"
enum { EXCERPT_BEFORE = 24, EXCERPT_LENGTH = 90 }; /* characters */

/* In the order in which they are listed. */
static const struct {
    const char *section, *topics[12];
} sections[] = {
    {N_("First Steps"), {"what-is-a-lora", "first-lora", "how-many-pictures", "captions", "base-model", "how-long"}},
    {N_("Settings"), {"learning-rate", "dim-and-alpha", "mixed-precision"}},
    {N_("When Something Is Wrong"),
     {"failed", "out-of-memory", "interrupted", "gpu-not-found", "loss", "quality", "blurred"}},
    {N_("Using a LoRA"), {"use-elsewhere", "strength", "combining"}},
    {N_("Pages of the Window"),
     {"page-projects", "page-dataset", "page-parameters", "page-training", "page-test", "page-results", "page-tasks",
      "page-system"}},
};

struct LkHelpLibrary {
    GPtrArray *topics;
};

const char *lk_help_language(void)
{
    static const char *const traditional[] = {"zh_TW", "zh_HK", "zh_MO", "zh_Hant"};
    if (g_str_equal(_("Preferences"), "Preferences"))
        return "en"; /* the window speaks English, whatever the wish is */
    for (const char *const *name = g_get_language_names(); *name; name++) {
        for (gsize i = 0; i < G_N_ELEMENTS(traditional); i++)
            if (g_str_has_prefix(*name, traditional[i]))
                return "zh_TW";
        if (g_str_has_prefix(*name, "zh"))
            return "zh_CN";
        if (g_str_has_prefix(*name, "en"))
            return "en";
    }
    return "en";
}

static void topic_free(gpointer data)
{
    LkHelpTopic *topic = data;
    g_free(topic->title);
    g_ptr_array_unref(topic->blocks);
    g_free(topic);
}

static LkHelpTopic *read_topic(const char *language, const char *id, const char *section)
{
    g_autofree char *path = g_strconcat(FOLDER, language, "/", id, ".md", NULL);
    g_autoptr(GBytes) bytes = g_resources_lookup_data(path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    if (!bytes)
        return NULL;
    g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    LkHelpTopic *topic = g_new0(LkHelpTopic, 1);
    topic->id = id;
    topic->section = section;
    topic->blocks = lk_markdown_parse(text);
    const LkMarkdownBlock *first = topic->blocks->len ? topic->blocks->pdata[0] : NULL;
    topic->title = g_strdup(first ? first->text : id);
    if (first)
        g_ptr_array_remove_index(topic->blocks, 0);
    return topic;
}

LkHelpLibrary *lk_help_library_new(const char *language)
{
    LkHelpLibrary *self = g_new0(LkHelpLibrary, 1);
    self->topics = g_ptr_array_new_with_free_func(topic_free);
    for (gsize i = 0; i < G_N_ELEMENTS(sections); i++) {
        for (const char *const *id = sections[i].topics; *id; id++) {
            LkHelpTopic *topic = read_topic(language, *id, _(sections[i].section));
            if (topic)
                g_ptr_array_add(self->topics, topic);
        }
    }
    return self;
}

void lk_help_library_free(LkHelpLibrary *self)
{
    g_ptr_array_unref(self->topics);
    g_free(self);
}

const GPtrArray *lk_help_library_get_topics(LkHelpLibrary *self)
{
    return self->topics;
}

const LkHelpTopic *lk_help_library_find(LkHelpLibrary *self, const char *link)
{
    gsize length = strcspn(link, "#");
    if (length > 3 && strncmp(link + length - 3, ".md", 3) == 0)
        length -= 3;
    for (guint i = 0; i < self->topics->len; i++) {
        const LkHelpTopic *topic = self->topics->pdata[i];
        if (strlen(topic->id) == length && strncmp(topic->id, link, length) == 0)
            return topic;
    }
    return NULL;
}

/* ---- search ------------------------------------------------------------------------------------------ */

static void hit_free(gpointer data)
{
    LkHelpHit *hit = data;
    g_free(hit->excerpt);
    g_free(hit);
}

static gboolean contains(const char *text, const char *folded_word)
{
    g_autofree char *folded = g_utf8_casefold(text, -1);
    return strstr(folded, folded_word) != NULL;
}

/* How well the topic answers to one word: 0 not at all. Its id is English, which is what guides and other trainers call
 * things in every language: "loss", "learning-rate". */
static int word_score(const LkHelpTopic *topic, const char *word)
{
    int score = contains(topic->title, word) ? 100 : contains(topic->id, word) ? 50 : 0;
    for (guint i = 0; i < topic->blocks->len; i++) {
        const LkMarkdownBlock *block = topic->blocks->pdata[i];
        if (contains(block->text, word))
            score += block->kind == LK_MARKDOWN_HEADING ? 10 : 1;
    }
    return score;
}

static int topic_score(const LkHelpTopic *topic, char **words)
{
    int score = 0;
    for (char **word = words; *word; word++) {
        int one = **word ? word_score(topic, *word) : 1;
        if (!one)
            return 0;
        score += one;
    }
    return score;
}

/* The characters around the word in a text that has it; case is folded character by character, so that places stay. */
static char *make_excerpt(const char *text, const char *word)
{
    glong length = g_utf8_strlen(text, -1), wanted = g_utf8_strlen(word, -1);
    g_autoptr(GString) low = g_string_new(NULL);
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        g_string_append_unichar(low, g_unichar_tolower(g_utf8_get_char(at)));
    const char *found = strstr(low->str, word);
    if (!found)
        return NULL;
    glong place = g_utf8_pointer_to_offset(low->str, found);
    glong first = MAX(place - EXCERPT_BEFORE, 0), last = MIN(first + EXCERPT_LENGTH, length);
    glong end = MIN(place + wanted, length);
    const char *space = first ? strchr(g_utf8_offset_to_pointer(text, first), ' ') : NULL;
    if (space && g_utf8_pointer_to_offset(text, space) < place)
        first = g_utf8_pointer_to_offset(text, space) + 1; /* not amid a word */
    last = MAX(last, end);
    g_autofree char *before = g_utf8_substring(text, first, place), *middle = g_utf8_substring(text, place, end);
    g_autofree char *after = g_utf8_substring(text, end, last);
    return g_markup_printf_escaped("%s%s<b>%s</b>%s%s", first ? "…" : "", before, middle, after,
                                   last < length ? "…" : "");
}

static char *topic_excerpt(const LkHelpTopic *topic, char **words)
{
    for (char **word = words; *word; word++) {
        for (guint i = 0; **word && i < topic->blocks->len; i++) {
            const LkMarkdownBlock *block = topic->blocks->pdata[i];
            char *excerpt = block->link ? NULL : make_excerpt(block->text, *word);
            if (excerpt)
                return excerpt;
        }
    }
    return NULL;
}

typedef struct Scored {
    LkHelpHit *hit;
    int score;
    guint place;
} Scored;

static int by_score(gconstpointer a, gconstpointer b)
{
    const Scored *first = a, *second = b;
    return first->score != second->score ? second->score - first->score : (int)first->place - (int)second->place;
}

GPtrArray *lk_help_library_search(LkHelpLibrary *self, const char *query)
{
    g_autofree char *folded = g_utf8_casefold(query, -1);
    g_auto(GStrv) words = g_strsplit_set(g_strstrip(folded), " \t", -1);
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(Scored));
    for (guint i = 0; i < self->topics->len; i++) {
        const LkHelpTopic *topic = self->topics->pdata[i];
        int score = *words ? topic_score(topic, words) : 1;
        if (!score)
            continue;
        LkHelpHit *hit = g_new0(LkHelpHit, 1);
        hit->topic = topic;
        hit->excerpt = *words ? topic_excerpt(topic, words) : NULL;
        g_array_append_val(found, ((Scored){hit, score, i}));
    }
    g_array_sort(found, by_score);
    GPtrArray *hits = g_ptr_array_new_with_free_func(hit_free);
    for (guint i = 0; i < found->len; i++)
        g_ptr_array_add(hits, g_array_index(found, Scored, i).hit);
    return hits;
}
