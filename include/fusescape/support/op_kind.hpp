// Which operations does the model know?
//
// To add a kind: a line here, its arithmetic in exec, and the cycles it takes in configs/arch/*.yaml.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace fusescape {

enum class OpKind : unsigned char {
  kMatmul,
  kConv,
  kMul,
  kAdd,
  kSub,
  kDiv,
  kMax,
  kExp,
  kSoftplus,
  kSilu,
  kSigmoid,
  kRelu,
  kSquare,
  kSqrt,
  kRsqrt,
  kReciprocal,
  kReduceSum,
  kReduceMean,
  kReduceMax,
  kScan,
  kGather,
};

/// How an operator of a kind combines its inputs into one output element.
enum class OpClass : unsigned char {
  kContraction,  ///< Sum over the reduction ranks of the product of the inputs (a further input of the
                 ///< output's shape or less is a bias that the sum starts from).
  kElementwise,  ///< One output element from one element of each input; no reduction ranks.
  kReduction,    ///< A sum, mean or maximum of the one input over the reduction ranks.
  kRecurrence,   ///< out[l] = in0[l] * out[l-1] + in1[l]: reads its own output shifted by one.
};

struct OpKindFacts {
  OpKind kind;
  std::string_view name;
  OpClass op_class;
  int min_inputs;
  int max_inputs;
};

inline constexpr std::array kOpKinds{
    OpKindFacts{OpKind::kMatmul, "matmul", OpClass::kContraction, 2, 3},
    OpKindFacts{OpKind::kConv, "conv", OpClass::kContraction, 2, 3},
    OpKindFacts{OpKind::kMul, "mul", OpClass::kElementwise, 2, 3},
    OpKindFacts{OpKind::kAdd, "add", OpClass::kElementwise, 2, 3},
    OpKindFacts{OpKind::kSub, "sub", OpClass::kElementwise, 2, 3},
    OpKindFacts{OpKind::kDiv, "div", OpClass::kElementwise, 2, 2},
    OpKindFacts{OpKind::kMax, "max", OpClass::kElementwise, 2, 2},
    OpKindFacts{OpKind::kExp, "exp", OpClass::kElementwise, 1, 1},
    OpKindFacts{OpKind::kSoftplus, "softplus", OpClass::kElementwise, 1, 2},
    OpKindFacts{OpKind::kSilu, "silu", OpClass::kElementwise, 1, 1},
    OpKindFacts{OpKind::kSigmoid, "sigmoid", OpClass::kElementwise, 1, 1},
    OpKindFacts{OpKind::kRelu, "relu", OpClass::kElementwise, 1, 1},
    OpKindFacts{OpKind::kSquare, "square", OpClass::kElementwise, 1, 1},
    OpKindFacts{OpKind::kSqrt, "sqrt", OpClass::kElementwise, 1, 1},
    OpKindFacts{OpKind::kRsqrt, "rsqrt", OpClass::kElementwise, 1, 1},
    OpKindFacts{OpKind::kReciprocal, "reciprocal", OpClass::kElementwise, 1, 1},
    OpKindFacts{OpKind::kReduceSum, "reduce-sum", OpClass::kReduction, 1, 1},
    OpKindFacts{OpKind::kReduceMean, "reduce-mean", OpClass::kReduction, 1, 1},
    OpKindFacts{OpKind::kReduceMax, "reduce-max", OpClass::kReduction, 1, 1},
    OpKindFacts{OpKind::kScan, "scan", OpClass::kRecurrence, 3, 3},
    OpKindFacts{OpKind::kGather, "gather", OpClass::kElementwise, 1, 2},
};
inline constexpr std::size_t kOpKindCount = kOpKinds.size();

[[nodiscard]] constexpr const OpKindFacts& facts(OpKind kind) {
  return kOpKinds[static_cast<std::size_t>(kind)];
}
[[nodiscard]] constexpr std::string_view name_of(OpKind kind) {
  return facts(kind).name;
}
[[nodiscard]] constexpr OpClass class_of(OpKind kind) {
  return facts(kind).op_class;
}
/// True of contractions and reductions: they visit several terms per element.
[[nodiscard]] constexpr bool sums(OpKind kind) {
  return class_of(kind) == OpClass::kContraction || class_of(kind) == OpClass::kReduction;
}

[[nodiscard]] constexpr std::optional<OpKind> op_kind_named(std::string_view name) {
  for (const OpKindFacts& f : kOpKinds) {
    if (f.name == name) return f.kind;
  }
  return std::nullopt;
}

}  // namespace fusescape
