/* The commands of lorikeet-cli. */
#pragma once

/** What the program ends with. */
typedef enum LkExit {
    LK_EXIT_DONE = 0,
    LK_EXIT_FAILED = 1,  /* while running */
    LK_EXIT_USAGE = 2,   /* wrong usage or configuration */
    LK_EXIT_STOPPED = 3, /* on request; what is needed to go on is saved */
} LkExit;

/* A command gets the arguments behind its name and returns what the program ends with; it has printed everything. */
LkExit lk_cli_train(int argc, char **argv);
LkExit lk_cli_plan(int argc, char **argv);
LkExit lk_cli_check(int argc, char **argv);
LkExit lk_cli_generate(int argc, char **argv);
LkExit lk_cli_inspect(int argc, char **argv);
LkExit lk_cli_export(int argc, char **argv);
LkExit lk_cli_devices(int argc, char **argv);
