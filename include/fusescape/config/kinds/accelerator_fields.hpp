// What may an accelerator file hold? The table of `kind: accelerator`.
//
// To add a key: a member of one of these structs, a line in its table, its use in
// src/config/kinds/accelerator_file.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/arch/iso_area.hpp"
#include "fusescape/config/binding.hpp"
#include "fusescape/config/types.hpp"

namespace fusescape {

inline constexpr std::array<std::string_view, 2> kPortWords{"shared", "separate"};
inline constexpr std::array<std::string_view, 2> kTopologyWords{"pairwise", "bus"};
inline constexpr std::array<std::string_view, 2> kBufferingWords{"single", "double"};
inline constexpr std::array<std::string_view, 2> kSecondSlotWords{"counted", "uncounted"};

inline constexpr const TypeOf<Ports>& kPortsWord = kChoice<Ports, kPortWords>;
inline constexpr const TypeOf<Bytes>& kBytes = kWhole<Bytes, kByteQuantity>;
inline constexpr const TypeOf<std::int64_t>& kClock = kWhole<std::int64_t, kClockQuantity>;
inline constexpr const TypeOf<Cycles>& kCycles = kWhole<Cycles, kCycleQuantity>;
inline constexpr const auto& kNames = kListOf<kName>;

inline constexpr std::array kSpatialFields{
    optional_field<&SpatialRule::kinds, kListOf<kOpKindWord>>("kinds", "any kind",
                                                              "Operator kinds it is for."),
    optional_field<&SpatialRule::operators, kNames>("operators", "any name", "Operator names it is for."),
    optional_field<&SpatialRule::cores, kNames>("cores", "nothing", "Ranks over identical cores."),
    optional_field<&SpatialRule::rows, kNames>(
        "rows", "nothing",
        "Ranks over rows, composed into one, or `reduction`, `output` (the output's last rank and those "
        "before "
        "it that the same inputs have), `all`; those an operator lacks are skipped."),
    optional_field<&SpatialRule::cols, kNames>("cols", "nothing", "Ranks over columns, likewise."),
    optional_field<&SpatialRule::flat, kNames>(
        "flat", "nothing", "A product of ranks over all rows x columns as one line; excludes rows and cols."),
    optional_field<&SpatialRule::operand_loads, kChoice<OperandLoads, kOperandLoadWords>>(
        "operand_loads", "serial",
        "Whether the inputs of a tile come from DRAM one after another, as through one port, or side by "
        "side."),
};
inline constexpr SectionSpec kSpatialSection{
    "spatial rule",
    "How operators are laid over a core's array. The first rule that matches is used, and of the places that "
    "it gives a rank the first.",
    kSpatialFields};

struct CoreFile {
  std::string name = "pe";
  std::int64_t count = 1;
  std::optional<std::int64_t> rows;
  std::optional<std::int64_t> cols;
  bool reduces_rows = true;
  bool reduces_cols = true;
  Bytes registers{64};
  std::optional<DataType> type;
  std::vector<Named<std::int64_t>> cycles;
  std::vector<Named<Ratio>> efficiency;
  std::vector<SpatialRule> spatial;
  std::optional<std::string> source;
};
inline constexpr auto kCycleWords = [] {
  std::array<std::string_view, kOpKindCount + 1> words{"default"};
  for (std::size_t i = 0; i < kOpKindCount; ++i) words[i + 1] = kOpKinds[i].name;
  return words;
}();
inline constexpr std::string_view kOperatorKind = "operator kind";
inline constexpr const auto& kCycleCounts =
    kMapFrom<kIntegerIn<0, kMostCyclesPerOp>, kCycleWords, kOperatorKind>;
inline constexpr const auto& kEfficiencies = kMapFrom<kShare, kCycleWords, kOperatorKind>;
inline constexpr std::array kCoreFields{
    optional_field<&CoreFile::name, kName>("name", "pe", "Name in reports."),
    optional_field<&CoreFile::count, kSmallCount>("count", "1", "Identical cores."),
    optional_field<&CoreFile::rows, kSmallCount>("rows", "derived by `iso_area`", "Rows of the PE array."),
    optional_field<&CoreFile::cols, kSmallCount>("cols", "derived by `iso_area`", "Columns of the PE array."),
    optional_field<&CoreFile::reduces_rows, kBoolean>("reduces_rows", "true",
                                                      "Adds partial results along rows."),
    optional_field<&CoreFile::reduces_cols, kBoolean>("reduces_cols", "true", "Adds them along columns."),
    optional_field<&CoreFile::registers, kBytes>("registers", "64 B",
                                                 "Registers of each PE; bounds a chain."),
    optional_field<&CoreFile::type, kDataTypeWord>(
        "type", "the accelerator's `pe_type`",
        "What its PEs compute in: where `pe_type` is wider, or int for fp, the core is left out, all but its "
        "area."),
    required<&CoreFile::cycles, kCycleCounts>(
        "cycles",
        "Cycles per element for each operator kind; `default` is for the kinds not named; 0 or absent: the "
        "core cannot run it."),
    optional_field<&CoreFile::efficiency, kEfficiencies>(
        "efficiency", "1 for every kind",
        "Share of the rate of `cycles` that is attained, above 0, to 1, for each operator kind; `default` as "
        "there. What an operator takes on a tile is rounded to whole cycles."),
    optional_field<&CoreFile::spatial, kListOf<kSectionOf<SpatialRule, kSpatialSection>>>(
        "spatial", "nothing is spatial", "Rules of spatial mapping, first match first."),
    optional_field<&CoreFile::source, kText>("source", "the file's", "Where these numbers come from."),
};
inline constexpr SectionSpec kCoreSection{"core", "Identical PE arrays.", kCoreFields};

struct SramFile {
  std::optional<Bytes> capacity;
  std::optional<std::int64_t> banks;
  Bytes bank_capacity{std::int64_t{64} * 1024};
  Bandwidth bank_read;
  std::optional<Bandwidth> bank_write;
  Ports ports = Ports::kShared;
  std::optional<std::string> source;
};
inline constexpr std::array kSramFields{
    optional_field<&SramFile::capacity, kBytes>("capacity", "derived by `iso_area`", "Bytes of the memory."),
    optional_field<&SramFile::banks, kSmallCount>("banks", "capacity / bank_capacity, at least 1",
                                                  "Number of banks."),
    optional_field<&SramFile::bank_capacity, kBytes>("bank_capacity", "64 KiB", "Size of a bank."),
    required<&SramFile::bank_read, kBandwidth>("bank_read", "Bandwidth of reads from one bank."),
    optional_field<&SramFile::bank_write, kBandwidth>(
        "bank_write", "bank_read", "Bandwidth of writes; with shared ports that of reads."),
    optional_field<&SramFile::ports, kPortsWord>("ports", "shared", "Whether reads and writes share it."),
    optional_field<&SramFile::source, kText>("source", "the file's", "Where these numbers come from."),
};
inline constexpr SectionSpec kSramSection{"sram", "The shared on-chip memory.", kSramFields};

struct DramFile {
  std::optional<Bandwidth> bandwidth;
  Ports ports = Ports::kShared;
  Bytes granule{1};
  Ratio efficiency{1};
  std::optional<std::string> source;
};
inline constexpr std::array kDramFields{
    optional_field<&DramFile::bandwidth, kBandwidth>(
        "bandwidth", "derived by `iso_area`",
        "Per second, it becomes whole bits per clock cycle, rounded down."),
    optional_field<&DramFile::ports, kPortsWord>("ports", "shared", "Whether reads and writes share it."),
    optional_field<&DramFile::granule, kBytes>("granule", "1 B",
                                               "Each transfer of a tile is rounded up to it."),
    optional_field<&DramFile::efficiency, kShare>(
        "efficiency", "1",
        "Share of the bandwidth reached, above 0, to 1; it leaves whole bits per cycle, rounded down."),
    optional_field<&DramFile::source, kText>("source", "the file's", "Where these numbers come from."),
};
inline constexpr SectionSpec kDramSection{"dram", "The memory off the chip.", kDramFields};

struct LinksFile {
  Topology topology = Topology::kPairwise;
  Bandwidth bandwidth;
  Cycles latency{0};
  std::optional<std::string> source;
};
inline constexpr std::array kLinksFields{
    optional_field<&LinksFile::topology, kChoice<Topology, kTopologyWords>>(
        "topology", "pairwise", "A link from each core to each other, or one `bus` that all share."),
    optional_field<&LinksFile::bandwidth, kBandwidth>("bandwidth", "unlimited", "Of each link."),
    optional_field<&LinksFile::latency, kCycles>(
        "latency", "0 cycles", "From a transfer's last bit on the link to its arrival; others may follow."),
    optional_field<&LinksFile::source, kText>("source", "the file's", "Where these numbers come from."),
};
inline constexpr SectionSpec kLinksSection{
    "links",
    "What carries values from one core to another. Only simulation sees it: in the closed form cores share "
    "everything through the on-chip memory.",
    kLinksFields};

enum class Buffering : unsigned char { kSingle, kDouble };
enum class SecondSlots : unsigned char { kCounted, kUncounted };
struct OptionsFile {
  Buffering buffering = Buffering::kDouble;
  SecondSlots second_slots = SecondSlots::kCounted;
  bool in_place = false;
  std::int64_t fill_cycles = 0;
  std::int64_t launch_cycles = 0;
  std::optional<std::string> source;
};
inline constexpr std::array kOptionsFields{
    optional_field<&OptionsFile::buffering, kChoice<Buffering, kBufferingWords>>(
        "buffering", "double", "Slots of a streamed tensor: with two, transfers hide behind compute."),
    optional_field<&OptionsFile::second_slots, kChoice<SecondSlots, kSecondSlotWords>>(
        "second_slots", "counted", "Whether second slots take on-chip memory."),
    optional_field<&OptionsFile::in_place, kBoolean>(
        "in_place", "false", "An element-wise output may take the buffer of an operand that dies there."),
    optional_field<&OptionsFile::fill_cycles, kIntegerIn<0, 1'000'000>>(
        "fill_cycles", "0", "Cycles added to each operator on each tile."),
    optional_field<&OptionsFile::launch_cycles, kIntegerIn<0, 1'000'000'000>>(
        "launch_cycles", "0", "Cycles before each group starts: on a GPU, a kernel's launch."),
    optional_field<&OptionsFile::source, kText>("source", "the file's", "Whose model these choices are."),
};
inline constexpr SectionSpec kOptionsSection{
    "model", "Choices in which analytical models differ; the defaults are the physical ones.",
    kOptionsFields};

}  // namespace fusescape
