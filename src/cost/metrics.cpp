#include "fusescape/cost/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace fusescape {
namespace {

constexpr double kMsPerSecond = 1e3;
constexpr double kJoulesOfPicojoule = 1e-12;

double double_of(std::int64_t value) {
  return static_cast<double>(value);
}

unexpected<std::string> null(std::string why) {
  return unexpected<std::string>{std::move(why)};
}

unexpected<std::string> no_generation() {
  return null("no generation was asked for, or it does not run");
}

unexpected<std::string> no_block(const Evaluated& e) {
  return null(why_no_block(e));
}

MetricValue whole(std::int64_t number) {
  return Figure{number};
}
MetricValue real(double number) {
  return Figure{number};
}
MetricValue width(BitsPerCycle port) {
  if (port.unlimited()) return Figure{Unlimited{}};
  return Figure{port.value};
}

/// cycles / clock, exactly. Clocks are whole numbers of hertz.
Quotient time_of(Cycles cycles, const Evaluated& e) {
  const double clock = e.design.accelerator.clock.value();
  return {.numerator = cycles.value(), .denominator = static_cast<Int128>(std::llround(clock))};
}

/// A number of cycles of the design's clock, compared as time.
MetricValue cycles(const Evaluated& e, Cycles Cost::*count) {
  if (e.cost == nullptr) return no_block(e);
  return Figure{(e.cost->*count).value(), time_of(e.cost->*count, e)};
}

template <class Count>
MetricValue total(const Evaluated& e, Count GroupCost::*count) {
  return e.cost == nullptr ? MetricValue{no_block(e)} : whole((e.cost->total.*count).value());
}

/// Counted with the energy.
MetricValue of_energy(const Evaluated& e, Bytes EnergyBreakdown::*count) {
  if (e.cost == nullptr) return no_block(e);
  if (e.energy == nullptr) return null("it was not asked for");
  if ((e.energy->*count).overflow()) return null("it does not fit 64 bits");
  return whole((e.energy->*count).value());
}

MetricValue dram_bytes(const Evaluated& e) {
  if (e.cost == nullptr) return no_block(e);
  return whole((e.cost->total.dram_read + e.cost->total.dram_write).value());
}

MetricValue utilization(const Evaluated& e) {
  if (e.cost == nullptr) return no_block(e);
  return real(utilization_of(e.cost->total.pe_cycles, e.design.machine.pes, e.cost->latency));
}

/// Of one block.
double seconds_of(const Evaluated& e) {
  return duration(e.cost->latency, e.design.accelerator.clock).value();
}

MetricValue latency_s(const Evaluated& e) {
  if (e.cost == nullptr) return no_block(e);
  return Figure{seconds_of(e), time_of(e.cost->latency, e)};
}

MetricValue throughput(const Evaluated& e) {
  if (e.cost == nullptr) return no_block(e);
  if (e.cost->latency == Cycles{}) return null("it takes no time");
  return real(double_of(e.cost->total.ops.value()) / seconds_of(e));
}

/// `of` (the whole model's sums), or why there are none.
template <class Of>
MetricValue from_whole(const Evaluated& e, Of of) {
  const auto whole = whole_of(e);
  return whole ? of(*whole) : MetricValue{null(whole.error())};
}

double model_ms(const WholeModel& whole, const Evaluated& e) {
  return duration(whole.latency, e.design.accelerator.clock).value() * kMsPerSecond;
}

MetricValue latency_ms(const Evaluated& e) {
  return from_whole(e, [&](const WholeModel& whole) {
    return Figure{model_ms(whole, e), time_of(whole.latency, e)};
  });
}

MetricValue latency_ms_per_token(const Evaluated& e) {
  return from_whole(e, [&](const WholeModel& whole) {
    Quotient time = time_of(whole.latency, e);
    time.denominator *= e.workload.tokens.value();
    return Figure{model_ms(whole, e) / double_of(e.workload.tokens.value()), time};
  });
}

MetricValue tokens_per_s(const Evaluated& e) {
  return from_whole(e, [&](const WholeModel& whole) -> MetricValue {
    if (whole.latency == Cycles{}) return null("it takes no time");
    return real(double_of(e.workload.tokens.value()) /
                duration(whole.latency, e.design.accelerator.clock).value());
  });
}

MetricValue ms_in(Phase phase, const Evaluated& e) {
  if (e.workload.phase != phase) return null("of the other phase");
  return latency_ms(e);
}

/// Compared as it is printed: the mean of a generation's steps is no whole number of cycles, and one sweep
/// may hold generations and steps alone.
MetricValue tpot_ms(const Evaluated& e) {
  if (e.generation == nullptr) {
    MetricValue step = ms_in(Phase::kDecode, e);
    if (step) step->compared.reset();
    return step;
  }
  if (!e.generation->tpot_ms) return null("the one token is of the prefill");
  return real(*e.generation->tpot_ms);
}

MetricValue generation_ms(const Evaluated& e) {
  return e.generation == nullptr ? MetricValue{no_generation()} : real(e.generation->total_ms);
}

MetricValue generation_pj(const Evaluated& e) {
  if (e.generation == nullptr) return no_generation();
  if (!e.generation->energy_pj) return null("that of a run is not known");
  return real(*e.generation->energy_pj);
}

MetricValue area(const Evaluated& e) {
  if (e.design.area.total) return real(e.design.area.total->value());
  if (e.design.technology == nullptr) return null("no technology is named");
  const AreaBreakdown& parts = e.design.area;
  return null(fmt::format("{} has no area of {}", e.design.technology->name,
                          !parts.pes && !parts.sram ? "such PEs and of SRAM"
                          : !parts.pes  ? fmt::format("a PE of {}", name_of(e.design.accelerator.pe_type))
                          : !parts.sram ? "SRAM"
                                        : "a DRAM channel"));
}

MetricValue area_delay(const Evaluated& e) {
  MetricValue mm2 = area(e);
  if (!mm2) return mm2;
  if (e.cost == nullptr) return no_block(e);
  return real(e.design.area.total->value() * seconds_of(e));
}

MetricValue energy(const Evaluated& e) {
  if (e.design.technology == nullptr) return null("no technology is named");
  if (e.cost == nullptr) return no_block(e);
  if (e.energy == nullptr) return null("it was not asked for");
  const Energy& pj = e.energy->total;
  if (!pj) return null(describe(pj.error(), e.design.technology.get()));
  return real(pj->value());
}

/// `of` (energy in pJ), or why energy is null.
template <class Of>
MetricValue from_energy(const Evaluated& e, Of of) {
  const MetricValue pj = energy(e);
  return pj ? real(of(magnitude(*pj))) : pj;
}

bool all_run(std::span<const LayerCost> layers) {
  return std::all_of(layers.begin(), layers.end(),
                     [](const LayerCost& layer) { return layer.cost.has_value(); });
}

/// Of all layers, without the head.
MetricValue energy_of_blocks(const Evaluated& e) {
  if (e.layers.empty()) return from_energy(e, [&](double pj) { return pj * double_of(e.workload.n_layer); });
  double sum = 0.0;
  for (const LayerCost& layer : e.layers) {
    MetricValue pj = energy({.workload = e.workload,
                             .design = e.design,
                             .cost = layer.cost ? &*layer.cost : nullptr,
                             .energy = layer.energy ? &*layer.energy : nullptr});
    if (!pj) return pj;
    sum += magnitude(*pj) * double_of(layer.count);
  }
  return real(sum);
}

MetricValue energy_delay(const Evaluated& e) {
  return from_energy(e, [&](double pj) { return pj * kJoulesOfPicojoule * seconds_of(e); });
}

MetricValue energy_per_token(const Evaluated& e) {
  const MetricValue pj = whole_energy_of(e);
  return pj ? real(magnitude(*pj) / double_of(e.workload.tokens.value())) : pj;
}

MetricValue power(const Evaluated& e) {
  MetricValue pj = energy(e);
  if (!pj) return pj;
  if (e.cost->latency == Cycles{}) return null("it takes no time");
  return real(average_power(e.energy->total, Seconds{seconds_of(e)})->value());
}

MetricValue array(const Evaluated& e, std::int64_t Core::*side) {
  const std::vector<Core>& cores = e.design.accelerator.cores;
  return cores.empty() ? MetricValue{null("there is no core")} : whole(cores.front().*side);
}

using enum MetricOf;
using enum Better;
using E = const Evaluated&;

constexpr std::array kMetrics{
    Metric{"latency_cycles", "cycles", kBlock, kLess,
           "Time, rounded up once, at the end. Compared between designs as time.",
           [](E e) { return cycles(e, &Cost::latency); }},
    Metric{"compute_cycles", "cycles", kBlock, kLess,
           "The PEs are busy this long. Compared between designs as time.",
           [](E e) { return cycles(e, &Cost::compute); }},
    Metric{"dram_bytes", "B", kBlock, kLess, "DRAM traffic: dram_read_bytes + dram_write_bytes.", dram_bytes},
    Metric{"dram_read_bytes", "B", kBlock, kLess, "Read from DRAM.",
           [](E e) { return total(e, &GroupCost::dram_read); }},
    Metric{"dram_write_bytes", "B", kBlock, kLess, "Written to DRAM.",
           [](E e) { return total(e, &GroupCost::dram_write); }},
    Metric{"peak_onchip_bytes", "B", kBlock, kLess, "The largest footprint of a group.",
           [](E e) { return total(e, &GroupCost::peak); }},
    Metric{"onchip_capacity_bytes", "B", kDesign, kLess, "Capacity of the shared on-chip memory.",
           [](E e) { return whole(e.design.accelerator.sram.capacity.value()); }},
    Metric{"onchip_read_bytes", "B", kBlock, kLess, "Read from the on-chip memory by the PEs.",
           [](E e) { return total(e, &GroupCost::onchip_read); }},
    Metric{"onchip_write_bytes", "B", kBlock, kLess, "Written to the on-chip memory by the PEs.",
           [](E e) { return total(e, &GroupCost::onchip_write); }},
    Metric{"onchip_fill_bytes", "B", kBlock, kLess,
           "What DRAM reads write into the on-chip memory, at the on-chip width.",
           [](E e) { return of_energy(e, &EnergyBreakdown::onchip_fill); }, true},
    Metric{"onchip_drain_bytes", "B", kBlock, kLess,
           "What DRAM writes read from the on-chip memory, likewise.",
           [](E e) { return of_energy(e, &EnergyBreakdown::onchip_drain); }, true},
    Metric{"ops", "op", kBlock, kLess, "One multiply-accumulate or one element-wise operation counts 1.",
           [](E e) { return total(e, &GroupCost::ops); }},
    Metric{"utilization", "1", kBlock, kMore,
           "Operations weighted with the cycles each takes / (pes x latency_cycles).", utilization},
    Metric{"latency_s", "s", kBlock, kLess, "latency_cycles / clock.", latency_s},
    Metric{"throughput", "op/s", kBlock, kMore, "ops / latency_s.", throughput},
    Metric{"energy_pj", "pJ", kBlock, kLess,
           "DRAM, on-chip memory, wires, compute, chain registers and leakage of the on-chip memory.", energy,
           true},
    Metric{"energy_delay", "J*s", kBlock, kLess, "energy_pj x latency_s.", energy_delay, true},
    Metric{"area_mm2", "mm2", kDesign, kLess, "SRAM, PEs and what else the technology counts.", area},
    Metric{"area_delay", "mm2*s", kBlock, kLess, "area_mm2 x latency_s.", area_delay},
    Metric{"power_w", "W", kBlock, kLess, "energy_pj / latency_s.", power, true},
    Metric{"latency_ms", "ms", kModel, kLess, "Of all blocks, then final norm and head.", latency_ms},
    Metric{"latency_ms_per_token", "ms", kModel, kLess, "latency_ms / tokens of one run.",
           latency_ms_per_token},
    Metric{"tokens_per_s", "token/s", kModel, kMore, "Tokens of one run / latency.", tokens_per_s},
    Metric{"ttft_ms", "ms", kModel, kLess, "Time to first token: latency_ms of prefill.",
           [](E e) { return ms_in(Phase::kPrefill, e); }},
    Metric{"tpot_ms", "ms", kModel, kLess,
           "Time per output token: latency_ms of decode; of a generation, its mean.", tpot_ms},
    Metric{"generation_total_ms", "ms", kModel, kLess,
           "Of a prompt and its generation: ttft_ms and all decode steps.", generation_ms, false, true},
    Metric{"generation_energy_pj", "pJ", kModel, kLess, "Likewise, energy.", generation_pj, true, true},
    Metric{"energy_pj_per_token", "pJ", kModel, kLess, "Energy of the whole model / tokens of one run.",
           energy_per_token, true},
    Metric{"pes", "1", kDesign, kLess, "Processing elements, of all cores.",
           [](E e) { return whole(e.design.accelerator.pes()); }},
    Metric{"rows", "1", kDesign, kLess, "Rows of the first core's array.",
           [](E e) { return array(e, &Core::rows); }},
    Metric{"cols", "1", kDesign, kLess, "Columns of the first core's array.",
           [](E e) { return array(e, &Core::cols); }},
    Metric{"clock_hz", "Hz", kDesign, kMore, "Clock of the whole chip.",
           [](E e) { return whole(std::llround(e.design.accelerator.clock.value())); }},
    Metric{"dram_bits_per_cycle", "bit/cycle", kDesign, kMore, "DRAM bandwidth before efficiency, per port.",
           [](E e) { return width(e.design.accelerator.dram.bandwidth); }},
    Metric{"onchip_read_bits_per_cycle", "bit/cycle", kDesign, kMore, "Bandwidth of all banks, reading.",
           [](E e) { return width(e.design.accelerator.sram.read_bandwidth()); }},
    Metric{"onchip_write_bits_per_cycle", "bit/cycle", kDesign, kMore, "Bandwidth of all banks, writing.",
           [](E e) { return width(e.design.accelerator.sram.write_bandwidth()); }},
};

}  // namespace

std::string_view name_of(MetricOf of) {
  switch (of) {
    case MetricOf::kBlock:
      return "block";
    case MetricOf::kModel:
      return "model";
    case MetricOf::kDesign:
      return "design";
  }
  return "";
}

std::string_view name_of(Better better) {
  return better == Better::kLess ? "less" : "more";
}

std::span<const Metric> metrics() {
  return kMetrics;
}

const Metric* find_metric(std::string_view name) {
  const auto* const found = std::find_if(kMetrics.begin(), kMetrics.end(),
                                         [&](const Metric& metric) { return metric.name == name; });
  return found == kMetrics.end() ? nullptr : found;
}

bool read_energy(std::span<const std::string> names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    const Metric* metric = find_metric(name);
    return metric != nullptr && metric->reads_energy;
  });
}

std::string why_no_block(const Evaluated& evaluated) {
  const bool runs = !evaluated.layers.empty() && all_run(evaluated.layers);
  return runs ? "layers of several kinds have no single block" : "it does not run";
}

expected<WholeModel, std::string> whole_of(const Evaluated& evaluated) {
  const bool runs = evaluated.layers.empty() ? evaluated.cost != nullptr : all_run(evaluated.layers);
  if (!runs) return null("it does not run");
  if (evaluated.workload.lm_head && evaluated.head == nullptr) return null("its head was not computed");
  return evaluated.layers.empty() ? whole_model(evaluated.workload, *evaluated.cost, evaluated.head)
                                  : whole_model(evaluated.workload, evaluated.layers, evaluated.head);
}

MetricValue whole_energy_of(const Evaluated& evaluated) {
  MetricValue of_blocks = energy_of_blocks(evaluated);
  if (!of_blocks) return of_blocks;
  if (const auto whole = whole_of(evaluated); !whole) return null(whole.error());
  const double blocks = magnitude(*of_blocks);
  if (evaluated.head == nullptr) return real(blocks);
  const std::optional<EnergyBreakdown>& head = (*evaluated.head)->energy;
  if (!head) return null("that of its head was not asked for");
  if (!head->total) return null(describe(head->total.error(), evaluated.design.technology.get()));
  return real(blocks + head->total->value());
}

double utilization_of(Cycles pe_cycles, std::int64_t pes, Cycles latency) {
  const double offered = double_of(pes) * double_of(latency.value());
  return offered > 0 ? double_of(pe_cycles.value()) / offered : 0.0;
}

}  // namespace fusescape
