#include "fusescape/search/strategy_inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "fusescape/numerics/entropy.hpp"
#include "fusescape/numerics/random.hpp"
#include "fusescape/support/overloaded.hpp"

namespace fusescape {
namespace {

double synthetic(const SyntheticEntropy& law, std::uint64_t stream) {
  constexpr std::size_t kValues = 4096;
  constexpr double kTail = 0.35 * 1.5;  // 0.35 (1 + log2(L) / 20) at L = 1024.
  constexpr int kBins = 256;
  RandomStream random{law.seed, stream};
  std::vector<double> values(kValues);
  for (double& value : values) {
    const double normal = random.normal();
    value = normal + kTail * random.student_t3();
  }
  const Histogram histogram = histogram_of(std::span<const double>{values}, MinMaxRange{}, kBins, 1);
  return entropy(histogram, LogBase::kBits) / kMostEntropyBits;
}

std::optional<double> given(const GivenEntropy& table, const std::string& tensor) {
  const auto found = std::find_if(table.tensors.begin(), table.tensors.end(),
                                  [&](const TensorEntropy& one) { return one.tensor == tensor; });
  if (found == table.tensors.end()) return std::nullopt;
  return found->most_bits > 0 ? std::clamp(found->bits / found->most_bits, 0.0, 1.0) : 0.0;
}

/// Of the output of operator number `op`: names of made-up numbers' tensors mean nothing.
std::optional<double> normalised(const EntropySource& source, std::size_t op, const std::string& tensor) {
  return std::visit(
      overloaded{[&](const SyntheticEntropy& law) -> std::optional<double> { return synthetic(law, op); },
                 [](const ConstantEntropy&) -> std::optional<double> { return 0.5; },
                 [&](const RandomEntropy& law) -> std::optional<double> {
                   return RandomStream{law.seed, op}.uniform();
                 },
                 [&](const GivenEntropy& table) { return given(table, tensor); }},
      source.values);
}

/// Fisher and Yates's permutation.
void shuffle(std::vector<double>& values, std::uint64_t seed) {
  constexpr std::uint64_t kStream = std::uint64_t{1} << 32U;  // No operator's.
  RandomStream random{seed, kStream};
  for (std::size_t left = values.size(); left > 1; --left) {
    std::swap(values[left - 1], values[static_cast<std::size_t>(random.below(left))]);
  }
}

}  // namespace

std::string describe(const EntropySource& source) {
  std::string text = std::visit(
      overloaded{[](const SyntheticEntropy& law) {
                   return fmt::format("synthetic (seed {}): nobody's activations", law.seed);
                 },
                 [](const ConstantEntropy&) { return std::string{"the same for all tensors (a control)"}; },
                 [](const RandomEntropy& law) {
                   return fmt::format("random numbers (seed {}; a control)", law.seed);
                 },
                 [](const GivenEntropy& table) {
                   return fmt::format("given in {}{}", table.file,
                                      table.numbers.empty() ? "" : " (of " + table.numbers + " numbers)");
                 }},
      source.values);
  if (source.shuffled) text += fmt::format(", shuffled among tensors (seed {}; a control)", *source.shuffled);
  return text;
}

expected<std::vector<double>, std::vector<TensorId>> normalised_entropies(const EntropySource& source,
                                                                          const Cascade& cascade) {
  std::vector<double> values;
  std::vector<TensorId> missing;
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const TensorId output = cascade.operators[i].output;
    const std::optional<double> value = normalised(source, i, cascade.tensor(output).name);
    if (!value) missing.push_back(output);
    values.push_back(value.value_or(0.0));
  }
  if (!missing.empty()) return unexpected{std::move(missing)};
  if (source.shuffled) shuffle(values, *source.shuffled);
  return values;
}

}  // namespace fusescape
