/* Rows of the table of parameters for precision and memory. Included in the table itself (parameters_table.c). */
/* clang-format off */
{ROW(ENUM, MEMORY, mixed_precision, "no"), .choices = mixed_precisions, .basic = 5,
 .title = N_("Precision"), .subtitle = N_("Number type of the base model and activations"),
 .help = N_("bf16 for newer graphics cards (2020 and later) and recent processors, fp16 for older cards: both "
            "halve the memory. “No” is exact, slow, and right when training is unstable. The LoRA itself is "
            "always trained in float32."),
 .watch = N_("The loss becomes NaN or samples turn black? Take bf16 in place of fp16, or “No”.")},
{ROW(BOOL, MEMORY, allow_tf32, "false"),
 .title = N_("TF32"), .subtitle = N_("Faster without mixed precision, a little less exact"),
 .help = N_("Matrix products and convolutions in float32 may round what they multiply to ten bits of mantissa, as many as "
            "fp16 has; range and sums stay those of float32. Then the tensor cores of graphics cards of 2020 and later can "
            "do them: several times as fast on an A100 or H100, less of a gain on GeForce RTX 30 and later. Has no effect "
            "with bf16 or fp16, on older cards and on the processor. (A key of diffusers; sd-scripts has none.)"),
 .usual = N_("Off; on where “Precision” is “No” and steps take too long.")},
{ROW(BOOL, MEMORY, gradient_checkpointing, "false"), .aside = true, .basic = 8,
 .title = N_("Gradient Checkpointing"), .subtitle = N_("Less memory for about a third more time"),
 .help = N_("Computes activations again instead of keeping them. The result is the same. The first thing to "
            "turn on when the run does not fit.")},
{ROW(ENUM, MEMORY, base_weights_precision, "auto"), .choices = base_precisions, .aside = true,
 .title = N_("Base Model Weights"), .subtitle = N_("8 bits halve the base model in memory"),
 .help = N_("Keeps the matrices of the base model with 8 bits a number and a scale for each output channel, and makes "
            "each one whole again right before it is used. A step takes a little longer. What is trained and saved "
            "keeps its full precision; the LoRA learns on a base model that is rounded a little."),
 .usual = N_("As “Precision” says; int8 where the run does not fit. It is a little closer than fp8."),
 .watch = N_("Samples look worse than without? Use the base model as it is.")},
{ROW(BOOL, MEMORY, fp8_base, "false"), .aside = true,
 .title = N_("fp8 Base Model"), .subtitle = N_("The same as base model weights in fp8"),
 .help = N_("sd-scripts' switch for 8-bit floating point, of U-Net and text encoders. Here every output channel has "
            "a scale of its own besides, so that small weights keep their digits.")},
{ROW(BOOL, MEMORY, fp8_base_unet, "false"), .aside = true,
 .title = N_("fp8 U-Net"), .subtitle = N_("The same for the U-Net alone"),
 .help = N_("The text encoders keep their precision. Unset, “fp8 Base Model” means both.")},
{ROW(ENUM, MEMORY, offload_base_weights, "none"), .choices = base_offloads, .aside = true,
 .title = N_("Weights in the Computer's Memory"), .subtitle = N_("Brought to the graphics card when they are needed"),
 .help = N_("Parts of the base model wait in the computer's memory and are copied to the graphics card while it "
            "computes what comes before them. The result is the same, to the byte. “As much as needed” moves just "
            "so much that the run fits. Has no effect on the processor."),
 .usual = N_("None; as much as needed where the run does not fit otherwise."),
 .watch = N_("Steps become much slower? The connection to the card is the limit: take 8-bit weights first, they are "
             "half as much to copy.")},
{ROW(ENUM, MEMORY, vae_tiling, "auto"), .choices = vae_tilings,
 .title = N_("VAE Tiles"), .subtitle = N_("Encode and decode large pictures piece by piece"),
 .help = N_("Large pictures are cut into tiles that overlap by a quarter and are faded into each other, which needs "
            "much less memory and gives nearly the same numbers. “Where needed” does so only where whole pictures "
            "do not fit, and the plan says so. Pictures are encoded one at a time in any case. (Our own key; "
            "diffusers calls it enable_tiling.)"),
 .usual = N_("Where needed.")},
{ROW(INT, MEMORY, vae_tile_size, "512"), RANGE(128, 4096), .unit = N_("pixels"),
 .title = N_("Tile Size"), .subtitle = N_("Side of the VAE’s tiles, a multiple of 64"),
 .help = N_("Pictures that are not larger are not cut. “Where needed” takes half of it, and half again, where that "
            "does not fit either. (Our own key.)"),
 .usual = N_("512."),
 .lower = N_("memory runs out while pictures are encoded or samples are made.")},
    /* clang-format on */
