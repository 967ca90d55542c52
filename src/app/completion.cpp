#include "completion.hpp"

#include <fmt/format.h>

#include <array>

namespace fusescape {
namespace {

// Names of files that ship change with the installation, so the shell asks the program for them.
constexpr std::string_view kNamesFunction = R"(_fusescape_names() {
  fusescape list "$1" --csv 2>/dev/null | tail -n +2 | cut -d, -f1
}
)";

/// Options whose values are a few words.
struct ValueWords {
  std::string_view option;
  std::string_view words;
};
constexpr std::array kValueWords{ValueWords{"--model", "closed sim"},
                                 ValueWords{"--allocation", "given round-robin searched"},
                                 ValueWords{"--eviction", "none lru furthest"},
                                 ValueWords{"--keep", "none fused all"}, ValueWords{"--base", "bits nats"}};

std::string_view words_of(std::string_view option) {
  for (const ValueWords& values : kValueWords) {
    if (values.option == option) return values.words;
  }
  return "";
}

std::string bash_script(const std::vector<CommandShape>& commands) {
  std::vector<std::string> names;
  std::string cases;
  std::string below;
  for (const CommandShape& command : commands) {
    names.push_back(command.name);
    cases += fmt::format("    {}) words='{}' ;;\n", command.name, fmt::join(command.options, " "));
    if (!command.commands.empty()) {
      below += fmt::format("    {}) words='{}' ;;\n", command.name, fmt::join(command.commands, " "));
    }
  }
  std::string values;
  for (const auto& [option, words] : kValueWords)
    values += fmt::format("    {}) words='{}' ;;\n", option, words);
  return fmt::format(R"({}
_fusescape() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words=''
  COMPREPLY=()
  case $previous in
    --arch) words=$(_fusescape_names archs) ;;
    --workload) words=$(_fusescape_names workloads) ;;
    --strategy|--strategies) words=$(_fusescape_names strategies) ;;
{}  esac
  if [ -z "$words" ] && [ "$COMP_CWORD" -eq 1 ]; then words='{}'; fi
  if [ -z "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then case ${{COMP_WORDS[1]}} in
{}  esac; fi
  if [ -z "$words" ]; then case ${{COMP_WORDS[1]}} in
    list) words='strategies workloads archs techs families' ;;
    completion) words='bash zsh fish' ;;
  esac; fi
  case $word in -*) case ${{COMP_WORDS[1]}} in
{}  esac ;; esac
  while IFS= read -r match; do COMPREPLY+=("$match"); done < <(compgen -W "$words" -- "$word")
}}
complete -o default -F _fusescape fusescape
)",
                     kNamesFunction, values, fmt::join(names, " "), below, cases);
}

std::string fish_script(const std::vector<CommandShape>& commands) {
  std::string script =
      "function __fusescape_names\n"
      "  fusescape list $argv[1] --csv 2>/dev/null | tail -n +2 | cut -d, -f1\n"
      "end\n";
  for (const CommandShape& command : commands) {
    script += fmt::format("complete -c fusescape -n __fish_use_subcommand -f -a {} -d '{}'\n", command.name,
                          command.summary);
    for (const std::string& below : command.commands) {
      script += fmt::format("complete -c fusescape -n '__fish_seen_subcommand_from {}' -f -a {}\n",
                            command.name, below);
    }
    for (const std::string& option : command.options) {
      const bool is_long = option.rfind("--", 0) == 0;
      const std::string_view values = option == "--arch"         ? "archs"
                                      : option == "--workload"   ? "workloads"
                                      : option == "--strategy"   ? "strategies"
                                      : option == "--strategies" ? "strategies"
                                                                 : "";
      const std::string_view words = words_of(option);
      const std::string offered = !values.empty()  ? fmt::format(" -x -a '(__fusescape_names {})'", values)
                                  : !words.empty() ? fmt::format(" -x -a '{}'", words)
                                                   : "";
      script += fmt::format("complete -c fusescape -n '__fish_seen_subcommand_from {}' -{} {}{}\n",
                            command.name, is_long ? "l" : "s", option.substr(is_long ? 2 : 1), offered);
    }
  }
  return script;
}

}  // namespace

std::string completion_script(std::string_view shell, const std::vector<CommandShape>& commands) {
  if (shell == "fish") return fish_script(commands);
  if (shell == "bash") return bash_script(commands);
  return fmt::format("#compdef fusescape\nautoload -U +X bashcompinit && bashcompinit\n{}",
                     bash_script(commands));
}

}  // namespace fusescape
