#!/usr/bin/env bash
# Brings po/ up to date with the sources: the list of files, the template, every translation. (./dev po)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
{
    echo "# Made by po/update.sh: every source with words for people."
    grep -rlE --include='*.c' --include='*.h' --include='*.blp' '\b(_|N_|C_|NC_|NP_|ngettext|g_dngettext|lk_fail|lk_text)\(' src | sort
    find data -maxdepth 1 -name '*.desktop.in' -o -maxdepth 1 -name '*.metainfo.xml.in' | sort
} >po/POTFILES.in
xgettext --files-from=po/POTFILES.in --output=po/lorikeet.pot --from-code=UTF-8 --package-name=lorikeet \
    --add-comments=translators: --keyword=_ --keyword=N_ --keyword=C_:1c,2 --keyword=NC_:1c,2 --keyword=ngettext:1,2 \
    --keyword=g_dngettext:2,3 --keyword=NP_:1,2 --keyword=lk_fail:3 --keyword=lk_error_prefix:2 --keyword=lk_text \
    --keyword=lk_file_fail:3 \
    --flag=_:1:pass-c-format --flag=N_:1:pass-c-format --flag=g_strdup_printf:1:c-format --sort-by-file 2> >(grep -v 'blp. is unknown' >&2)
while read -r language; do
    case $language in '' | \#*) continue ;; esac
    if [ -f "po/$language.po" ]; then
        msgmerge --quiet --update --backup=none --no-fuzzy-matching --sort-by-file "po/$language.po" po/lorikeet.pot
    else
        msginit --no-translator --input=po/lorikeet.pot --locale="$language.UTF-8" --output-file="po/$language.po"
    fi
    printf '%s: ' "$language"
    msgfmt --check --statistics -o /dev/null "po/$language.po"
done <po/LINGUAS
