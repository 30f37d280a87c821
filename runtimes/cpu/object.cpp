#include "cpu/object.hpp"

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "cpu/stream.hpp"

namespace caten::cpu {
namespace {

/// The functions outside that kernels may call.
struct External {
  std::string_view name;
  const void* address;
};

using Float1 = float (*)(float);
using Double1 = double (*)(double);
using Float2 = float (*)(float, float);
using Double2 = double (*)(double, double);

template <class F>
External external(std::string_view name, F* function) {
  return {name, reinterpret_cast<const void*>(function)};
}

// What kernels name, and what LLVM may put in the place of comparisons, conversions and loops where the processor has
// no instruction for it.
const External kExternals[] = {
    external("fmodf", static_cast<Float2>(std::fmod)),
    external("fmod", static_cast<Double2>(std::fmod)),
    external("fmaxf", static_cast<Float2>(std::fmax)),
    external("fmax", static_cast<Double2>(std::fmax)),
    external("fminf", static_cast<Float2>(std::fmin)),
    external("fmin", static_cast<Double2>(std::fmin)),
    external("floorf", static_cast<Float1>(std::floor)),
    external("floor", static_cast<Double1>(std::floor)),
    external("ceilf", static_cast<Float1>(std::ceil)),
    external("ceil", static_cast<Double1>(std::ceil)),
    external("truncf", static_cast<Float1>(std::trunc)),
    external("trunc", static_cast<Double1>(std::trunc)),
    external("roundf", static_cast<Float1>(std::round)),
    external("round", static_cast<Double1>(std::round)),
    external("rintf", static_cast<Float1>(std::rint)),
    external("rint", static_cast<Double1>(std::rint)),
    external("nearbyintf", static_cast<Float1>(std::nearbyint)),
    external("nearbyint", static_cast<Double1>(std::nearbyint)),
    external("sqrtf", static_cast<Float1>(std::sqrt)),
    external("sqrt", static_cast<Double1>(std::sqrt)),
    external("ilogb", static_cast<int (*)(double)>(std::ilogb)),
    external("scalbn", static_cast<double (*)(double, int)>(std::scalbn)),
    external("memcpy", &std::memcpy),
    external("memmove", &std::memmove),
    external("memset", &std::memset),
    external("caten_stream", widest_stream()),
};

constexpr size_t kStubBytes = 16;

}  // namespace

/// One object on its way into memory.
class ObjectLoader {
 public:
  ObjectLoader(const void* bytes, size_t size, std::string& error)
      : bytes_(static_cast<const unsigned char*>(bytes)), size_(size), error_(error) {}

  std::unique_ptr<LoadedObject> run() {
    out_.reset(new LoadedObject);
    if (read_headers() && read_symbols() && place() && copy() && relocate_all() && protect() && name_functions())
      return std::move(out_);
    return nullptr;
  }

 private:
  // Where a section of the object lies in memory.
  struct Placed {
    size_t offset = 0;
    bool there = false;
  };
  enum Part { kCode, kConstants, kData, kParts };

  bool refuse(const std::string& why) {
    error_ = "the compiled kernels are damaged or of another kind: " + why;
    return false;
  }

  /// A copy of the T at an offset of the object.
  template <class T>
  std::optional<T> read(uint64_t offset) const {
    if (offset > size_ || size_ - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_ + offset, sizeof value);
    return value;
  }

  bool inside(uint64_t offset, uint64_t bytes) const { return offset <= size_ && bytes <= size_ - offset; }

  bool read_headers() {
    std::optional<Elf64_Ehdr> header = read<Elf64_Ehdr>(0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_type != ET_REL)
      return refuse("not a relocatable object");
    if (header->e_machine != EM_X86_64) return refuse("compiled for another kind of processor");
    if (header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shnum == 0) return refuse("no sections");
    for (size_t i = 0; i < header->e_shnum; ++i) {
      std::optional<Elf64_Shdr> section = read<Elf64_Shdr>(header->e_shoff + i * sizeof(Elf64_Shdr));
      if (!section) return refuse("its sections lie outside");
      if (section->sh_type != SHT_NOBITS && section->sh_type != SHT_NULL &&
          !inside(section->sh_offset, section->sh_size))
        return refuse("a section lies outside");
      sections_.push_back(*section);
    }
    return true;
  }

  bool read_symbols() {
    auto table = std::find_if(sections_.begin(), sections_.end(),
                              [](const Elf64_Shdr& section) { return section.sh_type == SHT_SYMTAB; });
    if (table == sections_.end()) return refuse("no symbols");
    if (table->sh_entsize != sizeof(Elf64_Sym) || table->sh_link >= sections_.size()) return refuse("bad symbols");
    for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= table->sh_size; at += sizeof(Elf64_Sym))
      symbols_.push_back(*read<Elf64_Sym>(table->sh_offset + at));
    names_ = sections_[table->sh_link];
    if (names_.sh_type != SHT_STRTAB || names_.sh_size == 0 || bytes_[names_.sh_offset + names_.sh_size - 1] != 0)
      return refuse("bad names");
    return true;
  }

  std::string_view name(const Elf64_Sym& symbol) const {
    if (symbol.st_name >= names_.sh_size) return {};
    return reinterpret_cast<const char*>(bytes_ + names_.sh_offset + symbol.st_name);
  }

  static Part part_of(const Elf64_Shdr& section) {
    return section.sh_flags & SHF_EXECINSTR ? kCode : section.sh_flags & SHF_WRITE ? kData : kConstants;
  }

  /// Gives every section that kernels need its offset, and reserves the memory. Calls to functions outside go through
  /// stubs behind the code, for those may lie beyond the reach of a call.
  bool place() {
    placed_.resize(sections_.size());
    stubs_.resize(symbols_.size(), SIZE_MAX);
    auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    size_t at = 0;
    for (int part = 0; part < kParts; ++part) {
      for (size_t i = 0; i < sections_.size(); ++i) {
        const Elf64_Shdr& section = sections_[i];
        bool wanted = (section.sh_flags & SHF_ALLOC) && section.sh_type != SHT_NULL && part_of(section) == part;
        if (!wanted) continue;
        if (section.sh_flags & SHF_TLS) return refuse("a variable of a thread");
        uint64_t alignment = std::max<uint64_t>(section.sh_addralign, 1);
        if (alignment > page || (alignment & (alignment - 1)) != 0 || section.sh_size > kMostBytes)
          return refuse("a section that cannot be placed");
        at = (at + alignment - 1) / alignment * alignment;
        placed_[i] = {at, true};
        at += section.sh_size;
        if (at > kMostBytes) return refuse("too large");
      }
      if (part == kCode) {
        at = (at + kStubBytes - 1) / kStubBytes * kStubBytes;
        for (size_t i = 1; i < symbols_.size(); ++i)
          if (symbols_[i].st_shndx == SHN_UNDEF) {
            stubs_[i] = at;
            at += kStubBytes;
          }
      }
      at = (at + page - 1) / page * page;
      ends_[part] = at;
    }
    void* memory = at == 0 ? MAP_FAILED : mmap(nullptr, at, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      error_ = at == 0 ? "no kernels in the object" : "the system has no memory left for kernels";
      return false;
    }
    out_->memory_ = memory;
    out_->bytes_ = at;
    base_ = static_cast<unsigned char*>(memory);
    return true;
  }

  bool copy() {
    for (size_t i = 0; i < sections_.size(); ++i)
      if (placed_[i].there && sections_[i].sh_type != SHT_NOBITS)
        std::memcpy(base_ + placed_[i].offset, bytes_ + sections_[i].sh_offset, sections_[i].sh_size);
    for (size_t i = 0; i < symbols_.size(); ++i) {
      if (stubs_[i] == SIZE_MAX) continue;
      auto known = std::find_if(std::begin(kExternals), std::end(kExternals),
                                [&](const External& external) { return external.name == name(symbols_[i]); });
      if (known == std::end(kExternals)) return refuse("it needs `" + std::string(name(symbols_[i])) + "`");
      // jmp *0(%rip), then the address it reads.
      const unsigned char jump[] = {0xff, 0x25, 0, 0, 0, 0};
      std::memcpy(base_ + stubs_[i], jump, sizeof jump);
      std::memcpy(base_ + stubs_[i] + sizeof jump, &known->address, sizeof known->address);
    }
    return true;
  }

  /// The address that a symbol stands for.
  std::optional<uint64_t> value_of(size_t number) const {
    if (number >= symbols_.size()) return std::nullopt;
    const Elf64_Sym& symbol = symbols_[number];
    if (stubs_[number] != SIZE_MAX) return reinterpret_cast<uint64_t>(base_ + stubs_[number]);
    if (symbol.st_shndx == SHN_ABS) return symbol.st_value;
    if (symbol.st_shndx >= sections_.size() || !placed_[symbol.st_shndx].there ||
        symbol.st_value > sections_[symbol.st_shndx].sh_size)
      return std::nullopt;
    return reinterpret_cast<uint64_t>(base_ + placed_[symbol.st_shndx].offset + symbol.st_value);
  }

  bool relocate_all() {
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type != SHT_RELA && section.sh_type != SHT_REL) continue;
      if (section.sh_info >= sections_.size()) return refuse("relocations of no section");
      if (!placed_[section.sh_info].there) continue;
      if (section.sh_type == SHT_REL || section.sh_entsize != sizeof(Elf64_Rela)) return refuse("bad relocations");
      for (uint64_t at = 0; at + sizeof(Elf64_Rela) <= section.sh_size; at += sizeof(Elf64_Rela))
        if (!relocate(section.sh_info, *read<Elf64_Rela>(section.sh_offset + at))) return false;
    }
    return true;
  }

  bool relocate(size_t section, const Elf64_Rela& entry) {
    uint32_t type = ELF64_R_TYPE(entry.r_info);
    size_t width = type == R_X86_64_64 || type == R_X86_64_PC64 ? 8 : 4;
    if (type == R_X86_64_NONE) return true;
    uint64_t limit = sections_[section].sh_type == SHT_NOBITS ? 0 : sections_[section].sh_size;
    if (entry.r_offset > limit || limit - entry.r_offset < width) return refuse("a relocation lies outside");
    std::optional<uint64_t> target = value_of(ELF64_R_SYM(entry.r_info));
    if (!target) return refuse("a relocation to no place");
    unsigned char* at = base_ + placed_[section].offset + entry.r_offset;
    uint64_t absolute = *target + static_cast<uint64_t>(entry.r_addend);
    uint64_t relative = absolute - reinterpret_cast<uint64_t>(at);
    switch (type) {
      case R_X86_64_64: std::memcpy(at, &absolute, 8); return true;
      case R_X86_64_PC64: std::memcpy(at, &relative, 8); return true;
      case R_X86_64_PC32:
      case R_X86_64_PLT32: {
        auto small = static_cast<int32_t>(relative);
        if (static_cast<uint64_t>(static_cast<int64_t>(small)) != relative) return refuse("a relocation out of reach");
        std::memcpy(at, &small, 4);
        return true;
      }
      default: return refuse("a relocation of type " + std::to_string(type));
    }
  }

  bool protect() {
    const int rights[kParts] = {PROT_READ | PROT_EXEC, PROT_READ, PROT_READ | PROT_WRITE};
    size_t begin = 0;
    for (int part = 0; part < kParts; ++part) {
      if (ends_[part] > begin && mprotect(base_ + begin, ends_[part] - begin, rights[part]) != 0) {
        error_ = std::string("the system does not let kernels be executed: ") + std::strerror(errno);
        return false;
      }
      begin = ends_[part];
    }
    return true;
  }

  bool name_functions() {
    for (size_t i = 0; i < symbols_.size(); ++i) {
      const Elf64_Sym& symbol = symbols_[i];
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || ELF64_ST_BIND(symbol.st_info) != STB_GLOBAL ||
          symbol.st_shndx == SHN_UNDEF)
        continue;
      std::optional<uint64_t> address = value_of(i);
      if (!address || !(sections_[symbol.st_shndx].sh_flags & SHF_EXECINSTR)) return refuse("a function without code");
      out_->functions_.push_back({std::string(name(symbol)), reinterpret_cast<void*>(*address)});
    }
    return true;
  }

  static constexpr uint64_t kMostBytes = uint64_t{1} << 30;  // everything within reach of a 32-bit offset

  const unsigned char* bytes_;
  size_t size_;
  std::string& error_;
  std::unique_ptr<LoadedObject> out_;
  std::vector<Elf64_Shdr> sections_;
  std::vector<Elf64_Sym> symbols_;
  Elf64_Shdr names_{};
  std::vector<Placed> placed_;
  std::vector<size_t> stubs_;  // of each symbol that is a function outside
  size_t ends_[kParts] = {};
  unsigned char* base_ = nullptr;
};

std::unique_ptr<LoadedObject> LoadedObject::load(const void* bytes, size_t size, std::string& error) {
  return ObjectLoader(bytes, size, error).run();
}

LoadedObject::~LoadedObject() {
  if (memory_) munmap(memory_, bytes_);
}

}  // namespace caten::cpu
