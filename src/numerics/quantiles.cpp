// Between which values does all but the tails lie? Quantiles in two passes, without holding the values.
#include <bit>
#include <cmath>
#include <tuple>
#include <utility>

#include "fusescape/numerics/entropy.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63U;
constexpr std::size_t kKeys = 65'536;

/// Upper 32 bits of a number that is ordered as the values are.
std::uint32_t key_of(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::uint64_t ordered = (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
  return static_cast<std::uint32_t>(ordered >> 32U);
}

double value_of(std::uint32_t key) {
  const std::uint64_t ordered = std::uint64_t{key} << 32U;
  return std::bit_cast<double>((ordered & kSignBit) != 0 ? ordered & ~kSignBit : ~ordered);
}

/// The first key up to which more than `rank` values lie, and how many lie before that key.
std::pair<std::uint32_t, std::uint64_t> key_at(const std::vector<std::uint64_t>& counts, std::uint64_t rank) {
  std::uint64_t before = 0;
  for (std::uint32_t key = 0; key < kKeys; ++key) {
    if (before + counts[key] > rank) return {key, before};
    before += counts[key];
  }
  FUSESCAPE_EXPECTS(false);
  return {};
}

}  // namespace

QuantileScan::QuantileScan(double tail) : tail_{tail}, counts_(kKeys, 0) {
  FUSESCAPE_EXPECTS(tail >= 0 && tail < 0.5);
}

template <class T>
void QuantileScan::add_values(std::span<const T> values) {
  for (const T value : values) {
    const std::uint32_t key = key_of(static_cast<double>(value));
    if (!refined_) {
      ++counts_[key >> 16U];
      continue;
    }
    for (End& end : ends_) {
      if (key >> 16U == end.upper) ++end.counts[key & 0xFFFFU];
    }
  }
}

void QuantileScan::add(std::span<const float> values) {
  add_values(values);
}

void QuantileScan::add(std::span<const double> values) {
  add_values(values);
}

void QuantileScan::refine() {
  std::uint64_t total = 0;
  for (const std::uint64_t count : counts_) total += count;
  refined_ = true;
  if (total == 0) return;
  const auto below = static_cast<std::uint64_t>(tail_ * static_cast<double>(total));
  ends_[0].rank = below;
  ends_[1].rank = total - 1 - below;
  for (End& end : ends_) {
    std::tie(end.upper, end.before) = key_at(counts_, end.rank);
    end.counts.assign(kKeys, 0);
  }
}

FixedRange QuantileScan::range() const {
  FUSESCAPE_EXPECTS(refined_ && !ends_[0].counts.empty());
  const auto value = [](const End& end) {
    return value_of((end.upper << 16U) | key_at(end.counts, end.rank - end.before).first);
  };
  return {value(ends_[0]), value(ends_[1])};
}

}  // namespace fusescape
