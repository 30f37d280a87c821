// caten: compiles, runs and inspects programs.
#include "cli/commands.hpp"

int main(int argc, char** argv) {
  static const caten::Tool tool{
      "caten",
      'c',
      "a tensor compiler",
      "compiles, runs and inspects tensor programs: composites in Lisp, YAML or the text form of the IR; it also "
      "checks and prints consensual programs. Without "
      "operands it "
      "reads and evaluates forms, with a prompt at a terminal.",
      {{"FILE|-|'(composite …)'", "compile; print the kernels' source, or what --emit asks for"},
       {"-e FORMS", "evaluate Lisp forms, print the last value"}},
      {"caten -e '(matmul (tensor (quote ((1 2) (3 4)))) (eye 2))'",
       "caten -E '(composite ((A{T}[M, N], B{T}[M, N]) -> (C{T}[M, N])) (return (+ A B)))'",
       "caten run model.ir --in x=a.npy --out y=b.npy -D M=3", "caten --emit=lci world.lmpm",
       "caten run world.lmpm --steps 100 --journal world.journal", "caten replay world.journal --to 20 --out V=v.npy",
       "caten why world.journal 'V[3,4]' 20"},
      {}};
  return caten::run_tool(tool, argc, argv);
}
