/* A folder for a test's files, removed at the end. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch_folder[] = "/tmp/lorikeet-test-XXXXXX";

static bool scratch_begin(void)
{
    return mkdtemp(scratch_folder) != NULL;
}

/** A path in the folder; valid until the eighth later call. */
static const char *scratch(const char *name)
{
    static char paths[8][300];
    static int next;
    char *path = paths[next++ % 8];
    g_snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}

static void scratch_end(void)
{
    char command[100];
    g_snprintf(command, sizeof command, "rm -rf %s", scratch_folder);
    if (system(command) != 0)
        printf("# could not remove %s\n", scratch_folder);
}
