#include "core_placement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "fusescape/config/scalars.hpp"
#include "fusescape/plan/spatial.hpp"
#include "fusescape/sim/simulate.hpp"

namespace fusescape {
namespace {

/// "core[3]" in its parts.
struct CoreWord {
  std::string_view name;
  std::optional<std::string_view> index{};
};

CoreWord core_word(std::string_view text) {
  const std::size_t bracket = text.find('[');
  if (bracket == std::string_view::npos || text.back() != ']') return {text};
  return {text.substr(0, bracket), text.substr(bracket + 1, text.size() - bracket - 2)};
}

/// The nearest of `names`, or all of them.
std::string hint_among(std::string_view word, const std::vector<std::string_view>& names) {
  const std::string nearest = did_you_mean(word, names);
  return nearest.empty() ? fmt::format("; there are {}", fmt::join(names, ", ")) : nearest;
}

class Placement {
 public:
  Placement(const Cascade& cascade, const Plan& plan, const Accelerator& accelerator)
      : cascade_{cascade}, plan_{plan}, accelerator_{accelerator}, given_(cascade.operators.size()) {
    for (std::uint32_t i = 0; i < accelerator.cores.size(); ++i) names_.push_back(core_name(accelerator, i));
  }

  expected<std::vector<std::uint32_t>, Failure> run(const std::vector<std::string>& words) {
    for (const std::string& word : words) read(word);
    keep_chains_together();
    if (!errors_.empty()) return unexpected{Failure{ExitCode::kUsage, errors_}};
    std::vector<std::uint32_t> all;
    for (std::size_t op = 0; op < given_.size(); ++op) all.push_back(given_[op].value_or(first_able(op)));
    return all;
  }

 private:
  void read(std::string_view word);
  [[nodiscard]] std::optional<std::size_t> operator_named(std::string_view name);
  [[nodiscard]] std::optional<std::size_t> core_named(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> instance_of(std::size_t core, const CoreWord& word);
  [[nodiscard]] bool runs(std::size_t core, std::size_t op) const;
  [[nodiscard]] std::uint32_t position(std::size_t core, std::int64_t instance) const;
  [[nodiscard]] std::uint32_t first_able(std::size_t op) const;
  void keep_chains_together();
  void complain(const std::string& what) { errors_ += fmt::format("error: --core-of {}\n", what); }

  const Cascade& cascade_;
  const Plan& plan_;
  const Accelerator& accelerator_;
  std::vector<std::string> names_;                   ///< Of cores.
  std::vector<std::optional<std::uint32_t>> given_;  ///< Per operator.
  std::string errors_;
};

std::optional<std::size_t> Placement::operator_named(std::string_view name) {
  const auto& ops = cascade_.operators;
  const auto found =
      std::find_if(ops.begin(), ops.end(), [&](const Operator& op) { return op.name == name; });
  if (found != ops.end()) return static_cast<std::size_t>(found - ops.begin());
  std::vector<std::string_view> names;
  names.reserve(ops.size());
  for (const Operator& op : ops) names.push_back(op.name);
  complain(fmt::format("{}: no such operator{}", name, hint_among(name, names)));
  return std::nullopt;
}

std::optional<std::size_t> Placement::core_named(std::string_view name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
  complain(fmt::format("{}: no such core{}", name, hint_among(name, {names_.begin(), names_.end()})));
  return std::nullopt;
}

/// The only core of its kind needs no index.
std::optional<std::int64_t> Placement::instance_of(std::size_t core, const CoreWord& word) {
  const std::int64_t count = accelerator_.cores[core].count;
  if (!word.index && count == 1) return 0;
  if (word.index) {
    if (const auto index = parse_integer(*word.index, 0, count - 1)) return *index;
  }
  const std::string given =
      word.index ? fmt::format("{}[{}]", word.name, *word.index) : std::string{word.name};
  complain(count == 1 ? fmt::format("{}: there is only one {}", given, word.name)
                      : fmt::format("{0}: there are {1}[0] to {1}[{2}]", given, word.name, count - 1));
  return std::nullopt;
}

bool Placement::runs(std::size_t core, std::size_t op) const {
  return accelerator_.cores[core].cycles_per_op[static_cast<std::size_t>(cascade_.operators[op].kind)] > 0;
}

std::uint32_t Placement::position(std::size_t core, std::int64_t instance) const {
  for (std::size_t before = 0; before < core; ++before) instance += accelerator_.cores[before].count;
  return static_cast<std::uint32_t>(instance);
}

std::uint32_t Placement::first_able(std::size_t op) const {
  return position(core_for(accelerator_, cascade_.operators[op].kind).value_or(0), 0);
}

void Placement::read(std::string_view word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) return complain(fmt::format("{}: expected OPERATOR=CORE", word));
  const CoreWord where = core_word(word.substr(equals + 1));
  const auto op = operator_named(word.substr(0, equals));
  const auto core = core_named(where.name);
  const auto instance = core ? instance_of(*core, where) : std::nullopt;
  if (!op || !instance) return;
  if (given_[*op]) return complain(fmt::format("{}: is given twice", cascade_.operators[*op].name));
  given_[*op] = position(*core, *instance);
  if (runs(*core, *op)) return;
  std::vector<std::string_view> able;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (runs(i, *op)) able.push_back(names_[i]);
  }
  complain(fmt::format("{}: {} does not run it; {} would", word, where.name, fmt::join(able, " or ")));
}

/// They run element by element, on one core: that which one of them was given.
void Placement::keep_chains_together() {
  for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
    if (plan_.nodes[node].kind != NodeKind::kChain) continue;
    std::optional<OpId> first;
    const std::vector<OpId> members = operators_below(plan_, NodeId{static_cast<std::uint16_t>(node)});
    for (const OpId op : members) {
      if (!given_[index_of(op)]) continue;
      if (!first) first = op;
      if (given_[index_of(op)] == given_[index_of(*first)]) continue;
      complain(fmt::format("{}: it is in one chain with {}, which is on another core", cascade_.op(op).name,
                           cascade_.op(*first).name));
    }
    if (!first) continue;
    for (const OpId op : members) given_[index_of(op)] = given_[index_of(*first)];
  }
}

}  // namespace

expected<std::vector<std::uint32_t>, Failure> core_placement(const Cascade& cascade, const Plan& plan,
                                                             const Accelerator& accelerator,
                                                             const std::vector<std::string>& words) {
  return Placement{cascade, plan, accelerator}.run(words);
}

}  // namespace fusescape
