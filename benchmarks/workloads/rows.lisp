; What `caten bench` measures, read by C++ as data: (row ID "what" composite ((NAME SIZE)…) clause…), grouped by the file of
; the composites. Clauses:
;   (:bytes SIZE)      what a call must read and write at least; (:flops SIZE): the operations that it must do. Without
;                      either, those of the kernels are counted.
;   (:below NAME SIZE) an integer input holds numbers from 0 up to that
;   (:positive NAME…)  inputs whose names begin so hold positive numbers
;   (:wrt NAME…)       the program, and the cotangents of these inputs
(file "kernels.lisp"
 (row W1-4M "6 element-wise ops, 4M" chain ((N 4194304)) (:bytes (* 8 N)))
 (row W1-16M "6 element-wise ops, 16M" chain ((N 16777216)) (:bytes (* 8 N)))
 (row W2-1024 "softmax 4096×1024" rows-softmax ((M 4096) (N 1024)) (:bytes (* 8 M N)))
 (row W2-4096 "softmax 4096×4096" rows-softmax ((M 4096) (N 4096)) (:bytes (* 8 M N)))
 (row W3-gelu "layer norm and gelu 4096×1024" norm-gelu ((M 4096) (N 1024)) (:bytes (* 8 M N)))
 (row W3-rms "RMS norm and its gradient 4096×1024" rms-scaled ((M 4096) (N 1024)) (:bytes (* 16 M N)) (:wrt x weight))
 (row W4-sum-0 "sum over axis 0 of 4096×4096" column-sums ((M 4096) (N 4096)) (:bytes (* 4 M N)))
 (row W4-sum-1 "sum over axis 1 of 4096×4096" row-sums ((M 4096) (N 4096)) (:bytes (* 4 M N)))
 (row W4-sum "sum of 4096×4096" total ((M 4096) (N 4096)) (:bytes (* 4 M N)))
 (row W4-max-0 "maximum over axis 0 of 4096×4096" column-maxima ((M 4096) (N 4096)) (:bytes (* 4 M N)))
 (row W4-max-1 "maximum over axis 1 of 4096×4096" row-maxima ((M 4096) (N 4096)) (:bytes (* 4 M N)))
 (row W4-max "maximum of 4096×4096" largest ((M 4096) (N 4096)) (:bytes (* 4 M N)))
 (row W5-transpose "transpose 4096×4096" transposed ((M 4096) (N 4096)) (:bytes (* 8 M N)))
 (row W5-gather "2048 rows of 32000×4096" gathered ((V 32000) (D 4096) (L 2048)) (:bytes (* 8 L D)) (:below rows V))
 (row W6-256 "product 256×256×256" product ((M 256) (K 256) (N 256) (T f32)) (:flops (* 2 M K N)))
 (row W6-1024 "product 1024×1024×1024" product ((M 1024) (K 1024) (N 1024) (T f32)) (:flops (* 2 M K N)))
 (row W6-1024-bf16 "product 1024×1024×1024, bf16" product ((M 1024) (K 1024) (N 1024) (T bf16)) (:flops (* 2 M K N)))
 (row W6-2048 "product 2048×2048×2048" product ((M 2048) (K 2048) (N 2048) (T f32)) (:flops (* 2 M K N)))
 (row W6-11008 "product 512×4096×11008" product ((M 512) (K 4096) (N 11008) (T f32)) (:flops (* 2 M K N)))
 (row W6-gemv "product 1×4096×4096" product ((M 1) (K 4096) (N 4096) (T f32)) (:bytes (* 4 K N)))
 (row W7 "96 products 512×64×512" products ((G 96) (M 512) (K 64) (N 512)) (:flops (* 2 G M K N)))
 (row W8-56 "convolution 3×3, 64 channels, 56×56" convolution ((N 1) (C 64) (H 56) (W 56) (F 64)) (:flops (* 18 N C H W F)))
 (row W8-28 "convolution 3×3, 128 channels, 28×28" convolution ((N 1) (C 128) (H 28) (W 28) (F 128)) (:flops (* 18 N C H W F)))
 (row W8-14 "convolution 3×3, 256 channels, 14×14" convolution ((N 1) (C 256) (H 14) (W 14) (F 256)) (:flops (* 18 N C H W F)))
 (row W8-7 "convolution 3×3, 512 channels, 7×7" convolution ((N 1) (C 512) (H 7) (W 7) (F 512)) (:flops (* 18 N C H W F)))
 (row W8-56x8 "convolution 3×3, 64 channels, 8 of 56×56" convolution ((N 8) (C 64) (H 56) (W 56) (F 64)) (:flops (* 18 N C H W F)))
 (row W8-stem "convolution 7×7 by steps of 2, 3 to 64 channels" stem ((N 1)) (:flops (* 2 N 147 64 112 112)))
 (row W9-8 "attention 8×1024×64" prefill-all ((H 8) (L 1024) (D 64)) (:flops (* 4 H L L D)))
 (row W9-8-causal "attention 8×1024×64, causal" prefill ((H 8) (L 1024) (D 64)) (:flops (* 2 H L L D)))
 (row W9-32 "attention 32×1024×128" prefill-all ((H 32) (L 1024) (D 128)) (:flops (* 4 H L L D)))
 (row W9-32-causal "attention 32×1024×128, causal" prefill ((H 32) (L 1024) (D 128)) (:flops (* 2 H L L D)))
 (row W10 "attention of 1 query, 32 heads, 4096 keys of 128" decode ((H 32) (L 4096) (D 128)) (:bytes (* 8 H L D)))
 (row W11 "gradient of a network 784-512-10, batch of 64" digits-loss () (:below target 10) (:wrt w1 b1 w2 b2))
 (row W14-f32 "row of 4096 by a weight of 11008 rows" row-by-weight ((K 4096) (N 11008)) (:bytes (* 4 K N)))
 (row W14-int8 "row of 4096 by a weight of 11008 rows in int8" row-by-int8 ((K 4096) (N 11008)) (:bytes (* K N)))
 (row W14-q8-0 "row of 4096 by a weight of 11008 rows in q8_0" row-by-q8-0 ((B 128) (N 11008)) (:bytes (* 34 B N)))
 (row W14-q4-0 "row of 4096 by a weight of 11008 rows in q4_0" row-by-q4-0 ((B 128) (N 11008)) (:bytes (* 18 B N))))
(file "transformer-block.lisp"
 (row W12 "transformer block, 256 positions of 512" transformer-block ((T f32)))
 (row W12-12 "12 transformer blocks, 256 positions of 512" transformer-blocks ((T f32)))
 (row W12-768 "transformer block and its gradient, 512 positions of 768" transformer-block-768 ((T f32))
      (:wrt X Wq Wk Wv Wo W1 B1 W2 B2)))
(file "resnet.lisp"
 (row W13-1 "ResNet-18, an image of 224×224" resnet-18 ((N 1)) (:flops (* 2 N 1814073344)) (:positive variance))
 (row W13-8 "ResNet-18, 8 images of 224×224" resnet-18 ((N 8)) (:flops (* 2 N 1814073344)) (:positive variance)))
