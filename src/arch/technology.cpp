#include "fusescape/arch/technology.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

constexpr double kMiB = 1024.0 * 1024.0;

constexpr std::array<std::pair<Label, std::string_view>, 3> kLabels{
    {{Label::kPublished, "published"}, {Label::kReproduced, "reproduced"}, {Label::kModelled, "modelled"}}};

constexpr std::array<std::string_view, 3> kScopes{"device", "phy", "system"};

double mib(Bytes capacity) {
  return static_cast<double>(capacity.value()) / kMiB;
}

/// Linear in log2(capacity) between the points around `capacity`; the end point's value outside of them.
template <class Point, class Value>
auto interpolated(const std::vector<Point>& points, Bytes capacity, Value value_of)
    -> std::optional<Interpolated<decltype(value_of(points.front()))>> {
  using Result = Interpolated<decltype(value_of(points.front()))>;
  FUSESCAPE_EXPECTS(capacity > Bytes{0});
  if (points.empty()) return std::nullopt;
  const auto above = std::find_if(points.begin(), points.end(),
                                  [capacity](const Point& point) { return point.capacity >= capacity; });
  if (above == points.end()) return Result{value_of(points.back()), true};
  if (above->capacity == capacity) return Result{value_of(*above), false};
  if (above == points.begin()) return Result{value_of(*above), true};
  const Point& below = *std::prev(above);
  const double share =
      std::log2(mib(capacity) / mib(below.capacity)) / std::log2(mib(above->capacity) / mib(below.capacity));
  return Result{value_of(below) + share * (value_of(*above) - value_of(below)), false};
}

template <class Q>
std::optional<Interpolated<Q>> scaled(std::optional<Interpolated<Q>> per_mib, Bytes capacity) {
  if (per_mib) per_mib->value = per_mib->value * mib(capacity);
  return per_mib;
}

template <class Q>
std::optional<Q> find(const ArithmeticTable<Q>& table, DataType type, DataType accumulator) {
  const auto found =
      std::find_if(table.entries.begin(), table.entries.end(), [=](const ArithmeticEntry<Q>& entry) {
        return entry.type == type && entry.accumulator == accumulator;
      });
  return found == table.entries.end() ? std::nullopt : std::optional{found->value};
}

}  // namespace

std::string_view name_of(Label label) {
  return kLabels[static_cast<std::size_t>(label)].second;
}

std::optional<Label> label_named(std::string_view name) {
  for (const auto& [label, text] : kLabels) {
    if (text == name) return label;
  }
  return std::nullopt;
}

std::string_view name_of(DramScope scope) {
  return kScopes[static_cast<std::size_t>(scope)];
}

std::optional<Interpolated<SquareMm>> sram_area(const Technology& technology, Bytes capacity) {
  return scaled(interpolated(technology.sram_area.points, capacity,
                             [](const SramAreaPoint& point) { return point.per_mib; }),
                capacity);
}

std::optional<Interpolated<Picojoules>> sram_read_energy(const Technology& technology, Bytes capacity) {
  return interpolated(technology.energy.sram.points, capacity,
                      [](const SramEnergyPoint& point) { return point.read_per_bit; });
}

std::optional<Interpolated<Picojoules>> sram_write_energy(const Technology& technology, Bytes capacity) {
  return interpolated(technology.energy.sram.points, capacity,
                      [](const SramEnergyPoint& point) { return point.write_per_bit; });
}

std::optional<Interpolated<Watts>> sram_leakage(const Technology& technology, Bytes capacity) {
  // Leakage follows the number of cells: what is nearly constant, and held outside the points, is its
  // density.
  return scaled(
      interpolated(technology.energy.leakage.points, capacity,
                   [](const SramLeakagePoint& point) { return point.power * (1.0 / mib(point.capacity)); }),
      capacity);
}

std::optional<SquareMm> pe_area(const Technology& technology, DataType type) {
  return pe_area(technology, type, facts(type).accumulator);
}
std::optional<SquareMm> pe_area(const Technology& technology, DataType type, DataType accumulator) {
  return find(technology.pe_area, type, accumulator);
}

std::optional<Picojoules> operation_energy(const Technology& technology, Operation operation, DataType type) {
  const auto& entries = technology.energy.operations.entries;
  const auto found = std::find_if(entries.begin(), entries.end(), [=](const OperationEnergy& entry) {
    return entry.operation == operation && entry.type == type;
  });
  return found == entries.end() ? std::nullopt : std::optional{found->value};
}

std::optional<Picojoules> mac_energy(const Technology& technology, DataType type) {
  return mac_energy(technology, type, facts(type).accumulator);
}
std::optional<Picojoules> mac_energy(const Technology& technology, DataType type, DataType accumulator) {
  if (const auto whole = find(technology.energy.mac, type, accumulator)) return whole;
  const auto multiplication = operation_energy(technology, Operation::kMultiplication, type);
  const auto addition = operation_energy(technology, Operation::kAddition, accumulator);
  if (!multiplication || !addition) return std::nullopt;
  return *multiplication + *addition;
}

}  // namespace fusescape
