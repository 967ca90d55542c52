// What is wrong with a user's input, and where? Collects errors with their places, and prints them with a
// caret.
#pragma once

#include <compare>
#include <iosfwd>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fusescape {

/// A place in a text, counted from 1; columns count bytes.
struct SourcePos {
  int line = 1;
  int column = 1;
  friend auto operator<=>(const SourcePos&, const SourcePos&) = default;
};

struct Diagnostic {
  SourcePos pos;
  std::string message;
};

/// Gathers every error of one file, so that one run shows them all.
class Diagnostics {
 public:
  Diagnostics(std::string file, std::string text)
      : Diagnostics{std::move(file), std::make_shared<const std::string>(std::move(text))} {}
  /// Of a text that others hold, too: a part of a file quotes the whole.
  Diagnostics(std::string file, std::shared_ptr<const std::string> text)
      : file_{std::move(file)}, text_{std::move(text)} {}

  void error(SourcePos pos, std::string message) { errors_.push_back({pos, std::move(message)}); }

  [[nodiscard]] bool ok() const { return errors_.empty(); }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& text() const { return *text_; }
  [[nodiscard]] const std::shared_ptr<const std::string>& shared_text() const { return text_; }
  [[nodiscard]] const std::vector<Diagnostic>& errors() const { return errors_; }

  /// Prints "file:line:column: error: message", the line it means, and a caret; in file order, 100 at most.
  /// Control characters and invalid UTF-8 of the quoted line are shown as '?', so a caret still lines up.
  friend std::ostream& operator<<(std::ostream& out, const Diagnostics& diagnostics);

 private:
  std::string file_;
  std::shared_ptr<const std::string> text_;
  std::vector<Diagnostic> errors_;
};

}  // namespace fusescape
