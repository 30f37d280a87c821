// daten: differentiates programs. The program that is read becomes the one that computes its cotangents.
#include "autodiff/jvp.hpp"
#include "autodiff/vjp.hpp"
#include "cli/commands.hpp"

int main(int argc, char** argv) {
  static const caten::Tool tool{
      "daten",
      'd',
      "the derivatives of a program",
      "reads a program and prints or runs the one that computes the cotangents d_x of its "
      "inputs, given the cotangents d_y of "
      "its outputs; or, with --jvp, the tangents t_y of its outputs, given those of its inputs. A text with sections "
      "modules: and main: says itself by what it is differentiated, and "
      "is trained once it has data: and loss:.",
      {{"FILE|-|'(composite …)'", "print the program that computes the cotangents"},
       {"'modules: …'", "print the program of a text, forwards and backwards"}},
      {"daten '(composite ((x{f64}[N]) -> (y{f64}[N])) (return (* x x)))'",
       "daten run model.ir --wrt W --in W=w.npy --in d_loss=one.npy --out d_W=g.npy"},
      [](const caten::Graph& graph, const caten::Settings& settings) {
        if (settings.forward) return caten::jvp(graph, {.outputs = {}, .wrt = settings.wrt});
        return caten::vjp(graph, {.outputs = {}, .wrt = settings.wrt});
      }};
  return caten::run_tool(tool, argc, argv);
}
