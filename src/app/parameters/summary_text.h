/* The figures of the summary in words: sentences for people, without a widget. All results are freed with g_free. */
#pragma once

#include <glib.h>

/** What the length of a run follows from. */
typedef struct LkLengthFacts {
    gint64 pictures; /* that are trained */
    gint64 shown;    /* the same, each counted with its repeats */
    gint64 epochs;   /* 0: the number of steps was given */
    gint64 batch, accumulation, steps;
} LkLengthFacts;

/** "24 pictures × 10 repeats × 10 epochs ÷ batch 2 = 1,200 steps". */
char *lk_summary_length(const LkLengthFacts *facts);
/** How often each picture is seen in the whole run, on the average. */
double lk_summary_times_seen(const LkLengthFacts *facts);

/** "1,200", with the separators of the language. */
char *lk_summary_number(gint64 number);
/** "9.1 GiB"; below one "310 MiB". */
char *lk_summary_memory(gint64 bytes);
/** "9.1 of 12 GiB". */
char *lk_summary_memory_of(gint64 bytes, gint64 all);
/** "+1.2 GiB", "−310 MiB", or "no change" below 1 %. */
char *lk_summary_memory_change(gint64 before, gint64 now);
/** "about the same", "about 20 % longer", "about 35 % shorter"; "no change" where they are equal. */
char *lk_summary_time_change(double before, double now);
/** "About 35 min": steps and seconds a step. */
char *lk_summary_duration(double seconds);
