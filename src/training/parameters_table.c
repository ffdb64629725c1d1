/* The rows. Defaults are kohya sd-scripts' unless the help says otherwise. Keep `help` in this order: what it does;
 * the usual range; what to try when. */
#include "training/job.h"

#include <glib/gi18n.h>

/* Key and field have the same name. */
#define ROW(t, g, field, d)                                                                                            \
    .key = #field, .type = LK_PARAMETER_##t, .group = LK_PARAMETER_GROUP_##g, .offset = offsetof(LkJob, field),        \
    .fallback = d
#define RANGE(least, most) .min = least, .max = most
#define LATER(k, t, d)                                                                                                 \
    {.key = k,                                                                                                         \
     .type = LK_PARAMETER_##t,                                                                                         \
     .state = LK_PARAMETER_NOT_YET,                                                                                    \
     .group = LK_PARAMETER_GROUP_OTHER,                                                                                \
     .fallback = d}
#define IDLE(k, t, d, why)                                                                                             \
    {.key = k,                                                                                                         \
     .type = LK_PARAMETER_##t,                                                                                         \
     .state = LK_PARAMETER_NO_EFFECT,                                                                                  \
     .group = LK_PARAMETER_GROUP_OTHER,                                                                                \
     .fallback = d,                                                                                                    \
     .subtitle = why}

/* clang-format off */
static const LkChoice token_lengths[] = {
    {"75", 75, N_("75 tokens")}, {"150", 150, N_("150 tokens")}, {"225", 225, N_("225 tokens")}, {NULL}};

static const LkChoice network_modules[] = {
    {"networks.lora", 0, N_("LoRA")},
    {"networks.lora_fa", .not_yet = true}, {"networks.dylora", .not_yet = true}, {"networks.oft", .not_yet = true},
    {"networks.loha", .not_yet = true}, {"networks.lokr", .not_yet = true}, {"lycoris.kohya", .not_yet = true},
    {"networks.lora_flux", .not_yet = true}, {"networks.oft_flux", .not_yet = true},
    {"networks.lora_sd3", .not_yet = true}, {"networks.lora_lumina", .not_yet = true},
    {"networks.lora_anima", .not_yet = true}, {"networks.lora_hunyuan_image", .not_yet = true}, {NULL}};

static const LkChoice optimizers[] = {
    {"AdamW", LK_OPTIMIZER_ADAMW, N_("AdamW")}, {"", LK_OPTIMIZER_ADAMW},
    {"AdamW8bit", .not_yet = true}, {"PagedAdamW", .not_yet = true}, {"PagedAdamW8bit", .not_yet = true},
    {"PagedAdamW32bit", .not_yet = true}, {"Lion", .not_yet = true}, {"Lion8bit", .not_yet = true},
    {"PagedLion8bit", .not_yet = true}, {"SGDNesterov", .not_yet = true}, {"SGDNesterov8bit", .not_yet = true},
    {"AdEMAMix8bit", .not_yet = true}, {"PagedAdEMAMix8bit", .not_yet = true},
    {"DAdaptation", .not_yet = true}, {"DAdaptAdamPreprint", .not_yet = true}, {"DAdaptAdam", .not_yet = true},
    {"DAdaptAdaGrad", .not_yet = true}, {"DAdaptAdan", .not_yet = true}, {"DAdaptAdanIP", .not_yet = true},
    {"DAdaptLion", .not_yet = true}, {"DAdaptSGD", .not_yet = true}, {"Prodigy", .not_yet = true},
    {"Adafactor", .not_yet = true}, {"RAdamScheduleFree", .not_yet = true}, {"AdamWScheduleFree", .not_yet = true},
    {"SGDScheduleFree", .not_yet = true}, {NULL}};

static const LkChoice lr_schedulers[] = {
    {"constant", LK_LR_CONSTANT, N_("Constant")},
    {"constant_with_warmup", LK_LR_CONSTANT_WITH_WARMUP, N_("Constant, with warm-up")},
    {"linear", LK_LR_LINEAR, N_("Linear")},
    {"cosine", LK_LR_COSINE, N_("Cosine")},
    {"cosine_with_restarts", LK_LR_COSINE_WITH_RESTARTS, N_("Cosine with restarts")},
    {"polynomial", LK_LR_POLYNOMIAL, N_("Polynomial")},
    {"inverse_sqrt", .not_yet = true}, {"cosine_with_min_lr", .not_yet = true},
    {"warmup_stable_decay", .not_yet = true}, {"piecewise_constant", .not_yet = true},
    {"adafactor", .not_yet = true}, {NULL}};

static const LkChoice mixed_precisions[] = {
    {"no", LK_MIXED_NO, N_("No (float32)")}, {"fp16", LK_MIXED_FP16, N_("fp16")},
    {"bf16", LK_MIXED_BF16, N_("bf16")}, {NULL}};

static const LkChoice save_formats[] = {
    {"safetensors", LK_SAVE_AS_SAFETENSORS, N_("safetensors")}, {"pt", LK_SAVE_AS_PT, N_("PyTorch (.pt)")},
    {"ckpt", .not_yet = true}, {NULL}};

static const LkChoice save_precisions[] = {
    {"float", LK_SAVE_FLOAT, N_("float32")}, {"fp16", LK_SAVE_FP16, N_("fp16")}, {"bf16", LK_SAVE_BF16, N_("bf16")},
    {"fp32", LK_SAVE_FLOAT}, {NULL}};

static const LkChoice samplers[] = { /* the supported ones are rows of sampling/scheduler.c */
    {"ddim", .title = N_("DDIM")}, {"euler", .title = N_("Euler")}, {"euler_a", .title = N_("Euler a")},
    {"dpmsolver++", .title = N_("DPM++ 2M")}, {"dpmpp_2m_karras", .title = N_("DPM++ 2M Karras")},
    {"k_euler"}, {"k_euler_a"},
    {"pndm", .not_yet = true}, {"lms", .not_yet = true}, {"heun", .not_yet = true}, {"dpm_2", .not_yet = true},
    {"dpm_2_a", .not_yet = true}, {"dpmsolver", .not_yet = true}, {"dpmsingle", .not_yet = true},
    {"k_lms", .not_yet = true}, {"k_dpm_2", .not_yet = true}, {"k_dpm_2_a", .not_yet = true}, {NULL}};
/* clang-format on */

const LkParameter lk_parameters[] = {
    /* clang-format off */
    /* ---------------------------------------------------------------- base model */
    {ROW(FILE, MODEL, pretrained_model_name_or_path, NULL), .basic = true,
     .title = N_("Base model"), .subtitle = N_("The checkpoint the LoRA is trained for"),
     .help = N_("A Stable Diffusion 1.x checkpoint: one .safetensors file, or a folder in the diffusers layout. A "
                "LoRA works best on the model it was trained on and on that model's relatives: for pictures in many "
                "styles train on a plain base model, for one favourite model train on that one.")},
    {ROW(BOOL, MODEL, v_parameterization, "false"),
     .title = N_("v-prediction"), .subtitle = N_("The base model predicts v instead of the noise"),
     .help = N_("Turn it on only for base models made with v-prediction; their description says so. Loss that stays "
                "near 1 and samples that look like noise are the sign of a wrong setting.")},
    {ROW(INT, MODEL, clip_skip, "1"), RANGE(1, 12),
     .title = N_("Clip skip"), .subtitle = N_("Which of the text encoder's layers is used, from the end"),
     .help = N_("1 uses the last layer, 2 the one before it. Use what the base model was trained with: 1 for photo "
                "models, 2 for most anime models. Generate with the same value.")},
    {ROW(INT, MODEL, max_token_length, "75"), .choices = token_lengths,
     .title = N_("Caption length"), .subtitle = N_("Tokens of a caption that are used"),
     .help = N_("What goes beyond is cut off. 75 suits short captions; 150 or 225 let long tag lists work whole and "
                "cost a little time for each step.")},

    /* ---------------------------------------------------------------- dataset */
    {ROW(FOLDER, DATASET, train_data_dir, NULL), .basic = true, .optional = true,
     .title = N_("Picture folder"), .subtitle = N_("Pictures with captions beside them"),
     .help = N_("A flat folder of pictures, one folder named N_name (N repeats), or a folder that holds such "
                "folders: all three are understood. A caption is a text file with the picture's name.")},
    {ROW(FILE, DATASET, dataset_config, NULL), .optional = true,
     .title = N_("Dataset file"), .subtitle = N_("Several folders, each with its own options"),
     .help = N_("A TOML file with [[datasets]] and [[datasets.subsets]] as sd-scripts reads it. It takes the place "
                "of the picture folder; what it leaves out comes from this job.")},
    {ROW(RESOLUTION, DATASET, resolution, "512"), RANGE(64, 4096), .basic = true, .unit = N_("pixels"),
     .title = N_("Resolution"), .subtitle = N_("Size at which pictures are trained"),
     .help = N_("One number for a square, or width and height. With buckets only the area counts. 512 is what Stable "
                "Diffusion 1.x was made for; 640 or 768 keep more detail and need two to three times the memory and "
                "time. Multiples of 64. (sd-scripts has no default; here it is 512.)")},
    {ROW(INT, DATASET, train_batch_size, "1"), RANGE(1, 256), .basic = true, .unit = N_("pictures"),
     .title = N_("Batch size"), .subtitle = N_("Pictures in one step"),
     .help = N_("1 to 4 for most LoRAs. A larger batch makes calmer steps and needs more memory; raise the learning "
                "rate a little with it. Out of memory: 1, with gradient accumulation instead.")},
    {ROW(INT, DATASET, num_repeats, "1"), RANGE(1, 100000), .basic = true,
     .title = N_("Repeats"), .subtitle = N_("How often an epoch shows each picture"),
     .help = N_("For a flat folder; folders named N_name carry their own number. Steps of an epoch are pictures × "
                "repeats ÷ batch size. 5 to 20 for a few dozen pictures, 1 for hundreds. (dataset_repeats in "
                "sd-scripts.)")},
    {ROW(BOOL, DATASET, enable_bucket, "false"), .basic = true,
     .title = N_("Buckets"), .subtitle = N_("Train pictures in their own aspect ratio"),
     .help = N_("Sorts pictures into sizes of about the same area instead of cutting all of them to one size. Turn "
                "it on unless all pictures have the resolution's aspect ratio.")},
    {ROW(INT, DATASET, min_bucket_reso, "256"), RANGE(64, 8192), .unit = N_("pixels"),
     .title = N_("Shortest side"), .subtitle = N_("Lower limit of a bucket's sides"),
     .help = N_("256 is right for 512. Must not be above the resolution's shorter side.")},
    {ROW(INT, DATASET, max_bucket_reso, "1024"), RANGE(64, 8192), .unit = N_("pixels"),
     .title = N_("Longest side"), .subtitle = N_("Upper limit of a bucket's sides"),
     .help = N_("1024 is right for 512; 1536 or 2048 for larger resolutions or long panoramas. Must not be below the "
                "resolution's longer side.")},
    {ROW(INT, DATASET, bucket_reso_steps, "64"), RANGE(8, 1024), .unit = N_("pixels"),
     .title = N_("Bucket steps"), .subtitle = N_("Sides of buckets are multiples of this"),
     .help = N_("64 for Stable Diffusion 1.x, whose U-Net halves the picture so often. Larger steps make fewer "
                "buckets and cut more from the pictures.")},
    {ROW(BOOL, DATASET, bucket_no_upscale, "false"),
     .title = N_("Never enlarge"), .subtitle = N_("Small pictures keep their size"),
     .help = N_("Pictures smaller than the resolution train at their own size, cut to the bucket steps, instead of "
                "being blown up. Good for mixed collections.")},
    {ROW(BOOL, DATASET, flip_aug, "false"),
     .title = N_("Mirror"), .subtitle = N_("Show each picture mirrored half of the time"),
     .help = N_("Makes the most of few pictures. Not for subjects with a left and a right: writing, asymmetric hair "
                "or clothes.")},
    {ROW(FOLDER, DATASET, cache_dir, NULL), .aside = true, .optional = true,
     .title = N_("Cache folder"), .subtitle = N_("Where latents are stored"),
     .help = N_("Unset: the user's cache folder. Set it to a fast disk with room. (Our own key; sd-scripts stores "
                "latents beside the pictures.)")},

    /* ---------------------------------------------------------------- captions */
    {ROW(STRING, CAPTION, trigger_words, NULL), .basic = true, .optional = true,
     .title = N_("Trigger word"), .subtitle = N_("Calls what was trained in a prompt"),
     .help = N_("Put before every caption that does not have it, kept in place when tags are shuffled, and written "
                "into the LoRA's metadata. Choose a word that means nothing yet, such as “sks” with the class: “sks "
                "dog”. (Our own key.)")},
    {ROW(STRING, CAPTION, caption_extension, NULL), .optional = true,
     .title = N_("Caption file ending"), .subtitle = N_("Which text files hold captions"),
     .help = N_("Unset: .txt, and where there is none, .caption. (sd-scripts looks for .caption only and ignores "
                ".txt files unless told.)")},
    {ROW(STRING, CAPTION, caption_separator, ","),
     .title = N_("Tag separator"), .subtitle = N_("What stands between the tags of a caption"),
     .help = N_("Used when tags are shuffled, kept or dropped. A comma in nearly all collections.")},
    {ROW(BOOL, CAPTION, shuffle_caption, "false"), .basic = true,
     .title = N_("Shuffle tags"), .subtitle = N_("Another order of tags in every step"),
     .help = N_("Keeps the model from learning the order of tags. Good for tag lists, wrong for sentences. Keep the "
                "first tags in place with “Keep tags”.")},
    {ROW(INT, CAPTION, keep_tokens, "0"), RANGE(0, 1000), .unit = N_("tags"),
     .title = N_("Keep tags"), .subtitle = N_("First tags that stay in front"),
     .help = N_("The number of tags at the beginning that shuffling and tag dropout leave alone: 1 keeps the trigger "
                "word in front.")},
    {ROW(STRING, CAPTION, keep_tokens_separator, NULL), .optional = true,
     .title = N_("Keep separator"), .subtitle = N_("A mark in captions that ends the kept part"),
     .help = N_("With “|||”, the tags before the mark are kept in place, whatever their number. Unset: “Keep tags” "
                "counts.")},
    {ROW(STRING, CAPTION, secondary_separator, NULL), .optional = true,
     .title = N_("Group separator"), .subtitle = N_("Joins tags that are moved and dropped together"),
     .help = N_("With “;;;” the tags of “red hair;;;long hair” stay together when shuffled, and become a comma in "
                "the end.")},
    {ROW(BOOL, CAPTION, enable_wildcard, "false"),
     .title = N_("Wildcards"), .subtitle = N_("Choices {a|b} and several lines in captions"),
     .help = N_("Every step picks one line of the caption file and one word of each {a|b}. Off: only the first line "
                "counts.")},
    {ROW(STRING, CAPTION, caption_prefix, NULL), .optional = true,
     .title = N_("Text before"), .subtitle = N_("Added in front of every caption"),
     .help = N_("A space goes between it and the caption. For a trigger word use “Trigger word” instead.")},
    {ROW(STRING, CAPTION, caption_suffix, NULL), .optional = true,
     .title = N_("Text after"), .subtitle = N_("Added behind every caption"),
     .help = N_("A space goes between the caption and it.")},
    {ROW(FLOAT, CAPTION, caption_dropout_rate, "0"), RANGE(0, 1),
     .title = N_("Caption dropout"), .subtitle = N_("Share of steps that see no caption"),
     .help = N_("0.05 to 0.1 lets a style LoRA work without its words. 0 for characters and objects.")},
    {ROW(INT, CAPTION, caption_dropout_every_n_epochs, "0"), RANGE(0, 100000), .unit = N_("epochs"),
     .title = N_("Epochs without captions"), .subtitle = N_("Every Nth epoch sees no captions"),
     .help = N_("0 is off. A coarser way than the caption dropout rate.")},
    {ROW(FLOAT, CAPTION, caption_tag_dropout_rate, "0"), RANGE(0, 1),
     .title = N_("Tag dropout"), .subtitle = N_("Share of tags left out of each caption"),
     .help = N_("0.1 makes the LoRA depend less on single tags. Kept tags are never dropped.")},
    {ROW(INT, CAPTION, token_warmup_min, "1"), RANGE(0, 1000), .unit = N_("tags"),
     .title = N_("Tags at first"), .subtitle = N_("Tags of a caption that the first steps see"),
     .help = N_("Together with “Tag warm-up”: the number of tags grows from this to all.")},
    {ROW(FLOAT, CAPTION, token_warmup_step, "0"), RANGE(0, 1e9), .unit = N_("steps"),
     .title = N_("Tag warm-up"), .subtitle = N_("Steps until captions are used whole"),
     .help = N_("0 uses them whole from the start; below 1 it is a share of all steps.")},

    /* ---------------------------------------------------------------- network */
    {ROW(ENUM, NETWORK, network_module, "networks.lora"), .choices = network_modules,
     .title = N_("Network type"), .subtitle = N_("What kind of add-on is trained"),
     .help = N_("LoRA on the attention and feed-forward layers of the U-Net and the text encoder. (sd-scripts has no "
                "default.)")},
    {ROW(INT, NETWORK, network_dim, "16"), RANGE(1, 1024), .basic = true,
     .title = N_("Rank"), .subtitle = N_("Network dim: how much the LoRA can hold"),
     .help = N_("8 to 32 for characters and objects, 32 to 64 for styles. The file and the memory grow with it; too "
                "high learns the pictures by heart. (16 here; 4 in sd-scripts.)")},
    {ROW(FLOAT, NETWORK, network_alpha, "8"), RANGE(0, 4096), .basic = true,
     .title = N_("Alpha"), .subtitle = N_("Strength of the LoRA is alpha ÷ rank"),
     .help = N_("Half the rank or the rank itself. A smaller alpha needs a higher learning rate. 0 means the rank. "
                "(8 here; 1 in sd-scripts.)")},
    {ROW(FILE, NETWORK, network_weights, NULL), .optional = true,
     .title = N_("Continue from LoRA"), .subtitle = N_("Start with the weights of an existing LoRA"),
     .help = N_("Its rank must be the network dim, or take rank and alpha from it too. To go on with an interrupted "
                "run use its state instead: that also has the optimizer.")},
    {ROW(BOOL, NETWORK, dim_from_weights, "false"),
     .title = N_("Rank of that LoRA"), .subtitle = N_("Take rank and alpha from the LoRA to continue"),
     .help = N_("Rank and alpha above are then not used.")},
    {ROW(BOOL, NETWORK, network_train_unet_only, "false"), .basic = true,
     .title = N_("U-Net only"), .subtitle = N_("Leave the text encoder as it is"),
     .help = N_("Faster, needs less memory and keeps prompts flexible. Training the text encoder too helps with "
                "words the model does not know yet.")},
    {ROW(BOOL, NETWORK, network_train_text_encoder_only, "false"),
     .title = N_("Text encoder only"), .subtitle = N_("Leave the U-Net as it is"),
     .help = N_("Rarely useful: teaches words, not pictures.")},

    /* ---------------------------------------------------------------- optimizer */
    {ROW(ENUM, OPTIMIZER, optimizer_type, "AdamW"), .choices = optimizers,
     .title = N_("Optimizer"), .subtitle = N_("How gradients become changes"),
     .help = N_("AdamW suits every LoRA. Its state is kept in float32.")},
    {ROW(LIST, OPTIMIZER, optimizer_args, NULL), .optional = true,
     .title = N_("Optimizer options"), .subtitle = N_("weight_decay=0.01, betas=(0.9, 0.999), eps=1e-8"),
     .help = N_("A list of name=value. AdamW knows weight_decay (0.01; 0.1 against over-training), betas and eps.")},
    {ROW(FLOAT, OPTIMIZER, learning_rate, "0.0001"), RANGE(0, 10), .basic = true,
     .title = N_("Learning rate"), .subtitle = N_("Size of each change"),
     .help = N_("1e-4 for AdamW, from 5e-5 to 3e-4. Colours burn out or anatomy breaks: halve it. Nothing is learned "
                "after many steps: double it. (1e-4 here; 2e-6 in sd-scripts, which is meant for whole models.)")},
    {ROW(FLOAT, OPTIMIZER, unet_lr, NULL), RANGE(0, 10), .optional = true,
     .title = N_("U-Net learning rate"), .subtitle = N_("Unset: the learning rate"),
     .help = N_("0 leaves the U-Net untrained.")},
    {ROW(FLOAT, OPTIMIZER, text_encoder_lr, NULL), RANGE(0, 10), .basic = true, .optional = true,
     .title = N_("Text encoder learning rate"), .subtitle = N_("Unset: the learning rate"),
     .help = N_("Half to a tenth of the U-Net's is safe: the text encoder over-trains first. 0 leaves it untrained.")},
    {ROW(FLOAT, OPTIMIZER, max_grad_norm, "1"), RANGE(0, 1e6),
     .title = N_("Gradient clipping"), .subtitle = N_("Largest length of the gradient"),
     .help = N_("Longer gradients are shortened to this, so that one odd picture does no harm. 1 is right; 0 turns "
                "it off.")},
    {ROW(INT, OPTIMIZER, gradient_accumulation_steps, "1"), RANGE(1, 1024), .unit = N_("batches"),
     .title = N_("Gradient accumulation"), .subtitle = N_("Batches that make one step"),
     .help = N_("The effect of a batch this many times as large in the memory of one; a step takes as many times as "
                "long.")},

    /* ---------------------------------------------------------------- schedule */
    {ROW(ENUM, SCHEDULE, lr_scheduler, "constant"), .basic = true, .choices = lr_schedulers,
     .title = N_("Schedule"), .subtitle = N_("How the learning rate changes over the run"),
     .help = N_("Constant is simple and can be prolonged; cosine ends gently and often gives the cleanest result; "
                "cosine with restarts starts anew a few times.")},
    {ROW(COUNT, SCHEDULE, lr_warmup_steps, "0"), RANGE(0, 1e9), .unit = N_("steps"),
     .title = N_("Warm-up"), .subtitle = N_("Steps until the learning rate is reached"),
     .help = N_("A number of steps, or a share of all steps below 1 (0.05 or 5%). 0 to a tenth; helps with high "
                "learning rates. The schedule “constant” has none.")},
    {ROW(INT, SCHEDULE, lr_scheduler_num_cycles, "1"), RANGE(1, 10000),
     .title = N_("Restarts"), .subtitle = N_("Cycles of “cosine with restarts”"),
     .help = N_("1 to 5. Other schedules do not use it.")},
    {ROW(FLOAT, SCHEDULE, lr_scheduler_power, "1"), RANGE(0, 100),
     .title = N_("Power"), .subtitle = N_("Bend of the polynomial schedule"),
     .help = N_("1 is a straight line, 2 falls faster at first. Other schedules do not use it.")},

    /* ---------------------------------------------------------------- length */
    {ROW(INT, LENGTH, max_train_epochs, "0"), RANGE(0, 1000000), .basic = true, .optional = true, .unit = N_("epochs"),
     .title = N_("Epochs"), .subtitle = N_("How often the whole dataset is seen"),
     .help = N_("Takes the place of the number of steps when it is not 0. 10 with a save after each lets you choose "
                "the best.")},
    {ROW(INT, LENGTH, max_train_steps, "1600"), RANGE(1, 100000000), .basic = true, .unit = N_("steps"),
     .title = N_("Steps"), .subtitle = N_("Length of the run where epochs are not given"),
     .help = N_("1000 to 3000 for a character or an object of 20 to 50 pictures, more for a style.")},
    {ROW(INT64, LENGTH, seed, "42"), RANGE(0, 9007199254740992.0),
     .title = N_("Seed"), .subtitle = N_("Start of all random numbers"),
     .help = N_("The same job with the same seed gives the same LoRA. (42 here; sd-scripts takes another one in each "
                "run.)")},

    /* ---------------------------------------------------------------- precision and memory */
    {ROW(ENUM, MEMORY, mixed_precision, "no"), .basic = true, .choices = mixed_precisions,
     .title = N_("Precision"), .subtitle = N_("Number type of the base model and activations"),
     .help = N_("bf16 halves memory and is the right choice on graphics cards from 2020 on and on recent processors; "
                "fp16 for older cards; “no” is exact and slow. The LoRA itself is always trained in float32.")},
    {ROW(BOOL, MEMORY, gradient_checkpointing, "false"), .basic = true, .aside = true,
     .title = N_("Gradient checkpointing"), .subtitle = N_("Less memory for about a third more time"),
     .help = N_("Computes activations again instead of keeping them. The result is the same. Turn it on when the run "
                "does not fit.")},

    /* ---------------------------------------------------------------- noise and loss */
    {ROW(FLOAT, LOSS, noise_offset, "0"), RANGE(-1, 1),
     .title = N_("Noise offset"), .subtitle = N_("Helps with very dark and very bright pictures"),
     .help = N_("0.05 to 0.1. Higher values change brightness and contrast too much.")},
    {ROW(FLOAT, LOSS, min_snr_gamma, "0"), RANGE(0, 1000),
     .title = N_("Min-SNR gamma"), .subtitle = N_("Balances the timesteps"),
     .help = N_("5 makes learning calmer and often faster; 1 is strong. 0 turns it off.")},
    {ROW(BOOL, LOSS, debiased_estimation_loss, "false"),
     .title = N_("Debiased estimation"), .subtitle = N_("Weights the loss by the noise level"),
     .help = N_("Another way to balance the timesteps; use it or min-SNR, not both.")},
    {ROW(BOOL, LOSS, scale_v_pred_loss_like_noise_pred, "false"),
     .title = N_("Scale v loss"), .subtitle = N_("Weights v-prediction like noise prediction"),
     .help = N_("Only for v-prediction models: brings details back to the weight they have in ordinary models.")},
    {ROW(FLOAT, LOSS, v_pred_like_loss, "0"), RANGE(0, 100),
     .title = N_("v-like loss"), .subtitle = N_("Adds a share of a v-prediction loss"),
     .help = N_("Only for ordinary (noise prediction) models. 0 turns it off.")},
    {ROW(BOOL, LOSS, zero_terminal_snr, "false"),
     .title = N_("Zero terminal SNR"), .subtitle = N_("The last timestep is pure noise"),
     .help = N_("For v-prediction models that were made with it.")},
    {ROW(INT, LOSS, min_timestep, "0"), RANGE(0, 999),
     .title = N_("First timestep"), .subtitle = N_("Lower end of the noise levels trained"),
     .help = N_("0 trains fine detail too.")},
    {ROW(INT, LOSS, max_timestep, "1000"), RANGE(1, 1000),
     .title = N_("Last timestep"), .subtitle = N_("Upper end of the noise levels trained, not included"),
     .help = N_("1000 trains composition too.")},

    /* ---------------------------------------------------------------- saving */
    {ROW(FOLDER, SAVING, output_dir, "output"), .basic = true, .aside = true,
     .title = N_("Output folder"), .subtitle = N_("Where LoRAs, states and samples go"),
     .help = N_("Made if it is missing. (sd-scripts has no default; here it is “output” beside the job.)")},
    {ROW(STRING, SAVING, output_name, NULL), .basic = true, .aside = true, .optional = true,
     .title = N_("Name"), .subtitle = N_("File name of the LoRA, without ending"),
     .help = N_("This is also what a prompt calls it by: <lora:name:1>. Unset: the job file's name.")},
    {ROW(ENUM, SAVING, save_model_as, "safetensors"), .aside = true, .choices = save_formats,
     .title = N_("File format"), .subtitle = N_("What kind of file the LoRA is"),
     .help = N_("safetensors is what all programs read and has the metadata; .pt is for old ones.")},
    {ROW(ENUM, SAVING, save_precision, "float"), .aside = true, .choices = save_precisions,
     .title = N_("Precision of the file"), .subtitle = N_("fp16 halves its size"),
     .help = N_("No difference can be seen between fp16 and float. Resuming uses the state, not this file.")},
    {ROW(INT, SAVING, save_every_n_epochs, "0"), RANGE(0, 1000000), .basic = true, .aside = true, .unit = N_("epochs"),
     .title = N_("Save every … epochs"), .subtitle = N_("Checkpoints to choose from"),
     .help = N_("1 with about ten epochs. 0: only the end is saved.")},
    {ROW(INT, SAVING, save_every_n_steps, "0"), RANGE(0, 100000000), .aside = true, .unit = N_("steps"),
     .title = N_("Save every … steps"), .subtitle = N_("Checkpoints to choose from"),
     .help = N_("For long epochs. 0 is off.")},
    {ROW(INT, SAVING, save_last_n_epochs, "0"), RANGE(0, 1000000), .aside = true, .unit = N_("epochs"),
     .title = N_("Keep the last … epochs"), .subtitle = N_("Older checkpoints are deleted"),
     .help = N_("Counts epochs, not files. 0 keeps all.")},
    {ROW(INT, SAVING, save_last_n_steps, "0"), RANGE(0, 100000000), .aside = true, .unit = N_("steps"),
     .title = N_("Keep the last … steps"), .subtitle = N_("Older checkpoints are deleted"),
     .help = N_("Counts steps, not files. 0 keeps all.")},
    {ROW(BOOL, SAVING, save_state, "false"), .aside = true,
     .title = N_("Save states"), .subtitle = N_("With each checkpoint, what resuming needs"),
     .help = N_("A run that is stopped on request saves its state in any case.")},
    {ROW(BOOL, SAVING, save_state_on_train_end, "false"), .aside = true,
     .title = N_("Save state at the end"), .subtitle = N_("To prolong a finished run"),
     .help = N_("Saves the state once, after the last step.")},
    {ROW(INT, SAVING, save_state_every_n_steps, "0"), RANGE(0, 100000000), .aside = true, .unit = N_("steps"),
     .title = N_("State every … steps"), .subtitle = N_("Limits what a crash or a power cut can lose"),
     .help = N_("The two newest are kept. 0 is off. (Our own key.)")},

    /* ---------------------------------------------------------------- samples */
    {ROW(PROMPTS, SAMPLING, sample_prompts, NULL), .basic = true, .aside = true, .optional = true,
     .title = N_("Sample prompts"), .subtitle = N_("Pictures made while training"),
     .help = N_("A text file or a list with one prompt a line, and options behind it: --n negative prompt, --w and "
                "--h size, --d seed, --s steps, --l guidance scale, --ss sampler. Lines with # are comments. Use the "
                "trigger word, and one prompt without it.")},
    {ROW(INT, SAMPLING, sample_every_n_epochs, "0"), RANGE(0, 1000000), .basic = true, .aside = true,
     .unit = N_("epochs"), .title = N_("Sample every … epochs"), .subtitle = N_("Goes before the number of steps"),
     .help = N_("1 with about ten epochs. 0 is off.")},
    {ROW(INT, SAMPLING, sample_every_n_steps, "0"), RANGE(0, 100000000), .aside = true, .unit = N_("steps"),
     .title = N_("Sample every … steps"), .subtitle = N_("Used where epochs are not given"),
     .help = N_("200 to 500. Each sample takes as long as ten to thirty steps. 0 is off.")},
    {ROW(BOOL, SAMPLING, sample_at_first, "false"), .aside = true,
     .title = N_("Sample at first"), .subtitle = N_("Also before the first step"),
     .help = N_("Shows what the base model makes of the prompts, to compare with.")},
    {ROW(STRING, SAMPLING, sample_sampler, "ddim"), .aside = true, .choices = samplers,
     .title = N_("Sampler"), .subtitle = N_("For prompts that name none"),
     .help = N_("Euler a and DPM++ 2M look best in 20 to 30 steps; DDIM is the plainest.")},

    /* ---------------------------------------------------------------- metadata */
    {ROW(BOOL, METADATA, no_metadata, "false"), .aside = true,
     .title = N_("Little metadata"), .subtitle = N_("Keep settings and tags out of the file"),
     .help = N_("Only what programs need to load the LoRA is written. The training settings and the tag frequency "
                "stay private.")},
    {ROW(STRING, METADATA, training_comment, NULL), .aside = true, .optional = true,
     .title = N_("Comment"), .subtitle = N_("Free text in the file"),
     .help = N_("A note to yourself or to users, shown by programs that show metadata.")},
    {ROW(STRING, METADATA, metadata_title, NULL), .aside = true, .optional = true,
     .title = N_("Title"), .subtitle = N_("Unset: the name"),
     .help = N_("Shown by programs instead of the file name.")},
    {ROW(STRING, METADATA, metadata_author, NULL), .aside = true, .optional = true,
     .title = N_("Author"), .subtitle = N_("Who made the LoRA"),
     .help = N_("A name or an address on the web.")},
    {ROW(STRING, METADATA, metadata_description, NULL), .aside = true, .optional = true,
     .title = N_("Description"), .subtitle = N_("What the LoRA is for"),
     .help = N_("Free text.")},
    {ROW(STRING, METADATA, metadata_license, NULL), .aside = true, .optional = true,
     .title = N_("Licence"), .subtitle = N_("What users may do with it"),
     .help = N_("The name of a licence. Mind the base model's own.")},
    {ROW(STRING, METADATA, metadata_tags, NULL), .aside = true, .optional = true,
     .title = N_("Tags"), .subtitle = N_("Separated by commas"),
     .help = N_("Words to find the LoRA by, such as character, style.")},
    {ROW(STRING, METADATA, metadata_usage_hint, NULL), .aside = true, .optional = true,
     .title = N_("Usage hint"), .subtitle = N_("How to use it, in a sentence"),
     .help = N_("For example the best weight.")},
    {ROW(FILE, METADATA, metadata_thumbnail, NULL), .aside = true, .optional = true,
     .title = N_("Thumbnail"), .subtitle = N_("A small picture stored in the file"),
     .help = N_("PNG, JPEG or WebP of at most 1 MB.")},
    {ROW(STRING, METADATA, metadata_merged_from, NULL), .aside = true, .optional = true,
     .title = N_("Merged from"), .subtitle = N_("Names of models it was merged from"),
     .help = N_("Only for the record.")},
    {ROW(STRING, METADATA, metadata_trigger_phrase, NULL), .aside = true, .optional = true,
     .title = N_("Trigger phrase"), .subtitle = N_("Unset: the trigger word"),
     .help = N_("What to write in a prompt, shown by programs that read it.")},

    /* ---------------------------------------------------------------- known, not supported yet */
    LATER("vae", STRING, NULL), LATER("reg_data_dir", STRING, NULL), LATER("prior_loss_weight", FLOAT, "1"),
    LATER("in_json", STRING, NULL), LATER("dataset_class", STRING, NULL), LATER("debug_dataset", BOOL, "false"),
    LATER("color_aug", BOOL, "false"), LATER("random_crop", BOOL, "false"), LATER("face_crop_aug_range", STRING, NULL),
    LATER("alpha_mask", BOOL, "false"), LATER("masked_loss", BOOL, "false"),
    LATER("conditioning_data_dir", STRING, NULL), LATER("resize_interpolation", STRING, NULL),
    LATER("weighted_captions", BOOL, "false"), LATER("cache_text_encoder_outputs", BOOL, "false"),
    LATER("cache_text_encoder_outputs_to_disk", BOOL, "false"), LATER("text_encoder_batch_size", INT, NULL),
    LATER("train_inpainting", BOOL, "false"), LATER("network_args", LIST, NULL), LATER("network_dropout", FLOAT, "0"),
    LATER("scale_weight_norms", FLOAT, "0"), LATER("base_weights", LIST, NULL),
    LATER("base_weights_multiplier", LIST, NULL), LATER("stop_text_encoder_training", INT, "0"),
    LATER("use_8bit_adam", BOOL, "false"), LATER("use_lion_optimizer", BOOL, "false"),
    LATER("fused_backward_pass", BOOL, "false"), LATER("lr_scheduler_type", STRING, NULL),
    LATER("lr_scheduler_args", LIST, NULL), LATER("lr_decay_steps", FLOAT, "0"),
    LATER("lr_scheduler_timescale", INT, NULL), LATER("lr_scheduler_min_lr_ratio", FLOAT, NULL),
    LATER("full_fp16", BOOL, "false"), LATER("full_bf16", BOOL, "false"), LATER("fp8_base", BOOL, "false"),
    LATER("fp8_base_unet", BOOL, "false"), LATER("fp8_scaled", BOOL, "false"), LATER("fp8_vl", BOOL, "false"),
    LATER("cpu_offload_checkpointing", BOOL, "false"), LATER("unsloth_offload_checkpointing", BOOL, "false"),
    LATER("blocks_to_swap", INT, "0"), LATER("single_blocks_to_swap", INT, "0"),
    LATER("double_blocks_to_swap", INT, "0"), LATER("noise_offset_random_strength", BOOL, "false"),
    LATER("adaptive_noise_scale", FLOAT, "0"), LATER("multires_noise_iterations", INT, "0"),
    LATER("multires_noise_discount", FLOAT, "0.3"), LATER("ip_noise_gamma", FLOAT, "0"),
    LATER("ip_noise_gamma_random_strength", BOOL, "false"), LATER("loss_type", STRING, "l2"),
    LATER("huber_schedule", STRING, "snr"), LATER("huber_c", FLOAT, "0.1"), LATER("huber_scale", FLOAT, "1"),
    {.key = "resume", .type = LK_PARAMETER_STRING, .state = LK_PARAMETER_NOT_YET, .group = LK_PARAMETER_GROUP_OTHER,
     .subtitle = N_("To go on with an interrupted run, start the same job with --resume.")},
    LATER("save_n_epoch_ratio", INT, "0"), LATER("initial_epoch", INT, "0"), LATER("initial_step", INT, "0"),
    LATER("skip_until_initial_step", BOOL, "false"), LATER("validation_seed", INT64, NULL),
    LATER("validation_split", FLOAT, "0"), LATER("validate_every_n_steps", INT, "0"),
    LATER("validate_every_n_epochs", INT, "0"), LATER("max_validation_steps", INT, "0"),
    LATER("metadata_preprocessor", STRING, NULL), LATER("metadata_is_negative_embedding", STRING, NULL),
    LATER("config_file", STRING, NULL), LATER("output_config", BOOL, "false"),
    /* families that are not supported yet */
    LATER("clip_l", STRING, NULL), LATER("clip_g", STRING, NULL), LATER("t5xxl", STRING, NULL),
    LATER("ae", STRING, NULL), LATER("gemma2", STRING, NULL), LATER("qwen3", STRING, NULL),
    LATER("text_encoder", STRING, NULL), LATER("byt5", STRING, NULL), LATER("llm_adapter_path", STRING, NULL),
    LATER("t5_tokenizer_path", STRING, NULL), LATER("controlnet_model_name_or_path", STRING, NULL),
    LATER("model_type", STRING, "flux"), LATER("split_mode", BOOL, "false"), LATER("save_clip", BOOL, "false"),
    LATER("save_t5xxl", BOOL, "false"), LATER("t5xxl_device", STRING, NULL), LATER("t5xxl_dtype", STRING, NULL),
    LATER("t5xxl_max_token_length", INT, NULL), LATER("gemma2_max_token_length", INT, NULL),
    LATER("qwen3_max_token_length", INT, "512"), LATER("t5_max_token_length", INT, "512"),
    LATER("apply_lg_attn_mask", BOOL, "false"), LATER("apply_t5_attn_mask", BOOL, "false"),
    LATER("clip_l_dropout_rate", FLOAT, "0"), LATER("clip_g_dropout_rate", FLOAT, "0"),
    LATER("t5_dropout_rate", FLOAT, "0"), LATER("pos_emb_random_crop_rate", FLOAT, "0"),
    LATER("enable_scaled_pos_embed", BOOL, "false"), LATER("training_shift", FLOAT, "1"),
    LATER("guidance_scale", FLOAT, NULL), LATER("timestep_sampling", STRING, NULL), LATER("sigmoid_scale", FLOAT, "1"),
    LATER("model_prediction_type", STRING, NULL), LATER("discrete_flow_shift", FLOAT, NULL),
    LATER("weighting_scheme", STRING, NULL), LATER("logit_mean", FLOAT, "0"), LATER("logit_std", FLOAT, "1"),
    LATER("mode_scale", FLOAT, "1.29"), LATER("system_prompt", STRING, NULL), LATER("sample_batch_size", INT, NULL),
    LATER("llm_adapter_lr", FLOAT, NULL), LATER("self_attn_lr", FLOAT, NULL), LATER("cross_attn_lr", FLOAT, NULL),
    LATER("mlp_lr", FLOAT, NULL), LATER("mod_lr", FLOAT, NULL), LATER("text_encoder_cpu", BOOL, "false"),
    LATER("vae_chunk_size", INT, NULL), LATER("vae_disable_cache", BOOL, "false"),
    LATER("qwen_image_vae_2d", BOOL, "false"),
    /* uploads and several machines */
    LATER("huggingface_repo_id", STRING, NULL), LATER("huggingface_repo_type", STRING, NULL),
    LATER("huggingface_path_in_repo", STRING, NULL), LATER("huggingface_token", STRING, NULL),
    LATER("huggingface_repo_visibility", STRING, NULL), LATER("save_state_to_huggingface", BOOL, "false"),
    LATER("resume_from_huggingface", BOOL, "false"), LATER("async_upload", BOOL, "false"),
    LATER("deepspeed", BOOL, "false"), LATER("zero_stage", INT, "2"), LATER("offload_optimizer_device", STRING, NULL),
    LATER("offload_optimizer_nvme_path", STRING, NULL), LATER("offload_param_device", STRING, NULL),
    LATER("offload_param_nvme_path", STRING, NULL), LATER("zero3_init_flag", BOOL, "false"),
    LATER("zero3_save_16bit_model", BOOL, "false"), LATER("fp16_master_weights_and_gradients", BOOL, "false"),

    /* ---------------------------------------------------------------- known, without effect here */
    IDLE("v2", BOOL, "false", N_("The model family is read from the base model's file.")),
    IDLE("no_half_vae", BOOL, "false", N_("It matters only for SDXL's VAE in fp16.")),
    IDLE("tokenizer_cache_dir", STRING, NULL, N_("The tokenizer is part of the program.")),
    IDLE("xformers", BOOL, "false", N_("Attention is always computed in the memory-saving way.")),
    IDLE("sdpa", BOOL, "false", N_("Attention is always computed in the memory-saving way.")),
    IDLE("mem_eff_attn", BOOL, "false", N_("Attention is always computed in the memory-saving way.")),
    IDLE("mem_eff_save", BOOL, "false", N_("Files are always written piece by piece.")),
    IDLE("attn_mode", STRING, NULL, N_("Attention is always computed in the memory-saving way.")),
    IDLE("split_attn", BOOL, "false", N_("Attention is always computed in the memory-saving way.")),
    IDLE("use_flash_attn", BOOL, "false", N_("Attention is always computed in the memory-saving way.")),
    IDLE("use_sage_attn", BOOL, "false", N_("Attention is always computed in the memory-saving way.")),
    IDLE("torch_compile", BOOL, "false", N_("The training step is always compiled.")),
    IDLE("dynamo_backend", STRING, NULL, N_("The training step is always compiled.")),
    IDLE("compile", BOOL, "false", N_("The training step is always compiled.")),
    IDLE("compile_backend", STRING, NULL, N_("The training step is always compiled.")),
    IDLE("compile_mode", STRING, NULL, N_("The training step is always compiled.")),
    IDLE("compile_dynamic", STRING, NULL, N_("The training step is always compiled.")),
    IDLE("compile_fullgraph", BOOL, "false", N_("The training step is always compiled.")),
    IDLE("compile_cache_size_limit", INT, NULL, N_("The training step is always compiled.")),
    IDLE("max_data_loader_n_workers", INT, NULL, N_("Pictures are loaded by the program's own threads.")),
    IDLE("persistent_data_loader_workers", BOOL, "false", N_("Pictures are loaded by the program's own threads.")),
    IDLE("cache_latents", BOOL, "false", N_("Every picture is always encoded once and kept on disk.")),
    IDLE("cache_latents_to_disk", BOOL, "false", N_("Every picture is always encoded once and kept on disk.")),
    IDLE("vae_batch_size", INT, "1", N_("Pictures are encoded one by one.")),
    IDLE("save_last_n_epochs_state", INT, NULL, N_("The newest state and the one before it are kept.")),
    IDLE("save_last_n_steps_state", INT, NULL, N_("The newest state and the one before it are kept.")),
    IDLE("cache_info", BOOL, "false", N_("Picture sizes are read in moments.")),
    IDLE("skip_cache_check", BOOL, "false", N_("A cached latent is always checked; it takes no time.")),
    IDLE("lowram", BOOL, "false", N_("The memory needed is planned before the run.")),
    IDLE("lowvram", BOOL, "false", N_("The memory needed is planned before the run.")),
    IDLE("highvram", BOOL, "false", N_("The memory needed is planned before the run.")),
    IDLE("disable_mmap_load_safetensors", BOOL, "false", N_("Files are mapped in a way that works everywhere.")),
    IDLE("use_safetensors", BOOL, "false", N_("The format is chosen by save_model_as.")),
    IDLE("logging_dir", STRING, NULL, N_("Loss and learning rate are reported by the program itself.")),
    IDLE("log_with", STRING, NULL, N_("Loss and learning rate are reported by the program itself.")),
    IDLE("log_prefix", STRING, NULL, N_("Loss and learning rate are reported by the program itself.")),
    IDLE("log_tracker_name", STRING, NULL, N_("Loss and learning rate are reported by the program itself.")),
    IDLE("log_tracker_config", STRING, NULL, N_("Loss and learning rate are reported by the program itself.")),
    IDLE("log_config", BOOL, "false", N_("Loss and learning rate are reported by the program itself.")),
    IDLE("wandb_run_name", STRING, NULL, N_("Loss and learning rate are reported by the program itself.")),
    IDLE("wandb_api_key", STRING, NULL, N_("Nothing is sent over the network.")),
    IDLE("console_log_level", STRING, NULL, N_("Messages are the program's own.")),
    IDLE("console_log_file", STRING, NULL, N_("Messages are the program's own.")),
    IDLE("console_log_simple", BOOL, "false", N_("Messages are the program's own.")),
    IDLE("ddp_timeout", INT, NULL, N_("The run uses one device.")),
    IDLE("ddp_gradient_as_bucket_view", BOOL, "false", N_("The run uses one device.")),
    IDLE("ddp_static_graph", BOOL, "false", N_("The run uses one device.")),
    IDLE("show_timesteps", STRING, NULL, N_("It only shows a diagram in sd-scripts.")),
    IDLE("show_timesteps_resolution", STRING, NULL, N_("It only shows a diagram in sd-scripts.")),
    IDLE("epoch", INT, NULL, N_("It belongs to a front end; max_train_epochs sets the number of epochs.")),
    IDLE("noise_offset_type", STRING, "Original", N_("It belongs to a front end; noise_offset itself counts.")),
    IDLE("model_train_type", STRING, "sd-lora", N_("It belongs to a front end; the family is read from the model.")),
    /* clang-format on */
};

const size_t lk_parameter_count = G_N_ELEMENTS(lk_parameters);
