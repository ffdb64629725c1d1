/* Made by make_network_keys.py with sd-scripts and LyCORIS 4.1.3. */
/* clang-format off */
static const struct {
    const char *module, *dim, *alpha;
    const char *args;
    int tensors;
    const char *sha256;
} network_keys[] = {
    {"networks.lora", "4", "1", "",
     792, "4dbec953308dae8e0ea52f1c59dc6298386f7581dfbbd0ff2aad1ef57beecebe"},
    {"networks.lora", "4", "1", "[\"conv_dim=3\"]",
     1050, "82e07ec494b671f6fccfc5c4b82f144e91b69f67c024ec268eb3fa3ece175ab4"},
    {"networks.lora", "4", "1", "[\"block_dims=0,2,4,0,2,4,0,2,4,0,2,4,0,2,4,0,2,4,0,2,4,0,2,4,0\", \"conv_dim=1\"]",
     876, "9da9090651666db16ea38d2e7a2d2ff181564a2be18511f888eecebe61371109"},
    {"networks.lora", "4", "1", "[\"down_lr_weight=sine\", \"up_lr_weight=0,1,0.5\", \"mid_lr_weight=0\", \"block_lr_zero_threshold=0.3\"]",
     774, "5ca0540358ad21b219bf00803edb6108a823de86653767d9f2897a4e26c67870"},
    {"lycoris.kohya", "4", "1", "",
     1062, "7b7ba7f2208aa40bbe4669e0091467217183ea43e5187c0ea78c3a6ed356a019"},
    {"lycoris.kohya", "4", "1", "[\"algo=locon\", \"preset=attn-mlp\"]",
     798, "f24d97c126f311980c1518a3cb0335396e5d085b321a3c4845697d2fe3ac9694"},
    {"lycoris.kohya", "4", "2", "[\"algo=loha\", \"conv_dim=2\"]",
     1770, "802eb8fc367d10dee87545693bd7138ea256018a2f91786c0d24f5f8935c6fa8"},
    {"lycoris.kohya", "4", "2", "[\"algo=loha\", \"preset=attn-mlp\"]",
     1330, "8ba6dd455f2bf74fe1186aa0348ac5c48581997ec99114b43e01fcd87d4ae2b9"},
    {"lycoris.kohya", "4", "2", "[\"algo=lokr\", \"conv_dim=2\"]",
     1416, "fc1a121759291f5faf938cf2896765091f784dafcd2fcdd8aff56394c1d1bf2e"},
    {"lycoris.kohya", "8", "2", "[\"algo=lokr\", \"factor=6\", \"decompose_both=True\"]",
     1416, "c09300fe2ba5268a1049d19b1f6a8c691b5a397ca7f9581ce9989aabb0f2f8df"},
    {"lycoris.kohya", "3", "1", "[\"algo=lokr\", \"factor=16\", \"decompose_both=True\"]",
     1770, "75967aac6ca181cc45d3f8b58835989c9bfc6733b559a4d6317abeb358bc7e14"},
    {"lycoris.kohya", "4", "2", "[\"algo=lokr\", \"full_matrix=True\", \"factor=8\"]",
     1062, "526e1a26e1f40ab75008b0b018a04b3e8653125f2beda242e5b0aababb7b9855"},
};
