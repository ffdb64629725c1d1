/* Configurations as people publish them for kohya sd-scripts and its front ends: their settings, written anew. */
#pragma once

#include <stddef.h>

typedef struct Found {
    const char *name, *text;
    const char *values[24][2];   /* what must arrive */
    const char *unsupported[10]; /* names that must be answered so; all others must not */
} Found;

static const Found found[] = {
    {"LyCORIS LoHa with sections",
     "[Basics]\npretrained_model_name_or_path = \"/path/to/model\"\ntrain_data_dir = \"/path/to/dataset\"\nresolution "
     "= "
     "\"512\"\nseed = 23\nmax_train_steps = 10000\nmax_train_epochs = 2\nclip_skip = 2\n[Save]\noutput_dir = "
     "\"/out\"\noutput_name = \"name\"\nsave_precision = \"fp16\"\nsave_model_as = \"safetensors\"\n"
     "save_every_n_epochs = 10\nsave_last_n_steps_state = 1\n[SDv2]\nv2 = false\nv_parameterization = false\n"
     "[Network_setup]\nnetwork_dim = 8\nnetwork_alpha = 4.0\nnetwork_dropout = 0\nresume = false\n[LyCORIS]\n"
     "network_module = \"lycoris.kohya\"\nnetwork_args = [ \"conv_dim=4\", \"conv_alpha=1\", \"algo=loha\",]\n"
     "[Optimizer]\ntrain_batch_size = 8\noptimizer_type = \"AdamW8bit\"\nunet_lr = 0.0002\ntext_encoder_lr = 0.0002\n"
     "max_grad_norm = 1.0\noptimizer_args = [ \"weight_decay=0.1\", \"betas=0.9,0.99\",]\n[Lr_scheduler]\n"
     "lr_scheduler_type = \"\"\nlr_scheduler = \"constant\"\nlr_warmup_steps = 0\n[Further_improvement]\n"
     "min_snr_gamma = 5\nmultires_noise_discount = 0.3\nmultires_noise_iterations = 10\nscale_weight_norms = 1\n"
     "[ARB]\nenable_bucket = true\nmin_bucket_reso = 320\nmax_bucket_reso = 960\nbucket_reso_steps = 64\n[Captions]\n"
     "caption_dropout_rate = 0.05\nmax_token_length = 150\nweighted_captions = false\n[Deprecated]\n"
     "use_8bit_adam = false\nlearning_rate = 0.0002\n",
     {{"network_module", "lycoris.kohya"},
      {"algo", "loha"},
      {"network_dim", "8"},
      {"network_alpha", "4"},
      {"conv_dim", "4"},
      {"unet_lr", "0.0002"},
      {"multires_noise_iterations", "10"},
      {"max_token_length", "150"},
      {"optimizer_args", "[\"weight_decay=0.1\", \"betas=0.9,0.99\"]"},
      {"max_bucket_reso", "960"}},
     {"Basics.pretrained_model_name_or_path", "Further_improvement.scale_weight_norms"}},
    {"XL LoCon with Adafactor",
     "[additional_network_arguments]\nno_metadata = false\nnetwork_module = \"networks.lora\"\nnetwork_dim = 32\n"
     "network_alpha = 16\nnetwork_args = [ \"conv_dim=32\", \"conv_alpha=16\",]\nnetwork_train_unet_only = true\n"
     "[optimizer_arguments]\noptimizer_type = \"AdaFactor\"\nlearning_rate = 1e-5\nmax_grad_norm = 0\noptimizer_args = "
     "[ \"scale_parameter=False\", \"relative_step=False\", \"warmup_init=False\",]\nlr_scheduler = "
     "\"constant_with_warmup\"\nlr_warmup_steps = 100\n[training_arguments]\ngradient_accumulation_steps = 1\n"
     "mixed_precision = \"fp16\"\n[logging_arguments]\nlog_with = \"tensorboard\"\nlogging_dir = \"/logs\"\n",
     {{"conv_dim", "32"},
      {"conv_alpha", "16"},
      {"optimizer_type", "Adafactor"},
      {"max_grad_norm", "0"},
      {"lr_scheduler", "constant_with_warmup"},
      {"lr_warmup_steps", "100"},
      {"network_train_unet_only", "true"},
      {"learning_rate", "1e-05"}},
     {NULL}},
    {"easy training scripts, Prodigy",
     "[[subsets]]\ncaption_extension = \".txt\"\nimage_dir = \"/x\"\nkeep_tokens = 1\nname = \"bird\"\nnum_repeats = "
     "4\n"
     "shuffle_caption = true\n[train_mode]\ntrain_mode = \"lora\"\n[general_args.args]\nmax_data_loader_n_workers = 1\n"
     "sdxl = true\nno_half_vae = true\nmixed_precision = \"fp16\"\ngradient_checkpointing = true\nseed = 0\n"
     "max_token_length = 225\nprior_loss_weight = 1.0\nxformers = true\nmax_train_steps = 2000\n"
     "[general_args.dataset_args]\nresolution = [ 1024, 1024,]\nbatch_size = 3\n[network_args.args]\nnetwork_dim = 8\n"
     "network_alpha = 8.0\nnetwork_dropout = 0.1\n[optimizer_args.args]\noptimizer_type = \"Prodigy\"\nlr_scheduler = "
     "\"cosine\"\nloss_type = \"l2\"\nlearning_rate = 1.0\nunet_lr = 1.0\ntext_encoder_lr = 1.0\n"
     "scale_weight_norms = 1.0\nmin_snr_gamma = 5\nwarmup_ratio = 0.01\n[saving_args.args]\nsave_state = true\n"
     "save_toml = true\nsave_every_n_epochs = 1\n[bucket_args.dataset_args]\nenable_bucket = true\nmin_bucket_reso = "
     "256\nmax_bucket_reso = 2048\n[network_args.args.network_args]\n[optimizer_args.args.optimizer_args]\nd_coef = "
     "\"0.8\"\nweight_decay = \"0.1\"\ndecouple = \"True\"\nbetas = \"0.9,0.99\"\nuse_bias_correction = \"True\"\n",
     {{"train_batch_size", "3"},
      {"resolution", "1024"},
      {"max_token_length", "225"},
      {"optimizer_type", "Prodigy"},
      {"optimizer_args", "[\"d_coef=0.8\", \"weight_decay=0.1\", \"decouple=True\", \"betas=0.9,0.99\", "
                         "\"use_bias_correction=True\"]"},
      {"learning_rate", "1"},
      {"lr_warmup_steps", "0.01"},
      {"network_dropout", "0.1"},
      {"scale_weight_norms", "1"},
      {"shuffle_caption", "true"}},
     {"subsets[0].name"}},
    {"LoKr with whole matrices and CAME",
     "seed = 42\nmax_train_epochs = 50\nmixed_precision = \"bf16\"\ngradient_checkpointing = true\nnetwork_dim = "
     "100000\n"
     "network_alpha = 1\nnetwork_module = \"lycoris.kohya\"\nnetwork_args = [\"algo=lokr\", "
     "\"preset=unet-transformer-only\", \"factor=4\", \"full_matrix=True\"]\nlr_scheduler = "
     "\"constant\"\noptimizer_type "
     "= \"LoraEasyCustomOptimizer.came.CAME\"\nlearning_rate = 8e-06\noptimizer_args = [\"weight_decay=0.0001\", "
     "\"update_strategy=cautious\"]\nloss_type = \"huber\"\nhuber_c = 0.1\nenable_bucket = true\nmax_bucket_reso = "
     "4096\n",
     {{"algo", "lokr"},
      {"preset", "attn-mlp"},
      {"network_train_unet_only", "true"},
      {"factor", "4"},
      {"full_matrix", "true"},
      {"loss_type", "huber"}},
     {"learning_rate", "optimizer_args: update_strategy=cautious"}},
    {"XL with long captions and Prodigy",
     "[model_arguments]\npretrained_model_name_or_path = \"/config/illustrious.safetensors\"\n[dataset_arguments]\n"
     "resolution = 1024\nbatch_size = 1\nenable_bucket = true\nmin_bucket_reso = 512\nmax_bucket_reso = 2048\n"
     "[training_arguments]\noutput_name = \"k12\"\nsave_precision = \"bf16\"\nmax_train_epochs = 10\ntrain_batch_size "
     "= 2\n"
     "max_token_length = 225\nsdpa = true\nsample_sampler = \"euler\"\nsample_every_n_epochs = 5\n"
     "[optimizer_arguments]\noptimizer_type = \"prodigy\"\nlearning_rate = 1.0\noptimizer_args = [\"decouple=True\", "
     "\"weight_decay=0.01\", \"betas=0.9,0.99\", \"use_bias_correction=True\", \"safeguard_warmup=True\", "
     "\"d_coef=2.0\",]\nlr_scheduler = \"cosine\"\nlr_warmup_steps = 0\n[network_arguments]\nnetwork_module = "
     "\"networks.lora\"\nnetwork_dim = 16\nnetwork_alpha = 8\nnetwork_train_unet_only = true\n",
     {{"max_token_length", "225"}, {"optimizer_type", "Prodigy"}, {"learning_rate", "1"}, {"lr_scheduler", "cosine"}},
     {"model_arguments.pretrained_model_name_or_path", "training_arguments.train_batch_size"}},
    {"v-prediction with zero terminal SNR, LoCon",
     "[network]\nnetwork_dim = 64\nnetwork_alpha = 32\nnetwork_args = [\"use_rslora=True\", \"conv_dim=16\", "
     "\"conv_alpha=8\"]\nnetwork_module = \"lycoris.kohya\"\n[optimizer]\noptimizer_type = \"Prodigy\"\nlearning_rate "
     "= "
     "1.0\ntext_encoder_lr = 1.0\nunet_lr = 1.0\n[training]\ntrain_batch_size = 4\nmax_train_epochs = 20\n"
     "v_parameterization = true\nzero_terminal_snr = true\nmin_snr_gamma = 1.0\ncache_text_encoder_outputs = true\n",
     {{"rs_lora", "true"},
      {"conv_dim", "16"},
      {"v_parameterization", "true"},
      {"zero_terminal_snr", "true"},
      {"min_snr_gamma", "1"}},
     {NULL}},
    {"DoRA by LyCORIS",
     "network_dim = 16\nnetwork_alpha = 8\nnetwork_module = \"lycoris.kohya\"\nnetwork_args = [\"algo=lora\", "
     "\"dora_wd=True\", \"conv_dim=16\", \"conv_alpha=8\", \"train_norm=False\"]\nlearning_rate = 1e-4\n"
     "text_encoder_lr = 0.0\noptimizer_type = \"AdamW8bit\"\noptimizer_args = [\"weight_decay=0.1\"]\nlr_scheduler = "
     "\"cosine\"\ntrain_batch_size = 4\nmax_train_epochs = 10\nmin_snr_gamma = 8.0\nkeep_tokens = 1\n",
     {{"dora_wd", "true"},
      {"network_module", "lycoris.kohya"},
      {"text_encoder_lr", "0"},
      {"min_snr_gamma", "8"},
      {"conv_dim", "16"}},
     {NULL}},
    {"lora-scripts",
     "[model_arguments]\npretrained_model_name_or_path = "
     "\"./sd-models/model.ckpt\"\n[dataset_arguments]\ntrain_data_dir "
     "= \"./train/aki\"\nreg_data_dir = \"\"\nresolution = \"512,512\"\n[additional_network_arguments]\nnetwork_dim = "
     "32\n"
     "network_alpha = 16\nnetwork_module = \"networks.lora\"\nnetwork_args = []\n[optimizer_arguments]\nunet_lr = "
     "1e-4\n"
     "text_encoder_lr = 1e-5\noptimizer_type = \"AdamW8bit\"\nlr_scheduler = \"cosine_with_restarts\"\n"
     "lr_warmup_steps = 0\nlr_restart_cycles = 3\n[training_arguments]\ntrain_batch_size = 1\nmax_token_length = 225\n"
     "clip_skip = 2\nlowram = false\nsample_sampler = \"euler_a\"\nsample_every_n_epochs = 5\n",
     {{"unet_lr", "0.0001"}, {"text_encoder_lr", "1e-05"}, {"lr_scheduler_num_cycles", "3"}, {"clip_skip", "2"}},
     {"model_arguments.pretrained_model_name_or_path"}},
    {"lora-scripts, LoKr",
     "model_train_type = \"sd-lora\"\nnetwork_module = \"lycoris.kohya\"\nlycoris_algo = \"lokr\"\nnetwork_dim = "
     "10000\n"
     "conv_dim = 10000\nconv_alpha = 10000\nlokr_factor = 8\nlearning_rate = 2e-4\n",
     {{"algo", "lokr"}, {"factor", "8"}, {"full_matrix", "true"}},
     {"conv_alpha"}},
    {"what kohya_ss writes for sd-scripts",
     "bucket_no_upscale = true\nbucket_reso_steps = 64\ncache_latents = true\ncaption_extension = \".txt\"\nclip_skip "
     "= "
     "1\ndynamo_backend = \"no\"\nenable_bucket = true\nepoch = 15\nhuber_c = 0.1\nhuber_schedule = \"snr\"\n"
     "learning_rate = 0.0004\nloss_type = \"l2\"\nlr_scheduler = \"cosine\"\nlr_scheduler_args = []\n"
     "lr_scheduler_num_cycles = 1\nmax_bucket_reso = 2048\nmax_train_epochs = 15\nmax_train_steps = 1600\n"
     "mixed_precision = \"fp16\"\nmultires_noise_discount = 0.3\nnetwork_alpha = 48\nnetwork_args = []\nnetwork_dim = "
     "96\nnetwork_module = \"networks.lora\"\nno_half_vae = true\nnoise_offset_type = \"Original\"\noptimizer_args = "
     "[\"scale_parameter=False\", \"relative_step=False\", \"warmup_init=False\",]\noptimizer_type = \"Adafactor\"\n"
     "resolution = \"1024,1024\"\ntext_encoder_lr = [0.0004, 0.0004]\nunet_lr = 0.0004\nxformers = true\n",
     {{"max_train_epochs", "15"},
      {"network_dim", "96"},
      {"optimizer_type", "Adafactor"},
      {"max_bucket_reso", "2048"},
      {"unet_lr", "0.0004"}},
     {NULL}},
    {"blocks and rates by block",
     "network_module = \"networks.lora\"\nnetwork_dim = 16\nnetwork_alpha = 8\nnetwork_args = "
     "[\"down_lr_weight=0,0,0,0.5,1,1,1,1,1,1,1,1\", \"mid_lr_weight=1\", \"up_lr_weight=cosine+0.1\", "
     "\"block_lr_zero_threshold=0.1\", \"loraplus_lr_ratio=16\"]\nlearning_rate = 1e-4\n",
     {{"down_lr_weight", "0,0,0,0.5,1,1,1,1,1,1,1,1"},
      {"up_lr_weight", "cosine+0.1"},
      {"loraplus_lr_ratio", "16"},
      {"block_lr_zero_threshold", "0.1"}},
     {NULL}},
    {"dropout, snr and masks",
     "[model]\nsdxl = true\n[network]\nnetwork_module = \"networks.lora\"\nnetwork_dim = 64\nnetwork_alpha = 32\n"
     "network_dropout = 0.1\nnetwork_args = [\"rank_dropout=0.1\", \"module_dropout=0.05\"]\n[training]\n"
     "optimizer_type = \"Lion8bit\"\nlearning_rate = 2e-5\nmasked_loss = true\nalpha_mask = true\nip_noise_gamma = "
     "0.1\n"
     "ip_noise_gamma_random_strength = true\nnoise_offset = 0.05\nnoise_offset_random_strength = true\n"
     "debiased_estimation_loss = true\nmin_timestep = 50\nmax_timestep = 950\nlr_scheduler = "
     "\"cosine_with_min_lr\"\nlr_scheduler_min_lr_ratio = 0.1\nlr_warmup_steps = 0.05\n",
     {{"network_dropout", "0.1"},
      {"rank_dropout", "0.1"},
      {"module_dropout", "0.05"},
      {"optimizer_type", "Lion8bit"},
      {"alpha_mask", "true"},
      {"ip_noise_gamma_random_strength", "true"},
      {"min_timestep", "50"},
      {"lr_scheduler_min_lr_ratio", "0.1"},
      {"debiased_estimation_loss", "true"}},
     {NULL}},
    /* OneTrainer */
    {"LoHa on all layers of XL, one text encoder",
     "{\"training_method\": \"LORA\", \"model_type\": \"STABLE_DIFFUSION_XL_10_BASE\", \"base_model_name\": \"\", "
     "\"peft_type\": \"LOHA\", \"lora_rank\": 8, \"lora_alpha\": 4.0, \"layer_filter_preset\": \"full\", "
     "\"learning_rate\": 0.0002, \"text_encoder\": {\"train\": true}, \"text_encoder_2\": {\"train\": false}, "
     "\"optimizer\": {\"optimizer\": \"PRODIGY\", \"beta1\": 0.9, \"beta2\": 0.99, \"d_coef\": 1.5, "
     "\"safeguard_warmup\": true, \"fused\": false, \"growth_rate\": null, \"stochastic_rounding\": true}, "
     "\"learning_rate_scheduler\": \"COSINE\", \"learning_rate_min_factor\": 0.1, \"clip_grad_norm\": null, \"unet\": "
     "{\"weight_dtype\": \"NFLOAT_4\"}, \"layer_offload_fraction\": 0.5, "
     "\"validation\": true, \"dropout_probability\": 0.0}",
     {{"network_module", "lycoris.kohya"},
      {"algo", "loha"},
      {"network_dim", "8"},
      {"network_alpha", "4"},
      {"text_encoder_2_lr", "0"},
      {"optimizer_type", "Prodigy"},
      {"lr_scheduler", "cosine_with_min_lr"},
      {"lr_scheduler_min_lr_ratio", "0.1"},
      {"base_weights_precision", "int8"},
      {"offload_base_weights", "auto"},
      {"max_grad_norm", "0"}},
     {"validation"}},
    {"full precision in TF32",
     "{\"training_method\": \"LORA\", \"model_type\": \"STABLE_DIFFUSION_15\", \"base_model_name\": \"\", "
     "\"train_dtype\": \"TFLOAT_32\", \"output_dtype\": \"FLOAT_16\"}",
     {{"allow_tf32", "true"}, {"save_precision", "fp16"}},
     {NULL}},
    {"LoKr with DoRA, masks and Huber's loss",
     "{\"training_method\": \"LORA\", \"model_type\": \"STABLE_DIFFUSION_15\", \"base_model_name\": \"\", "
     "\"peft_type\": "
     "\"LOKR\", \"lora_rank\": 99, \"lokr_dim\": 12, \"lokr_decompose_both\": true, \"lokr_decompose_factor\": 8, "
     "\"lokr_full_matrix\": false, \"lokr_weight_decompose\": true, \"lokr_use_tucker\": true, "
     "\"layer_filter_preset\": "
     "\"attn-mlp\", \"learning_rate\": 0.001, \"masked_training\": true, \"unmasked_weight\": 0.1, \"mse_strength\": "
     "0.0, \"huber_strength\": 1.0, \"huber_delta\": 0.2, \"loss_weight_fn\": \"DEBIASED_ESTIMATION\", \"optimizer\": "
     "{\"optimizer\": \"ADAFACTOR\", \"eps\": 1e-30, \"eps2\": 0.001, \"relative_step\": false, \"scale_parameter\": "
     "false}, \"text_encoder\": {\"train\": false}}",
     {{"network_module", "networks.lokr"},
      {"network_dim", "12"},
      {"decompose_both", "true"},
      {"factor", "8"},
      {"dora_wd", "true"},
      {"masked_loss", "true"},
      {"loss_type", "huber"},
      {"huber_c", "0.2"},
      {"huber_schedule", "constant"},
      {"debiased_estimation_loss", "true"},
      {"network_train_unet_only", "true"},
      {"optimizer_args", "[\"eps=(1e-30, 0.001)\", \"relative_step=False\", \"scale_parameter=False\"]"}},
     {"lokr_use_tucker"}},
    /* ai-toolkit */
    {"LoCon with dropout",
     "job: extension\nconfig:\n  name: bird\n  process:\n    - type: sd_trainer\n      network:\n        type: locon\n"
     "        linear: 16\n        linear_alpha: 8\n        conv: 8\n        conv_alpha: 4\n        dropout: 0.1\n"
     "      datasets:\n        - folder_path: /x\n          resolution: 768\n          mask_path: /masks\n"
     "      train:\n        steps: 500\n        optimizer: adafactor\n        lr: 1e-4\n        train_text_encoder: "
     "true\n"
     "        noise_scheduler: ddpm\n        lr_scheduler: constant_with_warmup\n        lr_scheduler_params:\n"
     "          num_warmup_steps: 50\n      model:\n        name_or_path: ''\n        is_xl: true\n",
     {{"conv_dim", "8"},
      {"conv_alpha", "4"},
      {"network_dropout", "0.1"},
      {"masked_loss", "true"},
      {"lr_warmup_steps", "50"},
      {"optimizer_args", "[\"relative_step=False\", \"scale_parameter=False\", \"warmup_init=False\"]"}},
     {NULL}},
    {"DoRA with Prodigy",
     "job: extension\nconfig:\n  name: bird\n  process:\n    - type: sd_trainer\n      network:\n        type: dora\n"
     "        linear: 4\n        linear_alpha: 4\n      train:\n        steps: 500\n        optimizer: prodigy\n"
     "        lr: 1e-4\n        noise_scheduler: ddpm\n      model:\n        name_or_path: ''\n        arch: sd1\n",
     {{"dora_wd", "true"}, {"optimizer_type", "Prodigy"}, {"learning_rate", "1"}, {"optimizer_args", "[\"eps=1e-6\"]"}},
     {NULL}},
    {"LoKr of a rank",
     "job: extension\nconfig:\n  name: bird\n  process:\n    - type: sd_trainer\n      network:\n        type: lokr\n"
     "        lokr_full_rank: false\n        lokr_factor: 8\n        linear: 6\n        linear_alpha: 3\n"
     "      train:\n        steps: 500\n        lr: 1e-4\n        noise_scheduler: ddpm\n      model:\n"
     "        name_or_path: ''\n",
     {{"network_module", "networks.lokr"}, {"factor", "8"}, {"network_dim", "6"}, {"network_alpha", "3"}},
     {NULL}},
};
