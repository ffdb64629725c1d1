/* Prompt lines of sd-scripts and lora tags of Stable Diffusion WebUI. */
#include "format/gerror.h"
#include "tap.h"
#include "training/sample_prompts.h"

#include <string.h>
#include <unistd.h>

static const struct {
    const char *line;
    struct {
        const char *prompt, *negative;
        int width, height;
        bool has_seed;
        int64_t seed;
        int steps;
        double scale;
        const char *sampler;
    } expected;
} lines[] = {
    {"a cat", {"a cat", "", 512, 512, false, 0, 30, 7.5, NULL}},
    {"a cat --n dog, blurry --w 640 --h 960 --d 7 --s 20 --l 5.5 --ss euler_a",
     {"a cat", "dog, blurry", 640, 960, true, 7, 20, 5.5, "euler_a"}},
    {"a cat --H 96 --W 100", {"a cat", "", 96, 96, false, 0, 30, 7.5, NULL}},
    {"a cat --w 8 --h 71", {"a cat", "", 64, 64, false, 0, 30, 7.5, NULL}},
    {"a -- b --", {"a -- b --", "", 512, 512, false, 0, 30, 7.5, NULL}},
    {"half--w 64", {"half--w 64", "", 512, 512, false, 0, 30, 7.5, NULL}},
    {"--n only negative", {"--n only negative", "", 512, 512, false, 0, 30, 7.5, NULL}},
    {" --n only negative", {"", "only negative", 512, 512, false, 0, 30, 7.5, NULL}},
    {"a --d -1", {"a", "", 512, 512, false, 0, 30, 7.5, NULL}},
    {"a --d 4294967295", {"a", "", 512, 512, true, 4294967295, 30, 7.5, NULL}},
    {"a --s 1 --s 2", {"a", "", 512, 512, false, 0, 2, 7.5, NULL}},
    {"水彩画 --n 模糊 --ss K_Euler", {"水彩画", "模糊", 512, 512, false, 0, 30, 7.5, "euler"}},
    {"a --n", {"a", "", 512, 512, false, 0, 30, 7.5, NULL}},
};

static void test_lines(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        LkSamplePrompt *p = lk_sample_prompt_parse(lines[i].line, NULL);
        tap_ok(p != NULL && strcmp(p->prompt, lines[i].expected.prompt) == 0 &&
                   strcmp(p->negative, lines[i].expected.negative) == 0 && p->width == lines[i].expected.width &&
                   p->height == lines[i].expected.height && p->has_seed == lines[i].expected.has_seed &&
                   p->seed == lines[i].expected.seed && p->steps == lines[i].expected.steps &&
                   p->scale == lines[i].expected.scale && g_strcmp0(p->sampler, lines[i].expected.sampler) == 0,
               "“%s”", lines[i].line);
        lk_sample_prompt_free(p);
    }
    static const struct {
        const char *line, *fragment;
    } bad[] = {
        {"a --w", "--w is “”"},
        {"a --w wide", "--w is “wide”"},
        {"a --s 0", "from 1 to 1000"},
        {"a --s 1001", "from 1 to"},
        {"a --s 2.5", "from 1 to"},
        {"a --l -1", "from 0 to 1000"},
        {"a --l nan", "from 0 to"},
        {"a --d x", "a whole number"},
        {"a --h 0", "a height"},
        {"a --ss", "but must be a sampler"},
        {"a --ss best", "but must be a sampler"},
        {"a --g 3", "--g of a sample prompt is not supported yet"},
        {"a --cn x.png", "not supported yet"},
        {"a --fs 3", "not supported yet"},
        {"a --seed 3", "--seed of a sample prompt is unknown"},
        {"a <lora:>", "cannot be read"},
        {"a <lora:x:much>", "cannot be read"},
        {"a <lora:x:1:2:3>", "cannot be read"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        LkSamplePrompt *p = lk_sample_prompt_parse(bad[i].line, &error);
        tap_ok(p == NULL && error != NULL && strstr(error->message, bad[i].fragment) != NULL, "%s: %s", bad[i].line,
               error != NULL ? error->message : "was taken");
        lk_sample_prompt_free(p);
    }
}

static void test_tags(void)
{
    static const struct {
        const char *prompt, *rest;
        guint count;
        const char *name; /* of the last */
        double text, unet;
    } rows[] = {
        {"a cat", "a cat", 0, NULL, 0, 0},
        {"a <lora:my dog:0.8> cat", "a  cat", 1, "my dog", 0.8, 0.8},
        {"<lora:a><lora:b:0.5:1>cat", "cat", 2, "b", 0.5, 1},
        {"<lora:a:te=0.1:unet=-2>", "", 1, "a", 0.1, -2},
        {"<lora:a:unet=2:0.5> x", "x", 1, "a", 0.5, 0.5},
        {"a <lora:open", "a <lora:open", 0, NULL, 0, 0},
        {"a <b> c", "a <b> c", 0, NULL, 0, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GPtrArray) tags = lk_lora_tags_new();
        g_autofree char *rest = lk_lora_tags_take(rows[i].prompt, tags, NULL);
        const LkLoraTag *last = tags->len > 0 ? tags->pdata[tags->len - 1] : NULL;
        tap_ok(g_strcmp0(rest, rows[i].rest) == 0 && tags->len == rows[i].count &&
                   (last == NULL || (strcmp(last->name, rows[i].name) == 0 && last->text_weight == rows[i].text &&
                                     last->unet_weight == rows[i].unet)),
               "%s", rows[i].prompt);
    }
}

static void test_file(void)
{
    static const struct {
        const char *content;
        gssize size;
        guint count;
        const char *fragment;
    } rows[] = {
        {"a\nb --w 64\n", -1, 2, NULL},
        {"\xef\xbb\xbf# comment\r\n\r\n  a cat  \r\n", -1, 1, NULL},
        {" # not a comment, as in sd-scripts\n", -1, 1, NULL},
        {"a\nb --q 1", -1, 0, "prompt in line 2"},
        {"", -1, 0, "has no prompt"},
        {"\n# x\n", -1, 0, "has no prompt"},
        {"caf\xe9", -1, 0, "UTF-8"},
        {"a\0b", 3, 0, "UTF-8"},
    };
    g_autofree char *path = g_strdup_printf("%s/lk-prompts-%d.txt", g_get_tmp_dir(), (int)getpid());
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_file_set_contents(path, rows[i].content, rows[i].size, NULL);
        g_autoptr(GPtrArray) prompts = lk_sample_prompts_read(path, &error);
        bool right = rows[i].fragment == NULL
                         ? prompts != NULL && prompts->len == rows[i].count
                         : prompts == NULL && error != NULL && strstr(error->message, rows[i].fragment) != NULL;
        tap_ok(right, "file %zu: %s", i, error != NULL ? error->message : "read");
    }
    remove(path);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) none = lk_sample_prompts_read("/nonexistent.txt", &error);
    tap_ok(none == NULL && error->code == LK_ERROR_IO, "no file: %s", error->message);
    g_clear_error(&error);
    g_autoptr(GPtrArray) other = lk_sample_prompts_read("prompts.json", &error);
    tap_ok(other == NULL && error->code == LK_ERROR_UNSUPPORTED, "another kind of file: %s", error->message);
}

int main(void)
{
    test_lines();
    test_tags();
    test_file();
    return tap_done();
}
