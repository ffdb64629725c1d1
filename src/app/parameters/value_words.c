#include "app/parameters/value_words.h"

#include <glib/gi18n.h>

char *lk_say_parameter_value(const LkParameter *parameter, const char *value)
{
    if (!value)
        return g_strdup(_("unset"));
    if (parameter->type == LK_PARAMETER_BOOL)
        return g_strdup(g_str_equal(value, "true") ? _("on") : _("off"));
    for (const LkChoice *choice = parameter->choices; choice && choice->value; choice++)
        if (choice->title && g_str_equal(choice->value, value))
            return g_strdup(_(choice->title));
    return g_strdup(value);
}
