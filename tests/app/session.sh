#!/bin/bash
# session.sh CMD...: runs CMD on a screen, a message bus and in a home of its own, all gone afterwards.
# SCREEN=WIDTHxHEIGHTx24 is the screen's size, KEEP_HOME=FOLDER a home that stays.
set -u
run=$(mktemp -d "${TMPDIR:-/tmp}/lorikeet-session.XXXXXX")
chmod 700 "$run"
home=${KEEP_HOME:-$run}
export XDG_RUNTIME_DIR=$run HOME=$home/home XDG_DATA_HOME=$home/data XDG_CONFIG_HOME=$home/config XDG_CACHE_HOME=$home/cache
mkdir -p "$HOME" "$XDG_DATA_HOME" "$XDG_CACHE_HOME" "$XDG_CONFIG_HOME/gtk-4.0"
printf '[Settings]\ngtk-font-name=%s\ngtk-enable-animations=0\ngtk-xft-antialias=1\ngtk-xft-hinting=1\ngtk-xft-hintstyle=hintslight\n' \
    "${UIFONT:-Cantarell 11}" >"$XDG_CONFIG_HOME/gtk-4.0/settings.ini"
# No GPU and no portal; preferences in a file, so that a second start finds them.
export GDK_BACKEND=x11 GSK_RENDERER=cairo GDK_DISABLE=gl,vulkan,dmabuf GSETTINGS_BACKEND=keyfile GTK_A11Y=${GTK_A11Y:-atspi}
export GIO_USE_VFS=local GIO_USE_VOLUME_MONITOR=unix GTK_USE_PORTAL=0
unset WAYLAND_DISPLAY NO_AT_BRIDGE DBUS_SESSION_BUS_ADDRESS
mkfifo "$run/display"
exec 3<>"$run/display"
Xvfb -displayfd 3 -screen 0 "${SCREEN:-1280x800x24}" -nolisten tcp -noreset >"$run/xvfb.log" 2>&1 &
screen=$!
read -r -t 20 -u 3 number || { cat "$run/xvfb.log" >&2; exit 1; }
export DISPLAY=:$number
exec 4>&1 # for CMD alone: services of the bus talk on its standard output
dbus-run-session -- bash -c 'exec "$@" >&4 4>&-' session "$@" >/dev/null 2> >(grep -v 'Failed to set fd limit\|dbus-daemon\[' >&2)
status=$?
kill $screen
wait $screen 2>/dev/null
rm -rf "$run"
exit $status
