// What does a model compute after its last block? A norm, and the head that scores every word of the
// vocabulary.
//
// Only the token that a sequence ends with has a next one to predict: B rows in both phases, L does not
// matter.
#include "fusescape/workload/cascade_builder.hpp"
#include "fusescape/workload/model.hpp"
#include "fusescape/workload/opt.hpp"
#include "norms.hpp"

namespace fusescape {
namespace {

class LmHead {
 public:
  template <class Shape>
  explicit LmHead(const Shape& shape)
      : make_{shape.name + ".head", shape.dtype},
        b_{make_.rank("B", Elements{shape.batch})},
        e_{make_.rank("E", Elements{shape.d_model})},
        v_{make_.rank("V", Elements{shape.vocab})},
        x_{make_.tensor("x", {b_, e_}, TensorKind::kInput)} {}

  [[nodiscard]] CheckedCascade after_rms_norm(bool has_gain) {
    std::optional<TensorId> gain;
    if (has_gain) gain = make_.tensor("final_g", {e_}, TensorKind::kWeight);
    return after(rms_norm(make_, {"final_norm", "x_norm", {{b_}, e_}, gain}, make_.at(x_)));
  }

  [[nodiscard]] CheckedCascade after_layer_norm() {
    return after(layer_norm(make_, "final_norm", x_, {{b_}, e_}));
  }

 private:
  /// The head's weights are read here whether or not the embedding, read elsewhere, is the same matrix.
  [[nodiscard]] CheckedCascade after(TensorId normed) {
    const TensorId weights = make_.tensor("W_head", {e_, v_}, TensorKind::kWeight);
    const TensorId logits = make_.tensor("logits", {b_, v_}, TensorKind::kOutput);
    make_.make("lm_head", OpKind::kMatmul, logits, {make_.at(normed), make_.at(weights)});
    return make_.finish();
  }

  CascadeBuilder make_;
  RankId b_, e_, v_;
  TensorId x_;
};

}  // namespace

CheckedCascade mamba1_head(const Mamba1& shape) {
  return LmHead{shape}.after_rms_norm(shape.norm_gain);
}

CheckedCascade opt_head(const Opt& shape) {
  return LmHead{shape}.after_layer_norm();
}

}  // namespace fusescape
