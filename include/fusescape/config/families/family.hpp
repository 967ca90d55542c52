// What do the files of all families of models have in common? The first and the last keys of their tables,
// and how a table becomes a Workload.
//
// To add a family: a table beside this file, its two functions in src/config/families, and its row in
// src/config/families/families.cpp. The block itself is in workload/families.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/types.hpp"
#include "fusescape/workload/around_blocks.hpp"
#include "fusescape/workload/resident.hpp"
#include "fusescape/workload/role_types.hpp"

namespace fusescape {

/// A kind of model file: what it may hold, and how it becomes a workload.
struct FamilySpec {
  const SectionSpec* table = nullptr;  ///< Its name is the family's word.
  std::string_view summary;            ///< One line for people.
  /// Reports what is wrong with the keys of `root`.
  void (*check)(const YamlNode& root, InputErrors& errors) = nullptr;
  Loaded<Workload> (*bind)(const InputFile& input, std::span<const Setting> settings) = nullptr;
};

/// All families, in the order of kFamilyWords.
[[nodiscard]] std::span<const FamilySpec> families();
/// That of a file with this root; parse_input has checked that it names one.
[[nodiscard]] const FamilySpec& family_of(const YamlNode& root);

inline constexpr std::array<std::string_view, 9> kFamilyWords{
    "mamba1", "opt", "mamba2", "attention", "mlp", "moe", "parallel", "zamba2", "stack"};
inline constexpr std::array<std::string_view, 2> kPhaseWords{"prefill", "decode"};
inline constexpr std::array<std::string_view, 2> kInitialWords{"zero", "loaded"};
inline constexpr std::array<std::string_view, 2> kFinalWords{"dropped", "stored"};
inline constexpr std::array<std::string_view, 2> kStatePlaceWords{"dram", "resident"};
inline constexpr const TypeOf<Phase>& kPhase = kChoice<Phase, kPhaseWords>;
inline constexpr const TypeOf<Initial>& kInitial = kChoice<Initial, kInitialWords>;
inline constexpr const TypeOf<Final>& kFinal = kChoice<Final, kFinalWords>;

inline constexpr std::int64_t kDefaultTokens = 1024;
inline constexpr std::int64_t kMaxWidth = 100'000'000;
inline constexpr const TypeOf<std::int64_t>& kWidth = kIntegerIn<1, kMaxWidth>;

/// Types by role, and where states live: of the files of families and of cascades.
struct RoleFile {
  std::optional<DataType> weight_dtype;
  std::optional<DataType> state_dtype;
  std::optional<DataType> cache_dtype;
  std::optional<DataType> activation_dtype;
  std::optional<DataType> accumulator_dtype;
  StatePlace state = StatePlace::kDram;

  [[nodiscard]] RoleTypes role_types() const {
    return {.weight = weight_dtype,
            .state = state_dtype,
            .cache = cache_dtype,
            .activation = activation_dtype,
            .accumulator = accumulator_dtype};
  }
};

template <class File>
inline constexpr std::array kRoleKeys{
    optional_field<&File::weight_dtype, kDataTypeWord, File>("weight_dtype", "dtype", "Type of weights."),
    optional_field<&File::state_dtype, kDataTypeWord, File>(
        "state_dtype", "dtype", "Type of states and of what their update makes: decay and input."),
    optional_field<&File::cache_dtype, kDataTypeWord, File>("cache_dtype", "dtype", "Type of the KV cache."),
    optional_field<&File::activation_dtype, kDataTypeWord, File>("activation_dtype", "dtype",
                                                                 "Type of everything else."),
    optional_field<&File::accumulator_dtype, kDataTypeWord, File>(
        "accumulator_dtype", "fp32 for fp32, bf16, fp16 and fp8; else fp64 or int32",
        "Type in which sums are kept until their last term, as wide as what they become at least."),
    optional_field<&File::state, kChoice<StatePlace, kStatePlaceWords>, File>(
        "state", "dram",
        "Where states and KV caches live between two calls; resident: on chip, those of all layers and "
        "sequences."),
};

/// A family's shape, and beside it what only its file has. A family adds keys that its shape derives.
template <class Shape>
struct FamilyFile : Shape, RoleFile {
  std::string source;
  std::optional<std::string> description;
  std::optional<std::int64_t> length;  ///< L, if it is given.
};

inline constexpr TypeSpec kFamilyWord{
    .form = TypeSpec::Form::kWord, .name = "word", .example = "mamba1", .words = kFamilyWords};

/// Keys that a file of any family begins with.
template <class File>
inline constexpr std::array kModelHeader{
    kKindField,
    kVersionField,
    FieldSpec{"family", &kFamilyWord, true, {}, "Architecture of the block."},
    required<&File::name, kName, File>("name", "Name in reports."),
    required<&File::source, kText, File>("source", "Where the shape comes from, and what is assumed."),
    optional_field<&File::description, kText, File>("description", "none", "One line for people."),
    required<&File::n_layer, kSmallCount, File>("n_layer", "Blocks in the model."),
    required<&File::d_model, kWidth, File>("d_model", "Width of the residual stream.", "E"),
};

/// Keys of what surrounds the blocks, and of what is run.
template <class File>
inline constexpr auto kModelRun = joined(
    std::array{
        required<&File::vocab, kWidth, File>("vocab", "Rows of the embedding, padding included."),
        optional_field<&File::head, kBoolean, File>(
            "head", "true",
            "Final norm and head follow the last block, on the last token "
            "of each sequence; false: neither is modelled."),
        optional_field<&File::phase, kPhase, File>(
            "phase", "prefill", "L tokens at once, or one token with the states and caches of those before."),
        optional_field<&File::dtype, kDataTypeWord, File>("dtype", "fp32",
                                                          "Type of every tensor whose role has none.")},
    kRoleKeys<File>,
    std::array{
        optional_field<&File::batch, kExtent, File>("B", "1", "Sequences in the batch."),
        optional_field<&File::length, kExtent, File>("L", "1024 in prefill, 1 in decode",
                                                     "Tokens of each sequence."),
    });

/// Whether the head's matrix is the embedding's, for families that have both kinds.
template <class File>
inline constexpr FieldSpec kTiedEmbedding = optional_field<&File::tied_embedding, kBoolean, File>(
    "tied_embedding", "true", "The head is the embedding.");

/// S, which families that attend take.
template <class File>
inline constexpr FieldSpec kCachedTokens = optional_field<&File::cached, kIntegerIn<0, kMaxExtent>, File>(
    "S", "0 in prefill, 1024 in decode", "Tokens of each sequence that are in the KV cache already.");

/// A decode step without a word on its past follows a prefill without one.
[[nodiscard]] constexpr std::int64_t cached_tokens(std::optional<std::int64_t> given, Phase phase) {
  return given.value_or(phase == Phase::kDecode ? kDefaultTokens : 0);
}

/// Sets the shape's tokens, and reports a decode step of more than one.
template <class Shape>
void take_length(FamilyFile<Shape>& file, Binding& binding) {
  file.tokens = file.length.value_or(file.phase == Phase::kDecode ? 1 : kDefaultTokens);
  if (file.phase != Phase::kDecode || file.tokens == 1) return;
  const bool by_phase = !binding.at("L").set_by && binding.at("phase").set_by;
  binding.errors().at(binding.at(by_phase ? "phase" : "L"),
                      "L: decode makes one token at a time; expected 1");
}

/// Gives a workload's tensors the types of their roles, and what outlives a call its place. Reports sums that
/// their accumulator does not hold, and what cannot be resident. Of a layer of a stack, `resident` says what
/// that layer keeps; place_states adds up. Tensors that are `typed` have a type already; none: no tensor has.
void set_roles(const RoleFile& roles, const InputFile& input, Workload& workload, Binding& binding,
               const std::vector<bool>& typed = {});

/// All of a model's `bytes` are resident while any of `cascades` runs. Reports that there are none, or too
/// many to count.
void place_states(Bytes bytes, std::span<Cascade* const> cascades, Binding& binding);

/// For people.
[[nodiscard]] std::string resident_assumption(std::int64_t layers, Bytes bytes);

/// The steps from a family's file to its workload.
template <class File, class Shape>
struct FamilyMaker {
  void (*complete)(File& file,
                   Binding& binding);  ///< Fills what is derived; reports what no single key shows.
  CheckedCascade (*block)(const Shape& shape);
  Workload (*workload)(const Shape& shape);
};

template <class File, class Shape>
[[nodiscard]] Loaded<Workload> bind_family(const FamilyMaker<File, Shape>& make, const InputFile& input,
                                           std::span<const Setting> settings) {
  File file;
  Binding binding{input, FileKind::kModel, settings, &file};
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  take_length(file, binding);
  make.complete(file, binding);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  // A family's cascade is sound by construction; only its extents can be too large.
  std::vector<CascadeProblem> problems = make.block(file).problems;
  if (problems.empty() && file.head) problems = head_of(around_blocks<Shape>(file)).problems;
  if (!problems.empty()) binding.errors().at(binding.blamed(), "too large: " + problems.front().message);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  Workload workload = make.workload(file);
  set_roles(file, input, workload, binding);
  if (!binding.ok()) return unexpected<InputError>{binding.failure()};
  return workload;
}

template <class File, const SectionSpec& Table>
void check_family(const YamlNode& root, InputErrors& errors) {
  File file;
  read_section({root, ""}, Table, errors, &file);
}

}  // namespace fusescape
