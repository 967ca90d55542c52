#include "completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "fusescape/app/arguments.hpp"
#include "fusescape/cost/metrics.hpp"

namespace fusescape {
namespace {

// Names of files that ship change with the installation, and keys with what is evaluated: the shell asks the
// program.
constexpr std::string_view kBashFunctions = R"(_fusescape_names() {
  fusescape list "$@" --csv 2>/dev/null | tail -n +2 | cut -d, -f1
}
_fusescape_keys() {
  local i of=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in --arch|--workload) of+=("${COMP_WORDS[i]}" "${COMP_WORDS[i+1]}") ;; esac
  done
  _fusescape_names keys "${of[@]}" | sed 's/$/=/'
}
)";
constexpr std::string_view kFishFunctions = R"(function __fusescape_names
  fusescape list $argv --csv 2>/dev/null | tail -n +2 | cut -d, -f1
end
function __fusescape_keys
  set -l words (commandline -opc)
  set -l of
  for i in (seq (count $words))
    contains -- $words[$i] --arch --workload; and set of $of $words[$i] $words[(math $i + 1)]
  end
  __fusescape_names keys $of | sed 's/$/=/'
end
)";

/// What may follow an option: words, names that `list` prints, or a comma list of either.
struct Values {
  std::string_view option;
  std::string words;        ///< If they are few and known here.
  std::string_view listed;  ///< Else what `list` is asked for.
  bool comma_list = false;
};

/// The names of a table, with blanks between them.
template <class Rows>
std::string names_of(const Rows& rows) {
  std::vector<std::string_view> names;
  names.reserve(rows.size());
  for (const auto& row : rows) names.push_back(row.name);
  return fmt::format("{}", fmt::join(names, " "));
}

const std::vector<Values>& values() {
  static const std::vector<Values> all{{"--model", "closed sim", ""},
                                       {"--allocation", names_of(kAllocations), ""},
                                       {"--eviction", names_of(kEvictions), ""},
                                       {"--keep", names_of(kKeeps), ""},
                                       {"--base", "bits nats", ""},
                                       {"--format", names_of(report_formats()), ""},
                                       {"--arch", "", "archs"},
                                       {"--workload", "", "workloads"},
                                       {"--strategy", "", "strategies"},
                                       {"--strategies", "", "strategies", true},
                                       {"--minimize", names_of(metrics()), "", true}};
  return all;
}

const Values* values_of(std::string_view option) {
  const auto found = std::find_if(values().begin(), values().end(),
                                  [&](const Values& known) { return known.option == option; });
  return found == values().end() ? nullptr : &*found;
}

std::string bash_values() {
  std::string cases;
  for (const Values& known : values()) {
    const std::string words = known.listed.empty() ? fmt::format("'{}'", known.words)
                                                   : fmt::format("$(_fusescape_names {})", known.listed);
    cases += fmt::format("    {}) words={}{} ;;\n", known.option, words, known.comma_list ? " list=1" : "");
  }
  return cases;
}

std::string bash_script(const std::vector<CommandShape>& commands) {
  std::vector<std::string> names;
  std::string cases;
  std::string below;
  for (const CommandShape& command : commands) {
    names.push_back(command.name);
    std::vector<std::string> options;
    for (const OptionShape& option : command.options) {
      options.insert(options.end(), option.names.begin(), option.names.end());
    }
    cases += fmt::format("    {}) words='{}' ;;\n", command.name, fmt::join(options, " "));
    if (!command.commands.empty()) {
      below += fmt::format("    {}) words='{}' ;;\n", command.name, fmt::join(command.commands, " "));
    }
  }
  return fmt::format(R"({}
_fusescape() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words='' list='' before=''
  COMPREPLY=()
  case $previous in
    --set) words=$(_fusescape_keys); compopt -o nospace ;;
{}  esac
  if [ -z "$words" ] && [ "$COMP_CWORD" -eq 1 ]; then words='{}'; fi
  if [ -z "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then case ${{COMP_WORDS[1]}} in
{}    list) words='{}' ;;
    completion) words='{}' ;;
    sweep) words=$(_fusescape_names sweeps) ;;
  esac; fi
  case $word in -*) case ${{COMP_WORDS[1]}} in
{}  esac ;; esac
  if [ -n "$list" ]; then case $word in *,*) before=${{word%,*}}, word=${{word##*,}} ;; esac; fi
  while IFS= read -r match; do COMPREPLY+=("$match"); done < <(compgen -P "$before" -W "$words" -- "$word")
}}
complete -o default -F _fusescape fusescape
)",
                     kBashFunctions, bash_values(), fmt::join(names, " "), below, fmt::join(kListable, " "),
                     fmt::join(kCompletions, " "), cases);
}

/// What fish offers after an option; nothing: a file, or no value.
std::string fish_values(std::string_view option) {
  if (option == "--set") return " -x -a '(__fusescape_keys)'";
  const Values* known = values_of(option);
  if (known == nullptr) return "";
  const std::string command = known->listed.empty() ? fmt::format(R"(string split " " "{}")", known->words)
                                                    : fmt::format("__fusescape_names {}", known->listed);
  if (known->comma_list) return fmt::format(" -x -a \"(__fish_complete_list , '{}')\"", command);
  return known->listed.empty() ? fmt::format(" -x -a '{}'", known->words)
                               : fmt::format(" -x -a '({})'", command);
}

/// `after` completes the words behind one command.
std::string fish_option(const std::string& after, const OptionShape& option) {
  std::string lines;
  for (const std::string& name : option.names) {
    const bool is_long = name.rfind("--", 0) == 0;
    lines += fmt::format("{} -{} {}{}\n", after, is_long ? "l" : "s", name.substr(is_long ? 2 : 1),
                         fish_values(name));
  }
  return lines;
}

std::string fish_script(const std::vector<CommandShape>& commands) {
  std::string script{kFishFunctions};
  for (const CommandShape& command : commands) {
    const std::string after =
        fmt::format("complete -c fusescape -n '__fish_seen_subcommand_from {}'", command.name);
    script += fmt::format("complete -c fusescape -n __fish_use_subcommand -f -a {} -d '{}'\n", command.name,
                          command.summary);
    for (const std::string& below : command.commands) {
      script += fmt::format("{} -f -a {}\n", after, below);
    }
    for (const OptionShape& option : command.options) script += fish_option(after, option);
  }
  const std::string seen = "complete -c fusescape -n '__fish_seen_subcommand_from ";
  script += fmt::format("{}list' -f -a '{}'\n", seen, fmt::join(kListable, " "));
  script += fmt::format("{}completion' -f -a '{}'\n", seen, fmt::join(kCompletions, " "));
  return script + fmt::format("{}sweep' -a '(__fusescape_names sweeps)'\n", seen);
}

}  // namespace

std::string completion_text(std::string_view what, const std::vector<CommandShape>& commands) {
  if (what == "fish") return fish_script(commands);
  if (what == "bash") return bash_script(commands);
  if (what == "man") return manual_page(commands);
  return fmt::format("#compdef fusescape\nautoload -U +X bashcompinit && bashcompinit\n{}",
                     bash_script(commands));
}

}  // namespace fusescape
