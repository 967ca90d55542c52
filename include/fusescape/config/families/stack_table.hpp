// What may the file of a stack hold, a model whose layers are of several kinds?
#pragma once

#include "fusescape/config/families/family.hpp"
#include "fusescape/workload/stack.hpp"

namespace fusescape {

inline constexpr std::array<std::string_view, 3> kFinalNormWords{"rms", "rms_without_gain", "layer"};

/// Any text with its place.
inline constexpr TypeOf<Word> kPlacedText{kText.spec, [](const Slot& slot, InputErrors& errors, Word& out) {
                                            out.node = &slot.node;
                                            read_text(slot, errors, out.text);
                                          }};

/// One entry of `layers`. The keys of its family are read by that family's table.
struct LayerFile {
  std::optional<Word> family;
  std::optional<std::string> name;
  std::optional<Word> like;
  std::optional<Word> letter;
  std::optional<std::int64_t> count;
  std::optional<std::int64_t> shared;
};

struct StackFile : FamilyFile<Stack> {
  std::vector<LayerFile> layers;
  std::optional<Word> order;
  std::optional<std::int64_t> cached;  ///< S: read by the families that have it.
};

inline constexpr std::array kLayerFields{
    optional_field<&LayerFile::family, kWord>("family", "that of `like`",
                                              "Its family; every key of the family's own table may follow "
                                              "but those that the stack has, and n_layer."),
    optional_field<&LayerFile::name, kName>("name", "its family, numbered if need be",
                                            "Its name in reports, in `like` and in --set layers.NAME.KEY."),
    optional_field<&LayerFile::like, kWord>("like", "not so", "The same again as the entry of this name."),
    optional_field<&LayerFile::count, kSmallCount>(
        "count", "1", "So many such layers, one after another; not with `order`."),
    optional_field<&LayerFile::letter, kPlacedText>("letter", "none",
                                                    "One character that stands for such a layer in `order`."),
    optional_field<&LayerFile::shared, kSmallCount>(
        "shared", "each layer has its own weights",
        "Sets of weights that its layers use in turn: counted once each in `params`, and each time in work. "
        "What "
        "a layer has alone even so, as zamba2's adapters, is not in them."),
};
inline constexpr SectionSpec kLayerSection{
    "layer", "Layers of one kind: entries that are equal but for `count` are one kind.", kLayerFields, true};

inline constexpr std::array kStackHeader{
    kKindField,
    kVersionField,
    FieldSpec{"family", &kFamilyWord, true, {}, "`stack`: the layers have families of their own."},
    required<&StackFile::name, kName, StackFile>("name", "Name in reports."),
    required<&StackFile::source, kText, StackFile>("source",
                                                   "Where the shape comes from, and what is assumed."),
    optional_field<&StackFile::description, kText, StackFile>("description", "none", "One line for people."),
    required<&StackFile::d_model, kWidth, StackFile>("d_model", "Width of the residual stream.", "E"),
    required<&StackFile::layers, kListOf<kSectionOf<LayerFile, kLayerSection>>>(
        "layers", "The layers in their order; with `order` each kind once."),
    optional_field<&StackFile::order, kPlacedText>(
        "order", "that of `layers`",
        "The layers as letters, from the first to the last: \"M-M*\". Blanks mean nothing."),
    optional_field<&StackFile::final_norm, kChoice<FinalNorm, kFinalNormWords>, StackFile>(
        "final_norm", "rms", "The norm after the last layer."),
    optional_field<&StackFile::positions, kWidth, StackFile>("positions", "none",
                                                             "Rows of a learned position embedding."),
    kTiedEmbedding<StackFile>,
};
inline constexpr std::array kStackCache{
    optional_field<&StackFile::cached, kIntegerIn<0, kMaxExtent>>(
        "S", "as the layers' families have it", "Tokens of each sequence that are in the KV caches already."),
};
inline constexpr auto kStackFields = joined(kStackHeader, kModelRun<StackFile>, kStackCache);
inline constexpr SectionSpec kStackTable{
    "stack",
    "A model of layers of several kinds: one block of each kind is evaluated, and once the head after the "
    "last.",
    kStackFields};

/// Its `bind` expects layers of one kind: bind_stack takes any.
[[nodiscard]] FamilySpec stack_family();

[[nodiscard]] Loaded<Model> bind_stack(const InputFile& input, std::span<const Setting> settings);

}  // namespace fusescape
