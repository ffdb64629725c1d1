/* The language of messages: for main() of every program. */
#pragma once

/** The user's language for texts and dates; numbers keep their points everywhere, for job files, JSON and metadata are
 * written by the same functions. Translations are taken from `installed`, or, where the program runs from its build
 * folder, from there. */
void lk_language_start(const char *installed);
