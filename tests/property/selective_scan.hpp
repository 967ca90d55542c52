// What does a Mamba block compute? Written from the published equations alone, one pass over the tokens; it
// knows nothing of cascades.
//
// Gu and Dao, Mamba, arXiv 2312.00752: algorithm 2 (S6) with zero-order hold of A and Euler's step of B as in
// its reference implementation (state-spaces/mamba, selective_scan_ref and Mamba.step), and figure 3's block.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <deque>
#include <vector>

namespace fusescape::test_plans {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

struct MambaWeights {
  Vector g;                  ///< [E], of the norm.
  Matrix w_in;               ///< [2D, E]: x above z.
  Matrix w_conv;             ///< [D, K]: column k meets the token k steps back.
  Vector b_conv;             ///< [D]
  Matrix w_x;                ///< [R + 2N, D]
  Matrix w_dt;               ///< [D, R]
  Vector b_dt;               ///< [D]
  Matrix a;                  ///< [D, N], negative.
  Vector d_skip;             ///< [D]
  Matrix w_out;              ///< [E, D]
  bool softplus = true;      ///< Else Delta is its argument, as in the fine-grained-fusion paper's graph.
  bool norm_dt_b_c = false;  ///< Norms of dt, B and C,
  Vector g_dt;               ///< [R], and their gains: ones, where they are weightless (Falcon-Mamba).
  Vector g_b;                ///< [N]
  Vector g_c;                ///< [N]
  Vector b_in;               ///< [2D], of in_proj: zeros, mostly.
  Vector b_out;              ///< [E], of out_proj, likewise.
};

/// What a sequence hands from token to token.
struct MambaState {
  Matrix h;                   ///< [D, N]
  std::deque<Vector> window;  ///< The last K-1 inputs of the convolution, newest first.
};

inline Vector sigmoid_of(const Vector& v) {
  return (1.0 + (-v.array()).exp()).inverse().matrix();
}
inline Vector silu_of(const Vector& v) {
  return v.cwiseProduct(sigmoid_of(v));
}
inline Vector normalized(const Vector& v) {
  return v / std::sqrt(v.squaredNorm() / static_cast<double>(v.size()));
}

/// One token through the block: x[E] -> out[E].
inline Vector mamba_step(const MambaWeights& w, MambaState& state, const Vector& x) {
  const Eigen::Index d = w.a.rows();
  const Eigen::Index n = w.a.cols();
  const Eigen::Index r = w.w_dt.cols();
  const Vector xz = w.w_in * normalized(x).cwiseProduct(w.g) + w.b_in;
  state.window.push_front(xz.head(d));
  Vector conv = w.b_conv;
  for (Eigen::Index k = 0; k < w.w_conv.cols(); ++k) {
    conv += w.w_conv.col(k).cwiseProduct(state.window[static_cast<std::size_t>(k)]);
  }
  state.window.pop_back();
  const Vector u = silu_of(conv);
  const Vector x_dbl = w.w_x * u;
  Vector dt = x_dbl.head(r);
  Vector b = x_dbl.segment(r, n);
  Vector c = x_dbl.tail(n);
  if (w.norm_dt_b_c) {
    dt = normalized(dt).cwiseProduct(w.g_dt);
    b = normalized(b).cwiseProduct(w.g_b);
    c = normalized(c).cwiseProduct(w.g_c);
  }
  Vector delta = w.w_dt * dt + w.b_dt;
  if (w.softplus) delta = (1.0 + delta.array().exp()).log().matrix();
  const Matrix abar = (w.a.array().colwise() * delta.array()).exp().matrix();
  state.h = abar.cwiseProduct(state.h) + delta.cwiseProduct(u) * b.transpose();
  const Vector y = state.h * c + w.d_skip.cwiseProduct(u);
  return w.w_out * y.cwiseProduct(silu_of(xz.tail(d))) + w.b_out + x;
}

}  // namespace fusescape::test_plans
