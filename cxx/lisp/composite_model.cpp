#include "lisp/composite_model.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>

#include "consensus/words.hpp"
#include "lisp/ecl.hpp"
#include "lisp/lisp.hpp"

namespace caten::lisp {
namespace {

class CompositeModel {
 public:
  explicit CompositeModel(std::string name) : name_(std::move(name)) {}

  Result<Array> call(const std::vector<Array>& arguments, const consensus::ModelGiven::Keywords& keywords) {
    std::string keyword_text, values, names, inputs;
    for (const auto& [keyword, value] : keywords) {
      bool whole = value == static_cast<double>(static_cast<int64_t>(value));
      keyword_text += whole ? fmt::format(" :{} {}", keyword, static_cast<int64_t>(value))
                            : fmt::format(" :{} {}d0", keyword, value);
    }
    for (size_t i = 0; i < arguments.size(); ++i) {
      std::string sizes = fmt::format("{}", fmt::join(arguments[i].shape(), " "));
      values += fmt::format(" (zeros {} :dtype :{})", sizes, dtype_name(arguments[i].dtype()));
      names += fmt::format(" a{}", i);
      inputs += fmt::format("{}a{}{{{}}}[{}]", i ? " " : "", i, dtype_name(arguments[i].dtype()), sizes);
    }
    auto [found, added] = programs_.try_emplace(inputs + keyword_text);
    if (added) {
      // What a composite gives is known only once it is traced; only then can it be declared.
      Result<Program> probe = traced(fmt::format("({}{}{})", name_, values, keyword_text));
      if (!probe) return forget(found, probe.error());
      ValueType type = probe->graph.type(probe->graph.outputs[0].value);
      Result<std::vector<int64_t>> shape = checked_concrete(type.shape, {});
      if (!shape) return forget(found, shape.error());
      Result<Program> program =
          traced(fmt::format("(composite (({}) -> (r{{{}}}[{}])) ({}{}{}))", inputs, dtype_name(type.dtype),
                             fmt::join(*shape, " "), name_, names, keyword_text));
      if (!program) return forget(found, program.error());
      found->second = std::move(*program);
    }
    const Program& program = found->second;
    // Tensors that the composite's file made (its weights) are inputs, too, behind those that it is called with.
    Arguments given{.inputs = arguments};
    for (size_t i = arguments.size(); i < program.data.size(); ++i) given.inputs.push_back(program.data[i]);
    Result<Results> results = session().run(program.graph, std::move(given));
    if (!results) return tl::make_unexpected(results.error());
    return results->outputs[0];
  }

 private:
  struct Program {
    Graph graph{};
    std::vector<Array> data{};
  };
  using Programs = std::map<std::string, Program>;

  tl::unexpected<Diagnostic> forget(Programs::iterator entry, Diagnostic why) {
    programs_.erase(entry);
    return fail(std::move(why));
  }

  Result<Program> traced(const std::string& text) {
    Diagnostics diagnostics;
    uint32_t source = session_sources().add(fmt::format("<model {}>", name_), text);
    std::optional<Traced> made = trace(source, {}, diagnostics);
    CATEN_TRY(consensus::first_error(diagnostics));
    if (!made) return fail({.code = Code::ModelFailed, .message = "the model cannot be traced"});
    return Program{.graph = std::move(made->graph), .data = std::move(made->data)};
  }

  std::string name_;
  Programs programs_{};
};

}  // namespace

Result<consensus::ModelGiven> composite_model(const std::string& name) {
  Diagnostics ignored;
  std::vector<std::string> found = call("caten/consensus:composite-named", {name}, ignored).values;
  if (found.empty() || found[0].empty())
    return fail({.code = Code::WrongGiven,
                 .message = fmt::format("there is no composite `{}`", name),
                 .expected = "the name of a composite",
                 .found = name,
                 .remedy = "define it, or load the file that does (--plugin FILE)"});
  auto model = std::make_shared<CompositeModel>(found[0]);
  return consensus::ModelGiven{
      [model](const std::vector<Array>& arguments, const consensus::ModelGiven::Keywords& keywords) {
        return model->call(arguments, keywords);
      }};
}

}  // namespace caten::lisp
