// caten: compiles, runs and inspects programs.
#include "cli/commands.hpp"

int main(int argc, char** argv) {
  static const caten::Tool tool{
      "caten",
      'c',
      "caten: a tensor compiler\n"
      "\n"
      "  caten [options] FILE|-|'(composite …)'   compile; print the kernels' source, or what --emit asks for\n"
      "  caten [options] -e FORMS                 evaluate Lisp forms, print the last value\n"
      "  caten [options] run FILE [arguments]     run a program (.lisp, .ir)\n"
      "  caten ops [--json]                       list the principal ops\n"
      "  caten cache [ls|gc [BYTES]|clear|path]   list, shrink or empty the cache of compiled kernels\n"
      "\n"
      "Examples:\n"
      "  caten -e '(matmul (tensor (quote ((1 2) (3 4)))) (eye 2))'\n"
      "  caten -E '(composite ((A{T}[M, N], B{T}[M, N]) -> (C{T}[M, N])) (return (+ A B)))'\n"
      "  caten run model.ir --in x=a.npy --out y=b.npy -D M=3\n",
      {}};
  return caten::run_tool(tool, argc, argv);
}
