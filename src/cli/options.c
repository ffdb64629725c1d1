#include "cli/options.h"

#include "cli/report.h"
#include "dataset/nearest.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* What is wrong, for a sentence that names the command's help. */
static bool complain(const LkSyntax *syntax, LkExit *end, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool complain(const LkSyntax *syntax, LkExit *end, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    lk_cli_say(_("%s See lorikeet-cli %s --help."), text, syntax->command);
    *end = LK_EXIT_USAGE;
    return false;
}

static const LkOption *find(const LkSyntax *syntax, const char *name)
{
    for (int i = 0; i < syntax->n_options; i++)
        if (strcmp(syntax->options[i].name, name) == 0)
            return &syntax->options[i];
    return NULL;
}

static bool unknown(const LkSyntax *syntax, const char *name, LkExit *end)
{
    g_autofree const char **names = g_new(const char *, (gsize)syntax->n_options + 1);
    for (int i = 0; i < syntax->n_options; i++)
        names[i] = syntax->options[i].name;
    names[syntax->n_options] = "help";
    const char *near = lk_nearest_name(name, names, (size_t)syntax->n_options + 1);
    return near ? complain(syntax, end, _("There is no option --%s; did you mean --%s?"), name, near)
                : complain(syntax, end, _("There is no option --%s."), name);
}

static bool read_choice(const LkSyntax *syntax, const LkOption *option, const char *text, LkExit *end)
{
    for (int i = 0; option->choices[i]; i++)
        if (strcmp(option->choices[i], text) == 0) {
            *(int *)option->value = i;
            return true;
        }
    g_autofree char *all = g_strjoinv(", ", (char **)(uintptr_t)option->choices);
    return complain(syntax, end, _("--%s is \"%s\", but must be one of %s."), option->name, text, all);
}

static bool read_number(const LkSyntax *syntax, const LkOption *option, const char *text, LkExit *end)
{
    char *rest;
    gint64 integer = 0;
    bool whole = option->kind == LK_OPTION_INTEGER;
    double number = g_ascii_strtod(text, &rest);
    bool ok = *text && !*rest && isfinite(number) &&
              (!whole || g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &integer, NULL));
    if (!ok || number < option->min || number > option->max)
        return complain(syntax, end,
                        whole ? _("--%s is \"%s\", but must be a whole number from %.15g to %.15g.")
                              : _("--%s is \"%s\", but must be a number from %.15g to %.15g."),
                        option->name, text, option->min, option->max);
    if (whole)
        *(int64_t *)option->value = integer;
    else
        *(double *)option->value = number;
    return true;
}

static bool store(const LkSyntax *syntax, const LkOption *option, const char *text, LkExit *end)
{
    switch (option->kind) {
    case LK_OPTION_FLAG:
        *(bool *)option->value = true;
        return true;
    case LK_OPTION_TEXT:
        *(const char **)option->value = text;
        return true;
    case LK_OPTION_LIST:
        g_ptr_array_add(*(GPtrArray **)option->value, (gpointer)(uintptr_t)text);
        return true;
    case LK_OPTION_CHOICE:
        return read_choice(syntax, option, text, end);
    case LK_OPTION_INTEGER:
    case LK_OPTION_NUMBER:
        return read_number(syntax, option, text, end);
    }
    return true;
}

/** Reads the option at argv[*i], and moves *i to its last word. */
static bool read_option(const LkSyntax *syntax, int argc, char **argv, int *i, bool *given, LkExit *end)
{
    const char *word = argv[*i];
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        lk_options_help(syntax);
        *end = LK_EXIT_DONE;
        return false;
    }
    if (word[1] != '-')
        return complain(syntax, end, _("There is no option %s; options begin with two dashes."), word);
    const char *equals = strchr(word, '=');
    g_autofree char *name = equals ? g_strndup(word + 2, (gsize)(equals - word) - 2) : g_strdup(word + 2);
    const LkOption *option = find(syntax, name);
    if (!option)
        return unknown(syntax, name, end);
    const char *value = equals ? equals + 1 : NULL;
    if (option->kind == LK_OPTION_FLAG && value)
        return complain(syntax, end, _("--%s takes no value."), name);
    if (option->kind != LK_OPTION_FLAG && !value) {
        if (*i + 1 >= argc)
            return complain(syntax, end, _("--%s needs a value."), name);
        value = argv[++*i];
    }
    given[option - syntax->options] = true;
    return store(syntax, option, value, end);
}

static bool check_required(const LkSyntax *syntax, const bool *given, const char *argument, LkExit *end)
{
    if (syntax->arguments && !argument)
        return complain(syntax, end, _("%s needs %s."), syntax->command, syntax->arguments);
    for (int i = 0; i < syntax->n_options; i++) {
        const LkOption *option = &syntax->options[i];
        if (option->required && !given[i])
            return complain(syntax, end, _("%s needs --%s."), syntax->command, option->name);
        if (option->kind == LK_OPTION_LIST)
            g_ptr_array_add(*(GPtrArray **)option->value, NULL);
    }
    return true;
}

bool lk_options_read(const LkSyntax *syntax, int argc, char **argv, const char **argument, LkExit *end)
{
    g_autofree bool *given = g_new0(bool, (gsize)syntax->n_options + 1);
    const char *found = NULL;
    bool options = true;
    for (int i = 0; i < argc; i++) {
        bool dashed = options && argv[i][0] == '-' && argv[i][1];
        if (dashed && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (dashed) {
            if (!read_option(syntax, argc, argv, &i, given, end))
                return false;
        } else if (found || !syntax->arguments) {
            return complain(syntax, end, _("The argument \"%s\" is one too many."), argv[i]);
        } else {
            found = argv[i];
        }
    }
    if (argument)
        *argument = found;
    return check_required(syntax, given, found, end);
}
