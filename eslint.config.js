import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const noDefaultExport = {
  selector: ':matches(ExportDefaultDeclaration, ExportSpecifier[exported.name="default"])',
  message: 'Name what you export: a default export has another name in every importer.',
};
const noEnum = {
  selector: 'TSEnumDeclaration',
  message: 'Use a union of strings, or an array `as const`: Node strips types and cannot strip an enum.',
};

export default defineConfig(
  globalIgnores(['src/database/generated/', 'data/', 'coverage/', 'test/payloads/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  // What typescript-eslint and tsc leave to ESLint itself.
  {
    rules: {
      // `== null` is the one way to ask for null and undefined at once.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-async-promise-executor': 'error',
      'no-constant-binary-expression': 'error',
      'no-empty': 'error',
      'no-fallthrough': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-unreachable-loop': 'error',
      'no-unsafe-finally': 'error',
      'no-unsafe-optional-chaining': 'error',
      'object-shorthand': 'error',
      'require-atomic-updates': 'error',
    },
  },

  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        // A union must be listed in full, or say in a `default` that the rest is meant to be alike.
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],

      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // `import { type A } from './a.ts'` still loads a.ts once Node has stripped the types: a hidden cycle.
      '@typescript-eslint/no-import-type-side-effects': 'error',

      // `type` is the house's one word for a shape; an interface would also be open to merging.
      '@typescript-eslint/consistent-type-definitions': ['error', 'type'],
      // An index signature can say what its keys are: `{ [transactionId: string]: … }`.
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      // A number in a message reads as it should; objects, null and undefined do not.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // An implementation of an asynchronous type may have nothing to wait for, and `async` makes its throws rejections.
      '@typescript-eslint/require-await': 'off',
      // `() => socket.destroy()` and `return this.#end()` are how a listener and an early end are written; where a value
      // is meant, tsc refuses a void by itself.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // env['NAME'] says that the name may be missing; a declared property has no such doubt.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // An empty text is often as good as none: `error.message || error.name`.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      // `row === null || row.value === null` names each thing that may be missing; `row?.value == null` hides one.
      '@typescript-eslint/prefer-optional-chain': 'off',
    },
  },

  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, noEnum] },
  },
  {
    // The server speaks through its logger; only programs speak to a terminal.
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts', 'src/start.ts', 'src/commands/**', 'src/simulator/main.ts'],
    rules: { 'no-console': 'error' },
  },

  {
    files: ['test/**/*.ts'],
    rules: {
      // A test reads what JSON.parse or expect.any(String) gave it, both `any`; a wrong guess fails the test.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      // Stand-ins do nothing on purpose.
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
);
