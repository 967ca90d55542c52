// What bounds each group of an evaluation, why, and which lever would help?
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fusescape/report/evaluation.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kTensorsNamed = 3;

Bytes moved(const TensorReport& tensor) {
  return tensor.bytes_read + tensor.bytes_written;
}

std::string percent(double part, double whole) {
  return whole > 0 ? fmt::format("{:.0f}%", 100.0 * part / whole) : std::string{"0%"};
}

std::string percent(Bytes part, Bytes whole) {
  return percent(static_cast<double>(part.value()), static_cast<double>(whole.value()));
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

bool refetched(const TensorReport& tensor) {
  return tensor.bytes_read.value() > tensor.size.value() + tensor.size.value() / 100;
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
                                name_of(tensor.movement), passes(tensor)));
  }
  if (parts.empty()) return "Nothing crosses the DRAM port.";
  return fmt::format("DRAM moves {}: {}.", short_bytes(all.value()), fmt::join(parts, "; "));
}

/// The tensor that a change should begin with: a refetched one, or else the largest of the kind of movement
/// that moves most. At a tie traffic between groups wins: fusion can do something about it.
const TensorReport& decisive(const std::vector<TensorReport>& tensors) {
  const auto wasted = std::find_if(tensors.begin(), tensors.end(), refetched);
  if (wasted != tensors.end()) return *wasted;
  const auto weight = [&](Movement movement) {
    Bytes total;
    for (const TensorReport& tensor : tensors) {
      if (tensor.movement == movement) total += moved(tensor);
    }
    return std::pair{total, movement == Movement::kOtherGroup};
  };
  // Of equals the first, which moves most.
  return *std::max_element(tensors.begin(), tensors.end(), [&](const TensorReport& a, const TensorReport& b) {
    return weight(a.movement) < weight(b.movement);
  });
}

std::string dram_lever(const GroupReport& group) {
  const std::vector<TensorReport> tensors = by_traffic(group);
  if (tensors.empty()) return "more DRAM bandwidth";
  const TensorReport& largest = decisive(tensors);
  if (refetched(largest)) {
    return fmt::format(
        "{} is fetched more often than once: larger tiles (more SRAM) or another loop order save traffic",
        largest.name);
  }
  switch (largest.movement) {
    case Movement::kWeight:
      return fmt::format(
          "{} is already read only once: more tokens per run (L or B), a narrower type or more "
          "DRAM bandwidth help; fusion does not",
          largest.name);
    case Movement::kOtherGroup:
      return fmt::format("fusing this group with the one at the other end of {} would keep it on chip",
                         largest.name);
    case Movement::kWithinGroup:
      return fmt::format(
          "{} is spilled inside the group: holding it on chip (smaller tiles or more SRAM) "
          "saves its traffic",
          largest.name);
    case Movement::kState:
      return fmt::format(
          "{} must travel between calls: more tokens per call, a narrower type or more DRAM "
          "bandwidth help",
          largest.name);
    case Movement::kBlockInput:
    case Movement::kBlockOutput:
      return fmt::format("{} enters or leaves the block: a narrower type or more DRAM bandwidth help",
                         largest.name);
  }
  return "";
}

std::string lever(const GroupReport& group) {
  switch (group.bound) {
    case Bound::kDram:
      return dram_lever(group);
    case Bound::kOnChip:
      return "more banks or wider ports; or a chain, whose intermediates stay in the PEs' registers";
    case Bound::kLink:
      return "wider links between cores";
    case Bound::kCompute:
      return group.utilization < 0.5
                 ? fmt::format(
                       "the array is {:.0f}% busy: a mapping or array shape that fits these ranks better",
                       100.0 * group.utilization)
                 : std::string{"more PEs or a higher clock; memory is not what holds it up"};
  }
  return "";
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

}  // namespace

std::string explanation_text(const EvaluationReport& report, TextStyle style) {
  if (!report.outcome) return "";
  const auto all = static_cast<double>(report.outcome->cost.latency.value());
  std::string out;
  for (const GroupReport& group : report.outcome->groups) {
    out += fmt::format("{}: {} of {} cycles, {}\n", bold(group.name, style),
                       percent(static_cast<double>(group.latency.value()), all),
                       with_thousands(report.outcome->cost.latency.value()), bound_sentence(group));
    out += fmt::format("    {}\n    Lever: {}.\n", movements(group), lever(group));
  }
  return out;
}

}  // namespace fusescape
