/* The language of messages: for main() of every program. */
#pragma once

/** Takes `language` ("zh_CN") instead of the desktop's; NULL or "": the desktop's. Before lk_language_start. */
void lk_language_prefer(const char *language);
/** The user's language for texts and dates; numbers keep their points everywhere, for job files, JSON and metadata are
 * written by the same functions. Translations are taken from `installed`, or, where the program runs from its build
 * folder, from there. */
void lk_language_start(const char *installed);
