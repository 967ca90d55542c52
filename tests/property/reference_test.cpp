// Are the reference's results right? Against the published equations, and against itself in other portions.
#include "fusescape/exec/reference.hpp"

#include <catch2/catch.hpp>

#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/model.hpp"
#include "mamba_text.hpp"
#include "portions.hpp"
#include "random_plans.hpp"
#include "selective_scan.hpp"

namespace fusescape::test_plans::reference_test {
namespace {

constexpr std::uint32_t kCases = 200;
/// Two orders of the same double-precision operations: a few hundred roundings of numbers about 1.
constexpr double kClose = 1e-12;

Mamba1 random_shape(Dice& dice) {
  Mamba1 shape;
  shape.batch = dice.in(1, 2);
  shape.tokens = dice.in(1, 7);
  shape.d_model = dice.in(2, 6);
  shape.d_inner = dice.in(2, 9);
  shape.d_state = dice.in(1, 5);
  shape.d_conv = dice.in(1, 5);
  shape.dt_rank = dice.in(1, 3);
  shape.norm_gain = dice.one_in(2);
  shape.conv_bias = dice.one_in(2);
  shape.norm_dt_b_c = dice.one_in(3);
  shape.norm_dt_b_c_gain = shape.norm_dt_b_c && dice.one_in(2);
  shape.proj_bias = dice.one_in(3);
  if (dice.one_in(2)) shape.softplus = Mamba1::Softplus::kFree;
  if (dice.one_in(2)) shape.rewrite = Mamba1::Rewrite::kDeltaX;
  return shape;
}

/// A seed of what tensors hold.
std::uint64_t random_values(Dice& dice) {
  return static_cast<std::uint64_t>(dice.in(0, 1'000'000));
}

Matrix matrix_of(const Cascade& cascade, const NumericCase& given, std::string_view name) {
  const TensorValues& values = named(cascade, given.tensors, name);
  Matrix matrix(values.axes[0].extent, values.axes[1].extent);
  for (std::int64_t i = 0; i < matrix.rows(); ++i) {
    for (std::int64_t j = 0; j < matrix.cols(); ++j) {
      matrix(i, j) = values.at(std::array<std::int64_t, 2>{i, j});
    }
  }
  return matrix;
}

Vector vector_of(const Cascade& cascade, const NumericCase& given, std::string_view name) {
  const TensorValues& values = named(cascade, given.tensors, name);
  Vector vector(values.axes[0].extent);
  for (std::int64_t i = 0; i < vector.size(); ++i) vector[i] = values.at(std::array<std::int64_t, 1>{i});
  return vector;
}

MambaWeights weights_of(const Mamba1& shape, const Cascade& cascade, const NumericCase& given) {
  const auto gain = [&](const char* name, std::int64_t width) -> Vector {
    if (!shape.norm_dt_b_c_gain) return Vector::Ones(width);
    return vector_of(cascade, given, name);
  };
  return {.g = shape.norm_gain ? vector_of(cascade, given, "g") : Vector::Ones(shape.d_model),
          .w_in = matrix_of(cascade, given, "W_in").transpose(),
          .w_conv = matrix_of(cascade, given, "W_conv"),
          .b_conv = shape.conv_bias ? vector_of(cascade, given, "b_conv") : Vector::Zero(shape.d_inner),
          .w_x = matrix_of(cascade, given, "W_x").transpose(),
          .w_dt = matrix_of(cascade, given, "W_dt").transpose(),
          .b_dt = vector_of(cascade, given, "b_dt"),
          .a = matrix_of(cascade, given, "A"),
          .d_skip = vector_of(cascade, given, "D_skip"),
          .w_out = matrix_of(cascade, given, "W_out").transpose(),
          .softplus = shape.softplus == Mamba1::Softplus::kModelled,
          .norm_dt_b_c = shape.norm_dt_b_c,
          .g_dt = gain("g_dt", shape.dt_rank),
          .g_b = gain("g_B", shape.d_state),
          .g_c = gain("g_C", shape.d_state),
          .b_in = shape.proj_bias ? vector_of(cascade, given, "b_in") : Vector::Zero(2 * shape.d_inner),
          .b_out = shape.proj_bias ? vector_of(cascade, given, "b_out") : Vector::Zero(shape.d_model)};
}

/// What a sequence starts from: the history of h and of the convolution's input, zero if none is loaded.
MambaState state_of(const Mamba1& shape, const Cascade& cascade, const NumericCase& given,
                    std::int64_t batch) {
  MambaState state{.h = Matrix::Zero(shape.d_inner, shape.d_state), .window = {}};
  const TensorValues& h = named(cascade, given.tensors, "h");
  for (std::int64_t d = 0; d < shape.d_inner; ++d) {
    for (std::int64_t n = 0; n < shape.d_state; ++n) {
      state.h(d, n) = h.at(std::array<std::int64_t, 4>{batch, -1, d, n});
    }
  }
  const TensorValues& xz = named(cascade, given.tensors, "xz");
  for (std::int64_t back = 1; back < shape.d_conv; ++back) {
    Vector& token = state.window.emplace_back(shape.d_inner);
    for (std::int64_t d = 0; d < shape.d_inner; ++d) {
      token[d] = xz.at(std::array<std::int64_t, 3>{batch, -back, d});
    }
  }
  return state;
}

void check_outputs(const Mamba1& shape, const Cascade& cascade, const NumericCase& given,
                   const std::vector<TensorValues>& made) {
  const MambaWeights weights = weights_of(shape, cascade, given);
  const TensorValues& x = named(cascade, given.tensors, "x");
  const TensorValues& out = named(cascade, made, "out");
  for (std::int64_t b = 0; b < shape.batch; ++b) {
    MambaState state = state_of(shape, cascade, given, b);
    for (std::int64_t l = 0; l < shape.tokens; ++l) {
      Vector token(shape.d_model);
      for (std::int64_t e = 0; e < shape.d_model; ++e) token[e] = x.at(std::array<std::int64_t, 3>{b, l, e});
      const Vector expected = mamba_step(weights, state, token);
      for (std::int64_t e = 0; e < shape.d_model; ++e) {
        CHECK(out.at(std::array<std::int64_t, 3>{b, l, e}) == Approx(expected[e]).epsilon(kClose));
      }
    }
  }
}

TEST_CASE("The reference of a Mamba block is the selective scan of the published equations") {
  for_all(kCases, [](Dice& dice) {
    Mamba1 shape = random_shape(dice);
    if (dice.one_in(2)) shape.initial_state = Initial::kLoaded;
    if (dice.one_in(3)) {  // As in the fine-grained-fusion paper: no window is carried.
      shape.conv = Mamba1::Conv::kPadded;
    }
    CAPTURE(text_of(shape));
    const Cascade cascade = sound(mamba1_block(shape));
    const NumericCase given = make_case(cascade, Arithmetic::kFp64, random_values(dice));
    check_outputs(shape, cascade, given, run_reference(cascade, given).tensors);
  });
}

/// Floating types; integers are calibrated per call.
const std::vector<DataType> kFloats{DataType::kFp64, DataType::kFp32, DataType::kBf16, DataType::kFp16};

TEST_CASE("A prefill of L tokens is L decode steps that hand on h and the convolution's window") {
  for_all(kCases, [](Dice& dice) {
    const Mamba1 shape = random_shape(dice);
    CAPTURE(text_of(shape));
    check_portions(shape, mamba1_block, std::vector<std::int64_t>(static_cast<std::size_t>(shape.tokens), 1),
                   dice.pick(kFloats));
  });
}

TEST_CASE("A prefill in chunks is a prefill in one pass") {
  for_all(kCases, [](Dice& dice) {
    Mamba1 shape = random_shape(dice);
    std::vector<std::int64_t> sizes;
    shape.tokens = 0;
    for (std::int64_t i = dice.in(1, 4); i > 0; --i) {
      sizes.push_back(dice.in(1, 4));
      shape.tokens += sizes.back();
    }
    CAPTURE(text_of(shape), sizes);
    check_portions(shape, mamba1_block, sizes, dice.pick(kFloats));
  });
}

/// `given` with the elements of rank E in reverse order, in every tensor that has it.
NumericCase reversed_along(const Cascade& cascade, RankId rank, const NumericCase& given) {
  NumericCase made = given;
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const std::vector<RankId>& ranks = cascade.tensors[i].ranks;
    const auto at = std::find(ranks.begin(), ranks.end(), rank);
    if (at == ranks.end() || cascade.producer[i]) continue;
    const ValueAxis& axis = given.tensors[i].axes[static_cast<std::size_t>(at - ranks.begin())];
    for (std::int64_t position = 0; position < given.tensors[i].data.size(); ++position) {
      const std::int64_t e = position / axis.stride % axis.extent;
      made.tensors[i].data[position + (axis.extent - 1 - 2 * e) * axis.stride] =
          given.tensors[i].data[position];
    }
  }
  return made;
}

/// Largest magnitudes: of the results, and of their bounds.
std::pair<double, double> compare_reversed(const Cascade& cascade, const char* rank, const char* result,
                                           const NumericCase& given) {
  const RankId reversed = *find_rank(cascade, rank);
  const Reference plain = run_reference(cascade, given);
  const Reference other = run_reference(cascade, reversed_along(cascade, reversed, given));
  const std::size_t out = index_of(*find_tensor(cascade, result));
  const ValueAxis& axis = plain.tensors[out].axes.back();  // The reversed rank is the result's last.
  double largest = 0.0;
  for (std::int64_t position = 0; position < plain.tensors[out].data.size(); ++position) {
    const std::int64_t mirrored = position + axis.extent - 1 - 2 * (position % axis.extent);
    const double value = plain.tensors[out].data[position];
    CHECK(std::abs(value - other.tensors[out].data[mirrored]) <= plain.bounds[out][position]);
    largest = std::max(largest, std::abs(value));
  }
  return {largest, plain.bounds[out].maxCoeff()};
}

TEST_CASE("Adding in another order ends within the reference's bounds, and those mean something") {
  // A bound that says less than this much of the result's magnitude: about twenty roundings of bf16 (2^-8) or
  // fp16 (2^-11) lie between input and output; fp32 and fp64 differ by rounding of sums alone.
  const std::vector<std::pair<DataType, double>> worth{
      {DataType::kFp64, 1e-11}, {DataType::kFp32, 1e-3}, {DataType::kBf16, 1.0}, {DataType::kFp16, 0.2}};
  for_all(kCases, [&](Dice& dice) {
    Mamba1 shape = random_shape(dice);
    const auto& [type, share] = dice.pick(worth);
    shape.dtype = type;
    CAPTURE(text_of(shape), name_of(type));
    const Cascade cascade = sound(mamba1_block(shape));
    const auto [largest, bound] =
        compare_reversed(cascade, "E", "out", make_case(cascade, Arithmetic::kTyped, random_values(dice)));
    CHECK(bound <= share * largest);
  });
}

TEST_CASE("Integer sums do not depend on their order at all") {
  for_all(kCases, [](Dice& dice) {
    Mamba1 shape = random_shape(dice);
    shape.dtype = DataType::kInt8;
    CAPTURE(text_of(shape));
    const Cascade cascade = sound(mamba1_block(shape));
    const auto [largest, bound] =
        compare_reversed(cascade, "E", "out", make_case(cascade, Arithmetic::kTyped, random_values(dice)));
    CHECK(bound == 0.0);
    CHECK(largest > 0.0);
  });
}

}  // namespace
}  // namespace fusescape::test_plans::reference_test
