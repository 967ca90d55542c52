// What does fusescape(1) say?
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "completion.hpp"
#include "fusescape/support/version.hpp"
#include "help_text.hpp"

namespace fusescape {
namespace {

/// Plain text as man(7) prints it: no control lines, hyphens that can be copied.
std::string escaped(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

/// Lines as they stand.
std::string verbatim(std::string_view text) {
  return fmt::format(".PP\n.nf\n{}\n.fi\n", escaped(text));
}

std::string option_entry(const OptionShape& option) {
  std::string tag = option.names.empty() ? fmt::format("\\fI{}\\fR", escaped(option.value)) : "";
  for (const std::string& name : option.names) {
    tag += fmt::format("{}\\fB{}\\fR", tag.empty() ? "" : ", ", escaped(name));
  }
  if (!option.names.empty() && !option.value.empty())
    tag += fmt::format(" \\fI{}\\fR", escaped(option.value));
  return fmt::format(".TP\n{}\n{}\n", tag, escaped(option.help));
}

std::string command_section(const CommandShape& command) {
  std::string text = fmt::format(".SS {}\n{}.\n", command.name, escaped(command.summary));
  if (!command.commands.empty()) {
    text += fmt::format("Commands: {}. The options below are of one or several of them.\n",
                        fmt::join(command.commands, ", "));
  }
  for (const OptionShape& option : command.options) text += option_entry(option);
  return text + verbatim(command.notes);
}

}  // namespace

std::string manual_page(const std::vector<CommandShape>& commands) {
  std::string text = fmt::format(
      ".\\\" Made by 'fusescape completion man'; do not edit.\n.TH FUSESCAPE 1 \"\" \"fusescape {}\"\n"
      ".SH NAME\nfusescape \\- which accelerator and fusion schedule is best for a state\\-space model\n"
      ".SH SYNOPSIS\n\\fBfusescape\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]\n"
      ".SH DESCRIPTION\n"
      "Results go to standard output, everything else to standard error. The same inputs give the same "
      "bytes.\n"
      "Accelerators, workloads and sweeps are YAML files: a path, or the name of a shipped one.\n"
      ".SH COMMANDS\n",
      kVersion);
  for (const CommandShape& command : commands) text += command_section(command);
  text += fmt::format(
      ".SH ENVIRONMENT\n.TP\n\\fBFUSESCAPE_PATH\\fR\n"
      "Further folders, separated by colons, that hold configs/ and workloads/.\n"
      ".TP\n\\fBNO_COLOR\\fR\nNo colours, if it is not empty.\n"
      ".TP\n\\fBCOLUMNS\\fR\nColumns that a table may take.\n"
      ".SH EXAMPLES AND EXIT STATUS\n{}",
      verbatim(kExamples));
  return text;
}

}  // namespace fusescape
