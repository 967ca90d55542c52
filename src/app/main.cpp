// Runs one command. Every exception that reaches this file is an internal error.
#include <fmt/format.h>

#include <csignal>
#include <exception>
#include <variant>

#include "fusescape/app/arguments.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/exit_code.hpp"
#include "fusescape/app/output.hpp"
#include "own_inputs.hpp"

namespace fusescape {
namespace {

ExitCode run(int argc, const char* const* argv) {
  const expected<Command, UsageError> command = parse_arguments(argc, argv);
  if (!command) {
    complain(command.error().text);
    return ExitCode::kUsage;
  }
  if (const std::optional<Failure> clash = overwritten_input(*command)) {
    complain(clash->text);
    return clash->code;
  }
  const CommandResult result =
      std::visit([](const auto& arguments) { return run_command(arguments); }, *command);
  if (result) return *result;
  complain(result.error().text);
  return result.error().code;
}

}  // namespace
}  // namespace fusescape

int main(int argc, char** argv) {
  std::signal(SIGXFSZ,
              SIG_IGN);  // A file that grows too large is then an error of write(2), and is reported.
  try {
    return static_cast<int>(fusescape::run(argc, argv));
  } catch (const std::exception& error) {
    fusescape::complain(fmt::format("fusescape: internal error: {}\n", error.what()));
  } catch (...) {
    fusescape::complain("fusescape: internal error\n");
  }
  return static_cast<int>(fusescape::ExitCode::kInternalError);
}
