// What may a cascade file hold? The table of `kind: cascade`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/families/family.hpp"
#include "fusescape/config/types.hpp"

namespace fusescape {

inline constexpr std::array<std::string_view, 5> kTensorKindWords{"weight", "input", "output", "intermediate",
                                                                  "state"};

struct TensorFile {
  std::string name;
  std::vector<Word> ranks;
  std::optional<DataType> type;
  std::optional<DataType> accumulator;
  TensorKind kind = TensorKind::kIntermediate;
  Initial initial = Initial::kZero;
  Final final_value = Final::kDropped;
};
inline constexpr std::array kTensorFields{
    required<&TensorFile::name, kName>("name", "Name, used in accesses."),
    required<&TensorFile::ranks, kListOf<kWord>>("ranks", "Its dimensions: names from `ranks`."),
    optional_field<&TensorFile::type, kDataTypeWord>("type", "that of its role, or dtype",
                                                     "Type of its elements."),
    optional_field<&TensorFile::accumulator, kDataTypeWord>(
        "accumulator", "accumulator_dtype", "Type in which its sums are kept until their last term."),
    required<&TensorFile::kind, kChoice<TensorKind, kTensorKindWords>>(
        "kind", "Weights and inputs come from DRAM, outputs go there, states outlive the call."),
    optional_field<&TensorFile::initial, kInitial>("initial", "zero",
                                                   "Values before the first, if read shifted."),
    optional_field<&TensorFile::final_value, kFinal>("final", "dropped",
                                                     "Where the last values go, if read shifted."),
};
inline constexpr SectionSpec kTensorSection{"tensor", "A tensor.", kTensorFields};

struct OperatorFile {
  std::string name;
  OpKind kind{};
  Word output;
  std::vector<std::string> inputs;
  std::optional<Word> where;
};
inline constexpr std::array kOperatorFields{
    required<&OperatorFile::name, kName>("name", "Name, used in plans."),
    required<&OperatorFile::kind, kOpKindWord>("kind", "What it computes."),
    required<&OperatorFile::output, kWord>("output", "The tensor it makes."),
    required<&OperatorFile::inputs, kListOf<kText>>(
        "inputs",
        "Accesses: `x` whole, `h[B, L-1, D, N]` shifted, `x[B, L-K, D]` over the taps of rank K, "
        "`xz[B, L, D+5120]` a slice from 5120 of the extent of D, `x[B, C*Q, D]` chunk by chunk of the "
        "extent of Q."),
    optional_field<&OperatorFile::where, kTextAt>(
        "where", "all points",
        "`M <= L`: only these pairs of positions count. Other elements are zero, other terms left out; all "
        "are computed."),
};
inline constexpr SectionSpec kOperatorSection{
    "operator",
    "An operator. Its iteration space is the ranks of its output and inputs; those that its output "
    "lacks are reduced.",
    kOperatorFields};

inline constexpr const auto& kExtents = kMapOf<kExtent>;

struct CascadeFile : RoleFile {
  std::string name;
  std::string source;
  std::optional<std::string> description;
  Phase phase = Phase::kPrefill;
  DataType dtype = DataType::kFp32;
  std::optional<std::int64_t> n_layer;
  std::vector<Word> token_ranks;
  std::vector<Named<std::int64_t>> ranks;
  std::vector<TensorFile> tensors;
  std::vector<OperatorFile> operators;
};
inline constexpr std::array kCascadeHeader{
    kKindField,
    kVersionField,
    required<&CascadeFile::name, kName>("name", "Name in reports."),
    required<&CascadeFile::source, kText>("source", "What it models, and after whom."),
    optional_field<&CascadeFile::description, kText>("description", "none", "One line for people."),
    optional_field<&CascadeFile::phase, kPhase>("phase", "prefill",
                                                "For reports: it changes nothing in the cascade."),
    optional_field<&CascadeFile::dtype, kDataTypeWord>("dtype", "fp32", "Type of tensors that have none."),
};
inline constexpr std::array kCascadeParts{
    optional_field<&CascadeFile::n_layer, kSmallCount>("n_layer", "1, and no parameter count",
                                                       "How often a model repeats it."),
    required<&CascadeFile::token_ranks, kListOf<kWord>>(
        "token_ranks", "Ranks whose extents multiply to the tokens of one run."),
    reached_through(required<&CascadeFile::ranks, kExtents>("ranks", "Extent of each rank by name.")),
    required<&CascadeFile::tensors, kListOf<kSectionOf<TensorFile, kTensorSection>>>("tensors",
                                                                                     "All tensors."),
    required<&CascadeFile::operators, kListOf<kSectionOf<OperatorFile, kOperatorSection>>>("operators",
                                                                                           "All operators."),
};
inline constexpr auto kCascadeFields = joined(kCascadeHeader, kRoleKeys<CascadeFile>, kCascadeParts);
inline constexpr SectionSpec kCascadeTable{"cascade", "A cascade of einsum-like operators, written out.",
                                           kCascadeFields};

[[nodiscard]] Loaded<Workload> bind_cascade(const InputFile& input, std::span<const Setting> settings);

}  // namespace fusescape
