// How do a shell and a manual learn our commands and options? A text each, from the shape of the command
// line.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace fusescape {

struct OptionShape {
  std::vector<std::string> names;  ///< "--output", "-o"; none: the value stands for itself.
  std::string value;               ///< "FILE"; empty: a flag.
  std::string help;
};

struct CommandShape {
  std::string name;
  std::string summary;
  std::vector<OptionShape> options;   ///< Also those of the commands below.
  std::vector<std::string> commands;  ///< Below this one: `reproduce` of `corey`.
  std::string notes;                  ///< What --help shows at its end: examples.
};

inline constexpr std::array<std::string_view, 4> kCompletions{"bash", "zsh", "fish", "man"};

/// The script of a shell, or the manual page for "man". Expects one of kCompletions.
[[nodiscard]] std::string completion_text(std::string_view what, const std::vector<CommandShape>& commands);

/// The manual page, in man(7).
[[nodiscard]] std::string manual_page(const std::vector<CommandShape>& commands);

}  // namespace fusescape
