// @ts-check
/**
 * The rules of docs/15-testing.md that a machine can check. Inline configuration is off: a rule that is wrong
 * is changed here, for everyone, or the code is.
 */
import path from 'node:path'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const VAGUE_NAME = /(Manager|Helpers?|Utils?)$/

/** @type {import('eslint').Rule.RuleModule} */
const noVagueFileName = {
  create: context => ({
    Program(node) {
      const name = path.basename(context.filename).replace(/\..*$/, '')
      if (/(^|[-_.])(managers?|helpers?|utils?)$/i.test(name) || VAGUE_NAME.test(name)) {
        context.report({ node, message: `Name the file for its one main export; '${name}' says nothing.` })
      }
    },
  }),
}

/** @type {import('eslint').Rule.RuleModule} */
const noLooseEnds = {
  create: context => ({
    Program() {
      for (const comment of context.sourceCode.getAllComments()) {
        if (!comment.loc || !/\b(TODO|FIXME|XXX|HACK)\b(?!\s*\(?#\d+)/.test(comment.value)) continue
        context.report({ loc: comment.loc, message: 'Do it, or cite its issue: TODO #123.' })
      }
    },
  }),
}

const restrictedSyntax = [
  {
    selector:
      ':matches(ClassDeclaration, FunctionDeclaration, TSInterfaceDeclaration, TSTypeAliasDeclaration, VariableDeclarator)' +
      `[id.name=${String(VAGUE_NAME)}]`,
    message: 'Manager, Helper and Utils say nothing: name what it does.',
  },
  {
    selector: 'CatchClause > BlockStatement[body.length=0]',
    message: 'An error is answered, passed on or turned into a Failure; a comment is no answer.',
  },
]

export default defineConfig(
  globalIgnores(['node_modules/', 'tmp/', 'coverage/', 'dist/', 'test/golden/']),
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.js', '**/*.mjs'],
    plugins: { steward: { rules: { 'file-name': noVagueFileName, 'loose-ends': noLooseEnds } } },
    rules: {
      complexity: ['error', 12],
      eqeqeq: 'error',
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', 60],
      'no-empty': 'error',
      'no-restricted-syntax': ['error', ...restrictedSyntax],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'steward/file-name': 'error',
      'steward/loose-ends': 'error',
    },
  },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': 'allow-with-description', minimumDescriptionLength: 10 },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/no-empty-function': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      // Naming the shape a caller expects of a row is worth a parameter that is used once.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // An `async` function without `await` is how a synchronous implementation meets an asynchronous port.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        {
          allowDefaultCaseForExhaustiveSwitch: false,
          considerDefaultExhaustiveForUnions: true,
          requireDefaultForNonUnion: true,
        },
      ],
    },
  },
  {
    // Time is a port: what is decided or recorded here must be testable on any day of any year.
    files: ['src/domain/**', 'src/main/engine/**', 'src/main/store/**'],
    ignores: ['**/*.test.ts', 'src/main/engine/clock.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'Date',
          property: 'now',
          message: 'Take the time from the Clock; measure durations with performance.now().',
        },
      ],
    },
  },
  {
    // Kysely's expression builders are made to be taken apart: `({ eb, or }) => …`.
    files: ['src/main/store/**'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
  {
    // Every request of a tool passes the one guarded client, which resolves, checks and pins each hop.
    files: ['src/domain/**', 'src/sandbox/**', 'src/main/{tools,connections,engine,store,models}/**'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'fetch', message: 'Use the guarded HTTP client.' }],
    },
  },
  {
    // A suite is one function by the runner's design; its cases are short by ours.
    files: ['**/*.test.ts', '**/*.test.tsx'],
    rules: { 'max-lines-per-function': 'off' },
  },
)
