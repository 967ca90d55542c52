// How does a file of `kind: corey` become a chain with its constants?
#include <fmt/format.h>

#include <algorithm>

#include "fusescape/config/kinds/corey_table.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/numerics/hadamard.hpp"

namespace fusescape {
namespace {

/// Value of `inner` inside the mapping at `outer`, or the file where it is not there.
const YamlNode& inside(Binding& binding, std::string_view outer, std::string_view inner) {
  const YamlNode& section = binding.at(outer);
  const YamlNode* value = section.kind == YamlKind::kMap ? find_value(section, inner) : nullptr;
  return value == nullptr ? section : *value;
}

template <class Things>
void expect_some(Binding& binding, std::string_view key, const Things& things) {
  if (things.empty()) binding.errors().at(binding.at(key), fmt::format("{}: expected at least one", key));
}

/// An operator alone must be within the budget at every length, or no partition is.
void check_operators(const CoreyChain& chain, Binding& binding) {
  constexpr std::size_t kMost = 16;  // Partitions are enumerated: 2^15 of them.
  const YamlNode& list = binding.at("operators");
  expect_some(binding, "operators", chain.operators);
  if (chain.operators.size() > kMost) binding.errors().at(list, "operators: expected at most 16");
}

void check_order(Binding& binding, std::string_view section, double least, double most) {
  if (least <= most) return;
  binding.errors().at(inside(binding, section, "least"),
                      fmt::format("{}.least: expected at most {}.most", section, section));
}

void check(const CoreyChain& chain, Binding& binding) {
  InputErrors& errors = binding.errors();
  check_operators(chain, binding);
  check_order(binding, "tiles", chain.tiles.least, chain.tiles.most);
  check_order(binding, "chunks", chain.chunks.least, chain.chunks.most);
  check_order(binding, "cost", chain.cost.least, chain.cost.most);
  expect_some(binding, "precisions", chain.precisions);
  expect_some(binding, "buckets", chain.buckets);
  const CoreyActivations& law = chain.activations;
  if (law.padded < law.channels) {
    errors.at(inside(binding, "activations", "padded"), "activations.padded: expected at least `channels`");
  } else if (!hadamard_order(law.padded)) {
    errors.at(inside(binding, "activations", "padded"),
              fmt::format("activations.padded: {} is no order of a Hadamard matrix here; the nearest is {}",
                          law.padded, nearest_hadamard_order(law.padded).size()));
  }
  if (law.least_rows > law.most_rows) {
    errors.at(inside(binding, "activations", "least_rows"),
              "activations.least_rows: expected at most `most_rows`");
  }
  if (law.channels < static_cast<std::int64_t>(chain.operators.size())) {
    errors.at(inside(binding, "activations", "channels"),
              "activations.channels: expected at least one for each operator");
  }
  if (chain.entropy.before_share > 1)
    errors.at(inside(binding, "entropy", "before_share"), "entropy.before_share: expected at most 1");
  if (chain.entropy.ema > 1) errors.at(inside(binding, "entropy", "ema"), "entropy.ema: expected at most 1");
}

}  // namespace

Loaded<CoreyChain> bind_corey_chain(const InputFile& input) {
  CoreyChain chain;
  Binding binding{input, FileKind::kCorey, {}, &chain};
  if (binding.ok()) check(chain, binding);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  return chain;
}

}  // namespace fusescape
