/* A command's help, from its table. */
#include "cli/options.h"
#include "text/wrap.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 96 };

/** Prints a text that begins in this column, and the end of its line. */
static void print_wrapped(const char *text, int column)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    lk_text_wrap(lines, text, column, COLUMNS);
    puts(lines->str);
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
    int width = lk_text_columns(head);
    printf("  %s", head);
    if (width + 4 > LK_HELP_COLUMN)
        printf("\n%*s", LK_HELP_COLUMN, "");
    else
        printf("%*s", LK_HELP_COLUMN - 2 - width, "");
    print_wrapped(help, LK_HELP_COLUMN);
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
    print_wrapped(_(syntax->summary), 0);
    printf("\n%s\n", _("Options:"));
    for (int i = 0; i < syntax->n_options; i++) {
        g_autofree char *head = heading(&syntax->options[i]);
        print_option(head, _(syntax->options[i].help));
    }
    print_option("--help", _("this text"));
    if (syntax->notes) {
        putchar('\n');
        print_wrapped(_(syntax->notes), 0);
    }
}
