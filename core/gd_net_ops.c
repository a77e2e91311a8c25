/* gd_net_ops: which kernels this processor runs. */
#include "gd_net_ops.h"

extern const gd_net_ops gd_net_base_f32, gd_net_base_f64;
#ifdef __x86_64__
extern const gd_net_ops gd_net_avx2_f32, gd_net_avx2_f64, gd_net_avx512_f32, gd_net_avx512_f64;
#endif

size_t gd_net_ops_all(bool single, const gd_net_ops **list)
{
    size_t n = 0;
    list[n++] = single ? &gd_net_base_f32 : &gd_net_base_f64;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        list[n++] = single ? &gd_net_avx2_f32 : &gd_net_avx2_f64;
    if (__builtin_cpu_supports("avx512f"))
        list[n++] = single ? &gd_net_avx512_f32 : &gd_net_avx512_f64;
#endif
    return n;
}

const gd_net_ops *gd_net_ops_best(bool single)
{
    const gd_net_ops *list[GD_NET_OPS_MOST];
    return list[gd_net_ops_all(single, list) - 1];
}
