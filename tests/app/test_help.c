/* The help: its Markdown, its pages in both languages, the search, and what leads to a page. */
#include "app/help/context.h"
#include "app/help/library.h"
#include "base/error.h"

#include "../tap.h"

#include <string.h>

#define same_int(a, b, ...)  (tap_ok((a) == (b), __VA_ARGS__) || (tap_note("%d, not %d", a, b), false))
#define same_text(a, b, ...) (tap_ok(g_str_equal(a, b), __VA_ARGS__) || (tap_note("%s, not %s", a, b), false))

static const LkMarkdownBlock *nth(GPtrArray *blocks, guint index)
{
    static const LkMarkdownBlock none = {.markup = (char *)"(none)", .text = (char *)"(none)"};
    return index < blocks->len ? blocks->pdata[index] : &none;
}

/* Links are GtkLabel's, all the rest is Pango's. */
static gboolean is_markup(const char *markup)
{
    g_autoptr(GRegex) link = g_regex_new("<a href=\"[^\"<>]*\">|</a>", 0, 0, NULL);
    g_autofree char *rest = g_regex_replace_literal(link, markup, -1, 0, "", 0, NULL);
    return pango_parse_markup(rest, -1, 0, NULL, NULL, NULL, NULL);
}

static void test_blocks(void)
{
    g_autoptr(GPtrArray) blocks =
        lk_markdown_parse("# A title\n\nOne line\nand another.\n- first\n  goes on\n- second\n"
                          "12. twelfth\n\n```\na  b\n\n# no heading\n```\n## End\nword");
    const LkMarkdownKind kinds[] = {LK_MARKDOWN_HEADING, LK_MARKDOWN_PARAGRAPH, LK_MARKDOWN_ITEM,
                                    LK_MARKDOWN_ITEM,    LK_MARKDOWN_ITEM,      LK_MARKDOWN_CODE,
                                    LK_MARKDOWN_HEADING, LK_MARKDOWN_PARAGRAPH};
    const char *texts[] = {"A title", "One line and another.", "first goes on", "second",
                           "twelfth", "a  b\n\n# no heading",  "End",           "word"};
    same_int((int)blocks->len, (int)G_N_ELEMENTS(kinds), "a page has as many blocks as it has");
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        tap_ok(nth(blocks, i)->kind == kinds[i], "block %u is of its kind", i);
        same_text(nth(blocks, i)->text, texts[i], "block %u has its text", i);
    }
    same_int(nth(blocks, 6)->level, 2, "a heading has its level");
    same_text(nth(blocks, 4)->marker, "12.", "a number stays");
    same_text(nth(blocks, 2)->marker, "•", "a dash becomes a bullet");
}

static void test_inline(void)
{
    static const struct {
        const char *source, *markup, *link;
    } cases[] = {
        {"a **b** c", "a <b>b</b> c", NULL},
        {"`<lora:x:0.7>`", "<tt>&lt;lora:x:0.7&gt;</tt>", NULL},
        {"[Loss & more](loss.md)", "<a href=\"loss.md\">Loss &amp; more</a>", "loss.md"},
        {"see [**b**](b.md).", "see <a href=\"b.md\"><b>b</b></a>.", NULL},
        {"[a](a.md) and [b](b.md)", "<a href=\"a.md\">a</a> and <a href=\"b.md\">b</a>", NULL},
        {"2 * 3 ** 4", "2 * 3 ** 4", NULL},
        {"an [open one and `another", "an [open one and `another", NULL},
        {"\\*\\*not bold\\*\\*", "**not bold**", NULL},
        {"`**as it is**`", "<tt>**as it is**</tt>", NULL},
        {"图片**清晰**。\n下一行", "图片<b>清晰</b>。下一行", NULL},
        {"用 LoRA\n训练", "用 LoRA训练", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) blocks = lk_markdown_parse(cases[i].source);
        same_text(nth(blocks, 0)->markup, cases[i].markup, "text %d becomes its markup", (int)i);
        tap_ok(g_strcmp0(nth(blocks, 0)->link, cases[i].link) == 0, "text %d is one link, or not", (int)i);
    }
}

/* Whatever is written, Pango can show it. */
static void test_random(void)
{
    static const char *const parts[] = {"**", "`",  "[", "](", ")",  "\\", "<",   "&",
                                        "a",  "字", " ", "\n", "- ", "# ", "```", "1. "};
    g_autoptr(GRand) random = g_rand_new_with_seed(20);
    guint wrong = 0;
    for (int i = 0; i < 3000; i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        for (int n = g_rand_int_range(random, 0, 24); n > 0; n--)
            g_string_append(text, parts[g_rand_int_range(random, 0, G_N_ELEMENTS(parts))]);
        g_autoptr(GPtrArray) blocks = lk_markdown_parse(text->str);
        for (guint b = 0; b < blocks->len; b++)
            wrong += !is_markup(nth(blocks, b)->markup);
    }
    same_int((int)wrong, 0, "3000 random texts become markup that Pango takes");
}

static void test_pages(const char *language)
{
    g_autoptr(LkHelpLibrary) library = lk_help_library_new(language);
    const GPtrArray *topics = lk_help_library_get_topics(library);
    guint missing = 0, untitled = 0, broken = 0;
    for (guint i = 0; i < topics->len; i++) {
        const LkHelpTopic *topic = topics->pdata[i];
        untitled += !*topic->title || g_str_equal(topic->title, topic->id) || topic->blocks->len < 3;
        for (guint b = 0; b < topic->blocks->len; b++) {
            const LkMarkdownBlock *block = topic->blocks->pdata[b];
            broken += !is_markup(block->markup);
            if (block->link && !lk_help_library_find(library, block->link))
                missing++;
        }
    }
    tap_ok(topics->len >= 20, "%s has %u pages", language, topics->len);
    same_int((int)untitled, 0, "all pages of %s have a title and a text", language);
    same_int((int)broken, 0, "all texts of %s are markup", language);
    same_int((int)missing, 0, "all rows of links of %s lead somewhere", language);
    const char *topic;
    for (guint i = 0; (topic = lk_help_context_nth(i)); i++)
        if (!lk_help_library_find(library, topic))
            tap_ok(false, "the topic %s is there in %s", topic, language);
    tap_ok(lk_help_library_find(library, "loss.md#it-rises") != NULL, "a link with a place in the page finds the page");
    tap_ok(!lk_help_library_find(library, "los"), "half a name finds none");
}

/* What everyone asks has its answer in all languages: on the page, all of these words. */
static void test_advice(void)
{
    static const struct {
        const char *topic, *language, *words[6];
    } rows[] = {
        {"learning-rate", "en", {"0.0001 to 0.001", "0.0001", "Lower it", "unstable", "Raise it", "slow"}},
        {"learning-rate", "zh_CN", {"0.0001 到 0.001", "不稳定", "调低", "太慢", "调高"}},
        {"learning-rate", "zh_TW", {"0.0001 到 0.001", "不穩定", "調低", "太慢", "調高"}},
        {"dim-and-alpha", "en", {"8 to 32", "simple", "over-fitting", "64 to 128", "complex", "Half the rank"}},
        {"dim-and-alpha", "zh_CN", {"8 到 32", "简单", "过拟合", "64 到 128", "复杂", "一半"}},
        {"dim-and-alpha", "zh_TW", {"8 到 32", "簡單", "過擬合", "64 到 128", "複雜", "一半"}},
        {"mixed-precision", "en", {"bf16", "newer", "fp16", "older", "no", "unstable"}},
        {"mixed-precision", "zh_CN", {"bf16", "较新", "fp16", "较旧", "no", "不稳定"}},
        {"mixed-precision", "zh_TW", {"bf16", "較新", "fp16", "較舊", "no", "不穩定"}},
        {"out-of-memory", "en", {"Smaller batch size", "Smaller resolution", "Smaller rank", "Mixed precision"}},
        {"out-of-memory", "zh_CN", {"减小批量大小", "降低分辨率", "减小网络维度", "混合精度"}},
        {"out-of-memory", "zh_TW", {"減小批次大小", "降低解析度", "減小網路維度", "混合精度"}},
        {"blurred", "en", {"Resolution too low", "Not enough training", "Learning rate too high", "Rank too small"}},
        {"blurred", "zh_CN", {"分辨率太低", "训练不够", "学习率太高", "维度太小"}},
        {"blurred", "zh_TW", {"解析度太低", "訓練不夠", "學習率太高", "維度太小"}},
        {"loss", "en", {"learning rate is too high", "more epochs", "another learning rate", "another optimizer"}},
        {"loss", "zh_CN", {"学习率太高", "增加训练轮数", "换一个学习率", "换一个优化器或调度器"}},
        {"loss", "zh_TW", {"學習率太高", "增加訓練輪數", "換一個學習率", "換一個優化器或排程器"}},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(LkHelpLibrary) library = lk_help_library_new(rows[i].language);
        const LkHelpTopic *topic = lk_help_library_find(library, rows[i].topic);
        g_autoptr(GString) text = g_string_new(NULL);
        for (guint b = 0; topic && b < topic->blocks->len; b++)
            g_string_append_printf(text, "%s\n", nth(topic->blocks, b)->text);
        for (gsize w = 0; w < G_N_ELEMENTS(rows[i].words) && rows[i].words[w]; w++)
            tap_ok(strstr(text->str, rows[i].words[w]) != NULL, "%s in %s says “%s”", rows[i].topic, rows[i].language,
                   rows[i].words[w]);
    }
}

static void check_search(const char *language, const char *query, const char *first)
{
    g_autoptr(LkHelpLibrary) library = lk_help_library_new(language);
    g_autoptr(GPtrArray) hits = lk_help_library_search(library, query);
    const LkHelpHit *hit = hits->len ? hits->pdata[0] : NULL;
    same_text(hit ? hit->topic->id : "(nothing)", first, "“%s” finds %s first", query, first);
    if (hit && hit->excerpt)
        tap_ok(strstr(hit->excerpt, "<b>") && is_markup(hit->excerpt), "its excerpt shows the word: %s", hit->excerpt);
}

static void test_search(void)
{
    g_autoptr(LkHelpLibrary) library = lk_help_library_new("en");
    g_autoptr(GPtrArray) all = lk_help_library_search(library, "  ");
    same_int((int)all->len, (int)lk_help_library_get_topics(library)->len, "nothing searched finds all");
    check_search("en", "MEMORY", "out-of-memory");
    check_search("en", "learning rate", "learning-rate");
    check_search("en", "secure boot", "gpu-not-found");
    check_search("en", "comfyui node", "use-elsewhere");
    check_search("en", "zebra crossing", "(nothing)");
    check_search("zh_CN", "显存", "out-of-memory");
    check_search("zh_CN", "学习率", "learning-rate");
    check_search("zh_CN", "安全启动", "gpu-not-found");
    check_search("zh_CN", "loss", "loss");
    check_search("zh_TW", "Learning Rate", "learning-rate");
    check_search("zh_TW", "顯示記憶體", "out-of-memory");
    check_search("zh_TW", "安全開機", "gpu-not-found");
}

static void test_parameters(void)
{
    guint missing = 0;
    g_autoptr(LkHelpLibrary) library = lk_help_library_new("en");
    for (size_t i = 0; i < lk_parameter_count; i++)
        missing += !lk_help_library_find(library, lk_help_topic_of_parameter(&lk_parameters[i]));
    same_int((int)missing, 0, "every parameter has a topic");
    same_text(lk_help_topic_of_parameter(lk_parameter_find("network_dim")), "dim-and-alpha", "the rank's is its own");
    for (int code = 0; code < 16; code++)
        if (!lk_help_library_find(library, lk_help_topic_of_error(code)))
            tap_ok(false, "error %d has a topic", code);
    same_text(lk_help_topic_of_error(LK_ERROR_MEMORY), "out-of-memory", "an error of memory leads to its page");
}

int main(void)
{
    test_blocks();
    test_inline();
    test_random();
    test_pages("en");
    test_pages("zh_CN");
    test_pages("zh_TW");
    test_search();
    test_advice();
    test_parameters();
    return tap_done();
}
