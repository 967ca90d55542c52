// Where do results go, and how is nothing lost on the way?
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fusescape/app/arguments.hpp"
#include "fusescape/app/commands.hpp"
#include "fusescape/app/exit_code.hpp"
#include "fusescape/report/document.hpp"

namespace fusescape {

/// Writes `content` to `path` so that at every moment the path holds either what it held before or all of
/// `content`: into a file without a name, which then takes the place, so that nothing is left of a run that
/// is killed. Where the file system has no such files, into a temporary file beside it. Devices, pipes and
/// standard output (also as `-`) are written directly.
[[nodiscard]] std::optional<Failure> write_file(const std::string& path, std::string_view content);

/// A file that is written piece by piece, because it is too long to hold: at its path appears either all of
/// it or nothing. What failed is said by `keep`.
class GrowingFile {
 public:
  explicit GrowingFile(std::string path);
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile(GrowingFile&&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;
  GrowingFile& operator=(GrowingFile&&) = delete;
  ~GrowingFile();  ///< Drops what was not kept.

  void append(std::string_view piece);
  /// Puts the file in its place.
  [[nodiscard]] std::optional<Failure> keep();

 private:
  enum class Kind : unsigned char {
    kDirect,   ///< `path_` itself is written.
    kUnnamed,  ///< A file of the target's folder that has no name yet.
    kNamed,    ///< `temporary_`.
  };

  void open_replacement();
  void open_temporary();
  void flush();
  void put_in_place();

  std::string path_;
  std::string target_;     ///< What `path_` means, links followed.
  std::string temporary_;  ///< Beside `target_`. Empty: there is none.
  Kind kind_ = Kind::kDirect;
  std::string pending_;
  int descriptor_ = -1;
  int error_ = 0;
};

/// A path that is written, and the option that says so.
struct NamedOutput {
  std::string_view option;
  std::string path;
};

/// A usage error if two of a command's outputs mean one file, one pipe or one terminal, where they would mix
/// or one be lost. `-` is standard output; a null device takes any number.
[[nodiscard]] std::optional<Failure> clash_of(const std::vector<NamedOutput>& outputs);

/// A usage error if an output is a file that the command reads, by whatever name: also through a symbolic
/// link or as another name of the same file.
[[nodiscard]] std::optional<Failure> clash_with_inputs(const std::vector<NamedOutput>& outputs,
                                                       const std::vector<std::string>& inputs);

/// Creates `folder` and those above it, if they are not there.
[[nodiscard]] std::optional<Failure> make_folder(const std::string& folder);

/// Sends a command's result to where `output` says. Text for people, and whatever goes to a terminal, is sent
/// with its control characters shown as escapes: names in it come from files.
[[nodiscard]] std::optional<Failure> write_result(const OutputArguments& output, std::string_view content);

/// Same, of a document in the format that `output` asks for. If `refused` says that there is no result, and
/// it is of a design that does not fit, a script that asked for JSON or CSV gets feasible=false there; a
/// person reads the reason once, on standard error.
[[nodiscard]] CommandResult finished(const OutputArguments& output, const Document& document,
                                     const std::optional<Failure>& refused = {});

/// Colours only for a terminal, without --no-color and without NO_COLOR in the environment.
[[nodiscard]] TextStyle text_style(const OutputArguments& output);

/// Prints lines to standard error, control characters shown as escapes.
void complain(std::string_view text);

/// Prints to standard error as it is: our own control sequences, for a terminal, with no text from elsewhere.
void draw(std::string_view line);

/// True if progress may be shown.
[[nodiscard]] bool shows_progress(const OutputArguments& output);

}  // namespace fusescape
