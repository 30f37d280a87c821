typedef signed char int8_t; typedef short int16_t; typedef int int32_t; typedef long long int64_t;
typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned int uint32_t; typedef unsigned long long uint64_t;
struct alignas(8) caten_c64 { float re, im; };
struct alignas(16) caten_c128 { double re, im; };
#define caten_max(x, y) ((x) != (x) ? (x) : (y) != (y) ? (y) : (x) < (y) ? (y) : (y) < (x) ? (x) : (x) == 0 ? (x) + (y) : (x))

extern "C" __global__ void kernel_0(float *const b0, const float *const b1, const int64_t n0, const int64_t begin, const int64_t end) {
  __shared__ float a1[256];
  __shared__ float a3[256];
  for (int64_t i0 = begin + blockIdx.x; i0 < end; i0 += gridDim.x) {
    float a0 = (-1.0f / 0.0f);
    for (int64_t ti1 = 0; ti1 < n0; ti1 += 256) {
      const int64_t i1 = ti1 + (int64_t)threadIdx.x;
      if (i1 < n0) {
        const float v0 = b1[i0 * n0 + i1];
        const float v1 = caten_max(a0, v0);
        a0 = v1;
      }
    }
    const int64_t v2 = (int64_t)threadIdx.x;
    a1[v2] = a0;
    __syncthreads();
    const uint8_t v3 = v2 < (int64_t)16ll;
    if (v3) {
      const float v4 = caten_max(a1[v2 + 224], a1[v2 + 240]);
      const float v5 = caten_max(a1[v2 + 192], a1[v2 + 208]);
      const float v6 = caten_max(v5, v4);
      const float v7 = caten_max(a1[v2 + 160], a1[v2 + 176]);
      const float v8 = caten_max(a1[v2 + 128], a1[v2 + 144]);
      const float v9 = caten_max(v8, v7);
      const float v10 = caten_max(v9, v6);
      const float v11 = caten_max(a1[v2 + 96], a1[v2 + 112]);
      const float v12 = caten_max(a1[v2 + 64], a1[v2 + 80]);
      const float v13 = caten_max(v12, v11);
      const float v14 = caten_max(a1[v2 + 32], a1[v2 + 48]);
      const float v15 = caten_max(a1[v2], a1[v2 + 16]);
      const float v16 = caten_max(v15, v14);
      const float v17 = caten_max(v16, v13);
      const float v18 = caten_max(v17, v10);
      a1[v2] = v18;
    }
    __syncthreads();
    const float v19 = caten_max(a1[14], a1[15]);
    const float v20 = caten_max(a1[12], a1[13]);
    const float v21 = caten_max(v20, v19);
    const float v22 = caten_max(a1[10], a1[11]);
    const float v23 = caten_max(a1[8], a1[9]);
    const float v24 = caten_max(v23, v22);
    const float v25 = caten_max(v24, v21);
    const float v26 = caten_max(a1[6], a1[7]);
    const float v27 = caten_max(a1[4], a1[5]);
    const float v28 = caten_max(v27, v26);
    const float v29 = caten_max(a1[2], a1[3]);
    const float v30 = caten_max(a1[0], a1[1]);
    const float v31 = caten_max(v30, v29);
    const float v32 = caten_max(v31, v28);
    const float v33 = caten_max(v32, v25);
    a0 = v33;
    __syncthreads();
    const float r0 = a0;
    __syncthreads();
    float a2 = -0x0p+0f;
    for (int64_t ti2 = 0; ti2 < n0; ti2 += 256) {
      const int64_t i2 = ti2 + (int64_t)threadIdx.x;
      if (i2 < n0) {
        const float v34 = b1[i0 * n0 + i2];
        const float v35 = r0 * (-0x1p+0f);
        const float v36 = v34 + v35;
        const float v37 = exp2f(v36);
        const float v38 = a2 + v37;
        a2 = v38;
        b0[i0 * n0 + i2] = v37;
      }
    }
    a3[v2] = a2;
    __syncthreads();
    if (v3) {
      const float v39 = a3[v2 + 224] + a3[v2 + 240];
      const float v40 = a3[v2 + 192] + a3[v2 + 208];
      const float v41 = v40 + v39;
      const float v42 = a3[v2 + 160] + a3[v2 + 176];
      const float v43 = a3[v2 + 128] + a3[v2 + 144];
      const float v44 = v43 + v42;
      const float v45 = v44 + v41;
      const float v46 = a3[v2 + 96] + a3[v2 + 112];
      const float v47 = a3[v2 + 64] + a3[v2 + 80];
      const float v48 = v47 + v46;
      const float v49 = a3[v2 + 32] + a3[v2 + 48];
      const float v50 = a3[v2] + a3[v2 + 16];
      const float v51 = v50 + v49;
      const float v52 = v51 + v48;
      const float v53 = v52 + v45;
      a3[v2] = v53;
    }
    __syncthreads();
    const float v54 = a3[14] + a3[15];
    const float v55 = a3[12] + a3[13];
    const float v56 = v55 + v54;
    const float v57 = a3[10] + a3[11];
    const float v58 = a3[8] + a3[9];
    const float v59 = v58 + v57;
    const float v60 = v59 + v56;
    const float v61 = a3[6] + a3[7];
    const float v62 = a3[4] + a3[5];
    const float v63 = v62 + v61;
    const float v64 = a3[2] + a3[3];
    const float v65 = a3[0] + a3[1];
    const float v66 = v65 + v64;
    const float v67 = v66 + v63;
    const float v68 = v67 + v60;
    a2 = v68;
    __syncthreads();
    const int64_t v69 = n0;
    const uint8_t v70 = v69 == (int64_t)0ll;
    const float v71 = v70 ? 0x0p+0f : a2;
    const float r2 = v71;
    __syncthreads();
    for (int64_t ti3 = 0; ti3 < n0; ti3 += 256) {
      const int64_t i3 = ti3 + (int64_t)threadIdx.x;
      if (i3 < n0) {
        const float v72 = b0[i0 * n0 + i3];
        const float v73 = v72 / r2;
        b0[i0 * n0 + i3] = v73;
      }
    }
  }
}
