/* A command's help, from its table. */
#include "cli/options.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 96 };

/** Columns of text on a terminal: East Asian characters take two. */
static int width_of(const char *text, gsize bytes)
{
    int width = 0;
    for (const char *at = text; at < text + bytes; at = g_utf8_next_char(at))
        width += g_unichar_iswide(g_utf8_get_char(at)) ? 2 : 1;
    return width;
}

void lk_options_print_wrapped(const char *text, int column)
{
    int at = column;
    while (*text) {
        gsize word = strcspn(text, " \n");
        int width = width_of(text, word);
        if (at > column && at + 1 + width > COLUMNS) {
            printf("\n%*s", column, "");
            at = column;
        } else if (at > column) {
            putchar(' ');
            at++;
        }
        printf("%.*s", (int)word, text);
        at += width;
        text += word;
        for (; *text == '\n'; text++, at = column)
            printf("\n%*s", text[1] && text[1] != '\n' ? column : 0, "");
        text += strspn(text, " ");
    }
    putchar('\n');
}

/** "--steps N", "--layout kohya|diffusers|comfy". */
static char *heading(const LkOption *option)
{
    g_autofree char *choices = option->choices ? g_strjoinv("|", (char **)(uintptr_t)option->choices) : NULL;
    const char *value = choices ? choices : option->placeholder;
    return g_strconcat("--", option->name, value ? " " : NULL, value, NULL);
}

static void print_option(const char *head, const char *help)
{
    int width = width_of(head, strlen(head));
    printf("  %s", head);
    if (width + 4 > LK_HELP_COLUMN)
        printf("\n%*s", LK_HELP_COLUMN, "");
    else
        printf("%*s", LK_HELP_COLUMN - 2 - width, "");
    lk_options_print_wrapped(help, LK_HELP_COLUMN);
}

void lk_options_help(const LkSyntax *syntax)
{
    printf(_("Usage: lorikeet-cli %s"), syntax->command);
    if (syntax->arguments)
        printf(" %s", syntax->arguments);
    for (int i = 0; i < syntax->n_options; i++) {
        g_autofree char *head = heading(&syntax->options[i]);
        if (syntax->options[i].required)
            printf(" %s", head);
    }
    printf(_(" [OPTIONS]\n\n"));
    lk_options_print_wrapped(_(syntax->summary), 0);
    printf("\n%s\n", _("Options:"));
    for (int i = 0; i < syntax->n_options; i++) {
        g_autofree char *head = heading(&syntax->options[i]);
        print_option(head, _(syntax->options[i].help));
    }
    print_option("--help", _("this text"));
    if (syntax->notes) {
        putchar('\n');
        lk_options_print_wrapped(_(syntax->notes), 0);
    }
}
