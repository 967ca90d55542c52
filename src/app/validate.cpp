// fusescape validate: are these files well formed? All errors of all files, and nothing else.
#include <fmt/format.h>

#include <algorithm>

#include "fusescape/app/commands.hpp"
#include "fusescape/app/output.hpp"
#include "inputs.hpp"
#include "sweep_inputs.hpp"

namespace fusescape {
namespace {

struct Verdict {
  std::string file;
  std::string kind;  ///< Empty if it could not be told.
  std::optional<Failure> failure;
};

Verdict verdict_on(const std::string& file) {
  const Loaded<InputFile> input = read_input(file);
  if (!input) return {file, "", failure_of(input.error())};
  Verdict verdict{file, std::string{name_of(input->kind)}, {}};
  if (input->kind == FileKind::kSweep) {
    verdict.failure = check_sweep(*input);
  } else if (const std::optional<InputError> error = check_input(*input)) {
    verdict.failure = failure_of(*error);
  }
  return verdict;
}

Document document_of(const std::vector<Verdict>& verdicts, bool quiet) {
  Table table{.columns = {"file", "kind", "ok"}, .rows = {}};
  Findings lines;
  for (const Verdict& verdict : verdicts) {
    const bool ok = !verdict.failure;
    table.rows.push_back({verdict.file, verdict.kind.empty() ? Value{} : Value{verdict.kind}, ok});
    if (ok && !quiet) lines.push_back({verdict.file, fmt::format("ok ({})", verdict.kind)});
  }
  Document document = document_of(std::move(table));
  document.sections = {std::move(lines)};
  return document;
}

}  // namespace

CommandResult run_command(const ValidateArguments& arguments) {
  std::vector<Verdict> verdicts;
  for (const std::string& file : arguments.files) verdicts.push_back(verdict_on(file));
  CommandResult result = finished(arguments.output, document_of(verdicts, arguments.output.quiet));
  if (!result) return result;
  ExitCode code = ExitCode::kOk;
  for (const Verdict& verdict : verdicts) {
    if (!verdict.failure) continue;
    complain(verdict.failure->text);
    // A bad file outranks one that could not be read.
    if (code != ExitCode::kBadInput) code = verdict.failure->code;
  }
  return code;
}

}  // namespace fusescape
