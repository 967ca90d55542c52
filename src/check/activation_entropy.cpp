#include "fusescape/check/activation_entropy.hpp"

#include <algorithm>
#include <cmath>

#include "fusescape/numerics/entropy.hpp"
#include "fusescape/numerics/random.hpp"
#include "rank_relations.hpp"

namespace fusescape {
namespace {

std::vector<double> own_values(const TensorValues& values) {
  std::vector<double> own;
  for_each_own(values, [&](std::int64_t position) { own.push_back(values.data[position]); });
  return own;
}

bool read_by_another(const Cascade& cascade, OpId maker) {
  const std::vector<Use>& uses = cascade.uses[index_of(cascade.op(maker).output)];
  return std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return use.op != maker; });
}

/// Terms of the longest sum that `tensor` is a factor in; none: it is in no sum.
std::optional<std::int64_t> terms_of(const Cascade& cascade, TensorId tensor) {
  std::optional<std::int64_t> most;
  for (const Use& use : cascade.uses[index_of(tensor)]) {
    const Operator& op = cascade.op(use.op);
    constexpr int kBias = 2;
    if (class_of(op.kind) != OpClass::kContraction || use.input == kBias) continue;
    std::int64_t terms = 1;
    for (const RankId rank : op.reduction_ranks) terms *= cascade.extent(rank).value();
    most = std::max(most.value_or(1), terms);
  }
  return most;
}

/// N(0, 1) + 0.35 (1 + log2(L) / 20) Student-t(3) at L = 1024.
void draw_activations(RandomStream& random, TensorValues& values) {
  constexpr double kTail = 0.35 * 1.5;
  for_each_own(values, [&](std::int64_t position) {
    const double normal = random.normal();
    values.data[position] = normal + kTail * random.student_t3();
  });
}

}  // namespace

std::vector<ActivationEntropy> activation_entropies(const Cascade& cascade, const NumericCase& given,
                                                    int bins) {
  const Reference made = run_reference(cascade, given);
  std::vector<ActivationEntropy> found;
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const TensorId tensor = cascade.operators[i].output;
    const std::vector<double> values = own_values(made.tensors[index_of(tensor)]);
    const Histogram histogram = histogram_of(std::span<const double>{values}, MinMaxRange{}, bins, 1);
    found.push_back({.tensor = tensor,
                     .bits = entropy(histogram, LogBase::kBits),
                     .values = static_cast<std::int64_t>(values.size()),
                     .boundary = read_by_another(cascade, OpId{static_cast<std::uint16_t>(i)})});
  }
  return found;
}

std::optional<SmallCascade> with_small_ranks(const Cascade& cascade, std::int64_t most) {
  const RankRelations relations = rank_relations(cascade);
  std::vector<std::int64_t> extents;
  for (const RankFamily& family : relations.families) {
    std::int64_t extent = family.fixed ? family.extent : std::min(family.extent, most);
    if (!family.fixed && !family.parts.empty()) {
      extent = 0;  // Parts come before what they compose.
      for (const RankPart& part : family.parts) extent += part.family ? extents[*part.family] : part.extent;
    }
    extents.push_back(extent);
  }
  std::optional<Cascade> smaller = with_extents(cascade, relations, extents);
  if (!smaller) return std::nullopt;
  SmallCascade small{std::move(*smaller), {}};
  for (std::size_t r = 0; r < cascade.ranks.size(); ++r) {
    const Elements from = cascade.ranks[r].extent;
    const Elements to = small.cascade.ranks[r].extent;
    if (from != to) small.ranks.push_back({RankId{static_cast<std::uint16_t>(r)}, from, to});
  }
  return small;
}

NumericCase synthetic_case(const Cascade& cascade, std::uint64_t seed) {
  NumericCase numbers = make_case(cascade, Arithmetic::kFp64, seed);
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    const TensorKind kind = cascade.tensors[i].kind;
    TensorValues& values = numbers.tensors[i];
    RandomStream random{seed, i};
    if (kind == TensorKind::kInput) draw_activations(random, values);
    const auto terms = kind == TensorKind::kWeight ? terms_of(cascade, tensor) : std::nullopt;
    if (!terms || (values.data < 0).any()) continue;
    const double deviation = 1.0 / std::sqrt(static_cast<double>(*terms));
    for_each_own(values, [&](std::int64_t position) { values.data[position] = deviation * random.normal(); });
  }
  return numbers;
}

}  // namespace fusescape
