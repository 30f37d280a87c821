;;;; Multi-head attention, with a cache of keys and values for one position after the other, and the transformer's block.

(in-package :nn)

(defstruct (kv-cache (:constructor %make-kv-cache (keys values position)) (:copier nil) (:predicate nil))
  keys       ; [B H N D], zeros behind the position
  values
  position)  ; a scalar of i64: how many positions are filled

(si::set-documentation 'kv-cache-position 'function "How many positions of a cache are filled, as a scalar tensor: (nn:kv-cache-position c).")

(defun make-kv-cache (batch heads length size &key (dtype :f32))
  "An empty cache of keys and values for `length` positions of multi-head-attention: (nn:make-kv-cache 1 4 128 16). A call returns another one."
  (%make-kv-cache (zeros batch heads length size :dtype dtype) (zeros batch heads length size :dtype dtype) (zeros :dtype :i64)))

(defun kv-cache-tensors (cache)
  "Keys, values and position of a cache, as they may be states of nn:make-stepper: (nn:kv-cache-tensors cache)."
  (list (kv-cache-keys cache) (kv-cache-values cache) (kv-cache-position cache)))

(defun kv-cache (keys values position)
  "The cache that has these tensors, as nn:kv-cache-tensors gave them: (apply #'nn:kv-cache (nn:kv-cache-tensors cache))."
  (%make-kv-cache keys values position))

(defun heads-of (x heads)
  "[B L H·D] as [B H L D]."
  (destructuring-bind (batch length size) (shape x)
    (permute (reshape x batch length heads (cl:/ size heads)) 0 2 1 3)))

(defun appended (old new position)
  "A cache's tensor with new elements from a position on."
  (let ((length (third (shape new))))
    (put old 2 (+ position (index 0 length)) new)))

(defun attend-cached (query key value cache)
  "The values that new positions see, and the cache with them: position i of the call sees what was there and 0 … i of the call."
  (let* ((position (kv-cache-position cache)) (new (third (shape query))) (all (third (shape (kv-cache-keys cache))))
         (keys (appended (kv-cache-keys cache) key position)) (values (appended (kv-cache-values cache) value position))
         (visible (<= (index 1 new all) (+ position (index 0 new all)))))
    (values (attention query keys values visible) (%make-kv-cache keys values (+ position new)))))

(defun check-heads (size heads)
  "E0202 unless the heads divide the size."
  (unless (zerop (mod size heads))
    (fail 202 "the heads of an attention do not divide its size" :expected (format nil "a divisor of ~d" size) :found (format nil "~d" heads)
          :remedy "choose another number of heads")))

(defmodule multi-head-attention (size heads &key (bias t))
  "Attention of several heads over [B L size], as torch.nn.MultiheadAttention with batch_first: (nn:multi-head-attention 64 4). Called with a query, and
key and value unless they are the query's; :mask is what is visible (or added to scores), :causal lets position i see 0 … i. With :cache,
of nn:make-kv-cache, the positions of the call follow those of the cache, and the new cache is the second value."
  ((checked (check-heads size heads))
   (in-proj-weight (parameter (xavier-uniform (list (cl:* 3 size) size))))
   (in-proj-bias (and bias (parameter (initial-zeros (list (cl:* 3 size))))))
   (out-proj (let ((made (linear size size :bias bias)))
               (when bias (setf (entry made "bias") (initial-zeros (list size))))
               made)))
  ((query &optional (key query) (value key) &key mask causal cache)
   (flet ((projected (x k)
            (heads-of (caten::linear x (part-of in-proj-weight k size) (and in-proj-bias (part-of in-proj-bias k size))) heads)))
     (multiple-value-bind (seen new)
         (let ((q (projected query 0)) (k (projected key 1)) (v (projected value 2)))
           (if cache (attend-cached q k v cache) (attention q k v mask :causal causal)))
       (values (out-proj (reshape (permute seen 0 2 1 3) (shape query))) new)))))

(defun part-of (x k size)
  "The k-th part of that size of axis 0."
  (slice-along x 0 (cl:* k size) (cl:* (1+ k) size)))

(defmodule transformer-block (size heads &key (feedforward (cl:* 4 size)) (dropout 0) (activation 'caten::gelu) (norm-first t) (eps 1/100000))
  "Attention and two linear layers, each added to its input, as torch.nn.TransformerEncoderLayer with batch_first: (nn:transformer-block 64 4). Norms stand
before them, or behind them without :norm-first. Called with [B L size] and :mask, :causal, :cache of nn:multi-head-attention; with a cache the
second value is the new one."
  ((self-attn (multi-head-attention size heads))
   (linear1 (linear size feedforward))
   (linear2 (linear feedforward size))
   (norm1 (layer-norm size :eps eps))
   (norm2 (layer-norm size :eps eps))
   (seeds (loop repeat 3 collect (next-seed))))
  ((x &key mask causal cache)
   (let ((new nil))
     (labels ((attended (x)
                (multiple-value-bind (y cache) (self-attn x x x :mask mask :causal causal :cache cache)
                  (setf new cache)
                  (left y 0)))
              (left (y k) (if (eql dropout 0) y (dropped y dropout (nth k seeds))))
              (fed (x) (left (linear2 (left (funcall activation (linear1 x)) 1)) 2)))
       (let ((y (if norm-first
                    (let ((x (+ x (attended (norm1 x))))) (+ x (fed (norm2 x))))
                    (let ((x (norm1 (+ x (attended x))))) (norm2 (+ x (fed x)))))))
         (values y new))))))
