/* Picture files of every kind with every defect, made in memory. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** What is right for a file. */
typedef enum TortureAnswer {
    TORTURE_GOOD,    /* decoded: size and colours are those of the picture */
    TORTURE_REFUSED, /* refused, with the reason */
    TORTURE_EITHER,  /* damage that a decoder may not notice; no crash */
} TortureAnswer;

typedef struct TorturePicture {
    char *name; /* file name */
    GByteArray *bytes;
    TortureAnswer answer;
    int width, height; /* as it is to be shown */
    int turn;          /* EXIF orientation */
    bool plain;        /* one colour: white */
    bool grey;
} TorturePicture;

/** TorturePicture *, each with a name of its own. Free with g_ptr_array_unref. */
GPtrArray *torture_pictures(void);
