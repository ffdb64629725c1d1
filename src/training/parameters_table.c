/* The rows. Defaults are kohya sd-scripts' unless the help says otherwise. `help` says what it does; advice is in the
 * fields behind it. `lower` and `higher` go on from "Try lower when …", `watch` is whole sentences. */
#include "training/parameters_choices.h"

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
#define INSTEAD(k, t, d, what)                                                                                         \
    {.key = k,                                                                                                         \
     .type = LK_PARAMETER_##t,                                                                                         \
     .state = LK_PARAMETER_NOT_YET,                                                                                    \
     .group = LK_PARAMETER_GROUP_OTHER,                                                                                \
     .fallback = d,                                                                                                    \
     .subtitle = what}
#define IDLE(k, t, d, why)                                                                                             \
    {.key = k,                                                                                                         \
     .type = LK_PARAMETER_##t,                                                                                         \
     .state = LK_PARAMETER_NO_EFFECT,                                                                                  \
     .group = LK_PARAMETER_GROUP_OTHER,                                                                                \
     .fallback = d,                                                                                                    \
     .subtitle = why}

const LkParameter lk_parameters[] = {
    /* clang-format off */
    /* ---------------------------------------------------------------- base model */
    {ROW(FILE, MODEL, pretrained_model_name_or_path, NULL), .basic = 1,
     .title = N_("Base Model"), .subtitle = N_("The checkpoint the LoRA is trained for"),
     .help = N_("A Stable Diffusion 1.x, 2.x or XL checkpoint: one .safetensors file, or a folder in the diffusers layout. A "
                "LoRA works best on the model it was trained on and on that model's relatives: for pictures in many "
                "styles train on a plain base model, for one favourite model train on that one.")},
    {ROW(FILE, MODEL, vae, NULL), .optional = true,
     .title = N_("Another VAE"), .subtitle = N_("In place of the base model's own"),
     .help = N_("A .safetensors file or a folder in the diffusers layout. Pictures go through the VAE before training and "
                "samples come out of it. Needed only where the base model's own VAE is faulty or missing its colours; "
                "it must be made for the same family."),
     .usual = N_("Unset: nearly every base model has a good one inside.")},
    {ROW(BOOL, MODEL, v_parameterization, "false"),
     .title = N_("v-Prediction"), .subtitle = N_("The base model predicts v instead of the noise"),
     .help = N_("Turn it on only for base models made with v-prediction; their description says so. Unset, it follows "
                "what the base model's file says of itself. Loss that stays near 1 and samples that look like noise are "
                "the sign of a wrong setting."),
     .usual = N_("Off; on for Stable Diffusion 2.x at 768 and for models with \"v-pred\" in their name.")},
    {ROW(INT, MODEL, clip_skip, "1"), RANGE(1, 12),
     .title = N_("Clip Skip"), .subtitle = N_("Which of the text encoder's layers is used, from the end"),
     .help = N_("1 uses the last layer, 2 the one before it. Use what the base model was trained with, and generate "
                "with the same value. Stable Diffusion XL always uses the last layer but one."),
     .usual = N_("1 for photo models, 2 for most anime models.")},
    {ROW(INT, MODEL, max_token_length, "75"), .choices = token_lengths,
     .title = N_("Caption Length"), .subtitle = N_("Tokens of a caption that are used"),
     .help = N_("What goes beyond is cut off. Longer captions cost a little time for each step."),
     .usual = N_("75 for short captions; 150 or 225 let long tag lists work whole.")},

    /* ---------------------------------------------------------------- dataset */
    {ROW(FOLDER, DATASET, train_data_dir, NULL), .optional = true,
     .title = N_("Picture Folder"), .subtitle = N_("Pictures with captions beside them"),
     .help = N_("A flat folder of pictures, one folder named N_name (N repeats), or a folder that holds such "
                "folders: all three are understood. A caption is a text file with the picture's name.")},
    {ROW(FILE, DATASET, dataset_config, NULL), .optional = true,
     .title = N_("Dataset File"), .subtitle = N_("Several folders, each with its own options"),
     .help = N_("A TOML file with [[datasets]] and [[datasets.subsets]] as sd-scripts reads it. It takes the place "
                "of the picture folder; what it leaves out comes from this job.")},
    {ROW(RESOLUTION, DATASET, resolution, "512"), RANGE(64, 4096), .unit = N_("pixels"), .basic = 4,
     .title = N_("Resolution"), .subtitle = N_("Pixels, before sorting into buckets"),
     .help = N_("One number for a square, or width and height. With buckets only the area counts. Multiples of 64. "
                "(sd-scripts has no default; here it is 512.)"),
     .usual = N_("512 is what Stable Diffusion 1.x was made for (640 or 768 keep more detail), 512 or 768 Stable "
                 "Diffusion 2.x, and 1024 Stable Diffusion XL."),
     .lower = N_("memory runs out, or the run takes too long: 448 or 384 need much less of both."),
     .higher = N_("results are blurred or small details are missing, and the pictures themselves are larger than "
                  "this. 768 needs two to three times the memory and time of 512."),
     .watch = N_("Results stay blurred at every setting? Look at the pictures: small, enlarged or out-of-focus ones "
                 "teach blur. The dataset page marks them.")},
    {ROW(INT, DATASET, train_batch_size, "1"), RANGE(1, 256), .unit = N_("pictures"), .basic = 2,
     .title = N_("Batch Size"), .subtitle = N_("Pictures per step"),
     .help = N_("A larger batch makes calmer steps and needs more memory."),
     .usual = N_("1 to 4 for most LoRAs."),
     .lower = N_("memory runs out: use 1, with gradient accumulation for the same effect."),
     .higher = N_("the loss swings from step to step and there is memory to spare; raise the learning rate a little "
                  "with it.")},
    {ROW(INT, DATASET, num_repeats, "1"), RANGE(1, 100000),
     .title = N_("Repeats"), .subtitle = N_("How often an epoch shows each picture"),
     .help = N_("For a flat folder; folders named N_name carry their own number. Steps of an epoch are pictures × "
                "repeats ÷ batch size. (dataset_repeats in sd-scripts.)"),
     .usual = N_("5 to 20 for a few dozen pictures, 1 for hundreds.")},
    {ROW(BOOL, DATASET, enable_bucket, "false"),
     .title = N_("Buckets"), .subtitle = N_("Train pictures in their own aspect ratio"),
     .help = N_("Sorts pictures into sizes of about the same area instead of cutting all of them to one size. Turn "
                "it on unless all pictures have the resolution's aspect ratio.")},
    {ROW(INT, DATASET, min_bucket_reso, "256"), RANGE(64, 8192), .unit = N_("pixels"),
     .title = N_("Shortest Side"), .subtitle = N_("Lower limit of a bucket's sides"),
     .help = N_("Must not be above the resolution's shorter side."),
     .usual = N_("256 is right for 512.")},
    {ROW(INT, DATASET, max_bucket_reso, "1024"), RANGE(64, 8192), .unit = N_("pixels"),
     .title = N_("Longest Side"), .subtitle = N_("Upper limit of a bucket's sides"),
     .help = N_("Must not be below the resolution's longer side."),
     .usual = N_("1024 is right for 512; 1536 or 2048 for larger resolutions or long panoramas.")},
    {ROW(INT, DATASET, bucket_reso_steps, "64"), RANGE(8, 1024), .unit = N_("pixels"),
     .title = N_("Bucket Steps"), .subtitle = N_("Sides of buckets are multiples of this"),
     .help = N_("Stable Diffusion 1.x and 2.x need multiples of 64, because their U-Net halves the picture so often; XL "
                "needs multiples of 32."),
     .usual = N_("64."),
     .higher = N_("there are many buckets with few pictures each: larger steps make fewer of them and cut more from "
                  "the pictures.")},
    {ROW(BOOL, DATASET, bucket_no_upscale, "false"),
     .title = N_("Never Enlarge"), .subtitle = N_("Small pictures keep their size"),
     .help = N_("Pictures smaller than the resolution train at their own size, cut to the bucket steps, instead of "
                "being blown up. Good for mixed collections.")},
    {ROW(BOOL, DATASET, flip_aug, "false"),
     .title = N_("Mirror"), .subtitle = N_("Show each picture mirrored half of the time"),
     .help = N_("Makes the most of few pictures. Not for subjects with a left and a right: writing, asymmetric hair "
                "or clothes.")},
    {ROW(BOOL, DATASET, color_aug, "false"),
     .title = N_("Change Colours"), .subtitle = N_("Hue or brightness a little different at times"),
     .help = N_("A third of a picture's variations have all hues turned by up to 16 degrees or are a little darker or "
                "brighter. Not where exact colours matter. Variations are encoded before the first step, so that it "
                "takes longer to begin.")},
    {ROW(BOOL, DATASET, random_crop, "false"),
     .title = N_("Cut Anywhere"), .subtitle = N_("Another part of the picture at times"),
     .help = N_("What does not fit the bucket is cut off at a random place instead of evenly at both sides. Without "
                "buckets the cut is one of the whole picture in its own size: good for textures and styles, wrong for "
                "whole figures. Variations are encoded before the first step.")},
    {ROW(INT, DATASET, augment_variations, "8"), RANGE(1, 1000),
     .title = N_("Variations"), .subtitle = N_("Of each picture, where colours or the cut change"),
     .help = N_("So many variations of each picture are encoded and kept; every step takes one of them by chance. "
                "sd-scripts makes a new one each time and encodes it again, which many variations come close to. (Our "
                "own key.)"),
     .usual = N_("8, or as often as a picture is shown in the whole run."),
     .lower = N_("encoding takes too long, or the cache becomes too large."),
     .higher = N_("there are few pictures with many repeats.")},
    {ROW(ENUM, DATASET, resize_interpolation, "auto"), .choices = interpolations,
     .title = N_("Scaling"), .subtitle = N_("How pictures are brought to their size"),
     .help = N_("Automatic takes the mean of the area where a picture becomes smaller and Lanczos where it becomes "
                "larger. “Nearest” keeps the hard edges of pixel art."),
     .usual = N_("Automatic; nearest for pixel art.")},
    {ROW(FOLDER, DATASET, cache_dir, NULL), .aside = true, .optional = true,
     .title = N_("Cache Folder"), .subtitle = N_("Where latents are stored"),
     .help = N_("Unset: the user's cache folder. Set it to a fast disk with room. (Our own key; sd-scripts stores "
                "latents beside the pictures.)")},

    {ROW(FOLDER, DATASET, reg_data_dir, NULL), .optional = true,
     .title = N_("Regularisation Folder"), .subtitle = N_("Pictures of the class in general"),
     .help = N_("Pictures of the same class that are not the subject, such as dogs in general beside one dog. They "
                "keep the model from turning everything of the class into the subject. As many of them are used as "
                "there are pictures with repeats. Captions and folder names work as in the picture folder; the "
                "trigger word is not added."),
     .usual = N_("None. With a subject that spreads to its whole class: pictures that the base model itself made of "
                 "the class.")},
    {ROW(FLOAT, DATASET, prior_loss_weight, "1"), RANGE(0, 100),
     .title = N_("Regularisation Weight"), .subtitle = N_("How much regularisation pictures count"),
     .help = N_("The factor of their loss. 1 lets them count as much as the others."),
     .usual = N_("1."),
     .lower = N_("the subject is learned too weakly."),
     .higher = N_("the subject still shows where only its class is asked for.")},
    {ROW(FOLDER, DATASET, conditioning_data_dir, NULL), .optional = true,
     .title = N_("Mask Folder"), .subtitle = N_("Masks with the pictures' names"),
     .help = N_("For “Masked Loss”: a picture for each picture that has a mask, with the same name. White parts are "
                "learned, black ones are not, grey ones a little. Pictures without a mask are learned whole.")},
    {ROW(BOOL, DATASET, alpha_mask, "false"),
     .title = N_("Transparency as Mask"), .subtitle = N_("Transparent parts are not learned"),
     .help = N_("Takes the mask of a picture from its own transparency, as cut-out pictures have it. Opaque parts "
                "are learned, transparent ones are not. Goes before the mask folder.")},

    /* ---------------------------------------------------------------- captions */
    {ROW(STRING, CAPTION, trigger_words, NULL), .optional = true, .basic = 2,
     .title = N_("Trigger Word"), .subtitle = N_("First in every caption"),
     .help = N_("Put before every caption that does not have it, kept in place when tags are shuffled, and written "
                "into the LoRA's metadata. (Our own key.)"),
     .usual = N_("A word that means nothing yet, such as “sks”, with the class: “sks dog”.")},
    {ROW(STRING, CAPTION, caption_extension, NULL), .optional = true,
     .title = N_("Caption File Ending"), .subtitle = N_("Which text files hold captions"),
     .help = N_("Unset: .txt, and where there is none, .caption. (sd-scripts looks for .caption only and ignores "
                ".txt files unless told.)")},
    {ROW(STRING, CAPTION, caption_separator, ","),
     .title = N_("Tag Separator"), .subtitle = N_("What stands between the tags of a caption"),
     .help = N_("Used when tags are shuffled, kept or dropped. A comma in nearly all collections.")},
    {ROW(BOOL, CAPTION, shuffle_caption, "false"),
     .title = N_("Shuffle Tags"), .subtitle = N_("Another order of tags in every step"),
     .help = N_("Keeps the model from learning the order of tags. Good for tag lists, wrong for sentences. Keep the "
                "first tags in place with “Keep Tags”.")},
    {ROW(INT, CAPTION, keep_tokens, "0"), RANGE(0, 1000), .unit = N_("tags"),
     .title = N_("Keep Tags"), .subtitle = N_("First tags that stay in front"),
     .help = N_("The number of tags at the beginning that shuffling and tag dropout leave alone."),
     .usual = N_("1 keeps the trigger word in front.")},
    {ROW(STRING, CAPTION, keep_tokens_separator, NULL), .optional = true,
     .title = N_("Keep Separator"), .subtitle = N_("A mark in captions that ends the kept part"),
     .help = N_("With “|||”, the tags before the mark are kept in place, whatever their number. Unset: “Keep Tags” "
                "counts.")},
    {ROW(STRING, CAPTION, secondary_separator, NULL), .optional = true,
     .title = N_("Group Separator"), .subtitle = N_("Joins tags that are moved and dropped together"),
     .help = N_("With “;;;” the tags of “red hair;;;long hair” stay together when shuffled, and become a comma in "
                "the end.")},
    {ROW(BOOL, CAPTION, weighted_captions, "false"),
     .title = N_("Weighted Words"), .subtitle = N_("(word:1.2) and [word] in captions"),
     .help = N_("Words in round brackets count 1.1 times, in square brackets less by as much, and “(word:1.3)” counts "
                "1.3 times. Brackets that are meant as such get a backslash: \\(. Off: brackets and numbers are words like "
                "any other.")},
    {ROW(BOOL, CAPTION, enable_wildcard, "false"),
     .title = N_("Wildcards"), .subtitle = N_("Choices {a|b} and several lines in captions"),
     .help = N_("Every step picks one line of the caption file and one word of each {a|b}. Off: only the first line "
                "counts.")},
    {ROW(STRING, CAPTION, caption_prefix, NULL), .optional = true,
     .title = N_("Text Before"), .subtitle = N_("Added in front of every caption"),
     .help = N_("A space goes between it and the caption. For a trigger word use “Trigger Word” instead.")},
    {ROW(STRING, CAPTION, caption_suffix, NULL), .optional = true,
     .title = N_("Text After"), .subtitle = N_("Added behind every caption"),
     .help = N_("A space goes between the caption and it.")},
    {ROW(FLOAT, CAPTION, caption_dropout_rate, "0"), RANGE(0, 1),
     .title = N_("Caption Dropout"), .subtitle = N_("Share of steps that see no caption"),
     .help = N_("Steps without a caption teach the subject itself instead of its words."),
     .usual = N_("0 for characters and objects, 0.05 to 0.1 for a style."),
     .lower = N_("the trigger word has little effect."),
     .higher = N_("a style only shows when the captions' own words are in the prompt.")},
    {ROW(INT, CAPTION, caption_dropout_every_n_epochs, "0"), RANGE(0, 100000), .unit = N_("epochs"),
     .title = N_("Epochs without Captions"), .subtitle = N_("Every Nth epoch sees no captions"),
     .help = N_("A coarser way than the caption dropout rate."),
     .usual = N_("0, which is off.")},
    {ROW(FLOAT, CAPTION, caption_tag_dropout_rate, "0"), RANGE(0, 1),
     .title = N_("Tag Dropout"), .subtitle = N_("Share of tags left out of each caption"),
     .help = N_("Kept tags are never dropped."),
     .usual = N_("0 to 0.1."),
     .lower = N_("tags are followed badly."),
     .higher = N_("the LoRA depends too much on single tags.")},
    {ROW(INT, CAPTION, token_warmup_min, "1"), RANGE(0, 1000), .unit = N_("tags"),
     .title = N_("Tags at First"), .subtitle = N_("Tags of a caption that the first steps see"),
     .help = N_("Together with “Tag Warm-Up”: the number of tags grows from this to all.")},
    {ROW(FLOAT, CAPTION, token_warmup_step, "0"), RANGE(0, 1e9), .unit = N_("steps"),
     .title = N_("Tag Warm-Up"), .subtitle = N_("Steps until captions are used whole"),
     .help = N_("0 uses them whole from the start; below 1 it is a share of all steps.")},

    /* ---------------------------------------------------------------- network */
    {ROW(ENUM, NETWORK, network_module, "networks.lora"), .choices = network_modules,
     .title = N_("Network Type"), .subtitle = N_("What kind of add-on is trained"),
     .help = N_("LoRA suits nearly everything and loads everywhere. LoHa and LoKr are other ways to put the change of a "
                "layer together; LyCORIS means one of them by the names that it uses. (sd-scripts has no default.)")},
    {ROW(INT, NETWORK, network_dim, "16"), RANGE(1, 1024), .basic = 1,
     .title = N_("Rank (network_dim)"), .subtitle = N_("Room for detail"),
     .help = N_("The rank of the LoRA's matrices. The file and the memory grow with it. (16 here; 4 in sd-scripts.)"),
     .usual = N_("8 to 32 for simple features such as a character or an object; 64 to 128 for complex ones such as "
                 "a rich style, with more pictures."),
     .lower = N_("the LoRA learns the pictures by heart (over-fitting): prompts are ignored, backgrounds and poses "
                 "repeat. It also helps when memory runs out."),
     .higher = N_("fine detail or a complex style is not caught, and there are a hundred pictures or more.")},
    {ROW(FLOAT, NETWORK, network_alpha, "8"), RANGE(0, 4096), .basic = 2,
     .title = N_("Alpha"), .subtitle = N_("Usually rank or half of it"),
     .help = N_("The LoRA's strength while training is alpha ÷ rank. A smaller alpha needs a higher learning rate. "
                "0 means the rank. (8 here; 1 in sd-scripts.)"),
     .usual = N_("Half the rank, or the rank itself."),
     .lower = N_("training is unstable: the loss jumps or pictures break."),
     .higher = N_("little is learned although the learning rate is right.")},
    {ROW(FILE, NETWORK, network_weights, NULL), .optional = true,
     .title = N_("Continue from LoRA"), .subtitle = N_("Start with the weights of an existing LoRA"),
     .help = N_("Its rank must be the network dim, or take rank and alpha from it too. To go on with an interrupted "
                "run use its state instead: that also has the optimizer.")},
    {ROW(BOOL, NETWORK, dim_from_weights, "false"),
     .title = N_("Rank of that LoRA"), .subtitle = N_("Take rank and alpha from the LoRA to continue"),
     .help = N_("Rank and alpha above are then not used.")},
    {ROW(BOOL, NETWORK, network_train_unet_only, "false"),
     .title = N_("U-Net Only"), .subtitle = N_("Leave the text encoder as it is"),
     .help = N_("Faster, needs less memory and keeps prompts flexible. Training the text encoder too helps with "
                "words the model does not know yet.")},
    {ROW(BOOL, NETWORK, network_train_text_encoder_only, "false"),
     .title = N_("Text Encoder Only"), .subtitle = N_("Leave the U-Net as it is"),
     .help = N_("Rarely useful: teaches words, not pictures.")},

#include "training/parameters_network.h"

    /* ---------------------------------------------------------------- optimizer */
    {ROW(ENUM, OPTIMIZER, optimizer_type, "AdamW"), .choices = optimizers, .basic = 6,
     .title = N_("Optimizer"), .subtitle = N_("How gradients become changes"),
     .help = N_("AdamW suits every LoRA. With an 8-bit state it needs less memory and does nearly the same. Prodigy "
                "and D-Adapt find the learning rate by themselves: set it to 1. AdamW schedule-free needs no "
                "schedule. Lion takes steps of one size and needs a third to a tenth of AdamW's learning rate. "
                "Adafactor keeps very little and chooses the size of its steps itself unless relative_step=False "
                "is among the options."),
     .usual = N_("AdamW; Prodigy with learning rate 1 where the right rate is not known."),
     .watch = N_("The loss swings wildly? Lower the learning rate first. If it goes on, change the optimizer's "
                 "options (weight_decay, betas) or take a schedule that falls, such as cosine.")},
    {ROW(LIST, OPTIMIZER, optimizer_args, NULL), .optional = true,
     .title = N_("Optimizer Options"), .subtitle = N_("weight_decay=0.01, betas=(0.9, 0.999), eps=1e-8"),
     .help = N_("A list of name=value, in the words of sd-scripts: weight_decay, betas and eps for the Adams; "
                "betas and weight_decay for Lion; momentum and weight_decay for SGD; decouple, d_coef, d0, "
                "use_bias_correction, safeguard_warmup and growth_rate for Prodigy; relative_step, scale_parameter and "
                "warmup_init for Adafactor; warmup_steps for schedule-free AdamW."),
     .usual = N_("weight_decay 0.01, betas (0.9, 0.999), eps 1e-8 for AdamW."),
     .higher = N_("weight_decay 0.1 helps against over-training.")},
    {ROW(FLOAT, OPTIMIZER, learning_rate, "0.0001"), RANGE(0, 10), .basic = 1,
     .title = N_("Learning Rate"), .subtitle = N_("How far the LoRA moves with every step"),
     .help = N_("Too high and pictures break; too low and it never learns the subject. (0.0001 here; 2e-6 in sd-scripts, "
                "which is meant for whole models.)"),
     .usual = N_("0.0001 to 0.001. Start with 0.0001."),
     .lower = N_("training is unstable: the loss rises or jumps, colours burn out, every picture looks the same."),
     .higher = N_("training is slow: samples still look like the base model after half the epochs."),
     .watch = N_("What the loss tells: it rises – the learning rate is too high. It does not fall – train more "
                 "epochs or try another rate. It swings – try another optimizer or schedule. A slow fall with small "
                 "jumps is normal.")},
    {ROW(FLOAT, OPTIMIZER, unet_lr, NULL), RANGE(0, 10), .optional = true,
     .title = N_("U-Net Learning Rate"), .subtitle = N_("Unset: the learning rate"),
     .help = N_("0 leaves the U-Net untrained.")},
    {ROW(FLOAT, OPTIMIZER, text_encoder_lr, NULL), RANGE(0, 10), .optional = true, .second = "text_encoder_2_lr",
     .title = N_("Text Encoder Learning Rate"), .subtitle = N_("Unset: the learning rate"),
     .help = N_("The text encoder over-trains first. 0 leaves it untrained. Of Stable Diffusion XL's two text encoders "
                "this is the first one's rate, and the second one's too unless that has its own; a list of two gives "
                "both."),
     .usual = N_("Half to a tenth of the U-Net's."),
     .lower = N_("prompts are followed worse than without the LoRA."),
     .higher = N_("the trigger word is not understood.")},
    {ROW(FLOAT, OPTIMIZER, text_encoder_2_lr, NULL), RANGE(0, 10), .optional = true,
     .title = N_("Second Text Encoder Learning Rate"), .subtitle = N_("Of Stable Diffusion XL; unset: as the first"),
     .help = N_("0 leaves the second text encoder of Stable Diffusion XL untrained. (Lorikeet's own key; sd-scripts "
                "takes text_encoder_lr as a list of two.)")},
    {ROW(FLOAT, OPTIMIZER, max_grad_norm, "1"), RANGE(0, 1e6),
     .title = N_("Gradient Clipping"), .subtitle = N_("Largest length of the gradient"),
     .help = N_("Longer gradients are shortened to this, so that one odd picture does no harm. 0 turns it off."),
     .usual = N_("1.")},
    {ROW(INT, OPTIMIZER, gradient_accumulation_steps, "1"), RANGE(1, 1024), .unit = N_("batches"),
     .title = N_("Gradient Accumulation"), .subtitle = N_("Batches that make one step"),
     .help = N_("The effect of a batch this many times as large in the memory of one; a step takes as many times as "
                "long."),
     .usual = N_("1; 2 to 8 in place of a larger batch."),
     .higher = N_("memory allows only batch size 1 and the loss swings.")},

    {ROW(FLOAT, OPTIMIZER, ema_decay, "0"), RANGE(0, 0.999999),
     .title = N_("Average of the Weights (EMA)"), .subtitle = N_("Share of the average that each step keeps"),
     .help = N_("Keeps a moving average of the LoRA beside it; samples and saved files are made from the average, "
                "which is calmer than the last step. It needs as much memory as the LoRA once more. 0 turns it off. "
                "(Our own key.)"),
     .usual = N_("0, or 0.99 for short and 0.999 for long runs."),
     .lower = N_("the average lags behind: late samples look as early ones did."),
     .higher = N_("results still change from checkpoint to checkpoint.")},

    /* ---------------------------------------------------------------- schedule */
    {ROW(ENUM, SCHEDULE, lr_scheduler, "constant"), .choices = lr_schedulers, .basic = 7,
     .title = N_("Schedule"), .subtitle = N_("How the learning rate changes over the run"),
     .help = N_("Constant is simple and can be prolonged; cosine ends gently and often gives the cleanest result; "
                "cosine with restarts starts anew a few times."),
     .watch = N_("The loss swings towards the end? A schedule that falls, such as cosine, calms it.")},
    {ROW(COUNT, SCHEDULE, lr_warmup_steps, "0"), RANGE(0, 1e9), .unit = N_("steps"),
     .title = N_("Warm-Up"), .subtitle = N_("Steps until the learning rate is reached"),
     .help = N_("A number of steps, or a share of all steps below 1 (0.05 or 5%). The schedule “constant” has none."),
     .usual = N_("0 to a tenth of all steps."),
     .higher = N_("the loss jumps in the first steps, or the learning rate is high.")},
    {ROW(INT, SCHEDULE, lr_scheduler_num_cycles, "1"), RANGE(1, 10000),
     .title = N_("Restarts"), .subtitle = N_("Cycles of “cosine with restarts”"),
     .help = N_("How often the cosine comes down. “Cosine to a lowest rate” and the decay of “warm-up, stable, decay” "
                "use it too: there it is the number of half waves. Other schedules do not use it."),
     .usual = N_("1 to 5.")},
    {ROW(FLOAT, SCHEDULE, lr_scheduler_power, "1"), RANGE(0, 100),
     .title = N_("Power"), .subtitle = N_("Bend of the polynomial schedule"),
     .help = N_("1 is a straight line, 2 falls faster at first. Other schedules do not use it."),
     .usual = N_("1 to 2.")},
    {ROW(COUNT, SCHEDULE, lr_decay_steps, "0"), RANGE(0, 1e9), .unit = N_("steps"),
     .title = N_("Decay"), .subtitle = N_("Steps over which the rate falls at the end"),
     .help = N_("For “warm-up, stable, decay”: a number of steps, or a share of all steps below 1. Other schedules do "
                "not use it."),
     .usual = N_("0.1 to 0.2 of all steps.")},
    {ROW(FLOAT, SCHEDULE, lr_scheduler_min_lr_ratio, NULL), RANGE(0, 1), .optional = true,
     .title = N_("Lowest Rate"), .subtitle = N_("Share of the learning rate that is left at the end"),
     .help = N_("For “cosine to a lowest rate”, which needs it, and for “warm-up, stable, decay”."),
     .usual = N_("0.1.")},
    {ROW(INT, SCHEDULE, lr_scheduler_timescale, "0"), RANGE(0, 1000000000), .unit = N_("steps"),
     .title = N_("Time Scale"), .subtitle = N_("How slowly the inverse square root falls"),
     .help = N_("The rate is halved after three times this many steps. 0 takes the steps of warm-up, or 10000 where "
                "there are none. Other schedules do not use it."),
     .usual = N_("0.")},
    {ROW(LIST, SCHEDULE, lr_scheduler_args, NULL), .optional = true,
     .title = N_("Schedule Options"), .subtitle = N_("step_rules=1:100,0.1:200,0.01"),
     .help = N_("For the schedule “piecewise constant”: pairs of factor and step, and the last factor. With "
                "step_rules=1:100,0.1:200,0.01 the learning rate is whole up to step 100, a tenth up to step 200 and "
                "a hundredth from there on.")},

    /* ---------------------------------------------------------------- length */
    {ROW(INT, LENGTH, max_train_epochs, "0"), RANGE(0, 1000000), .optional = true, .unit = N_("epochs"), .basic = 3,
     .title = N_("Epochs"), .subtitle = N_("How often every picture is seen"),
     .help = N_("Takes the place of the number of steps when it is not 0. With a save after each epoch you can "
                "choose the best one."),
     .usual = N_("10 with 10 to 20 repeats for a few dozen pictures."),
     .lower = N_("later samples look worse than earlier ones: over-trained. Or simply use an earlier checkpoint."),
     .higher = N_("the loss still falls at the end, samples are blurred or only roughly alike: it has not learned "
                  "enough yet.")},
    {ROW(INT, LENGTH, max_train_steps, "1600"), RANGE(1, 100000000), .unit = N_("steps"),
     .title = N_("Steps"), .subtitle = N_("Length of the run where epochs are not given"),
     .help = N_("Counts where epochs are not given."),
     .usual = N_("1000 to 3000 for a character or an object of 20 to 50 pictures, more for a style."),
     .lower = N_("later samples look worse than earlier ones."),
     .higher = N_("samples are blurred or only roughly alike at the end.")},
    {ROW(INT64, LENGTH, seed, "42"), RANGE(0, 9007199254740992.0),
     .title = N_("Seed"), .subtitle = N_("Start of all random numbers"),
     .help = N_("The same job with the same seed gives the same LoRA. (42 here; sd-scripts takes another one in "
                "each run.)")},

    {ROW(FOLDER, LENGTH, validation_data_dir, NULL), .optional = true,
     .title = N_("Validation Folder"), .subtitle = N_("Pictures that are only measured with"),
     .help = N_("Pictures with captions that are not trained on. From time to time the loss on them is measured, always "
                "with the same noise. Captions work as in the picture folder. (Our own key; in a dataset file a subset "
                "with validation_split = 1 does the same.)"),
     .usual = N_("None; or a few pictures of the same subject that are not among the trained ones.")},
    {ROW(FLOAT, LENGTH, validation_split, "0"), RANGE(0, 0.9),
     .title = N_("Validation Share"), .subtitle = N_("Pictures that are held out to measure with"),
     .help = N_("This share of the pictures of each folder is not trained on. From time to time the loss on them is "
                "measured, always with the same noise: it tells what was learned, not what was learned by heart. "
                "0 turns it off."),
     .usual = N_("0, or 0.1 with a hundred pictures or more."),
     .watch = N_("The validation loss rises while the training loss falls? From there on pictures are learned by "
                 "heart; take an earlier checkpoint.")},
    {ROW(INT64, LENGTH, validation_seed, NULL), RANGE(0, 2147483647.0), .optional = true,
     .title = N_("Validation Seed"), .subtitle = N_("Which pictures are held out"),
     .help = N_("Another number holds out others. Unset: the seed of the run. Runs with the same number can be "
                "compared.")},
    {ROW(INT, LENGTH, validate_every_n_epochs, "0"), RANGE(0, 1000000), .aside = true, .unit = N_("epochs"),
     .title = N_("Validate Every n Epochs"), .subtitle = N_("How often held-out pictures are measured"),
     .help = N_("0 measures after every epoch, unless a number of steps is given.")},
    {ROW(INT, LENGTH, validate_every_n_steps, "0"), RANGE(0, 100000000), .aside = true, .unit = N_("steps"),
     .title = N_("Validate Every n Steps"), .subtitle = N_("How often held-out pictures are measured"),
     .help = N_("For long epochs. 0 is off.")},
    {ROW(INT, LENGTH, max_validation_steps, "0"), RANGE(0, 1000000), .aside = true, .unit = N_("pictures"),
     .title = N_("Pictures of a Validation"), .subtitle = N_("How many are measured each time"),
     .help = N_("Each is measured at four noise levels. 0 measures all that are held out.")},

#include "training/parameters_memory.h"

    /* ---------------------------------------------------------------- noise and loss */
    {ROW(FLOAT, LOSS, noise_offset, "0"), RANGE(-1, 1),
     .title = N_("Noise Offset"), .subtitle = N_("Helps with very dark and very bright pictures"),
     .help = N_("Shifts the noise of whole pictures, so that brightness is learned too."),
     .usual = N_("0, or 0.05 to 0.1."),
     .lower = N_("brightness and contrast look overdone."),
     .higher = N_("very dark or very bright pictures come out grey.")},
    {ROW(BOOL, LOSS, noise_offset_random_strength, "false"),
     .title = N_("Random Noise Offset"), .subtitle = N_("Another strength in every step"),
     .help = N_("The strength of the noise offset is drawn anew for each batch, between 0 and the value above.")},
    {ROW(FLOAT, LOSS, adaptive_noise_scale, "0"), RANGE(-1, 1),
     .title = N_("Adaptive Noise Offset"), .subtitle = N_("More offset for pictures of extreme brightness"),
     .help = N_("Adds to the noise offset in proportion to how far the picture's brightness and colours are from the "
                "middle. Works only together with a noise offset. 0 turns it off."),
     .usual = N_("0, or about the same as the noise offset.")},
    {ROW(INT, LOSS, multires_noise_iterations, "0"), RANGE(0, 64),
     .title = N_("Multi-Resolution Noise"), .subtitle = N_("Layers of coarser noise"),
     .help = N_("Adds noise of lower resolutions, so that large areas, light and dark are learned as well as detail. "
                "Another way to what the noise offset does. 0 turns it off."),
     .usual = N_("0, or 6 to 10."),
     .watch = N_("Samples become flat or oddly bright? Take fewer layers or a smaller share.")},
    {ROW(FLOAT, LOSS, multires_noise_discount, "0.3"), RANGE(0, 1),
     .title = N_("Multi-Resolution Share"), .subtitle = N_("Strength of each coarser layer"),
     .help = N_("Each layer has this share of the one before it."),
     .usual = N_("0.1 to 0.3 for a LoRA; 0.8 with many pictures.")},
    {ROW(FLOAT, LOSS, ip_noise_gamma, "0"), RANGE(0, 1),
     .title = N_("Input Perturbation"), .subtitle = N_("Extra noise that is not to be predicted"),
     .help = N_("The model sees a little more noise than it is asked for, as it does when it makes pictures of its "
                "own slightly wrong steps. 0 turns it off."),
     .usual = N_("0, or 0.1.")},
    {ROW(BOOL, LOSS, ip_noise_gamma_random_strength, "false"),
     .title = N_("Random Input Perturbation"), .subtitle = N_("Another strength in every step"),
     .help = N_("The strength of the input perturbation is drawn anew for each batch, between 0 and the value above.")},
    {ROW(ENUM, LOSS, loss_type, "l2"), .choices = loss_types,
     .title = N_("Loss"), .subtitle = N_("How errors are counted"),
     .help = N_("The mean square counts large errors most. Huber and smooth l1 count large errors less, so that a "
                "few odd pictures do little harm; l1 counts all alike."),
     .usual = N_("Mean square. Huber for collections with damaged or badly fitting pictures."),
     .watch = N_("Fine detail is lost with another loss than the mean square? Raise the Huber threshold or go back "
                 "to the mean square.")},
    {ROW(ENUM, LOSS, huber_schedule, "snr"), .choices = huber_schedules,
     .title = N_("Huber Schedule"), .subtitle = N_("Threshold by noise level"),
     .help = N_("For the losses Huber and smooth l1: the threshold is the value below everywhere, or largest where "
                "there is little noise and falls to it, by the signal-to-noise ratio or exponentially."),
     .usual = N_("By noise level.")},
    {ROW(FLOAT, LOSS, huber_c, "0.1"), RANGE(1e-6, 100),
     .title = N_("Huber Threshold"), .subtitle = N_("Errors above it count less"),
     .help = N_("For the losses Huber and smooth l1: below the threshold an error counts by its square, above it in "
                "proportion."),
     .usual = N_("0.1."),
     .lower = N_("odd pictures still spoil the result."),
     .higher = N_("fine detail is lost.")},
    {ROW(FLOAT, LOSS, huber_scale, "1"), RANGE(1e-6, 1000),
     .title = N_("Huber Scale"), .subtitle = N_("Factor of the threshold"),
     .help = N_("Multiplies the threshold of the schedules “constant” and “exponential”. The schedule by noise level "
                "does not use it."),
     .usual = N_("1.")},
    {ROW(BOOL, LOSS, masked_loss, "false"),
     .title = N_("Masked Loss"), .subtitle = N_("Learn only the white parts of masks"),
     .help = N_("Takes masks from the mask folder. What they hide is not learned: backgrounds, writing, other "
                "people."),
     .watch = N_("Hidden parts come out strange? Paint the masks dark grey instead of black, so that they are "
                 "learned a little.")},
    {ROW(FLOAT, LOSS, min_snr_gamma, "0"), RANGE(0, 1000),
     .title = N_("Min-SNR Gamma"), .subtitle = N_("Balances the timesteps"),
     .help = N_("Gives easy timesteps less weight. 0 turns it off."),
     .usual = N_("0, or 5; 1 is strong."),
     .higher = N_("the loss swings: 5 makes learning calmer and often faster.")},
    {ROW(BOOL, LOSS, debiased_estimation_loss, "false"),
     .title = N_("Debiased Estimation"), .subtitle = N_("Weights the loss by the noise level"),
     .help = N_("Another way to balance the timesteps; use it or min-SNR, not both.")},
    {ROW(BOOL, LOSS, scale_v_pred_loss_like_noise_pred, "false"),
     .title = N_("Scale v Loss"), .subtitle = N_("Weights v-prediction like noise prediction"),
     .help = N_("Only for v-prediction models: brings details back to the weight they have in ordinary models.")},
    {ROW(FLOAT, LOSS, v_pred_like_loss, "0"), RANGE(0, 100),
     .title = N_("v-Like Loss"), .subtitle = N_("Adds a share of a v-prediction loss"),
     .help = N_("Only for ordinary (noise prediction) models. 0 turns it off.")},
    {ROW(BOOL, LOSS, zero_terminal_snr, "false"),
     .title = N_("Zero Terminal SNR"), .subtitle = N_("The last timestep is pure noise"),
     .help = N_("For v-prediction models that were made with it.")},
    {ROW(INT, LOSS, min_timestep, "0"), RANGE(0, 999),
     .title = N_("First Timestep"), .subtitle = N_("Lower end of the noise levels trained"),
     .help = N_("0 trains fine detail too.")},
    {ROW(INT, LOSS, max_timestep, "1000"), RANGE(1, 1000),
     .title = N_("Last Timestep"), .subtitle = N_("Upper end of the noise levels trained, not included"),
     .help = N_("1000 trains composition too.")},

    /* ---------------------------------------------------------------- saving */
    {ROW(FOLDER, SAVING, output_dir, "output"), .aside = true,
     .title = N_("Output Folder"), .subtitle = N_("Where LoRAs, states and samples go"),
     .help = N_("Made if it is missing. (sd-scripts has no default; here it is “output” beside the job.)")},
    {ROW(STRING, SAVING, output_name, NULL), .aside = true, .optional = true, .basic = 2,
     .title = N_("Name"), .subtitle = N_("File name of the LoRA, without ending"),
     .help = N_("This is also what a prompt calls it by: <lora:name:1>. Unset: the job file's name.")},
    {ROW(ENUM, SAVING, save_model_as, "safetensors"), .aside = true, .choices = save_formats,
     .title = N_("File Format"), .subtitle = N_("What kind of file the LoRA is"),
     .help = N_("safetensors is what all programs read and has the metadata; .pt is for old ones.")},
    {ROW(ENUM, SAVING, save_precision, "float"), .aside = true, .choices = save_precisions,
     .title = N_("Precision of the File"), .subtitle = N_("fp16 halves its size"),
     .help = N_("No difference can be seen between fp16 and float. Resuming uses the state, not this file.")},
    {ROW(INT, SAVING, save_every_n_epochs, "0"), RANGE(0, 1000000), .aside = true, .unit = N_("epochs"), .basic = 1,
     .title = N_("Save Every n Epochs"), .subtitle = N_("Checkpoints to choose from later"),
     .help = N_("Checkpoints are there to choose the best one. 0: only the end is saved."),
     .usual = N_("1 with about ten epochs.")},
    {ROW(INT, SAVING, save_n_epoch_ratio, "0"), RANGE(0, 1000000), .aside = true,
     .title = N_("Number of Checkpoints"), .subtitle = N_("Spread over all epochs"),
     .help = N_("Takes the place of “Save Every n Epochs”: with 10 epochs, 5 saves after every second one. 0 is off.")},
    {ROW(INT, SAVING, save_every_n_steps, "0"), RANGE(0, 100000000), .aside = true, .unit = N_("steps"),
     .title = N_("Save Every n Steps"), .subtitle = N_("Checkpoints to choose from later"),
     .help = N_("For long epochs. 0 is off."),
     .usual = N_("0, or 200 to 500.")},
    {ROW(INT, SAVING, save_last_n_epochs, "0"), RANGE(0, 1000000), .aside = true, .unit = N_("epochs"),
     .title = N_("Keep the Last n Epochs"), .subtitle = N_("Older checkpoints are deleted"),
     .help = N_("Counts epochs, not files. 0 keeps all.")},
    {ROW(INT, SAVING, save_last_n_steps, "0"), RANGE(0, 100000000), .aside = true, .unit = N_("steps"),
     .title = N_("Keep the Last n Steps"), .subtitle = N_("Older checkpoints are deleted"),
     .help = N_("Counts steps, not files. 0 keeps all.")},
    {ROW(BOOL, SAVING, save_state, "false"), .aside = true,
     .title = N_("Save States"), .subtitle = N_("With each checkpoint, what resuming needs"),
     .help = N_("A run that is stopped on request saves its state in any case.")},
    {ROW(BOOL, SAVING, save_state_on_train_end, "false"), .aside = true,
     .title = N_("Save State at the End"), .subtitle = N_("To prolong a finished run"),
     .help = N_("Saves the state once, after the last step.")},
    {ROW(INT, SAVING, save_state_every_n_steps, "0"), RANGE(0, 100000000), .aside = true, .unit = N_("steps"),
     .title = N_("State Every n Steps"), .subtitle = N_("Limits what a crash or a power cut can lose"),
     .help = N_("The two newest are kept. 0 is off. (Our own key.)")},

    /* ---------------------------------------------------------------- samples */
    {ROW(PROMPTS, SAMPLING, sample_prompts, NULL), .aside = true, .optional = true, .basic = 1,
     .title = N_("Sample Prompts"), .subtitle = N_("Pictures made while training"),
     .help = N_("A text file or a list with one prompt a line, and options behind it: --n negative prompt, --w and "
                "--h size, --d seed, --s steps, --l guidance scale, --ss sampler. (words:1.2) and [words] weigh words. "
                "Lines with # are comments."),
     .usual = N_("Two or three: the trigger word in different scenes, and one prompt without it.")},
    {ROW(INT, SAMPLING, sample_every_n_epochs, "0"), RANGE(0, 1000000), .aside = true, .basic = 2,
     .unit = N_("epochs"), .title = N_("Sample Every n Epochs"), .subtitle = N_("Goes before the number of steps"),
     .help = N_("0 is off."),
     .usual = N_("1 with about ten epochs.")},
    {ROW(INT, SAMPLING, sample_every_n_steps, "0"), RANGE(0, 100000000), .aside = true, .unit = N_("steps"),
     .title = N_("Sample Every n Steps"), .subtitle = N_("Used where epochs are not given"),
     .help = N_("Each sample takes as long as ten to thirty steps. 0 is off."),
     .usual = N_("200 to 500.")},
    {ROW(BOOL, SAMPLING, sample_at_first, "false"), .aside = true,
     .title = N_("Sample at First"), .subtitle = N_("Also before the first step"),
     .help = N_("Shows what the base model makes of the prompts, to compare with.")},
    {ROW(STRING, SAMPLING, sample_sampler, "ddim"), .aside = true, .choices = samplers,
     .title = N_("Sampler"), .subtitle = N_("For prompts that name none"),
     .help = N_("Euler a and DPM++ 2M look best in 20 to 30 steps; DDIM is the plainest.")},

    /* ---------------------------------------------------------------- metadata */
    {ROW(BOOL, METADATA, no_metadata, "false"), .aside = true,
     .title = N_("Little Metadata"), .subtitle = N_("Keep settings and tags out of the file"),
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
     .title = N_("Usage Hint"), .subtitle = N_("How to use it, in a sentence"),
     .help = N_("For example the best weight.")},
    {ROW(FILE, METADATA, metadata_thumbnail, NULL), .aside = true, .optional = true,
     .title = N_("Thumbnail"), .subtitle = N_("A small picture stored in the file"),
     .help = N_("PNG, JPEG or WebP of at most 1 MB.")},
    {ROW(STRING, METADATA, metadata_merged_from, NULL), .aside = true, .optional = true,
     .title = N_("Merged from"), .subtitle = N_("Names of models it was merged from"),
     .help = N_("Only for the record.")},
    {ROW(STRING, METADATA, metadata_preprocessor, NULL), .aside = true, .optional = true,
     .title = N_("Preprocessor"), .subtitle = N_("What a picture goes through before use"),
     .help = N_("Only for the record; for LoRAs that are used together with a control picture.")},
    {ROW(STRING, METADATA, metadata_is_negative_embedding, NULL), .aside = true, .optional = true,
     .title = N_("Negative Embedding"), .subtitle = N_("“true” where it belongs into negative prompts"),
     .help = N_("Only for the record.")},
    {ROW(STRING, METADATA, metadata_trigger_phrase, NULL), .aside = true, .optional = true,
     .title = N_("Trigger Phrase"), .subtitle = N_("Unset: the trigger word"),
     .help = N_("What to write in a prompt, shown by programs that read it.")},

#include "training/parameters_known.h"
    /* clang-format on */
};

const size_t lk_parameter_count = G_N_ELEMENTS(lk_parameters);
