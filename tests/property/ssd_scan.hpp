// What does a Mamba-2 block compute? Written from the published equations alone, one pass over the tokens; it
// knows nothing of cascades.
//
// Dao and Gu, Transformers are SSMs, arXiv 2405.21060, section 5 (SSD as a recurrence with a scalar decay per
// head), in the block of its reference implementation (state-spaces/mamba, Mamba2.step): in_proj makes z, x,
// B, C and dt, in this order.
#pragma once

#include <vector>

#include "selective_scan.hpp"

namespace fusescape::test_plans {

struct SsdWeights {
  Eigen::Index heads = 1;     ///< H
  Eigen::Index head_dim = 1;  ///< P; D = H * P.
  Eigen::Index groups = 1;    ///< G; a head's is head * G / H.
  Eigen::Index entries = 1;   ///< N
  Vector g;                   ///< [E], of the norm.
  Matrix w_in;                ///< [2D + 2GN + H, E]
  Vector b_in;                ///< [2D + 2GN + H]
  Matrix w_conv;              ///< [D + 2GN, K]: column k meets the token k steps back.
  Vector b_conv;              ///< [D + 2GN]
  Vector b_dt;                ///< [H]
  Vector a;                   ///< [H], negative.
  Vector d_skip;              ///< [H]
  Vector g_y;                 ///< [D], of the norm beside the gate; none if there is no such norm.
  Matrix w_out;               ///< [E, D]
  Vector b_out;               ///< [E]
  bool norm_before_gate = false;
};

struct SsdState {
  std::vector<Matrix> h;      ///< Per head [P, N].
  std::deque<Vector> window;  ///< The last K-1 inputs of the convolution, newest first.
};

/// Each group's part of `v` normalised.
inline Vector normalized_by_group(const Vector& v, Eigen::Index groups) {
  Vector made = v;
  const Eigen::Index part = v.size() / groups;
  for (Eigen::Index g = 0; g < groups; ++g)
    made.segment(g * part, part) = normalized(v.segment(g * part, part));
  return made;
}

inline Vector gated(const SsdWeights& w, const Vector& y, const Vector& z) {
  if (w.g_y.size() == 0) return y.cwiseProduct(silu_of(z));
  if (w.norm_before_gate)
    return normalized_by_group(y, w.groups).cwiseProduct(w.g_y).cwiseProduct(silu_of(z));
  return normalized_by_group(y.cwiseProduct(silu_of(z)), w.groups).cwiseProduct(w.g_y);
}

/// One token through the block: x[E] -> out[E].
inline Vector ssd_step(const SsdWeights& w, SsdState& state, const Vector& x) {
  const Eigen::Index d = w.heads * w.head_dim;
  const Eigen::Index bc = w.groups * w.entries;
  const Vector made = w.w_in * normalized(x).cwiseProduct(w.g) + w.b_in;
  state.window.push_front(made.segment(d, d + 2 * bc));
  Vector conv = w.b_conv;
  for (Eigen::Index k = 0; k < w.w_conv.cols(); ++k) {
    conv += w.w_conv.col(k).cwiseProduct(state.window[static_cast<std::size_t>(k)]);
  }
  state.window.pop_back();
  const Vector u = silu_of(conv);
  Vector y(d);
  for (Eigen::Index head = 0; head < w.heads; ++head) {
    const Eigen::Index group = head * w.groups / w.heads;
    const double delta = std::log1p(std::exp(made[2 * d + 2 * bc + head] + w.b_dt[head]));
    const Vector own = u.segment(head * w.head_dim, w.head_dim);
    const Vector b = u.segment(d + group * w.entries, w.entries);
    const Vector c = u.segment(d + bc + group * w.entries, w.entries);
    Matrix& h = state.h[static_cast<std::size_t>(head)];
    h = std::exp(delta * w.a[head]) * h + delta * own * b.transpose();
    y.segment(head * w.head_dim, w.head_dim) = h * c + w.d_skip[head] * own;
  }
  return w.w_out * gated(w, y, made.head(d)) + w.b_out + x;
}

}  // namespace fusescape::test_plans
