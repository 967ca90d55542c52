// How does an accelerator file become an Accelerator?
#include <fmt/format.h>

#include <algorithm>

#include "fusescape/arch/design.hpp"
#include "fusescape/config/binding.hpp"
#include "fusescape/config/kinds/accelerator_table.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/config/scaled_design.hpp"

namespace fusescape {
namespace {

constexpr std::int64_t kMaxBits = TickScale::kMaxTicksPerCycle;

/// `default` first, then the kinds that are named.
void bind_cycles(const CoreFile& file, Core& core) {
  for (const auto& [entry, cycles] : file.cycles) {
    if (entry->key == kCycleWords.front()) core.cycles_per_op.fill(cycles);
  }
  for (const auto& [entry, cycles] : file.cycles) {
    if (const auto kind = op_kind_named(entry->key))
      core.cycles_per_op[static_cast<std::size_t>(*kind)] = cycles;
  }
}

/// The same of what is attained.
void bind_efficiency(const CoreFile& file, Core& core) {
  for (const auto& [entry, share] : file.efficiency) {
    if (entry->key == kCycleWords.front()) core.efficiency.fill(share);
  }
  for (const auto& [entry, share] : file.efficiency) {
    if (const auto kind = op_kind_named(entry->key)) core.efficiency[static_cast<std::size_t>(*kind)] = share;
  }
}

Core bind_core(const CoreFile& file) {
  Core core;
  core.name = file.name;
  core.count = file.count;
  core.rows = file.rows.value_or(1);
  core.cols = file.cols.value_or(1);
  core.reduces_rows = file.reduces_rows;
  core.reduces_cols = file.reduces_cols;
  core.registers_per_pe = file.registers;
  core.type = file.type;
  core.spatial = file.spatial;
  bind_cycles(file, core);
  bind_efficiency(file, core);
  return core;
}

/// Whether the core's PEs compute in a type of the same family, and as wide.
bool computes_in(const CoreFile& core, DataType pe_type) {
  return !core.type ||
         (is_integer(*core.type) == is_integer(pe_type) && bits_of(*core.type) >= bits_of(pe_type));
}

/// As slow as no core is that has no efficiency.
bool is_too_slow(const Core& core) {
  for (std::size_t kind = 0; kind < kOpKindCount; ++kind) {
    const auto most = floor_times(core.efficiency[kind], kMostCyclesPerOp);
    if (!most || *most < core.cycles_per_op[kind]) return true;
  }
  return false;
}

/// Those that compute in the type that all PEs are to compute in, and the others.
void bind_cores(const AcceleratorFile& file, Binding& binding, Accelerator& out) {
  for (const CoreFile& core : file.cores) {
    std::vector<Core>& kept = computes_in(core, file.pe_type) ? out.cores : out.left_out;
    kept.push_back(bind_core(core));
    if (!is_too_slow(kept.back())) continue;
    binding.errors().at(
        binding.blamed({"cores"}, binding.at("cores")),
        fmt::format("cores: {}: cycles / efficiency are more than {}", core.name, kMostCyclesPerOp));
  }
  if (!file.cores.empty() && out.cores.empty()) {
    binding.errors().at(binding.blamed({"cores", "pe_type"}, binding.at("cores")),
                        fmt::format("cores: none computes in {}, the pe_type", name_of(file.pe_type)));
  }
}

/// Faults of a core that no single value shows.
void check_core(const Slot& core, bool derived, InputErrors& errors) {
  for (const std::string_view key : {"rows", "cols"}) {
    const YamlNode* value = find_value(core.node, key);
    if (derived && value != nullptr) {
      errors.at(*value, fmt::format("{}.{}: derived by iso_area; leave it out", core.path, key));
    } else if (!derived && value == nullptr) {
      errors.at(core.node, fmt::format("{}: missing key '{}'", core.path, key));
    }
  }
  const YamlNode* rules = find_value(core.node, "spatial");
  if (rules == nullptr) return;
  for (const YamlNode& rule : rules->items) {
    const bool split = find_value(rule, "rows") != nullptr || find_value(rule, "cols") != nullptr;
    if (split && find_value(rule, "flat") != nullptr) {
      errors.at(rule, core.path + ".spatial: 'flat' excludes 'rows' and 'cols'");
    }
  }
}

/// What iso_area derives must not be given as well, and must be given without it.
void check_derived(const YamlNode& root, std::string_view section, std::string_view key, bool derived,
                   InputErrors& errors) {
  const YamlNode* owner = find_value(root, section);
  const YamlNode* value = owner == nullptr ? nullptr : find_value(*owner, key);
  if (derived && value != nullptr) {
    errors.at(*value,
              fmt::format("{}.{}: derived by iso_area; set area_fraction or memory_fraction", section, key));
  } else if (!derived && value == nullptr && (owner == nullptr || owner->kind == YamlKind::kMap)) {
    errors.at(owner == nullptr ? root : *owner, fmt::format("{}: missing key '{}'", section, key));
  }
}

/// The value of `key`, or its owner where it has none.
const YamlNode& value_at(const YamlNode& owner, std::string_view key) {
  const YamlNode* value = find_value(owner, key);
  return value == nullptr ? owner : *value;
}

/// What bandwidths per second are told by: the clock, and where it stands.
struct Clock {
  std::int64_t hertz = 0;  ///< 0: it has a fault of its own.
  const YamlNode& node;
};

/// Of two values that do not go together, that which was set last; the first, if a file has both.
const YamlNode& later_set(const YamlNode& first, const YamlNode& second) {
  const bool later = second.set_by && (!first.set_by || *first.set_by < *second.set_by);
  return later ? second : first;
}

/// `what` is the path of the bandwidth, below `owner` by its last part. Without a clock nothing is known of a
/// bandwidth per second.
BitsPerCycle width_of(const Bandwidth& bandwidth, const Clock& clock, const YamlNode& owner,
                      std::string_view what, InputErrors& errors) {
  if (bandwidth.per_second && clock.hertz == 0) return {};
  const YamlNode& value = value_at(owner, what.substr(what.rfind('.') + 1));
  const YamlNode& node = bandwidth.per_second ? later_set(value, clock.node) : value;
  const std::int64_t bits = bits_per_cycle(bandwidth, clock.hertz);
  if (bandwidth.bits != 0 && bits == 0) {
    errors.at(node, fmt::format("{}: less than one bit per cycle of the clock", what));
  } else if (bits > kMaxBits) {
    errors.at(node, fmt::format("{}: more than {} bit/cycle", what, kMaxBits));
  }
  return {bits};
}

void bind_sram(const SramFile& file, const Clock& clock, const YamlNode& node, Accelerator& out,
               InputErrors& errors) {
  OnChipMemory& sram = out.sram;
  sram.capacity = file.capacity.value_or(sram.capacity);
  sram.banks = file.banks;
  sram.bank_capacity = file.bank_capacity;
  sram.ports = file.ports;
  sram.bank_read = width_of(file.bank_read, clock, node, "sram.bank_read", errors);
  sram.bank_write =
      width_of(file.bank_write.value_or(file.bank_read), clock, node, "sram.bank_write", errors);
  const YamlNode* write = find_value(node, "bank_write");
  const bool comparable =
      clock.hertz != 0 || !file.bank_write || file.bank_write->per_second == file.bank_read.per_second;
  if (write != nullptr && comparable && sram.ports == Ports::kShared && sram.bank_write != sram.bank_read) {
    errors.at(*write, "sram.bank_write: with shared ports it is that of reads");
  }
}

void check_banks(const OnChipMemory& sram, Binding& binding) {
  const std::int64_t widest = std::max(sram.bank_read.value, sram.bank_write.value);
  if (!binding.ok() || widest == 0 || sram.bank_count() <= kMaxBits / widest) return;
  binding.errors().at(binding.blamed({"sram", "iso_area", "clock"}, binding.at("sram")),
                      fmt::format("sram: {} banks move more than {} bit/cycle", sram.bank_count(), kMaxBits));
}

PhyChannels channels_of(const PhyFile& phy, const Clock& clock, const YamlNode& node, InputErrors& errors) {
  const Ratio area = Ratio::of(phy.area.value, 1'000'000).value_or(Ratio{});
  if (phy.bandwidth.bits == 0)
    errors.at(value_at(node, "bandwidth"), "iso_area.phy.bandwidth: must be finite");
  return {area, width_of(phy.bandwidth, clock, node, "phy.bandwidth", errors), phy.channels};
}

/// Where a design that cannot be derived has its fault: in the value that an error is about, or in the last
/// that was set of those that it comes from.
const YamlNode& fault_of(DerivationError error, const Binding& binding) {
  const YamlNode& area = value_at(binding.at("iso_area"), "area_fraction");
  if (error == DerivationError::kAreaFraction) return area;
  if (error == DerivationError::kMemoryFraction) return value_at(binding.at("iso_area"), "memory_fraction");
  return binding.blamed({"iso_area", "clock"}, area);
}

/// Of a constant that is scaled.
constexpr std::string_view kMissed = "no bandwidth of whole bits a cycle is within 0.5% of this factor";

void derive_design(const AcceleratorFile& whole, const Clock& clock, const WhatIf* what_if, Accelerator& out,
                   Binding& binding) {
  const IsoAreaFile& file = *whole.iso_area;
  const YamlNode& node = binding.at("iso_area");
  InputErrors& errors = binding.errors();
  AreaTemplate area;
  area.full_sram = file.sram;
  area.full_pes = file.pes;
  area.full_bandwidth = width_of(file.dram_bandwidth, clock, node, "iso_area.dram_bandwidth", errors);
  area.bandwidth_rule = file.bandwidth_rule;
  area.rounding = file.rounding;
  area.misfit = file.misfit;
  if (file.area) area.full_area_mm2 = Ratio::of(file.area->value, 1'000'000).value_or(Ratio{});
  if (file.phy) area.phy = channels_of(*file.phy, clock, value_at(node, "phy"), errors);
  if (file.bandwidth_rule == BandwidthRule::kPhy && !(file.area && file.phy)) {
    errors.at(node, "iso_area: the rule 'phy' needs 'area' and 'phy'");
  }
  if (file.bandwidth_rule == BandwidthRule::kPhy && file.dram_bandwidth.bits == 0) {
    errors.at(value_at(node, "dram_bandwidth"),
              "iso_area.dram_bandwidth: no number of channels makes it unlimited: the rule 'phy' needs a "
              "finite one");
  }
  if (whole.cores.size() != 1) errors.at(node, "iso_area: expects one core, whose array it derives");
  if (!errors.ok()) return;
  if (what_if != nullptr && !scale(area, *what_if)) {
    errors.at(node, std::string{kMissed});
    return;
  }
  const auto design = derive(area, file.area_fraction, file.memory_fraction);
  if (!design) {
    errors.at(fault_of(design.error(), binding), fmt::format("iso_area: {}", describe(design.error())));
    return;
  }
  out.sram.capacity = design->sram;
  out.dram.bandwidth = design->dram_bandwidth;
  out.cores.front().rows = design->array.rows;
  out.cores.front().cols = design->array.cols;
}

void bind_dram(const DramFile& file, const Clock& clock, const YamlNode& node, Accelerator& out,
               InputErrors& errors) {
  out.dram.ports = file.ports;
  out.dram.granule = file.granule;
  out.dram.efficiency = file.efficiency;
  if (file.bandwidth) out.dram.bandwidth = width_of(*file.bandwidth, clock, node, "dram.bandwidth", errors);
}

void bind_links(const LinksFile& file, const Clock& clock, const YamlNode& node, Accelerator& out,
                InputErrors& errors) {
  out.links.topology = file.topology;
  out.links.bandwidth = width_of(file.bandwidth, clock, node, "links.bandwidth", errors);
  out.links.latency = file.latency;
}

/// Faults between keys, whatever their values.
void check_structure(Binding& binding) {
  InputErrors& errors = binding.errors();
  const bool derived = find_value(binding.root(), "iso_area") != nullptr;
  const YamlNode* cores = find_value(binding.root(), "cores");
  if (cores != nullptr && cores->kind == YamlKind::kList) {
    if (cores->items.empty()) errors.at(*cores, "cores: expected at least one");
    for (std::size_t i = 0; i < cores->items.size(); ++i) {
      const YamlNode& core = cores->items[i];
      if (core.kind == YamlKind::kMap) check_core({core, fmt::format("cores[{}]", i)}, derived, errors);
    }
  }
  check_derived(binding.root(), "sram", "capacity", derived, errors);
  check_derived(binding.root(), "dram", "bandwidth", derived, errors);
}

/// A slow DRAM has no bits to give away.
void check_reached(const Dram& dram, Binding& binding) {
  if (dram.bandwidth.unlimited() || floor_times(dram.efficiency, dram.bandwidth.value) != 0) return;
  binding.errors().at(
      binding.blamed({"dram", "clock", "iso_area"}, value_at(binding.at("dram"), "efficiency")),
      fmt::format("dram.efficiency: leaves less than one bit per cycle of {} bit/cycle",
                  dram.bandwidth.value));
}

/// Looks no further into a section that has a fault already; the faults of the others are found.
Accelerator bind_fields(const AcceleratorFile& file, const WhatIf* what_if, Binding& binding) {
  InputErrors& errors = binding.errors();
  const bool derived = file.iso_area.has_value();
  Accelerator out;
  out.name = file.name;
  out.technology = file.technology;
  out.clock = Hertz{static_cast<double>(file.clock_hz)};
  out.pe_type = file.pe_type;
  out.model.double_buffering = file.model.buffering == Buffering::kDouble;
  out.model.count_second_slots = file.model.second_slots == SecondSlots::kCounted;
  out.model.in_place = file.model.in_place;
  out.model.fill_cycles = Cycles{file.model.fill_cycles};
  out.model.launch_cycles = Cycles{file.model.launch_cycles};
  bind_cores(file, binding, out);
  const auto sound = [&](std::string_view key) { return !errors.inside(binding.at(key)); };
  const Clock clock{file.clock_hz, binding.at("clock")};
  if (sound("dram")) bind_dram(file.dram, clock, binding.at("dram"), out, errors);
  if (sound("links")) bind_links(file.links, clock, binding.at("links"), out, errors);
  if (derived && sound("iso_area") && !out.cores.empty()) {
    derive_design(file, clock, what_if, out, binding);
  }
  if (sound("sram")) bind_sram(file.sram, clock, binding.at("sram"), out, errors);
  if (what_if != nullptr && !scale(out, *what_if, derived)) errors.at(binding.root(), std::string{kMissed});
  if (sound("sram")) check_banks(out.sram, binding);
  if (sound("dram")) check_reached(out.dram, binding);
  return out;
}

/// The accelerator with its machine, not priced yet.
Loaded<Design> unpriced(const InputFile& input, std::span<const Setting> settings,
                        const WhatIf* what_if = nullptr) {
  AcceleratorFile file;
  Binding binding{input, FileKind::kAccelerator, settings, &file};
  if (input.kind != FileKind::kAccelerator) return unexpected<InputError>{binding.failure()};
  check_structure(binding);
  Accelerator accelerator = bind_fields(file, what_if, binding);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  expected<Design, NoTimeBase> design = make_design(std::move(accelerator));
  if (design) return std::move(*design);
  binding.errors().at(
      binding.blamed({"dram", "sram", "clock", "iso_area"}, value_at(binding.at("dram"), "bandwidth")),
      "the ports' bandwidths have no common time base; round them to multiples of 8 bits");
  return unexpected<InputError>{binding.failure()};
}

}  // namespace

Loaded<Accelerator> bind_accelerator(const InputFile& input, std::span<const Setting> settings) {
  Loaded<Design> design = unpriced(input, settings);
  if (!design) return unexpected<InputError>{std::move(design.error())};
  return std::move(design->accelerator);
}

namespace {

Loaded<Design> bind_priced(const InputFile& input, std::span<const Setting> settings,
                           Technologies& technologies, const WhatIf* what_if) {
  Loaded<Design> design = unpriced(input, settings, what_if);
  if (!design || design->accelerator.technology.empty()) return design;
  auto technology = technologies.named(design->accelerator.technology);
  if (!technology) return unexpected<InputError>{std::move(technology.error())};
  if (what_if != nullptr) *technology = std::make_shared<const Technology>(scaled(**technology, *what_if));
  return priced(std::move(*design), std::move(*technology));
}

}  // namespace

Loaded<Design> bind_design(const InputFile& input, std::span<const Setting> settings,
                           Technologies& technologies) {
  return bind_priced(input, settings, technologies, nullptr);
}

Loaded<Design> bind_scaled_design(const InputFile& input, std::span<const Setting> settings,
                                  Technologies& technologies, const WhatIf& what_if) {
  return bind_priced(input, settings, technologies, &what_if);
}

}  // namespace fusescape
