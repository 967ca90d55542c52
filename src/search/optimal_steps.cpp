#include "optimal_steps.hpp"

#include <algorithm>

namespace fusescape {
namespace {

Bytes moved_by(const GroupProfile& group) {
  return group.dram_read + group.dram_write;
}

/// Nothing if it is unknown: then nothing else of the energy is known either.
double value_of_price(const Energy& price) {
  return price ? price->value() : 0.0;
}

}  // namespace

const GroupProfile& StepPricing::whole(const Way& way) {
  if (way.group == nullptr || way.group->packed.empty()) return way.profile();
  unpacked_ = way.profile();
  way.group->packed.unpack(unpacked_.work);
  return unpacked_;
}

/// The busiest of PEs, on-chip ports and DRAM port; of a plan that keeps nothing, what moves while no tile
/// runs comes on top of the first two. Nothing if its counts do not fit.
Ticks StepPricing::least_time(const Way& way, KeptSet own, Bytes saved) const {
  const Machine& machine = question_.machine;
  const ArrayWork& work = way.work;
  if (!way.countable || work.compute.overflow() || work.onchip.overflow()) return Ticks{};
  const std::int64_t per_byte = std::min(machine.sram_read_ticks_per_byte, machine.sram_write_ticks_per_byte);
  const bool shared = machine.sram_ports == Ports::kShared;
  const Ticks ports = shared ? Ticks{work.onchip.value()} * per_byte : Ticks{};
  const Ticks dram = Ticks{way.transfers[machine.dram_ports].value()} - Ticks{saved.value()};
  const bool waiting = own == 0 && question_.of == PathOf::kPlans;
  const Bytes waits = waiting ? way.waits[machine.dram_ports] : Bytes{};
  const Ticks waited = waits.overflow() ? Ticks{} : Ticks{waits.value()} * machine.dram_ticks_per_byte;
  const Ticks tiles = longest(machine.scale.ticks(work.compute), ports) + waited;
  return longest(tiles, dram * machine.dram_ticks_per_byte);
}

std::optional<double> StepPricing::energy(const EnergyCounts& counts, const GroupCost& cost,
                                          Ticks latency) const {
  const EnergyPrices& prices = *question_.inputs.prices;
  const double ticks_per_second =
      static_cast<double>(question_.machine.scale.ticks_per_cycle()) * prices.clock.value();
  const Seconds time{static_cast<double>(latency.value()) / ticks_per_second};
  const Energy total = energy_of(counts, {cost.onchip_read, cost.onchip_write, time}, prices).total;
  return total ? std::optional{total->value()} : std::nullopt;
}

std::optional<PlanFigures> StepPricing::price(const Way& way, KeptSet own, Bytes reserved) {
  if (!fits(way, reserved)) return std::nullopt;
  if (question_.of == PathOf::kBounds) return bound(way, own);
  const Keeping* keeping = nullptr;
  if (own != 0 || energy_) keeping = &question_.space.keeping(question_.planner, way, own);
  const GroupProfile& profile = own != 0 ? keeping->profile : whole(way);
  beside_.capacity = question_.machine.capacity - reserved;  // As if `reserved` were the group's.
  const auto cost = evaluate_group(profile, beside_);
  if (!cost) return std::nullopt;
  PlanFigures figures{cost->latency, moved_by(profile), 0.0, longest(cost->compute, cost->onchip)};
  if (!energy_) return figures;
  const std::optional<double> energy_pj = energy(keeping->counts, *cost, cost->latency);
  if (!energy_pj) return std::nullopt;
  figures.energy_pj = *energy_pj;
  return figures;
}

/// Of the energy with nothing kept, less what keeping saves at the most: each byte's way over the DRAM port,
/// and in or out of the on-chip memory.
double StepPricing::least_energy(const Way& way, KeptSet own, Ticks time) {
  const void* const which = way.group != nullptr ? static_cast<const void*>(way.group) : way.alone;
  const auto [known, is_new] = energies_.try_emplace(which, 0.0);
  const EnergyPrices& prices = *question_.inputs.prices;
  if (is_new) {
    const Keeping& keeping = question_.space.keeping(question_.planner, way, 0);
    const auto cost = evaluate_group(whole(way), question_.machine);
    if (cost) known->second = energy(keeping.counts, *cost, Ticks{}).value_or(0.0);
  }
  const double per_bit = value_of_price(prices.dram) + value_of_price(prices.wire) +
                         std::max(value_of_price(prices.sram_read), value_of_price(prices.sram_write));
  const double saved = 8.0 * per_bit * static_cast<double>(question_.space.saved(way, own).value());
  const double seconds =
      static_cast<double>(time.value()) /
      (static_cast<double>(question_.machine.scale.ticks_per_cycle()) * prices.clock.value());
  const double leaked = prices.leakage ? prices.leakage->value() * seconds * 1e12 : 0.0;
  return known->second - saved + leaked;
}

PlanFigures StepPricing::least(const Way& way, KeptSet own) {
  const Bytes saved = question_.space.saved(way, own);
  PlanFigures figures{least_time(way, own, saved), way.moved - saved};
  const Cycles compute = way.work.compute;
  if (!compute.overflow()) figures.busy = question_.machine.scale.ticks(compute);
  if (energy_) figures.energy_pj = least_energy(way, own, figures.latency);
  return figures;
}

/// As least(), and tile by tile: no two tiles run at once.
std::optional<PlanFigures> StepPricing::bound(const Way& way, KeptSet own) {
  const GroupProfile& profile = whole(way);
  if (!evaluate_group(profile, question_.machine)) return std::nullopt;
  const Bytes saved = question_.space.saved(way, own);
  BusyTime busy = busy_time(profile, question_.machine);
  busy.dram = busy.dram - Ticks{saved.value()} * question_.machine.dram_ticks_per_byte;
  PlanFigures figures{busy.least(), way.moved - saved};
  figures.busy = least(way, own).busy;  // Of equal ones, as least() orders them.
  if (energy_) figures.energy_pj = least_energy(way, own, figures.latency);
  return figures;
}

}  // namespace fusescape
