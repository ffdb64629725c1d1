/* Lines of a terminal: by hand for words with spaces, by law for Chinese. */
#include "tests/tap.h"

#include "text/wrap.h"

#include <glib.h>
#include <string.h>

static char *wrap(const char *text, int column, int columns)
{
    GString *out = g_string_new(NULL);
    lk_text_wrap(out, text, column, columns);
    return g_string_free_and_steal(out);
}

static void test_words(void)
{
    static const struct {
        const char *text;
        int column, columns;
        const char *lines;
    } cases[] = {
        {"", 0, 10, ""},
        {"one two three", 0, 20, "one two three"},
        {"one two three", 0, 7, "one two\nthree"},
        {"one two three", 2, 9, "one two\n  three"},
        {"one  two", 0, 20, "one two"},
        {"longer-than-a-line is kept", 0, 8, "longer-than-a-line\nis kept"},
        {"one\ntwo", 2, 20, "one\n  two"},
        {"one\n\ntwo", 2, 20, "one\n\n  two"},
        {"步数与学习率", 0, 8, "步数与学\n习率"},
        {"步数与学。习", 0, 8, "步数与\n学。习"},
        {"步数（学习）", 0, 6, "步数\n（学\n习）"},
        {"步数 LoRA 与 rank", 0, 9, "步数 LoRA\n与 rank"},
        {"用 learning_rate 训练", 0, 8, "用\nlearning_rate\n训练"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = wrap(cases[i].text, cases[i].column, cases[i].columns);
        if (!tap_ok(strcmp(got, cases[i].lines) == 0, "case %zu, in %d columns", i, cases[i].columns))
            tap_note("got \"%s\"", got);
    }
}

static void test_laws(void)
{
    static const char text[] =
        "文本编码器最先训练过度。0 表示不训练；（此处为 0.0001，sd-scripts 为 2e-6。）每行一条“提示词”，"
        "可在其后加选项：--n 反向提示词，--w 和 --h 尺寸。";
    gboolean fits = TRUE, whole = TRUE, begins = TRUE;
    g_auto(GStrv) source = g_strsplit(text, " ", -1);
    g_autofree char *plain = g_strjoinv("", source);
    for (int columns = 16; columns < 120; columns++) {
        g_autofree char *got = wrap(text, 0, columns);
        g_auto(GStrv) lines = g_strsplit(got, "\n", -1);
        for (char **line = lines; *line; line++) {
            fits = fits && lk_text_columns(*line) <= columns;
            begins = begins && !g_str_has_prefix(*line, "，") && !g_str_has_prefix(*line, "。") &&
                     !g_str_has_prefix(*line, "；") && !g_str_has_prefix(*line, "）") && !g_str_has_prefix(*line, "”");
        }
        g_auto(GStrv) parts = g_strsplit_set(got, " \n", -1);
        g_autofree char *joined = g_strjoinv("", parts);
        whole = whole && strcmp(joined, plain) == 0;
    }
    tap_ok(fits, "no line of Chinese is longer than the terminal is wide");
    tap_ok(whole, "nothing is lost or doubled");
    tap_ok(begins, "no line begins with what closes a sentence");
}

int main(void)
{
    test_words();
    test_laws();
    return tap_done();
}
