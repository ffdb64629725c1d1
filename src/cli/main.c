/* lorikeet-cli: the engine for the terminal and for other programs. */
#include "cli/options.h"
#include "cli/report.h"
#include "dataset/nearest.h"
#include "text/language.h"
#include "training/parameters.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    LkExit (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"train", lk_cli_train, N_("train a LoRA as a job file says")},
    {"plan", lk_cli_plan, N_("how many steps a job takes, and how much memory")},
    {"check", lk_cli_check, N_("look at every picture and caption before training")},
    {"generate", lk_cli_generate, N_("make a picture with a base model and LoRAs")},
    {"inspect", lk_cli_inspect, N_("what a .safetensors file is and what is in it")},
    {"export", lk_cli_export, N_("write a LoRA in another layout, precision or kind of file")},
    {"devices", lk_cli_devices, N_("what can train here")},
};

static LkExit print_help(void)
{
    printf(_("Usage: lorikeet-cli COMMAND …\n\nLorikeet trains LoRAs for Stable Diffusion on your own machine.\n\n"));
    puts(_("Commands (lorikeet-cli COMMAND --help explains one):"));
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        printf("  %-12s%s\n", commands[i].name, _(commands[i].summary));
    puts("");
    puts(_("Other:\n  --help-parameters        all keys of a job file, with defaults and allowed values\n"
           "  --help-parameters=all    also those that are not supported\n  --version\n  --help"));
    puts("");
    puts(_("Status: 0 done, 1 failed, 2 wrong usage or settings, 3 stopped on request with the state saved."));
    return LK_EXIT_DONE;
}

static LkExit print_version(void)
{
    puts("lorikeet-cli " LK_VERSION);
    return LK_EXIT_DONE;
}

static LkExit print_parameters(bool all)
{
    g_autofree char *text = lk_parameters_describe(all);
    fputs(text, stdout);
    return LK_EXIT_DONE;
}

static LkExit unknown(const char *word)
{
    const char *names[G_N_ELEMENTS(commands) + 3];
    size_t count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        names[count++] = commands[i].name;
    static const char *const others[] = {"--help", "--version", "--help-parameters"};
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        names[count++] = others[i];
    const char *near = lk_nearest_name(word, names, count);
    if (near)
        lk_cli_say(_("There is no command \"%s\"; did you mean %s? See lorikeet-cli --help."), word, near);
    else
        lk_cli_say(_("There is no command \"%s\". See lorikeet-cli --help."), word);
    return LK_EXIT_USAGE;
}

static LkExit dispatch(int argc, char **argv)
{
    if (argc < 2) {
        lk_cli_say(_("What is to be done? See lorikeet-cli --help."));
        return LK_EXIT_USAGE;
    }
    const char *word = argv[1];
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
        return print_help();
    if (strcmp(word, "--version") == 0)
        return print_version();
    if (strcmp(word, "--help-parameters") == 0 || strcmp(word, "--help-parameters=all") == 0)
        return print_parameters(strchr(word, '=') != NULL);
    return unknown(word);
}

int main(int argc, char **argv)
{
    lk_language_start(LK_LOCALEDIR);
    g_set_prgname("lorikeet-cli");
    LkExit end = dispatch(argc, argv);
    /* A result that did not reach its reader is no result; a reader that has seen enough is none of our business. */
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE && end == LK_EXIT_DONE) {
        lk_cli_say(_("The output could not be written: is the disk full?"));
        end = LK_EXIT_FAILED;
    }
    return (int)end;
}
