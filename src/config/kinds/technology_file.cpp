// How does a technology file become a Technology?
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/kinds/technology_table.hpp"
#include "fusescape/config/load.hpp"

namespace fusescape {
namespace {

template <class Point>
SizeTable<Point> size_table(const std::optional<Sourced<std::vector<Point>>>& file, const YamlNode& node,
                            InputErrors& errors) {
  const YamlNode* points = find_value(node, "points");
  if (!file || points == nullptr || points->kind != YamlKind::kList) return {};
  if (file->content.empty()) errors.at(*points, "points: expected at least one");
  for (std::size_t i = 1; i < file->content.size(); ++i) {
    if (file->content[i].capacity <= file->content[i - 1].capacity) {
      errors.at(points->items[i], "points: capacities must ascend");
    }
  }
  return {file->content, {file->label, file->source}};
}

template <class Q>
ArithmeticTable<Q> unit_table(const std::optional<Sourced<std::vector<UnitFile<Q>>>>& file,
                              const YamlNode& node, InputErrors& errors) {
  if (!file) return {};
  ArithmeticTable<Q> table{{}, {file->label, file->source}};
  const YamlNode* entries = find_value(node, "entries");
  if (entries == nullptr || entries->kind != YamlKind::kList) return table;
  if (file->content.empty()) errors.at(*entries, "entries: expected at least one");
  for (const UnitFile<Q>& unit : file->content) {
    const DataType accumulator = unit.accumulator.value_or(facts(unit.type).accumulator);
    for (const ArithmeticEntry<Q>& other : table.entries) {
      if (other.type != unit.type || other.accumulator != accumulator) continue;
      errors.at(entries->items[table.entries.size()],
                fmt::format("entries: {} with {} is given twice", name_of(unit.type), name_of(accumulator)));
    }
    table.entries.push_back({unit.type, accumulator, unit.value});
  }
  return table;
}

OperationTable operation_table(const std::optional<OperationsFile>& file, const YamlNode& node,
                               InputErrors& errors) {
  if (!file) return {};
  OperationTable table{{}, {file->label, file->source}};
  const YamlNode* entries = find_value(node, "entries");
  if (entries == nullptr || entries->kind != YamlKind::kList) return table;
  if (file->content.empty()) errors.at(*entries, "entries: expected at least one");
  for (std::size_t i = 0; i < file->content.size(); ++i) {
    const OperationEnergy& entry = file->content[i];
    if (errors.inside(entries->items[i])) continue;  // What it is of is not known.
    const bool twice = std::any_of(table.entries.begin(), table.entries.end(), [&](const auto& other) {
      return other.operation == entry.operation && other.type == entry.type;
    });
    if (twice) {
      errors.at(entries->items[i],
                fmt::format("entries: {} in {} is given twice",
                            kOperationWords[static_cast<std::size_t>(entry.operation)], name_of(entry.type)));
    }
    table.entries.push_back(entry);
  }
  return table;
}

template <class Q>
std::optional<SourcedNumber<Q>> number(const std::optional<Sourced<Q>>& file) {
  if (!file) return std::nullopt;
  return SourcedNumber<Q>{file->content, {file->label, file->source}};
}

constexpr std::array<std::string_view, 8> kEnergyKeys{
    "sram_energy", "sram_leakage",    "mac_energy",  "operation_energy",
    "dram_energy", "register_energy", "wire_energy", "function_energy_upper"};

EnergyTable bind_energy(const TechnologyFile& file, Binding& binding) {
  InputErrors& errors = binding.errors();
  EnergyTable energy;
  energy.name = file.name;
  energy.sram = size_table(file.sram_energy, binding.at("sram_energy"), errors);
  energy.leakage = size_table(file.sram_leakage, binding.at("sram_leakage"), errors);
  energy.mac = unit_table(file.mac_energy, binding.at("mac_energy"), errors);
  energy.operations = operation_table(file.operation_energy, binding.at("operation_energy"), errors);
  energy.wire = number(file.wire_energy);
  energy.function_upper = number(file.function_energy_upper);
  if (const auto& dram = file.dram_energy) {
    energy.dram = DramEnergy{dram->per_bit, dram->scope, {dram->label, dram->source}};
  }
  if (const auto& registers = file.register_energy) {
    energy.registers = RegisterEnergy{
        registers->read_per_bit, registers->write_per_bit, {registers->label, registers->source}};
  }
  if (file.energy_from.empty()) return energy;
  for (const std::string_view key : kEnergyKeys) {
    const YamlNode* own = find_value(binding.root(), key);
    if (own != nullptr) {
      errors.at(*own, fmt::format("{}: energies come from {}; leave it out", key, file.energy_from));
    }
  }
  return energy;
}

Technology bind_fields(const TechnologyFile& file, Binding& binding) {
  InputErrors& errors = binding.errors();
  Technology out;
  out.name = file.name;
  out.node_nm = file.node_nm;
  out.description = file.description;
  out.sram_area = size_table(file.sram_area, binding.at("sram_area"), errors);
  out.pe_area = unit_table(file.pe_area, binding.at("pe_area"), errors);
  out.energy_from = file.energy_from;
  out.energy = bind_energy(file, binding);
  out.uncore = number(file.uncore);
  out.notes = file.notes;
  if (const auto& channel = file.dram_channel) {
    out.dram_channel = DramChannel{channel->phy_area,
                                   BitsPerSecond{static_cast<double>(channel->bits_per_second)},
                                   {channel->label, channel->source}};
  }
  if (const auto& die = file.reference) {
    out.reference =
        ReferenceDie{die->name, die->area, die->sram, die->pes, die->type, {die->label, die->source}};
  }
  return out;
}

}  // namespace

Loaded<Technology> bind_technology(const InputFile& input) {
  TechnologyFile file;
  Binding binding{input, FileKind::kTechnology, {}, &file};
  Technology technology = bind_fields(file, binding);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  return technology;
}

std::optional<InputError> take_energy(const InputFile& input, Technology& technology) {
  if (technology.energy_from.empty()) return std::nullopt;
  TechnologyFile file;
  Binding binding{input, FileKind::kTechnology, {}, &file};
  const auto refused = [&](std::string why) {
    binding.errors().at(binding.at("energy_from"), "energy_from: " + std::move(why));
    return binding.failure();
  };
  const Loaded<InputFile> other = find_input(Shelf::kTechs, technology.energy_from);
  if (!other && other.error().cause != InputError::Cause::kUnreadable) return other.error();
  if (!other) return refused(other.error().text.substr(0, other.error().text.find('\n')));
  Loaded<Technology> lender = bind_technology(*other);
  if (!lender) return lender.error();
  if (!lender->energy_from.empty()) {
    return refused(fmt::format("{} takes its own from {}; name that", lender->name, lender->energy_from));
  }
  if (lender->node_nm != technology.node_nm) {
    return refused(fmt::format("{} is at {} nm, this technology at {} nm", lender->name, lender->node_nm,
                               technology.node_nm));
  }
  technology.energy = std::move(lender->energy);
  return std::nullopt;
}

}  // namespace fusescape
