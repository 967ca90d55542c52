// How does a shell learn our commands and options? A script per shell, from the shape of the command line.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace fusescape {

struct CommandShape {
  std::string name;
  std::string summary;
  std::vector<std::string> options;   ///< "--arch", "-o", ...; also those of the commands below.
  std::vector<std::string> commands;  ///< Below this one: `reproduce` of `corey`.
};

inline constexpr std::array<std::string_view, 3> kShells{"bash", "zsh", "fish"};

/// Expects one of kShells.
[[nodiscard]] std::string completion_script(std::string_view shell,
                                            const std::vector<CommandShape>& commands);

}  // namespace fusescape
