#include "fusescape/report/verification.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <utility>

#include "fusescape/report/evaluation.hpp"

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

/// A row per number, under its group's name.
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
    for (const KindCheck& check : group.kinds) add(name, "ops", name_of(check.kind), check.ops);
  }

  void add(const NumericCheck& run) {
    const std::string quantity = fmt::format("error_{}", arithmetic_name(cascade_, run.arithmetic));
    for (const ValueCheck& check : run.tensors) {
      table_.rows.push_back(
          {"", quantity, cascade_.tensor(check.tensor).name, check.error, check.tolerance, check.passed()});
    }
  }

  [[nodiscard]] Table table() && { return std::move(table_); }

 private:
  template <class Number>
  void add(const std::string& group, const char* quantity, std::string_view of,
           const Compared<Number>& numbers) {
    table_.rows.push_back({group, quantity, of, numbers.counted, numbers.closed, numbers.equal()});
  }

  const Cascade& cascade_;
  Table table_{.columns = {"group", "quantity", "of", "counted", "expected", "equal"}, .rows = {}};
};

template <class Number>
Record record_of(const Compared<Number>& numbers) {
  return {{"counted", numbers.counted}, {"closed_form", numbers.closed}};
}

Record record_of(const Cascade& cascade, const TensorCheck& check) {
  return {{"name", cascade.tensor(check.tensor).name},
          {"bytes_read", record_of(check.read)},
          {"bytes_written", record_of(check.written)}};
}

Record record_of(const Cascade& cascade, const ValueCheck& check) {
  return {{"name", cascade.tensor(check.tensor).name},
          {"elements", check.elements},
          {"wrong", check.wrong},
          {"passed", check.passed()},
          {"relative_error", check.error},
          {"tolerance", check.tolerance}};
}

Record record_of(const Cascade& cascade, const GroupCheck& group);
Record record_of(const Cascade& cascade, const NumericCheck& run);

/// A record for each of `checks`.
template <class Check>
std::vector<Record> records_of(const Cascade& cascade, const std::vector<Check>& checks) {
  std::vector<Record> records;
  records.reserve(checks.size());
  for (const Check& check : checks) records.push_back(record_of(cascade, check));
  return records;
}

Record record_of(const Cascade& cascade, const GroupCheck& group) {
  Record operations;
  for (const KindCheck& check : group.kinds) {
    operations.push_back({std::string{name_of(check.kind)}, record_of(check.ops)});
  }
  return {{"name", group_name(cascade, group.operators)},  {"equal", group.equal()},
          {"peak_onchip_bytes", record_of(group.peak)},    {"reserved_bytes", record_of(group.reserved)},
          {"tensors", records_of(cascade, group.tensors)}, {"operations", std::move(operations)}};
}

Record record_of(const Cascade& cascade, const NumericCheck& run) {
  return {{"arithmetic", arithmetic_name(cascade, run.arithmetic)},
          {"passed", run.passed()},
          {"fault", run.fault ? Value{describe(cascade, *run.fault)} : Value{}},
          {"tensors", records_of(cascade, run.tensors)}};
}

/// Counted beside closed form, as text: one number where they are equal.
template <class Number>
std::string compared_text(const Compared<Number>& numbers) {
  if (numbers.equal()) return with_thousands(numbers.counted.value());
  return fmt::format("{}, not {}", with_thousands(numbers.counted.value()),
                     with_thousands(numbers.closed.value()));
}

/// What people see of a group's tensors and of a group, the operations as words; whether all is equal only
/// where some is not.
constexpr std::array kTensorColumns{Shown{"group", "group"},
                                    Shown{"name", "tensor"},
                                    Shown{"bytes_read.counted", "read"},
                                    Shown{"bytes_read.closed_form", "closed form"},
                                    Shown{"bytes_written.counted", "written"},
                                    Shown{"bytes_written.closed_form", "closed form"},
                                    Shown{"equal", "equal"}};
constexpr std::array kGroupColumns{Shown{"name", "group"},
                                   Shown{"peak_onchip_bytes.counted", "peak"},
                                   Shown{"peak_onchip_bytes.closed_form", "closed form"},
                                   Shown{"reserved_bytes.counted", "retained"},
                                   Shown{"reserved_bytes.closed_form", "closed form"},
                                   Shown{"kinds", "operations"},
                                   Shown{"equal", "equal"}};

std::vector<Section> tables_of(const Cascade& cascade, const std::vector<GroupCheck>& checks) {
  std::vector<Record> tensors;
  std::vector<Record> groups;
  for (const GroupCheck& group : checks) {
    const std::string name = group_name(cascade, group.operators);
    for (const TensorCheck& check : group.tensors) {
      tensors.push_back(record_of(cascade, check));
      append(tensors.back(), {{"group", name}, {"equal", check.equal()}});
    }
    std::vector<std::string> kinds;
    for (const KindCheck& check : group.kinds) {
      kinds.push_back(fmt::format("{} {}", name_of(check.kind), compared_text(check.ops)));
    }
    groups.push_back(record_of(cascade, group));
    append(groups.back(), {{"kinds", fmt::format("{}", fmt::join(kinds, ", "))}});
  }
  if (groups.empty()) return {};
  const bool all_equal = std::all_of(checks.begin(), checks.end(), std::mem_fn(&GroupCheck::equal));
  const auto shown = [&](std::span<const Shown> columns) {
    return columns.first(columns.size() - (all_equal ? 1 : 0));
  };
  return {Grid{.table = shown_table(tensors, shown(kTensorColumns))},
          Grid{.table = shown_table(groups, shown(kGroupColumns))}};
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

/// The worst tensor of a run, and those that are wrong.
void add_run(const Cascade& cascade, const NumericCheck& run, Lines& lines) {
  const std::string name = arithmetic_name(cascade, run.arithmetic);
  std::int64_t elements = 0;
  std::int64_t wrong = 0;
  const ValueCheck* worst = nullptr;
  for (const ValueCheck& check : run.tensors) {
    elements += check.elements;
    wrong += check.wrong;
    const auto badness = [](const ValueCheck& c) { return std::pair{c.error, c.tolerance}; };
    if (worst == nullptr || badness(check) > badness(*worst)) worst = &check;
  }
  if (run.fault || worst == nullptr) {
    lines.push_back({"numbers", run.fault
                                    ? fmt::format("{}: stopped, {}", name, describe(cascade, *run.fault))
                                    : fmt::format("{}: nothing went to DRAM", name)});
    return;
  }
  lines.push_back(
      {"numbers", fmt::format("{}: {} elements in {} tensors, {} out of bounds; largest relative error "
                              "{:.3g} ({}, tolerance {:.3g})",
                              name, with_thousands(elements), run.tensors.size(), with_thousands(wrong),
                              worst->error, cascade.tensor(worst->tensor).name, worst->tolerance)});
  for (const ValueCheck& check : run.tensors) {
    if (check.passed()) continue;
    lines.push_back({"", fmt::format("{}: {} of {} elements wrong", cascade.tensor(check.tensor).name,
                                     with_thousands(check.wrong), with_thousands(check.elements))});
  }
}

Record record_of(const VerificationSubject& subject, const Verification& verification) {
  const Cascade& cascade = verification.scaled.cascade;
  Record scaled;
  for (const ScaledRank& rank : verification.scaled.ranks) {
    scaled.push_back({cascade.rank(rank.rank).name, Record{{"from", rank.from}, {"to", rank.to}}});
  }
  Record ranks;
  for (const Rank& rank : cascade.ranks) ranks.push_back({rank.name, rank.extent});
  Record record{{"workload", subject.workload},
                {"arch", subject.arch},
                {"strategy", subject.strategy},
                {"passed", verification.passed()},
                {"scaled_ranks", std::move(scaled)},
                {"ranks", std::move(ranks)},
                {"onchip_capacity_bytes", verification.capacity},
                {"one_byte_less_fits", !verification.tight},
                {"groups", records_of(cascade, verification.groups)},
                {"runs", records_of(cascade, verification.runs)}};
  if (!subject.entropy.empty()) record.push_back({"entropy", subject.entropy});
  return record;
}

}  // namespace

Document document_of(const VerificationSubject& subject, const Verification& verification) {
  const Cascade& cascade = verification.scaled.cascade;
  Rows rows{cascade};
  for (const GroupCheck& group : verification.groups) rows.add(group);
  for (const NumericCheck& run : verification.runs) rows.add(run);
  Lines lines{{"memory", fmt::format("{} B, the closed form's peak: {}", text(verification.capacity),
                                     verification.tight ? "enough, and a byte less is not"
                                                        : "a byte less is enough, too")}};
  for (const NumericCheck& run : verification.runs) add_run(cascade, run, lines);
  lines.push_back(
      {"verdict:", verification.passed()
                       ? "equal"
                       : "DIFFERENT: the closed form or the execution is wrong; please report it"});
  Document document{.title = fmt::format("{} on {}, {}{}", subject.workload, subject.arch, subject.strategy,
                                         subject.entropy.empty() ? "" : ", entropies " + subject.entropy),
                    .subtitle = ranks_text(verification.scaled),
                    .sections = tables_of(cascade, verification.groups),
                    .data = record_of(subject, verification),
                    .rows = std::move(rows).table()};
  document.sections.emplace_back(std::move(lines));
  return document;
}

}  // namespace fusescape
