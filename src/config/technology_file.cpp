// How does a technology file become a Technology?
#include <fmt/format.h>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/load.hpp"
#include "fusescape/config/technology_table.hpp"

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

template <class Q>
std::optional<SourcedNumber<Q>> number(const std::optional<Sourced<Q>>& file) {
  if (!file) return std::nullopt;
  return SourcedNumber<Q>{file->content, {file->label, file->source}};
}

Technology bind_fields(const TechnologyFile& file, Binding& binding) {
  InputErrors& errors = binding.errors();
  Technology out;
  out.name = file.name;
  out.node_nm = file.node_nm;
  out.description = file.description;
  out.sram_area = size_table(file.sram_area, binding.at("sram_area"), errors);
  out.sram_energy = size_table(file.sram_energy, binding.at("sram_energy"), errors);
  out.sram_leakage = size_table(file.sram_leakage, binding.at("sram_leakage"), errors);
  out.pe_area = unit_table(file.pe_area, binding.at("pe_area"), errors);
  out.mac_energy = unit_table(file.mac_energy, binding.at("mac_energy"), errors);
  out.dram_energy = number(file.dram_energy);
  out.wire_energy = number(file.wire_energy);
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

}  // namespace fusescape
