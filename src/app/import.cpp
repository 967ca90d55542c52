// fusescape import: which model file is a published configuration?
#include "fusescape/import/import.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "fusescape/config/name.hpp"
#include "fusescape/config/text_file.hpp"
#include "fusescape/support/printable.hpp"
#include "inputs.hpp"

namespace fusescape {
namespace {

std::string line_of(std::string_view title, const std::vector<std::string>& parts) {
  return parts.empty() ? "" : fmt::format("{}: {}\n", title, fmt::join(parts, ", "));
}

std::string notes_of(const ImportedModel& imported) {
  const Workload& whole = imported.model.whole;
  return line_of("read", imported.read) + line_of("defaulted", imported.defaulted) +
         line_of("ignored", imported.ignored) +
         fmt::format("{}: {} layers, {} parameters\n", whole.name, whole.n_layer,
                     text(whole.params ? Value{whole.params->value()} : Value{}));
}

}  // namespace

CommandResult run_command(const ImportArguments& arguments) {
  if (const auto fault = arguments.name.empty() ? std::nullopt : fault_of_name(arguments.name)) {
    return unexpected{Failure{ExitCode::kUsage,
                              fmt::format("error: --name '{}': {}\n", printable(arguments.name), *fault)}};
  }
  Loaded<std::string> content = read_text_file(arguments.config);
  if (!content) return unexpected{failure_of(content.error())};
  const Loaded<ImportedModel> imported = import_config(arguments.config, std::move(*content), arguments.name);
  if (!imported) return unexpected{failure_of(imported.error())};
  if (const auto failure = write_result(arguments.output, imported->yaml)) return unexpected{*failure};
  if (!arguments.output.quiet) complain(notes_of(*imported));
  return ExitCode::kOk;
}

}  // namespace fusescape
