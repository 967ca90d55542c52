#include "packed_work.hpp"

#include <cstdint>
#include <string_view>

#include "fusescape/support/short_numbers.hpp"

namespace fusescape {
namespace {

class Packer {
 public:
  template <class Number>
  void add(Number number) {
    append_short(bytes, static_cast<std::uint64_t>(number));
  }

  std::string bytes;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : bytes_{bytes} {}

  template <class Number>
  void read(Number& number) {
    number = static_cast<Number>(read_short(bytes_, at_));
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

void pack(const OperatorWork& work, Packer& to) {
  to.add(index_of(work.op));
  to.add(work.kind);
  to.add(work.ops);
  to.add(work.temporal);
  for (const std::int64_t extent : work.extent) to.add(extent);
  to.add(work.stationary_count);
  for (std::size_t c = 0; c < work.stationary_count; ++c) to.add(work.stationary[c].repeats);
  to.add(work.output_bits);
  to.add(work.first_access);
  to.add(work.access_count);
}

void unpack(Unpacker& from, OperatorWork& work) {
  from.read(work.op);
  from.read(work.kind);
  from.read(work.ops);
  from.read(work.temporal);
  for (std::int64_t& extent : work.extent) from.read(extent);
  from.read(work.stationary_count);
  for (std::size_t c = 0; c < work.stationary_count; ++c) from.read(work.stationary[c].repeats);
  from.read(work.output_bits);
  from.read(work.first_access);
  from.read(work.access_count);
}

void pack(const OperandAccess& access, Packer& to) {
  to.add(access.whole_bits);
  to.add(access.partial_count);
  for (std::size_t p = 0; p < access.partial_count; ++p) {
    to.add(access.partial[p].dimension);
    to.add(access.partial[p].share);
    to.add(access.partial[p].part);
  }
  to.add(access.stays);
  to.add(access.bits);
}

void unpack(Unpacker& from, OperandAccess& access) {
  from.read(access.whole_bits);
  from.read(access.partial_count);
  for (std::size_t p = 0; p < access.partial_count; ++p) {
    from.read(access.partial[p].dimension);
    from.read(access.partial[p].share);
    from.read(access.partial[p].part);
  }
  from.read(access.stays);
  from.read(access.bits);
}

}  // namespace

PackedWork::PackedWork(const WorkTable& table) {
  Packer to;
  to.add(table.operators.size());
  to.add(table.accesses.size());
  for (const OperatorWork& work : table.operators) pack(work, to);
  for (const OperandAccess& access : table.accesses) pack(access, to);
  bytes_.assign(to.bytes);  // No longer than it must be.
}

void PackedWork::unpack(WorkTable& table) const {
  Unpacker from{bytes_};
  std::size_t operators = 0;
  std::size_t accesses = 0;
  from.read(operators);
  from.read(accesses);
  table.operators.assign(operators, {});
  table.accesses.assign(accesses, {});
  for (OperatorWork& work : table.operators) fusescape::unpack(from, work);
  for (OperandAccess& access : table.accesses) fusescape::unpack(from, access);
}

}  // namespace fusescape
