#include "cli/program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <set>

#include "check/elaborate.hpp"
#include "cli/console.hpp"
#include "cli/lisp_front_end.hpp"
#include "io/csv.hpp"
#include "io/file_bytes.hpp"
#include "io/files.hpp"
#include "ir/array_text.hpp"
#include "ir/print.hpp"

namespace caten {
namespace {

bool is_ir_text(std::string_view text) {
  // Blanks and comments may stand before it.
  size_t at = 0;
  while (at < text.size()) {
    if (std::string_view(" \t\r\n\f").find(text[at]) != std::string_view::npos)
      ++at;
    else if (text[at] == ';')
      at = std::min(text.find('\n', at), text.size());
    else
      break;
  }
  return text.substr(at, 3) == "(ir" &&
         (at + 3 >= text.size() || std::string_view(" \t\r\n()").find(text[at + 3]) != std::string_view::npos);
}

Result<std::string> read_stdin() {
  constexpr size_t kMaxBytes = size_t{64} << 20;
  std::string text;
  char buffer[65536];
  InterruptEnds waiting;
  while (size_t count = std::fread(buffer, 1, sizeof buffer, stdin)) {
    text.append(buffer, count);
    if (text.size() > kMaxBytes)
      return fail({.code = Code::TooLarge,
                   .message = "standard input is too large",
                   .expected = fmt::format("at most {} bytes", kMaxBytes),
                   .remedy = "split the program"});
  }
  return text;
}

Result<uint32_t> add_source(Session& session, const std::string& operand) {
  if (operand == "-") {
    Result<std::string> text = read_stdin();
    if (!text) return tl::make_unexpected(text.error());
    return session.sources().add("<stdin>", std::move(*text));
  }
  if (!operand.empty() &&
      (operand[0] == '(' || operand.find('\n') != std::string::npos || operand.find(": ") != std::string::npos))
    return session.sources().add("<command line>", operand);
  Result<FileBytes> file = FileBytes::map(operand);
  if (!file) return tl::make_unexpected(file.error());
  return session.sources().add(operand,
                               std::string(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()));
}

struct Definitions {
  DimValues sizes{};
  std::map<std::string, DType> types{};
};

std::optional<Definitions> parse_definitions_option(const Settings& settings, Diagnostics& diagnostics) {
  Definitions out;
  for (const std::string& text : settings.sizes) {
    Result<std::pair<std::string, std::string>> pair = split_assignment(text, "-D");
    if (!pair) {
      diagnostics.add(pair.error());
      continue;
    }
    const auto& [name, value] = *pair;
    int64_t size = 0;
    auto [end, status] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (std::optional<DType> dtype = find_dtype(value))
      out.types[name] = *dtype;
    else if (status == std::errc{} && end == value.data() + value.size() && size >= 0)
      out.sizes[name] = size;
    else
      diagnostics.add({.code = Code::BadOptionValue,
                       .message = fmt::format("-D {} is neither a size nor a dtype", text),
                       .expected = "a size of 0 or more, or a dtype",
                       .found = value,
                       .remedy = "for example -D M=3 or -D T=f64"});
  }
  if (diagnostics.failed()) return std::nullopt;
  return out;
}

struct InputSlot {
  std::string name;
  ValueType type;
  Array* array;
};

Result<Array> load_for(const InputSlot& slot, const std::string& path) {
  Result<FileFormat> format = find_format(path);
  if (!format) return tl::make_unexpected(format.error());
  if (*format == FileFormat::kCsv) {
    Result<Array> table = read_csv(path, {.dtype = slot.type.dtype});
    if (!table || slot.type.shape.size() == 2) return table;
    // One column or one row may stand for a vector.
    if (slot.type.shape.size() == 1 && (table->shape()[0] == 1 || table->shape()[1] == 1))
      return table->reinterpreted(table->dtype(), {table->elements()});
    return table;
  }
  if (*format == FileFormat::kNpz || *format == FileFormat::kSafetensors) {
    Result<std::vector<ArrayEntry>> entries = list_arrays(path);
    if (!entries) return tl::make_unexpected(entries.error());
    for (const ArrayEntry& entry : *entries)
      if (entry.name == slot.name) return load(path, slot.name);
  }
  return load(path);
}

}  // namespace

Result<uint32_t> read_operand(Session& session, const std::string& operand) {
  Timed step(session.options().timings, "read");
  return add_source(session, operand);
}

std::optional<Graph> load_program(Session& session, const std::string& operand, const Settings& settings,
                                  Diagnostics& diagnostics) {
  Result<uint32_t> source = read_operand(session, operand);
  if (source) return load_program(session, *source, settings, diagnostics);
  diagnostics.add(source.error());
  return std::nullopt;
}

std::optional<Graph> load_program(Session& session, uint32_t source, const Settings& settings,
                                  Diagnostics& diagnostics) {
  std::optional<Definitions> definitions = parse_definitions_option(settings, diagnostics);
  if (!definitions) return std::nullopt;
  Timings* timings = session.options().timings;
  bool ir = is_ir_text(session.sources().text(source));
  if ((!ir || !settings.plugins.empty() || !settings.ops.empty()) && !start_lisp(session, settings, diagnostics))
    return std::nullopt;
  std::optional<Graph> graph;
  if (ir) {
    graph = read_program(
        session.sources(), source,
        {.entry = settings.entry, .sizes = definitions->sizes, .types = definitions->types, .timings = timings},
        diagnostics);
  } else {
    Timed step(timings, "trace Lisp");
    graph = trace_lisp(source, definitions->types, diagnostics, settings.entry);
    for (const auto& [name, size] : definitions->sizes)
      if (graph && graph->dims.equate(Dim::symbol(name), Dim(size), "-D") == DimEnv::Outcome::kContradiction)
        diagnostics.add({.code = Code::SizeOutOfBounds,
                         .message = fmt::format("size `{}` cannot be {}", name, size),
                         .expected = "a size the program allows",
                         .found = std::to_string(size),
                         .remedy = "give another value with -D"});
    if (graph && !definitions->sizes.empty()) graph = resolve_dims(*graph);
  }
  if (!graph || diagnostics.failed()) return std::nullopt;
  std::optional<Precision> precision = session.precision();
  if (!precision) return graph;
  for (Diagnostic& warning : unknown_kept_names(*graph, *precision)) diagnostics.add(std::move(warning));
  return session.converted(std::move(*graph));
}

std::optional<Arguments> load_arguments(const Graph& graph, const Settings& settings, Diagnostics& diagnostics) {
  Arguments arguments;
  arguments.inputs.resize(graph.inputs.size());
  arguments.states.resize(graph.states.size());
  std::vector<InputSlot> slots;
  for (size_t i = 0; i < graph.inputs.size(); ++i)
    slots.push_back({graph.inputs[i].name, graph.type(graph.inputs[i].node), &arguments.inputs[i]});
  for (size_t i = 0; i < graph.states.size(); ++i)
    slots.push_back({graph.states[i].name, graph.type(graph.states[i].node), &arguments.states[i]});
  std::vector<std::string> names;
  for (const InputSlot& slot : slots) names.push_back(slot.name);
  std::set<std::string> given;
  for (const std::string& text : settings.inputs) {
    Result<std::pair<std::string, std::string>> pair = split_assignment(text, "--in");
    if (!pair) {
      diagnostics.add(pair.error());
      continue;
    }
    const auto& [name, path] = *pair;
    auto slot =
        std::find_if(slots.begin(), slots.end(), [&, wanted = name](const InputSlot& s) { return s.name == wanted; });
    if (slot == slots.end()) {
      diagnostics.add({.code = Code::UnknownName,
                       .message = fmt::format("the program has no input `{}`", name),
                       .expected = names.empty() ? "no --in" : fmt::format("one of {}", fmt::join(names, " ")),
                       .found = name,
                       .remedy = did_you_mean(name, names)});
      continue;
    }
    given.insert(name);
    Result<Array> array = load_for(*slot, path);
    if (array)
      *slot->array = std::move(*array);
    else
      diagnostics.add(array.error());
  }
  for (const InputSlot& slot : slots)
    if (!given.contains(slot.name))
      diagnostics.add({.code = Code::MissingInput,
                       .message = fmt::format("input `{}` is not given", slot.name),
                       .expected = describe(slot.type),
                       .found = "nothing",
                       .remedy = fmt::format("--in {}=FILE.npy", slot.name)});
  if (diagnostics.failed()) return std::nullopt;
  return arguments;
}

std::optional<std::set<std::string>> store_arrays(const std::vector<std::pair<std::string, const Array*>>& all,
                                                  const Settings& settings, Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const auto& [name, array] : all) names.push_back(name);
  std::map<std::string, std::vector<NamedArray>> files;  // several outputs may go into one archive
  std::set<std::string> stored;
  for (const std::string& text : settings.outputs) {
    Result<std::pair<std::string, std::string>> pair = split_assignment(text, "--out");
    if (!pair) {
      diagnostics.add(pair.error());
      continue;
    }
    const auto& [name, path] = *pair;
    auto found =
        std::find_if(all.begin(), all.end(), [&, wanted = name](const auto& each) { return each.first == wanted; });
    if (found == all.end()) {
      diagnostics.add({.code = Code::UnknownName,
                       .message = fmt::format("the program has no output `{}`", name),
                       .expected = fmt::format("one of {}", fmt::join(names, " ")),
                       .found = name,
                       .remedy = did_you_mean(name, names)});
      continue;
    }
    if (Result<FileFormat> format = find_format(path); !format) {
      diagnostics.add(format.error());
      continue;
    }
    stored.insert(name);
    files[path].push_back({name, *found->second});
  }
  if (diagnostics.failed()) return std::nullopt;
  for (const auto& [path, arrays] : files) {
    FileFormat format = *find_format(path);
    bool archive = format == FileFormat::kNpz || format == FileFormat::kSafetensors;
    if (!archive && arrays.size() > 1) {
      diagnostics.add({.code = Code::BadOptionValue,
                       .message = fmt::format("{} outputs for the one array of {}", arrays.size(), path),
                       .expected = "an archive, .npz or .safetensors",
                       .found = path,
                       .remedy = "give each output its own file"});
      continue;
    }
    Status saved = archive ? save_all(path, arrays) : save(path, arrays[0].array);
    if (!saved) diagnostics.add(saved.error());
  }
  if (diagnostics.failed()) return std::nullopt;
  return stored;
}

std::optional<std::string> store_results(const Graph& graph, const Results& results, const Settings& settings,
                                         Diagnostics& diagnostics) {
  std::vector<std::pair<std::string, const Array*>> all;
  for (size_t i = 0; i < graph.outputs.size(); ++i) all.emplace_back(graph.outputs[i].name, &results.outputs[i]);
  for (size_t i = 0; i < graph.states.size(); ++i)
    if (graph.states[i].next.valid()) all.emplace_back(graph.states[i].name, &results.states[i]);
  std::optional<std::set<std::string>> stored = store_arrays(all, settings, diagnostics);
  if (!stored) return std::nullopt;
  std::string text;
  for (const auto& [name, array] : all)
    if (!stored->contains(name)) text += fmt::format("{} = {}\n{}\n", name, describe(*array), array_text(*array));
  return text;
}

Result<Graph> optimised(const Session& session, const Graph& graph, const Settings& settings) {
  Timed step(session.options().timings, "optimizers");
  return settings.optimization == 0 ? Result<Graph>(graph) : apply_lisp_optimizers(graph);
}

Result<std::string> emitted(Session& session, const Graph& graph, std::string_view what, const Settings& settings) {
  if (what == "lci" || what == "text" || what == "plan")
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("--emit={} prints consensual programs", what),
                 .expected = "a file .lmpm or .lci, or a text (lci …)",
                 .found = "a tensor program",
                 .remedy = "use --emit=ir, graph, schedule or kernel"});
  if (what == "ir") return print(graph);
  Result<Graph> better = optimised(session, graph, settings);
  if (!better) return tl::make_unexpected(better.error());
  if (what == "graph") return session.rewritten(*better).map([](const Graph& g) { return print(g); });
  return what == "schedule" ? session.schedule_text(*better) : session.kernel_text(*better);
}

Result<double> parse_seconds(const std::string& text) {
  double value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size() || !(value > 0) || value > kMostSeconds)
    return fail({.code = Code::BadOptionValue,
                 .message = fmt::format("`{}` is no number of seconds", text),
                 .expected = fmt::format("a number above 0, at most {}", kMostSeconds),
                 .found = text,
                 .remedy = "for example --tune=30"});
  return value;
}

}  // namespace caten
