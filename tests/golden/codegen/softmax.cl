#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
typedef char int8_t; typedef short int16_t; typedef int int32_t; typedef long int64_t;
typedef uchar uint8_t; typedef ushort uint16_t; typedef uint uint32_t; typedef ulong uint64_t;
#define caten_exp2(x) ((x) != (x) ? (x) : exp2(x))
#define caten_max(x, y) ((x) != (x) ? (x) : (y) != (y) ? (y) : (x) < (y) ? (y) : (y) < (x) ? (x) : (x) == 0 ? (x) + (y) : (x))
#ifdef CATEN_ROUNDED
#define caten_div_float(x, y) ((x) / (y))
#else
#define caten_div_float(x, y) ((float)((double)(x) / (double)(y)))
#endif

__kernel void kernel_0(__global uchar *const m0, const int64_t o0, __global uchar *const m1, const int64_t o1, const int64_t n0, const int64_t begin, const int64_t end) {
  __global float *const b0 = (__global float *)(m0 + o0);
  __global const float *const b1 = (__global const float *)(m1 + o1);
  __local float a1[128];
  __local float a3[128];
  for (int64_t i0 = begin + (int64_t)get_group_id(0); i0 < end; i0 += (int64_t)get_num_groups(0)) {
    float a0 = (-1.0f / 0.0f);
    for (int64_t ti1 = 0; ti1 < n0; ti1 += 128) {
      const int64_t i1 = ti1 + (int64_t)get_local_id(0);
      if (i1 < n0) {
        const float v0 = b1[i0 * n0 + i1];
        const float v1 = caten_max(a0, v0);
        a0 = v1;
      }
    }
    const int64_t v2 = (int64_t)get_local_id(0);
    a1[v2] = a0;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    const uint8_t v3 = v2 < (int64_t)16ll;
    if (v3) {
      const float v4 = caten_max(a1[v2 + 96], a1[v2 + 112]);
      const float v5 = caten_max(a1[v2 + 64], a1[v2 + 80]);
      const float v6 = caten_max(v5, v4);
      const float v7 = caten_max(a1[v2 + 32], a1[v2 + 48]);
      const float v8 = caten_max(a1[v2], a1[v2 + 16]);
      const float v9 = caten_max(v8, v7);
      const float v10 = caten_max(v9, v6);
      a1[v2] = v10;
    }
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    const float v11 = caten_max(a1[14], a1[15]);
    const float v12 = caten_max(a1[12], a1[13]);
    const float v13 = caten_max(v12, v11);
    const float v14 = caten_max(a1[10], a1[11]);
    const float v15 = caten_max(a1[8], a1[9]);
    const float v16 = caten_max(v15, v14);
    const float v17 = caten_max(v16, v13);
    const float v18 = caten_max(a1[6], a1[7]);
    const float v19 = caten_max(a1[4], a1[5]);
    const float v20 = caten_max(v19, v18);
    const float v21 = caten_max(a1[2], a1[3]);
    const float v22 = caten_max(a1[0], a1[1]);
    const float v23 = caten_max(v22, v21);
    const float v24 = caten_max(v23, v20);
    const float v25 = caten_max(v24, v17);
    a0 = v25;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    const float r0 = a0;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    float a2 = -0x0p+0f;
    for (int64_t ti2 = 0; ti2 < n0; ti2 += 128) {
      const int64_t i2 = ti2 + (int64_t)get_local_id(0);
      if (i2 < n0) {
        const float v26 = b1[i0 * n0 + i2];
        const float v27 = r0 * (-0x1p+0f);
        const float v28 = v26 + v27;
        const float v29 = caten_exp2(v28);
        const float v30 = a2 + v29;
        a2 = v30;
        b0[i0 * n0 + i2] = v29;
      }
    }
    a3[v2] = a2;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    if (v3) {
      const float v31 = a3[v2 + 96] + a3[v2 + 112];
      const float v32 = a3[v2 + 64] + a3[v2 + 80];
      const float v33 = v32 + v31;
      const float v34 = a3[v2 + 32] + a3[v2 + 48];
      const float v35 = a3[v2] + a3[v2 + 16];
      const float v36 = v35 + v34;
      const float v37 = v36 + v33;
      a3[v2] = v37;
    }
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    const float v38 = a3[14] + a3[15];
    const float v39 = a3[12] + a3[13];
    const float v40 = v39 + v38;
    const float v41 = a3[10] + a3[11];
    const float v42 = a3[8] + a3[9];
    const float v43 = v42 + v41;
    const float v44 = v43 + v40;
    const float v45 = a3[6] + a3[7];
    const float v46 = a3[4] + a3[5];
    const float v47 = v46 + v45;
    const float v48 = a3[2] + a3[3];
    const float v49 = a3[0] + a3[1];
    const float v50 = v49 + v48;
    const float v51 = v50 + v47;
    const float v52 = v51 + v44;
    a2 = v52;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    const int64_t v53 = n0;
    const uint8_t v54 = v53 == (int64_t)0ll;
    const float v55 = v54 ? 0x0p+0f : a2;
    const float r2 = v55;
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    for (int64_t ti3 = 0; ti3 < n0; ti3 += 128) {
      const int64_t i3 = ti3 + (int64_t)get_local_id(0);
      if (i3 < n0) {
        const float v56 = b0[i0 * n0 + i3];
        const float v57 = caten_div_float(v56, r2);
        b0[i0 * n0 + i3] = v57;
      }
    }
  }
}
