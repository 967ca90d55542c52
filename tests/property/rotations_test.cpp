// Where may a rotation be absorbed in a block, and does the block then compute the same?
#include <algorithm>
#include <catch2/catch.hpp>

#include "fusescape/check/activation_entropy.hpp"
#include "fusescape/check/rotated_case.hpp"
#include "fusescape/numerics/hadamard.hpp"
#include "fusescape/workload/families/mamba1.hpp"
#include "fusescape/workload/model.hpp"
#include "plans.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans::rotations_test {
namespace {

/// All widths have a Hadamard matrix: E 12, D 20, R 4, N 8.
Cascade mamba(DataType type = DataType::kFp32, bool norms = false, bool gain = true) {
  Mamba1 shape{.d_model = 12, .d_inner = 20, .d_state = 8, .d_conv = 4, .dt_rank = 4};
  shape.dtype = type;
  shape.batch = 2;
  shape.tokens = 5;
  shape.norm_dt_b_c = norms;
  shape.norm_gain = gain;
  return sound(mamba1_block(shape));
}

std::vector<std::string> names(const Cascade& cascade, const RotationSite& site) {
  std::vector<std::string> found;
  for (const RotatedValue& value : site.values) found.push_back(cascade.tensor(value.tensor).name);
  return found;
}

/// The site of a tensor's dimension, from `offset` on.
RotationSite site_of(const Cascade& cascade, std::string_view tensor, std::string_view rank,
                     std::int64_t offset = 0) {
  for (const RotationSite& site : rotation_sites(cascade)) {
    for (const RotatedValue& value : site.values) {
      const Tensor& held = cascade.tensor(value.tensor);
      const bool here = held.name == tensor && value.offset == offset &&
                        cascade.rank(held.ranks[value.dimension]).name == rank;
      if (here) return site;
    }
  }
  FAIL("no site of " << tensor << " along " << rank);
  return {};
}

bool names_op(const Cascade& cascade, const std::vector<OpId>& ops, std::string_view name) {
  return std::any_of(ops.begin(), ops.end(), [&](OpId op) { return cascade.op(op).name == name; });
}

TEST_CASE("The residual stream is rotated as one, through the norm, if its gain is folded first") {
  const Cascade cascade = mamba();
  const RotationSite site = site_of(cascade, "x", "E");
  CHECK(site.form == RotationForm::kAbsorbed);
  CHECK(names(cascade, site) == std::vector<std::string>{"x", "x_norm", "y_out", "out"});
  REQUIRE(site.folded.size() == 1);
  CHECK(cascade.tensor(site.folded.front().gain).name == "g");
  std::vector<std::string> weights;
  for (const Absorption& one : site.absorbed) weights.push_back(cascade.tensor(one.weight).name);
  std::sort(weights.begin(), weights.end());
  CHECK(weights == std::vector<std::string>{"W_in", "W_out"});
  CHECK(site_of(mamba(DataType::kFp32, false, false), "x", "E").folded.empty());
}

TEST_CASE("Delta's low rank is rotated between x_proj and dt_proj; B and C are not, since the state decays") {
  for (const bool norms : {false, true}) {
    const Cascade cascade = mamba(DataType::kFp32, norms);
    CHECK(site_of(cascade, "x_dbl", "X").form == RotationForm::kAbsorbed);
    const RotationSite b = site_of(cascade, "x_dbl", "X", 4);
    CHECK(b.form == RotationForm::kBlocked);
    CHECK(names_op(cascade, b.readers, "t"));
  }
}

TEST_CASE("Nothing commutes with convolution, SiLU, softplus, gate or scan") {
  const Cascade cascade = mamba();
  const auto blocked_by = [&](const char* tensor, const char* rank, std::int64_t offset, const char* op) {
    CAPTURE(tensor, op);
    const RotationSite site = site_of(cascade, tensor, rank, offset);
    CHECK(site.form == RotationForm::kBlocked);
    CHECK(names_op(cascade, site.readers, op));
  };
  blocked_by("xz", "D2", 0, "conv");
  blocked_by("xz", "D2", 20, "gate_sigmoid");
  blocked_by("xc", "D", 0, "conv_sigmoid");
  blocked_by("u", "D", 0, "dBx");
  blocked_by("dt_raw", "D", 0, "softplus");
  blocked_by("h", "D", 0, "t");
  blocked_by("y_Dx", "D", 0, "gate");
}

TEST_CASE("What the gate makes may be rotated by a transform before out_proj, which undoes it") {
  const Cascade cascade = mamba();
  const RotationSite site = site_of(cascade, "y_gated", "D");
  CHECK(site.form == RotationForm::kOnline);
  CHECK(names_op(cascade, site.makers, "gate"));
  REQUIRE(site.absorbed.size() == 1);
  CHECK(cascade.tensor(site.absorbed.front().weight).name == "W_out");
}

Eigen::MatrixXd hadamard(std::int64_t n) {
  return hadamard_matrix(*hadamard_order(n)) / std::sqrt(static_cast<double>(n));
}

/// Rounds what is given to the tensors' types.
NumericCase rounded_case(NumericCase numbers, const NumericCase& like) {
  numbers.formats = like.formats;
  for (std::size_t i = 0; i < numbers.tensors.size(); ++i) {
    for (double& value : numbers.tensors[i].data) value = rounded(value, numbers.formats[i]);
  }
  return numbers;
}

/// Largest difference of the output, over its largest magnitude.
double difference(const Cascade& cascade, const TensorValues& a, const TensorValues& b) {
  static_cast<void>(cascade);
  double most = 0.0;
  double largest = 0.0;
  for_each_own(a, [&](std::int64_t position) {
    largest = std::max(largest, std::abs(a.data[position]));
    most = std::max(most, std::abs(a.data[position] - b.data[position]));
  });
  return most / largest;
}

/// 64 units of rounding of the type: a sum of 20 terms and the dozen operators of a block, each of which
/// rounds once, on either side.
constexpr double kRoundings = 64.0;

double unit(DataType type) {
  const double spaced = spacing(1.0, {.type = type});
  return spaced / 2.0;
}

/// How far the output of the rotated block lies from the rotated output of the block.
double error_of(const Cascade& cascade, const RotationSite& site, DataType type) {
  NumericCase exact = synthetic_case(cascade, 7);
  const NumericCase like =
      empty_case(cascade, type == DataType::kFp64 ? Arithmetic::kFp64 : Arithmetic::kTyped);
  const Eigen::MatrixXd rotation = hadamard(site.values.front().extent.value());
  const Reference before = run_reference(cascade, rounded_case(exact, like));
  const Reference after =
      run_reference(cascade, rounded_case(rotated_case(cascade, site, rotation, std::move(exact)), like));
  const TensorId out = *find_tensor(cascade, "out");
  TensorValues expected = before.tensors[index_of(out)];
  for (const RotatedValue& value : site.values) {
    if (value.tensor == out) rotate(expected, value.dimension, value.offset, rotation);
  }
  return difference(cascade, expected, after.tensors[index_of(out)]);
}

TEST_CASE("A block with an absorbed rotation computes the same, to the rounding of its type") {
  for (const DataType type : {DataType::kFp64, DataType::kFp32, DataType::kFp16, DataType::kBf16}) {
    for (const bool norms : {false, true}) {
      const Cascade cascade = mamba(type, norms);
      int absorbed = 0;
      for (const RotationSite& site : rotation_sites(cascade)) {
        const bool shaped = hadamard_order(site.values.front().extent.value()).has_value();
        if (site.form != RotationForm::kAbsorbed || !shaped) continue;
        CAPTURE(name_of(type), names(cascade, site));
        const double error = error_of(cascade, site, type);
        CHECK(error <= kRoundings * unit(type));
        ++absorbed;
      }
      CHECK(absorbed >= 2);  // The residual stream and Delta's low rank.
    }
  }
}

TEST_CASE("A block in which one weight missed the rotation computes something else") {
  const Cascade cascade = mamba(DataType::kFp64);
  RotationSite site = site_of(cascade, "x", "E");
  site.absorbed.pop_back();
  CHECK(error_of(cascade, site, DataType::kFp64) > 0.01);
  site = site_of(cascade, "x", "E");
  site.folded.clear();
  CHECK(error_of(cascade, site, DataType::kFp64) > 0.01);
}

TEST_CASE("With a transform before out_proj, folded into it, a block computes the same, and counts it") {
  const Cascade cascade = mamba(DataType::kFp64);
  const RotationSite site = site_of(cascade, "y_gated", "D");
  const Cascade online = with_transform_matrix(cascade, site);
  const Eigen::MatrixXd rotation = hadamard(20);
  const NumericCase given = synthetic_case(cascade, 3);
  const NumericCase folded = rotated_case(cascade, site, rotation, given);
  NumericCase numbers = empty_case(online, Arithmetic::kFp64);
  std::copy(folded.tensors.begin(), folded.tensors.end(), numbers.tensors.begin());
  TensorValues& matrix = numbers.tensors[index_of(*find_tensor(online, "H_y_gated"))];
  for (std::int64_t i = 0; i < 20; ++i) {
    for (std::int64_t j = 0; j < 20; ++j) matrix.data[i * 20 + j] = rotation(i, j);
  }
  const auto out = index_of(*find_tensor(cascade, "out"));
  const Reference before = run_reference(cascade, given);
  const Reference after = run_reference(online, numbers);
  CHECK(difference(cascade, before.tensors[out], after.tensors[out]) <= kRoundings * unit(DataType::kFp64));
  // B L D D for the matrix; B L D for each of log2(4) + 20 - 1 stages if D were 80 = 20 * 4: here 19.
  CHECK(total_ops(online) - total_ops(cascade) == Ops{2 * 5 * 20 * 20});
  CHECK(total_ops(with_transform_stages(cascade, site, 19)) - total_ops(cascade) == Ops{2 * 5 * 20 * 19});
}

}  // namespace
}  // namespace fusescape::test_plans::rotations_test
