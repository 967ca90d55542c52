// Where do results go, and how is nothing lost on the way?
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fusescape/app/arguments.hpp"
#include "fusescape/app/exit_code.hpp"
#include "fusescape/report/table.hpp"

namespace fusescape {

/// Writes `content` to `path` so that at every moment the path holds either what it held before or all of
/// `content`: into a temporary file beside it, which then takes its place. Devices and pipes are written
/// directly.
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
  void flush();

  std::string path_;
  std::string target_;     ///< What `path_` means, links followed.
  std::string temporary_;  ///< Beside `target_`. Empty: `path_` itself is written, a device or a pipe.
  std::string pending_;
  int descriptor_ = -1;
  int error_ = 0;
};

/// Creates `folder` and those above it, if they are not there.
[[nodiscard]] std::optional<Failure> make_folder(const std::string& folder);

/// Sends a command's result to where `output` says.
[[nodiscard]] std::optional<Failure> write_result(const OutputArguments& output, std::string_view content);

/// Colours only for a terminal, without --no-color and without NO_COLOR in the environment.
[[nodiscard]] TextStyle text_style(const OutputArguments& output);

/// Prints to standard error.
void complain(std::string_view text);

/// True if progress may be shown.
[[nodiscard]] bool shows_progress(const OutputArguments& output);

}  // namespace fusescape
