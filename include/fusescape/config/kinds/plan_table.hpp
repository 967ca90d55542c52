// What may a plan file hold? The table of `kind: plan`.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/types.hpp"
#include "fusescape/plan/plan.hpp"

namespace fusescape {

struct StorageFile {
  Word tensor;
  std::optional<std::int64_t> slots;
  bool spilled = false;
  bool held = false;
};
inline constexpr std::array kStorageFields{
    required<&StorageFile::tensor, kWord>("tensor", "Whose buffer lives at this node."),
    optional_field<&StorageFile::slots, kIntegerIn<1, 2>>(
        "slots", "2 if streamed and the accelerator double-buffers, else 1", "Tiles that the buffer holds."),
    optional_field<&StorageFile::spilled, kBoolean>("spilled", "false",
                                                    "Goes through DRAM although its users share the group."),
    optional_field<&StorageFile::held, kBoolean>(
        "held", "false", "A fetched window keeps its halo instead of fetching it again."),
};
inline constexpr SectionSpec kStorageSection{"storage", "A tensor whose buffer lives at a node of the tree.",
                                             kStorageFields};

struct LoopFile {
  Word rank;
  std::int64_t tile = 0;
};
inline constexpr std::array kLoopFields{
    required<&LoopFile::rank, kWord>("rank", "The rank it runs over."),
    required<&LoopFile::tile, kIntegerIn<1, std::numeric_limits<std::int64_t>::max()>>(
        "tile", "Extent of the rank below the loop; more than its extent means all of it."),
};
inline constexpr SectionSpec kLoopSection{"loop", "A loop over the tiles of a rank.", kLoopFields};

/// A node of the tree as written: a name alone is an operator.
struct PlanNodeFile {
  const YamlNode* node = nullptr;
  std::optional<Word> op;
  std::optional<LoopFile> loop;
  std::vector<PlanNodeFile> body;
  std::vector<PlanNodeFile> sequence;
  std::vector<PlanNodeFile> chain;
  std::vector<StorageFile> storage;
};
/// Defined in plan_file.cpp, since nodes hold nodes.
extern const TypeOf<PlanNodeFile> kPlanNode;  // NOLINT(readability-identifier-naming): a constant.

inline constexpr const auto& kPlanNodes = kListOf<kPlanNode, PlanNodeFile>;
inline constexpr const auto& kStorages = kListOf<kSectionOf<StorageFile, kStorageSection>>;
inline constexpr std::array kPlanNodeFields{
    optional_field<&PlanNodeFile::op, kWord>("op", "not an operator",
                                             "An operator; its name alone says the same."),
    optional_field<&PlanNodeFile::loop, kSectionOf<LoopFile, kLoopSection>>("loop", "not a loop",
                                                                            "A loop, with `do`."),
    optional_field<&PlanNodeFile::body, kPlanNodes>("do", "not a loop", "What the loop repeats, in order."),
    optional_field<&PlanNodeFile::sequence, kPlanNodes>("sequence", "not a sequence",
                                                        "Nodes one after another."),
    optional_field<&PlanNodeFile::chain, kPlanNodes>(
        "chain", "not a chain",
        "Operators run element by element; what is between them stays in PE registers."),
    optional_field<&PlanNodeFile::storage, kStorages>(
        "storage", "the lowest node that all users share",
        "Tensors whose buffers live here; operators and chains hold none."),
};
inline constexpr SectionSpec kPlanNodeSection{
    "node",
    "A node of the tree: an operator's name alone, or one of `op`, `loop` with `do`, `sequence` and `chain`.",
    kPlanNodeFields};

struct SpatialFile {
  std::vector<Word> cores;
  std::vector<Word> rows;
  std::vector<Word> cols;
  std::vector<Word> flat;
  OperandLoads operand_loads = OperandLoads::kSerial;
};
inline constexpr std::array kMappingFields{
    optional_field<&SpatialFile::cores, kListOf<kWord>>("cores", "nothing", "Ranks over identical cores."),
    optional_field<&SpatialFile::rows, kListOf<kWord>>("rows", "nothing",
                                                       "Ranks over rows, as their product."),
    optional_field<&SpatialFile::cols, kListOf<kWord>>("cols", "nothing", "Ranks over columns, likewise."),
    optional_field<&SpatialFile::flat, kListOf<kWord>>("flat", "nothing",
                                                       "Ranks over rows x columns; excludes rows and cols."),
    optional_field<&SpatialFile::operand_loads, kChoice<OperandLoads, kOperandLoadWords>>(
        "operand_loads", "serial", "Whether the inputs of a tile load side by side."),
};
inline constexpr SectionSpec kMappingSection{"mapping", "Ranks of one operator laid over hardware.",
                                             kMappingFields};

inline constexpr WholeQuantity kRetainedQuantity{"bytes", "24 MiB", kByteUnits, 0,
                                                 std::numeric_limits<std::int64_t>::max() / 2};

struct PlanFile {
  std::string name;
  std::optional<std::string> description;
  std::vector<PlanNodeFile> groups;
  std::vector<Named<std::int64_t>> formats;
  std::vector<Named<Bytes>> retain;
  std::optional<std::vector<Named<SpatialFile>>> spatial;
};
inline constexpr std::array kPlanFields{
    kKindField,
    kVersionField,
    required<&PlanFile::name, kName>("name", "Name in reports."),
    optional_field<&PlanFile::description, kText>("description", "none", "One line for people."),
    required<&PlanFile::groups, kPlanNodes>(
        "groups",
        "Groups of operators, one after another; one that is no `sequence` is one of a single node."),
    optional_field<&PlanFile::formats, kMapOf<kWhole<std::int64_t, kBitQuantity>>>(
        "formats", "those of its type", "Bits per element of a tensor while it is in DRAM."),
    optional_field<&PlanFile::retain, kMapOf<kWhole<Bytes, kRetainedQuantity>>>(
        "retain", "nothing", "Bytes of a tensor kept between its producer's group and its last consumer's."),
    optional_field<&PlanFile::spatial, kMapOf<kSectionOf<SpatialFile, kMappingSection>>>(
        "spatial", "nothing is spatial", "Per operator, ranks over cores, rows and columns."),
};
inline constexpr SectionSpec kPlanTable{
    "plan", "How a cascade is executed: a tree of loops over groups of operators (docs/model/plan.md).",
    kPlanFields};

}  // namespace fusescape
