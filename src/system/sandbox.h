/* Whether the program runs as a Flatpak: then its files, the driver's libraries and advice are other ones. */
#pragma once

#include <stdbool.h>

/** What installs the extension with NVIDIA's libraries and our part for them. */
#define LK_FLATPAK_CUDA "flatpak install io.github.lorikeet_lora.Lorikeet.CUDA"

/** `info`: the file that every Flatpak sees; NULL: /.flatpak-info. */
bool lk_in_flatpak(const char *info);
