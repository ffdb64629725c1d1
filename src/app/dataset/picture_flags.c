#include "app/dataset/picture_private.h"

/* The layout of the bits; what is stored stays readable, so parts are only added. */
enum { TYPE = 0, BITS = 4, TURN = 9, GREY = 12, CMYK, ALPHA, ANIMATED, IN_PASSES, TRUNCATED, FAILURE = 18 };

G_STATIC_ASSERT(LK_FINDING_COUNT <= 128);

guint32 lk_picture_flags_pack(const LkPictureInfo *info, LkFindingKind failure)
{
    const guint32 turn = (guint32)CLAMP(info->orientation, 1, 8) - 1;
    return ((guint32)info->type & 15) << TYPE | (guint32)CLAMP(info->bits, 0, 31) << BITS | turn << TURN |
           (guint32)info->grey << GREY | (guint32)info->cmyk << CMYK | (guint32)info->alpha << ALPHA |
           (guint32)info->animated << ANIMATED | (guint32)info->in_passes << IN_PASSES |
           (guint32)info->truncated << TRUNCATED | ((guint32)failure & 127) << FAILURE;
}

LkPictureInfo lk_picture_flags_info(guint32 flags)
{
    return (LkPictureInfo){.type = (LkPictureType)(flags >> TYPE & 15),
                           .bits = (int)(flags >> BITS & 31),
                           .orientation = (int)(flags >> TURN & 7) + 1,
                           .grey = flags >> GREY & 1,
                           .cmyk = flags >> CMYK & 1,
                           .alpha = flags >> ALPHA & 1,
                           .animated = flags >> ANIMATED & 1,
                           .in_passes = flags >> IN_PASSES & 1,
                           .truncated = flags >> TRUNCATED & 1};
}

LkFindingKind lk_picture_flags_failure(guint32 flags)
{
    return (LkFindingKind)(flags >> FAILURE & 127);
}

void lk_picture_set_own_mask(LkPicture *self, bool own)
{
    if (self->own_mask == own)
        return;
    self->own_mask = own;
    g_object_notify(G_OBJECT(self), "mask");
}

gboolean lk_picture_get_own_mask(LkPicture *self)
{
    return self->own_mask;
}
