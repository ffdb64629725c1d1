/* What is left of a name that a person typed for a task. */
#include "app/core/task_name.h"

#include "../tap.h"

#include <string.h>

int main(void)
{
    static const struct {
        const char *typed, *kept, *what;
    } cases[] = {
        {"Golden hour", "Golden hour", "a name stays as it is"},
        {"  Golden \t hour\n", "Golden hour", "blanks at the ends go, those in a row are one"},
        {"one\r\ntwo", "one two", "a line break is a blank"},
        {"\x1b[31mred\x07", "[31mred", "nothing that steers a terminal"},
        {"a <b> & c/d", "a <b> & c/d", "signs of other languages than the person's stay"},
        {"金色時刻 \xe3\x80\x80 二", "金色時刻 二", "a wide blank is a blank"},
        {" \xc2\xa0\xe2\x80\x8b ", "", "blanks that cannot be seen are no name"},
        {"", "", "nothing is no name"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *kept = lk_task_name_tidy(cases[i].typed);
        tap_ok(strcmp(kept, cases[i].kept) == 0, "%s: “%s”", cases[i].what, kept);
    }
    return tap_done();
}
