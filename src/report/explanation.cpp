#include "fusescape/report/explanation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "fusescape/report/figures.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kTensorsNamed = 3;
constexpr std::size_t kLeversNamed = 2;  // Of each group.

Bytes moved(const TensorReport& tensor) {
  return tensor.bytes_read + tensor.bytes_written;
}

template <class Tag>
std::string percent(Count<Tag> part, Count<Tag> whole) {
  const double shown = 100.0 * static_cast<double>(part.value()) / static_cast<double>(whole.value());
  return whole > Count<Tag>{} ? fmt::format("{:.0f}%", shown) : std::string{"0%"};
}

/// "read once", "read 4.0 times", "written once", "read and written once".
std::string passes(const TensorReport& tensor) {
  const auto times = [&](Bytes bytes) {
    const double ratio = static_cast<double>(bytes.value()) / static_cast<double>(tensor.size.value());
    return ratio > 0.995 && ratio < 1.005 ? std::string{"once"}
           : ratio < 1.0                  ? fmt::format("{:.0f}% of it", 100.0 * ratio)
                                          : fmt::format("{:.1f} times over", ratio);
  };
  const bool read = tensor.bytes_read > Bytes{0};
  const bool written = tensor.bytes_written > Bytes{0};
  if (read && written) {
    return fmt::format("read {}, written {}", times(tensor.bytes_read), times(tensor.bytes_written));
  }
  return read ? fmt::format("read {}", times(tensor.bytes_read))
              : fmt::format("written {}", times(tensor.bytes_written));
}

/// Tensors that cross the DRAM port, the largest traffic first.
std::vector<TensorReport> by_traffic(const GroupReport& group) {
  std::vector<TensorReport> tensors = group.tensors;
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const TensorReport& a, const TensorReport& b) { return moved(a) > moved(b); });
  tensors.erase(std::find_if(tensors.begin(), tensors.end(),
                             [](const TensorReport& tensor) { return moved(tensor) == Bytes{0}; }),
                tensors.end());
  return tensors;
}

std::string movements(const GroupReport& group) {
  const Bytes all = group.dram_read + group.dram_write;
  std::vector<std::string> parts;
  for (const TensorReport& tensor : by_traffic(group)) {
    if (parts.size() == kTensorsNamed) break;
    parts.push_back(fmt::format("{} {} ({}, {})", tensor.name, percent(moved(tensor), all),
                                name_of(tensor.crossing), passes(tensor)));
  }
  if (parts.empty()) return "Nothing crosses the DRAM port.";
  return fmt::format("DRAM moves {}: {}.", short_bytes(all.value()), fmt::join(parts, "; "));
}

std::string bound_sentence(const GroupReport& group) {
  const Cycles busiest = std::max({group.compute, group.dram, group.onchip});
  std::string sentence =
      fmt::format("{}-bound: {} cycles of compute, {} of DRAM, {} of on-chip ports", name_of(group.bound),
                  with_thousands(group.compute.value()), with_thousands(group.dram.value()),
                  with_thousands(group.onchip.value()));
  const std::int64_t exposed = group.latency.value() - busiest.value();
  // Below one percent it is the rounding and the first tile's fill.
  if (exposed * 100 > group.latency.value()) {
    sentence +=
        fmt::format("; {} cycles more because they do not overlap completely", with_thousands(exposed));
  }
  return sentence + '.';
}

/// " Energy 12.3 mJ.", if it is known.
std::string energy_sentence(const GroupReport& group) {
  if (!group.energy_pj) return "";
  return fmt::format(" Energy {} mJ.", text(Value{*group.energy_pj * kMillijoulesPerPicojoule}));
}

/// "`slots: 2` on u: the block takes 239,552 cycles, 24.3% fewer".
std::string lever_text(const Lever& lever) {
  const auto before = static_cast<double>(lever.before.value());
  const double saved = 100.0 * (before - static_cast<double>(lever.latency.value())) / before;
  return fmt::format("{}: the block takes {} cycles, {:.1f}% fewer", lever.change,
                     with_thousands(lever.latency.value()), saved);
}

/// The levers of one group, or of the whole design for none; the best first, at most `most`.
std::vector<std::string> levers_of_group(const std::vector<Lever>& levers, std::optional<std::size_t> group,
                                         std::size_t most) {
  std::vector<std::string> lines;
  for (const Lever& lever : levers) {
    if (lever.group != group || lines.size() == most) continue;
    lines.push_back(fmt::format("Lever: {}.", lever_text(lever)));
  }
  return lines;
}

void add_design_levers(const std::vector<Lever>& levers, bool simulated, Findings& found) {
  const std::string how = simulated ? " in the closed form" : "";
  if (levers.empty()) {
    found.push_back({"", fmt::format("No single change of the plan or the design that was tried{} makes the "
                                     "block faster.",
                                     how)});
    return;
  }
  for (std::string& line : levers_of_group(levers, std::nullopt, levers.size())) {
    found.push_back({"", std::move(line)});
  }
  found.push_back(
      {"", fmt::format("Each lever was tried{}, alone; those that gain nothing are not shown.", how)});
}

}  // namespace

Findings findings_of(const EvaluationReport& report, const std::vector<Lever>& levers) {
  Findings found;
  if (!report.outcome) return found;
  const Cycles all = report.outcome->cost.latency;
  for (std::size_t g = 0; g < report.outcome->groups.size(); ++g) {
    const GroupReport& group = report.outcome->groups[g];
    Finding& finding =
        found.emplace_back(Finding{group.name, fmt::format("{} of {} cycles, {}", percent(group.latency, all),
                                                           text(all), bound_sentence(group))});
    finding.points = {movements(group) + energy_sentence(group)};
    for (std::string& line : levers_of_group(levers, g, kLeversNamed)) {
      finding.points.push_back(std::move(line));
    }
  }
  add_design_levers(levers, report.subject.model == "sim", found);
  return found;
}

}  // namespace fusescape
