/* The samplers there are, and what they are called: by kohya's sd-scripts, by Stable Diffusion WebUI, and by others. */
#include "sampling/scheduler.h"

#include <glib.h>

/* clang-format off */
static const LkSampler samplers[] = {
    {"euler", "Euler", "Euler", "Uniform", {"k_euler", "sample_euler"}, LK_SPACING_UNIFORM, LK_RULE_EULER},
    {"euler_a", "Euler a", "Euler a", "Uniform",
     {"k_euler_a", "euler ancestral", "k_euler_ancestral", "euler_ancestral"}, LK_SPACING_UNIFORM, LK_RULE_ANCESTRAL},
    {"ddim", "DDIM", "DDIM", NULL, {"k_ddim"}, LK_SPACING_LEADING, LK_RULE_EULER},
    {"dpmpp_2m_karras", "DPM++ 2M Karras", "DPM++ 2M", "Karras",
     {"dpm++_2m_karras", "k_dpmpp_2m_ka", "k_dpmpp_2m_karras", "dpmsolver++_karras"}, LK_SPACING_KARRAS, LK_RULE_MULTISTEP},
    {"dpmsolver++", "DPM++ 2M", "DPM++ 2M", "Uniform", {"dpmpp_2m", "k_dpmpp_2m", "dpm++_2m"}, LK_SPACING_UNIFORM, LK_RULE_MULTISTEP},
    {"dpmpp_sde_karras", "DPM++ SDE Karras", "DPM++ SDE", "Karras",
     {"dpm++_sde_karras", "k_dpmpp_sde_ka", "k_dpmpp_sde_karras"}, LK_SPACING_KARRAS, LK_RULE_SDE},
    {"dpmpp_sde", "DPM++ SDE", "DPM++ SDE", "Uniform", {"dpm++_sde", "k_dpmpp_sde"}, LK_SPACING_UNIFORM, LK_RULE_SDE},
    {"dpmpp_2m_sde_karras", "DPM++ 2M SDE Karras", "DPM++ 2M SDE", "Karras",
     {"dpm++_2m_sde_karras", "k_dpmpp_2m_sde_ka", "k_dpmpp_2m_sde_karras"}, LK_SPACING_KARRAS, LK_RULE_2M_SDE},
    {"dpmpp_2m_sde", "DPM++ 2M SDE", "DPM++ 2M SDE", "Uniform", {"dpm++_2m_sde", "k_dpmpp_2m_sde"}, LK_SPACING_UNIFORM, LK_RULE_2M_SDE},
    {"dpmpp_2s_a_karras", "DPM++ 2S a Karras", "DPM++ 2S a", "Karras",
     {"dpm++_2s_a_karras", "k_dpmpp_2s_a_ka", "k_dpmpp_2s_a_karras"}, LK_SPACING_KARRAS, LK_RULE_2S_A},
    {"dpmpp_2s_a", "DPM++ 2S a", "DPM++ 2S a", "Uniform",
     {"dpm++_2s_a", "k_dpmpp_2s_a", "dpmpp_2s_ancestral"}, LK_SPACING_UNIFORM, LK_RULE_2S_A},
    {"dpmsingle", "DPM++ 2S", "DPM++ 2S", "Uniform", {"dpm++_2s", "dpmpp_2s"}, LK_SPACING_UNIFORM, LK_RULE_SINGLE},
    {"dpmsolver", "DPM-Solver 2M", "DPM-Solver 2M", "Uniform", {"dpm_solver"}, LK_SPACING_UNIFORM, LK_RULE_SOLVER},
    {"heun", "Heun", "Heun", "Uniform", {"k_heun", "sample_heun"}, LK_SPACING_UNIFORM, LK_RULE_HEUN},
    {"dpm_2", "DPM2", "DPM2", "Uniform", {"k_dpm_2", "dpm2", "sample_dpm_2"}, LK_SPACING_UNIFORM, LK_RULE_MIDPOINT},
    {"dpm_2_a", "DPM2 a", "DPM2 a", "Uniform",
     {"k_dpm_2_a", "dpm2_a", "dpm_2_ancestral", "k_dpm_2_ancestral"}, LK_SPACING_UNIFORM, LK_RULE_MIDPOINT_A},
    {"lms", "LMS", "LMS", "Uniform", {"k_lms", "sample_lms"}, LK_SPACING_UNIFORM, LK_RULE_LMS},
    {"pndm", "PLMS", "PLMS", NULL, {"k_plms"}, LK_SPACING_LEADING, LK_RULE_PLMS},
};
/* clang-format on */

int lk_sampler_count(void)
{
    return (int)(sizeof samplers / sizeof *samplers);
}

const LkSampler *lk_sampler_at(int index)
{
    return index >= 0 && index < lk_sampler_count() ? &samplers[index] : NULL;
}

static bool has_name(const LkSampler *sampler, const char *name)
{
    if (g_ascii_strcasecmp(sampler->name, name) == 0 || g_ascii_strcasecmp(sampler->title, name) == 0)
        return true;
    for (int i = 0; i < 6 && sampler->aliases[i]; i++)
        if (g_ascii_strcasecmp(sampler->aliases[i], name) == 0)
            return true;
    return false;
}

const LkSampler *lk_sampler_find(const char *name)
{
    for (int i = 0; i < lk_sampler_count() && name; i++)
        if (has_name(&samplers[i], name))
            return &samplers[i];
    return NULL;
}
