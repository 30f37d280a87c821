#include "codegen/kernel_head.hpp"

#include <map>

#include "codegen/render_functions.hpp"

namespace caten {

std::string kernel_head(const Dialect& dialect, std::span<const Slot> slots, const std::vector<std::string>& buffers,
                        const std::vector<std::string>& sizes) {
  std::string parameters, lines;
  auto argument = [&](const std::string& parameter, const std::string& declaration,
                      const std::map<std::string, std::string>& words) {
    if (!parameter.empty()) parameters += substitute(parameter, words) + ", ";
    if (!declaration.empty()) lines += "  " + substitute(declaration, words) + "\n";
  };
  for (size_t i = 0; i < slots.size(); ++i)
    argument(slots[i].written ? dialect.buffer_parameter : dialect.const_buffer_parameter,
             slots[i].written ? dialect.buffer : dialect.const_buffer,
             {{"type", dialect.type(slots[i].dtype)}, {"buffer", buffers[i]}, {"slot", std::to_string(i)}});
  for (size_t i = 0; i < sizes.size(); ++i)
    argument(dialect.size_parameter, dialect.size, {{"size", sizes[i]}, {"number", std::to_string(i)}});
  return substitute(dialect.kernel, {{"parameters", parameters}}) + "\n" + lines;
}

}  // namespace caten
