import ts from 'typescript';

/** Jest's transformer for TypeScript: the types are taken away, the modules stay as they are. */
export default {
  process(source, file) {
    const { outputText } = ts.transpileModule(source, {
      fileName: file,
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        inlineSourceMap: true,
        inlineSources: true,
      },
    });
    return { code: outputText };
  },
};
