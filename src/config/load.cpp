#include "fusescape/config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "fusescape/config/binding.hpp"
#include "fusescape/config/families/family.hpp"
#include "fusescape/config/families/stack_table.hpp"
#include "fusescape/config/kinds/accelerator_table.hpp"
#include "fusescape/config/kinds/cascade_table.hpp"
#include "fusescape/config/kinds/corey_table.hpp"
#include "fusescape/config/kinds/plan_table.hpp"
#include "fusescape/config/kinds/sweep_table.hpp"
#include "fusescape/config/kinds/technology_table.hpp"
#include "fusescape/config/plan_form.hpp"

namespace fusescape {
namespace {

InputError bad_file(const Diagnostics& diags) {
  std::ostringstream out;
  out << diags;
  return {InputError::Cause::kBadFile, out.str(), {}};
}

/// True if a model names a family that there is; the others have none to name.
bool read_family(FileKind kind, const YamlNode& root, InputErrors& errors) {
  if (kind != FileKind::kModel) return true;
  const YamlNode* family = find_value(root, "family");
  if (family == nullptr) errors.at(root, "missing key 'family'");
  return family != nullptr && read_choice({*family, "family"}, errors, kFamilyWords);
}

/// Reads `kind`, `version` and a model's `family`, without which no other key means anything.
std::optional<FileKind> read_header(const YamlNode& root, InputErrors& errors) {
  if (!expect_kind({root, "file"}, YamlKind::kMap, "a mapping that starts with 'kind'", errors))
    return std::nullopt;
  const std::size_t before = errors.count();
  const YamlNode* kind = find_value(root, "kind");
  const YamlNode* version = find_value(root, "version");
  if (version == nullptr) {
    errors.at(root, "missing key 'version'");
  } else {
    const bool known = version->kind == YamlKind::kScalar && version->text == "1" && !version->quoted;
    if (!known) errors.at(*version, "version: expected 1, the only one there is");
  }
  if (kind == nullptr) {
    errors.at(root, "missing key 'kind'");
    return std::nullopt;
  }
  const auto position = read_choice({*kind, "kind"}, errors, kFileKinds);
  if (!position || errors.count() != before) return std::nullopt;
  if (!read_family(static_cast<FileKind>(*position), root, errors)) return std::nullopt;
  return static_cast<FileKind>(*position);
}

std::span<const SectionSpec* const> model_tables() {
  static const auto all = [] {
    std::array<const SectionSpec*, kFamilyWords.size()> tables{};
    std::transform(families().begin(), families().end(), tables.begin(),
                   [](const FamilySpec& family) { return family.table; });
    return tables;
  }();
  return all;
}

template <class T>
std::optional<InputError> error_of(const Loaded<T>& loaded) {
  return loaded ? std::nullopt : std::optional{loaded.error()};
}

Loaded<Technology> with_energy(const InputFile& input) {
  Loaded<Technology> technology = bind_technology(input);
  if (!technology) return technology;
  if (auto error = take_energy(input, *technology)) return unexpected<InputError>{std::move(*error)};
  return technology;
}

/// What is done with files of one kind.
struct KindRow {
  std::span<const SectionSpec* const> (*tables)();
  /// Checks the keys of a file that is refused already, so that all its errors are shown at once.
  void (*check_keys)(const YamlNode& root, InputErrors& errors);
  std::optional<InputError> (*check)(const InputFile& input);
};

/// A kind whose files one table describes, which fills a `File`.
template <class File, const SectionSpec& kTable>
constexpr KindRow row(std::optional<InputError> (*check)(const InputFile& input)) {
  return {[]() -> std::span<const SectionSpec* const> {
            static constexpr std::array kTables{&kTable};
            return kTables;
          },
          [](const YamlNode& root, InputErrors& errors) {
            File file;
            read_section({root, ""}, kTable, errors, &file);
          },
          check};
}

/// In the order of FileKind.
constexpr std::array<KindRow, kFileKinds.size()> kKinds{
    row<AcceleratorFile, kAcceleratorTable>(
        [](const InputFile& in) { return error_of(bind_accelerator(in)); }),
    row<TechnologyFile, kTechnologyTable>([](const InputFile& in) { return error_of(with_energy(in)); }),
    row<CascadeFile, kCascadeTable>([](const InputFile& in) { return error_of(bind_model(in)); }),
    KindRow{model_tables,
            [](const YamlNode& root, InputErrors& errors) { family_of(root).check(root, errors); },
            [](const InputFile& in) { return error_of(bind_model(in)); }},
    row<PlanFile, kPlanTable>(check_plan_form),
    row<SweepFile, kSweepTable>([](const InputFile& in) { return error_of(bind_sweep_spec(in)); }),
    row<CoreyChain, kCoreyTable>([](const InputFile& in) { return error_of(bind_corey_chain(in)); })};

const KindRow& row_of(FileKind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

}  // namespace

std::string_view name_of(FileKind kind) {
  return kFileKinds[static_cast<std::size_t>(kind)];
}

std::span<const SectionSpec* const> tables_of(FileKind kind) {
  return row_of(kind).tables();
}

const SectionSpec& table_of(FileKind kind, const YamlNode& root) {
  const std::span<const SectionSpec* const> tables = tables_of(kind);
  const YamlNode* family = find_value(root, "family");
  const auto named = std::find_if(tables.begin(), tables.end(), [&](const SectionSpec* table) {
    return family != nullptr && family->text == table->name;
  });
  return **(named == tables.end() ? tables.begin() : named);
}

Loaded<InputFile> parse_input(std::string file, std::string text) {
  Diagnostics diags{std::move(file), std::move(text)};
  std::optional<YamlNode> root = parse_yaml(diags);
  if (!root) return unexpected<InputError>{bad_file(diags)};
  InputErrors errors{diags};
  const std::size_t before = errors.count();
  const std::optional<FileKind> kind = read_header(*root, errors);
  if (kind && errors.count() == before && !diags.ok()) row_of(*kind).check_keys(*root, errors);
  if (!kind || !diags.ok()) return unexpected<InputError>{bad_file(diags)};
  return InputFile{*kind, diags.file(), diags.shared_text(), std::move(*root)};
}

Loaded<Workload> bind_workload(const InputFile& input, std::span<const Setting> settings) {
  return input.kind == FileKind::kModel ? family_of(input.root).bind(input, settings)
                                        : bind_cascade(input, settings);
}

Loaded<Model> bind_model(const InputFile& input, std::span<const Setting> settings) {
  if (input.kind == FileKind::kModel && family_of(input.root).table == &kStackTable) {
    return bind_stack(input, settings);
  }
  Loaded<Workload> workload = bind_workload(input, settings);
  if (!workload) return unexpected<InputError>{std::move(workload.error())};
  return Model{.whole = std::move(*workload)};
}

std::optional<InputError> check_input(const InputFile& input) {
  return row_of(input.kind).check(input);
}

Loaded<Accelerator> load_accelerator(const std::string& name_or_path, std::span<const Setting> settings) {
  const auto input = find_input(Shelf::kArchs, name_or_path);
  return input ? bind_accelerator(*input, settings) : unexpected<InputError>{input.error()};
}

Loaded<Design> load_design(const std::string& name_or_path, std::span<const Setting> settings) {
  const auto input = find_input(Shelf::kArchs, name_or_path);
  if (!input) return unexpected<InputError>{input.error()};
  Technologies technologies;
  return bind_design(*input, settings, technologies);
}

Loaded<std::shared_ptr<const Technology>> Technologies::named(const std::string& name_or_path) {
  const auto known = known_.find(name_or_path);
  if (known != known_.end()) return known->second;
  Loaded<Technology> read = load_technology(name_or_path);
  if (!read) return unexpected<InputError>{std::move(read.error())};
  return known_[name_or_path] = std::make_shared<const Technology>(std::move(*read));
}

Loaded<Technology> load_technology(const std::string& name_or_path) {
  const auto input = find_input(Shelf::kTechs, name_or_path);
  return input ? with_energy(*input) : unexpected<InputError>{input.error()};
}

Loaded<Workload> load_workload(const std::string& name_or_path, std::span<const Setting> settings) {
  const auto input = find_input(Shelf::kWorkloads, name_or_path);
  return input ? bind_workload(*input, settings) : unexpected<InputError>{input.error()};
}

Loaded<Model> load_model(const std::string& name_or_path, std::span<const Setting> settings) {
  const auto input = find_input(Shelf::kWorkloads, name_or_path);
  return input ? bind_model(*input, settings) : unexpected<InputError>{input.error()};
}

}  // namespace fusescape
