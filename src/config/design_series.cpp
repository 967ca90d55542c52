#include "fusescape/config/design_series.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/kinds/accelerator_table.hpp"

namespace fusescape {
namespace {

constexpr std::array<std::string_view, 3> kQuickKeys{"clock", "sram.capacity", "dram.bandwidth"};
constexpr std::int64_t kMostBits = TickScale::kMaxTicksPerCycle;

/// What the quick keys are: as the file has them, or as one value of an axis sets them.
struct QuickValues {
  std::int64_t clock_hz = 0;
  Bytes capacity;
  Bandwidth bandwidth;
};

std::optional<AcceleratorFile> file_with(const InputFile& input, std::span<const Setting> settings) {
  AcceleratorFile file;
  Binding binding{input, FileKind::kAccelerator, settings, &file};
  return binding.ok() ? std::optional{std::move(file)} : std::nullopt;
}

/// As width_of in accelerator_file.cpp; false where that has an error.
bool set_width(const Bandwidth& bandwidth, std::int64_t clock_hz, BitsPerCycle& width) {
  width = {bits_per_cycle(bandwidth, clock_hz)};
  return (bandwidth.bits == 0 || width.value != 0) && width.value <= kMostBits;
}

class Series {
 public:
  Series(AcceleratorFile file, Design base, std::vector<std::size_t> keys,
         std::vector<std::vector<std::optional<QuickValues>>> values)
      : file_{std::move(file)}, base_{std::move(base)}, keys_{std::move(keys)}, values_{std::move(values)} {}

  bool fill(std::span<const std::size_t> at, Design& design) const {
    QuickValues set{file_.clock_hz, file_.sram.capacity.value_or(Bytes{}),
                    file_.dram.bandwidth.value_or(Bandwidth{})};
    for (std::size_t i = 0; i < at.size(); ++i) {
      const std::optional<QuickValues>& value = values_[i][at[i]];
      if (!value) return false;
      if (keys_[i] == 0) set.clock_hz = value->clock_hz;
      if (keys_[i] == 1) set.capacity = value->capacity;
      if (keys_[i] == 2) set.bandwidth = value->bandwidth;
    }
    if (design.accelerator.cores.empty()) design = base_;
    if (!set_ports(set, design.accelerator)) return false;
    const auto machine = make_machine(design.accelerator);
    if (!machine) return false;
    design.machine = *machine;
    if (design.technology) design.area = area_of(design.accelerator, *design.technology, design.phy);
    return true;
  }

 private:
  bool set_ports(const QuickValues& set, Accelerator& out) const {
    OnChipMemory& sram = out.sram;
    out.clock = Hertz{static_cast<double>(set.clock_hz)};
    sram.capacity = set.capacity;
    const Bandwidth& write = file_.sram.bank_write ? *file_.sram.bank_write : file_.sram.bank_read;
    const bool told = set_width(set.bandwidth, set.clock_hz, out.dram.bandwidth) &&
                      set_width(file_.sram.bank_read, set.clock_hz, sram.bank_read) &&
                      set_width(write, set.clock_hz, sram.bank_write) &&
                      set_width(file_.links.bandwidth, set.clock_hz, out.links.bandwidth);
    if (!told || (sram.ports == Ports::kShared && sram.bank_read != sram.bank_write)) return false;
    const std::int64_t widest = std::max(sram.bank_read.value, sram.bank_write.value);
    if (widest != 0 && sram.bank_count() > kMostBits / widest) return false;
    return out.dram.bandwidth.unlimited() || floor_times(out.dram.efficiency, out.dram.bandwidth.value) != 0;
  }

  AcceleratorFile file_;
  Design base_;
  std::vector<std::size_t> keys_;  ///< Per axis: position in kQuickKeys.
  std::vector<std::vector<std::optional<QuickValues>>> values_;
};

}  // namespace

bool varies_quickly(std::string_view key) {
  return std::find(kQuickKeys.begin(), kQuickKeys.end(), key) != kQuickKeys.end();
}

DesignSeries design_series(const InputFile& input, std::span<const Setting> settings,
                           std::span<const std::span<const AxisValue>> values, Technologies& technologies) {
  std::vector<Setting> first{settings.begin(), settings.end()};
  std::vector<std::size_t> keys;
  std::vector<std::vector<std::optional<QuickValues>>> quick;
  for (const std::span<const AxisValue> axis : values) {
    const std::string& key = axis.front().settings.front().key;
    keys.push_back(
        static_cast<std::size_t>(std::find(kQuickKeys.begin(), kQuickKeys.end(), key) - kQuickKeys.begin()));
    first.push_back(axis.front().settings.front());
  }
  const Loaded<Design> base = bind_design(input, first, technologies);
  std::optional<AcceleratorFile> file = file_with(input, first);
  if (!base || !file || file->iso_area) return {};
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::vector<std::optional<QuickValues>>& known = quick.emplace_back();
    known.reserve(values[i].size());
    std::vector<Setting> with = first;
    for (const AxisValue& value : values[i]) {
      with[settings.size() + i] = value.settings.front();
      const std::optional<AcceleratorFile> read = file_with(input, with);
      known.push_back(read ? std::optional{QuickValues{read->clock_hz, read->sram.capacity.value_or(Bytes{}),
                                                       read->dram.bandwidth.value_or(Bandwidth{})}}
                           : std::nullopt);
    }
  }
  auto series = std::make_shared<const Series>(std::move(*file), *base, std::move(keys), std::move(quick));
  return [series](std::span<const std::size_t> at, Design& design) { return series->fill(at, design); };
}

}  // namespace fusescape
