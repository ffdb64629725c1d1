#!/bin/sh
# Part of the oneDNN module, run in its source folder before it is configured: takes away the sources of primitives that
# Lorikeet does not ask for, and the kernels for products of 8-bit numbers. ONEDNN_ENABLE_PRIMITIVE alone leaves them out of the lists of what there is to choose from, but
# compiles them. Their headers stay. The module links with -z defs, so that a file which is needed after all is an error.
set -eu

unused='pooling|pool_kernel|(batch|group|instance|layer)_normalization|batch_normalization_(s8|utils)|lrn|prelu|shuffle|softmax'
unused="$unused|(reduction|resampling)(_kernel)?|deconvolution|brgemm_deconv|deconv_zp_pad_str_kernel"
unused="$unused|eltwise(_int)?|binary(_kernel)?|inner_product(_int8)?|brgemm_inner_product_utils"
find src/cpu src/cpu/x64 -maxdepth 1 -regextype posix-extended -regex ".*_($unused)[.]cpp" -delete
find src/cpu/rnn src/cpu/x64/rnn src/cpu/x64/lrn src/cpu/x64/prelu src/cpu/x64/shuffle -name '*.cpp' -delete

# Products of 8-bit numbers have sixty large files of kernels. Without them oneDNN finds that there are none, and takes loops.
int8=src/cpu/x64/gemm/s8x8s32
rm "$int8"/*_kern_autogen.cpp "$int8"/jit_avx2_gemm_s8u8s32_kern.cpp "$int8"/jit_avx512_core_gemm_s8u8s32_kern.cpp \
    "$int8"/jit_avx512_core_kernel_gemv_s8x8s32_kern.cpp
awk '/std::call_once/ { inside = 1 }
    /::hasKernels/ { inside = 0 }
    out && /^ *break;/ { print; print "#endif"; print; out = 0; next }
    { print }
    inside && /case data_type::s8:/ { print "#if 0"; out = 1 }' src/cpu/x64/gemm/gemm_info.cpp >gemm_info.cpp
mv gemm_info.cpp src/cpu/x64/gemm/gemm_info.cpp
