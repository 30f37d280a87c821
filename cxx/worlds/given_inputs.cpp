#include "worlds/given_inputs.hpp"

#include <fmt/format.h>

#include <cstring>
#include <map>

#include "consensus/words.hpp"
#include "io/csv.hpp"
#include "io/files.hpp"
#include "io/npy.hpp"

namespace caten {
namespace {

using consensus::Parameter;

/// A table has no dtype of its own: it is read as what it is for.
Result<Array> load_as(const std::string& path, DType dtype) {
  Result<FileFormat> format = find_format(path);
  if (!format) return tl::make_unexpected(format.error());
  return *format == FileFormat::kCsv ? read_csv(path, {.dtype = dtype}) : load(path);
}

DType table_dtype(const consensus::Kind& kind) {
  if (const auto* latent = std::get_if<consensus::LatentKind>(&kind)) return latent->dtype;
  if (const auto* scalar = std::get_if<consensus::ScalarKind>(&kind)) return scalar->dtype;
  return DType::kI64;
}

/// What the program has under these names.
struct Known {
  std::vector<std::string> names{};
  std::optional<Parameter::Type> type{};
  DType dtype = DType::kI64;
};

Known find_parameter(const consensus::Program& program, const consensus::Names& names, const std::string& name) {
  Known out;
  for (const Parameter* each : program.all<Parameter>()) {
    out.names.push_back(each->name.text);
    if (each->name.text != name) continue;
    out.type = each->type;
    if (each->type == Parameter::Type::kTensor) out.dtype = each->dtype;
  }
  for (const consensus::FreeName& each : names.free) {
    out.names.push_back(each.name.text);
    if (each.name.text == name) out.type = each.type;
  }
  return out;
}

}  // namespace

Result<GivenInput> read_input(const consensus::Program& program, const consensus::Names& names, bool data,
                              std::string name, std::string text) {
  GivenInput input{.data = data, .name = std::move(name), .text = std::move(text), .array = {}};
  DType dtype = find_parameter(program, names, input.name).dtype;
  if (data)
    for (const consensus::Value* each : program.all<consensus::Value>())
      if (each->name.text == input.name) dtype = table_dtype(each->kind);
  if (data || input.text.starts_with('@')) {
    Result<Array> array = load_as(data ? input.text : input.text.substr(1), dtype);
    if (!array) return tl::make_unexpected(array.error());
    input.array = std::move(*array);
  }
  return input;
}

std::vector<GivenInput> in_order(std::vector<GivenInput> inputs) {
  std::map<std::pair<bool, std::string>, GivenInput> last;
  for (GivenInput& each : inputs) {
    std::pair key(each.data, each.name);
    last[std::move(key)] = std::move(each);
  }
  std::vector<GivenInput> out;
  for (auto& [key, input] : last) out.push_back(std::move(input));
  return out;
}

Result<std::vector<consensus::RunStart::Input>> kept_inputs(const std::vector<GivenInput>& inputs) {
  std::vector<consensus::RunStart::Input> out;
  for (const GivenInput& each : inputs) {
    consensus::RunStart::Input kept{.data = each.data, .name = each.name, .text = each.text, .array = {}};
    if (each.array) {
      Result<std::string> header = format_npy_header(each.name, each.array->dtype(), each.array->shape());
      if (!header) return tl::make_unexpected(header.error());
      size_t size = static_cast<size_t>(each.array->elements()) * dtype_size(each.array->dtype());
      kept.text = "@";
      kept.array = *header + std::string(reinterpret_cast<const char*>(each.array->data()), size);
    }
    out.push_back(std::move(kept));
  }
  return out;
}

Result<std::vector<GivenInput>> inputs_of(const std::vector<consensus::RunStart::Input>& kept) {
  std::vector<GivenInput> out;
  for (const consensus::RunStart::Input& each : kept) {
    GivenInput input{.data = each.data, .name = each.name, .text = each.text, .array = {}};
    if (each.data || each.text.starts_with('@')) {
      Result<Array> array =
          parse_npy(FileBytes::borrow(each.name, std::as_bytes(std::span(each.array.data(), each.array.size()))));
      if (!array) return tl::make_unexpected(array.error());
      input.array = std::move(*array);
    }
    out.push_back(std::move(input));
  }
  return out;
}

consensus::Given given_of(const std::vector<GivenInput>& inputs, const ModelNamed& model,
                          const consensus::Program& program, const consensus::Names& names, Diagnostics& diagnostics) {
  consensus::Given out;
  out.composite = model;
  for (const GivenInput& input : inputs) {
    if (input.data) {
      out.data[input.name] = *input.array;
      continue;
    }
    Known known = find_parameter(program, names, input.name);
    if (!known.type) {
      diagnostics.add(
          {.code = Code::UnknownGiven,
           .message = fmt::format("the program has no parameter `{}`", input.name),
           .expected = known.names.empty() ? "no parameter" : fmt::format("{}", fmt::join(known.names, " ")),
           .found = input.name,
           .remedy = consensus::suggestion(input.name, known.names, "leave it out")});
      continue;
    }
    consensus::GivenSources sources{.array = [&](const std::string&) -> Result<Array> { return *input.array; },
                                    .model = model};
    Result<consensus::GivenValue> found = consensus::parse_given(input.name, *known.type, input.text, sources);
    if (found)
      out.parameters[input.name] = std::move(*found);
    else
      diagnostics.add(found.error());
  }
  return out;
}

}  // namespace caten
