#include "fusescape/report/verification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "fusescape/report/evaluation.hpp"
#include "json_value.hpp"

namespace fusescape {
namespace {

/// The types that a run computes in, as one word.
std::string arithmetic_name(const Cascade& cascade, Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::kFp64) return std::string{name_of(DataType::kFp64)};
  const DataType type = cascade.tensors.front().type;
  const auto same = [&](const Tensor& tensor) { return tensor.type == type; };
  const bool one = std::all_of(cascade.tensors.begin(), cascade.tensors.end(), same);
  return one ? std::string{name_of(type)} : "mixed";
}

/// A comparison as it appears in the table, under its group's name.
class Rows {
 public:
  explicit Rows(const Cascade& cascade) : cascade_{cascade} {}

  void add(const GroupCheck& group) {
    const std::string name = group_name(cascade_, group.operators);
    for (const TensorCheck& check : group.tensors) {
      const std::string& tensor = cascade_.tensor(check.tensor).name;
      add(name, "bytes_read", tensor, check.read);
      add(name, "bytes_written", tensor, check.written);
    }
    add(name, "peak_onchip_bytes", "", group.peak);
    add(name, "reserved_bytes", "", group.reserved);
    for (const KindCheck& check : group.kinds) add(name, "ops", std::string{name_of(check.kind)}, check.ops);
  }

  void add(const NumericCheck& run) {
    const std::string quantity = fmt::format("error_{}", arithmetic_name(cascade_, run.arithmetic));
    for (const ValueCheck& check : run.tensors) {
      table_.rows.push_back({std::string{}, quantity, cascade_.tensor(check.tensor).name, check.error,
                             check.tolerance, check.passed()});
    }
  }

  [[nodiscard]] Table table() && { return std::move(table_); }

 private:
  template <class Number>
  void add(const std::string& group, const char* quantity, std::string of, const Compared<Number>& numbers) {
    table_.rows.push_back({group, std::string{quantity}, std::move(of), numbers.counted.value(),
                           numbers.closed.value(), numbers.equal()});
  }

  const Cascade& cascade_;
  Table table_{.columns = {"group", "quantity", "of", "counted", "expected", "equal"}, .rows = {}};
};

template <class Number>
nlohmann::ordered_json compared_json(const Compared<Number>& numbers) {
  return {{"counted", numbers.counted.value()}, {"closed_form", numbers.closed.value()}};
}

nlohmann::ordered_json group_json(const Cascade& cascade, const GroupCheck& group) {
  nlohmann::ordered_json object{
      {"name", group_name(cascade, group.operators)},   {"equal", group.equal()},
      {"peak_onchip_bytes", compared_json(group.peak)}, {"reserved_bytes", compared_json(group.reserved)},
      {"tensors", nlohmann::ordered_json::array()},     {"operations", nlohmann::ordered_json::object()}};
  for (const TensorCheck& check : group.tensors) {
    object["tensors"].push_back({{"name", cascade.tensor(check.tensor).name},
                                 {"bytes_read", compared_json(check.read)},
                                 {"bytes_written", compared_json(check.written)}});
  }
  for (const KindCheck& check : group.kinds) {
    object["operations"][std::string{name_of(check.kind)}] = compared_json(check.ops);
  }
  return object;
}

nlohmann::ordered_json run_json(const Cascade& cascade, const NumericCheck& run) {
  nlohmann::ordered_json object{{"arithmetic", arithmetic_name(cascade, run.arithmetic)},
                                {"passed", run.passed()},
                                {"fault", nullptr},
                                {"tensors", nlohmann::ordered_json::array()}};
  if (run.fault) object["fault"] = describe(cascade, *run.fault);
  for (const ValueCheck& check : run.tensors) {
    object["tensors"].push_back({{"name", cascade.tensor(check.tensor).name},
                                 {"elements", check.elements},
                                 {"wrong", check.wrong},
                                 {"passed", check.passed()},
                                 {"relative_error", check.error},
                                 {"tolerance", check.tolerance}});
  }
  return object;
}

/// Counted beside closed form, as text: one number where they are equal.
template <class Number>
std::string compared_text(const Compared<Number>& numbers) {
  if (numbers.equal()) return with_thousands(numbers.counted.value());
  return fmt::format("{}, not {}", with_thousands(numbers.counted.value()),
                     with_thousands(numbers.closed.value()));
}

Table traffic_table(const Cascade& cascade, const Verification& verification) {
  Table table{.columns = {"group", "tensor", "read", "closed form", "written", "closed form", ""},
              .rows = {}};
  for (const GroupCheck& group : verification.groups) {
    for (const TensorCheck& check : group.tensors) {
      table.rows.push_back({group_name(cascade, group.operators), cascade.tensor(check.tensor).name,
                            check.read.counted.value(), check.read.closed.value(),
                            check.written.counted.value(), check.written.closed.value(),
                            std::string{check.equal() ? "" : "differs"}});
    }
  }
  return table;
}

Table group_table(const Cascade& cascade, const Verification& verification) {
  Table table{.columns = {"group", "peak", "closed form", "retained", "closed form", "operations", ""},
              .rows = {}};
  for (const GroupCheck& group : verification.groups) {
    std::vector<std::string> kinds;
    for (const KindCheck& check : group.kinds) {
      kinds.push_back(fmt::format("{} {}", name_of(check.kind), compared_text(check.ops)));
    }
    table.rows.push_back({group_name(cascade, group.operators), group.peak.counted.value(),
                          group.peak.closed.value(), group.reserved.counted.value(),
                          group.reserved.closed.value(), fmt::format("{}", fmt::join(kinds, ", ")),
                          std::string{group.equal() ? "" : "differs"}});
  }
  return table;
}

std::string ranks_text(const ScaledCase& scaled) {
  std::vector<std::string> changed;
  for (const ScaledRank& rank : scaled.ranks) {
    changed.push_back(fmt::format("{} {} to {}", scaled.cascade.rank(rank.rank).name,
                                  with_thousands(rank.from.value()), with_thousands(rank.to.value())));
  }
  if (changed.empty()) return "run as it is: every rank is small, or none can be smaller";
  return fmt::format("run on smaller ranks with the same tiling cases: {}", fmt::join(changed, ", "));
}

/// The worst tensor of a run.
std::string run_text(const Cascade& cascade, const NumericCheck& run) {
  const std::string name = arithmetic_name(cascade, run.arithmetic);
  if (run.fault) return fmt::format("numbers {}: stopped, {}\n", name, describe(cascade, *run.fault));
  std::int64_t elements = 0;
  std::int64_t wrong = 0;
  const ValueCheck* worst = nullptr;
  for (const ValueCheck& check : run.tensors) {
    elements += check.elements;
    wrong += check.wrong;
    const auto badness = [](const ValueCheck& c) { return std::pair{c.error, c.tolerance}; };
    if (worst == nullptr || badness(check) > badness(*worst)) worst = &check;
  }
  if (worst == nullptr) return fmt::format("numbers {}: nothing went to DRAM\n", name);
  std::string text = fmt::format(
      "numbers {}: {} elements in {} tensors, {} out of bounds; largest relative error {:.3g} ({}, "
      "tolerance {:.3g})\n",
      name, with_thousands(elements), run.tensors.size(), with_thousands(wrong), worst->error,
      cascade.tensor(worst->tensor).name, worst->tolerance);
  for (const ValueCheck& check : run.tensors) {
    if (check.passed()) continue;
    text += fmt::format("  {}: {} of {} elements wrong\n", cascade.tensor(check.tensor).name,
                        with_thousands(check.wrong), with_thousands(check.elements));
  }
  return text;
}

std::string verdict(const Verification& verification) {
  if (verification.passed()) return "verdict: equal";
  return "verdict: DIFFERENT: the closed form or the execution is wrong; please report it";
}

}  // namespace

Table verification_table(const Verification& verification) {
  Rows rows{verification.scaled.cascade};
  for (const GroupCheck& group : verification.groups) rows.add(group);
  for (const NumericCheck& run : verification.runs) rows.add(run);
  return std::move(rows).table();
}

std::string verification_json(const VerificationSubject& subject, const Verification& verification) {
  const Cascade& cascade = verification.scaled.cascade;
  nlohmann::ordered_json object{{"workload", subject.workload},
                                {"arch", subject.arch},
                                {"strategy", subject.strategy},
                                {"passed", verification.passed()},
                                {"scaled_ranks", nlohmann::ordered_json::object()},
                                {"ranks", nlohmann::ordered_json::object()},
                                {"onchip_capacity_bytes", verification.capacity.value()},
                                {"one_byte_less_fits", !verification.tight},
                                {"groups", nlohmann::ordered_json::array()},
                                {"runs", nlohmann::ordered_json::array()}};
  if (!subject.entropy.empty()) object["entropy"] = subject.entropy;
  for (const ScaledRank& rank : verification.scaled.ranks) {
    object["scaled_ranks"][cascade.rank(rank.rank).name] = {{"from", rank.from.value()},
                                                            {"to", rank.to.value()}};
  }
  for (const Rank& rank : cascade.ranks) object["ranks"][rank.name] = rank.extent.value();
  for (const GroupCheck& group : verification.groups) object["groups"].push_back(group_json(cascade, group));
  for (const NumericCheck& run : verification.runs) object["runs"].push_back(run_json(cascade, run));
  return json_text(object, 2) + "\n";
}

std::string verification_text(const VerificationSubject& subject, const Verification& verification,
                              TextStyle style) {
  const Cascade& cascade = verification.scaled.cascade;
  const std::string entropy = subject.entropy.empty() ? "" : ", entropies " + subject.entropy;
  std::string out =
      bold(fmt::format("{} on {}, {}{}", subject.workload, subject.arch, subject.strategy, entropy), style) +
      "\n";
  out += fmt::format("{}\n", ranks_text(verification.scaled));
  if (!verification.groups.empty()) {
    out += fmt::format("\n{}\n{}\n", text(traffic_table(cascade, verification), style),
                       text(group_table(cascade, verification), style));
  }
  out +=
      fmt::format("memory {} B, the closed form's peak: {}\n", with_thousands(verification.capacity.value()),
                  verification.tight ? "enough, and a byte less is not" : "a byte less is enough, too");
  for (const NumericCheck& run : verification.runs) out += run_text(cascade, run);
  return out + verdict(verification) + "\n";
}

}  // namespace fusescape
