import path from 'node:path'
import { ESLint } from 'eslint'
import { beforeAll, describe, expect, it } from 'vitest'

const root = path.dirname(import.meta.dirname)

/** Text that must be refused, as if it were the content of an existing file (types need one), and by which rule. */
const refused: [rule: string, file: string, text: string][] = [
  ['no-restricted-syntax', 'src/domain/json.ts', 'export class RunManager {}'],
  ['no-restricted-syntax', 'src/domain/json.ts', 'export const textUtils = 1'],
  ['no-restricted-syntax', 'src/domain/json.ts', 'try { JSON.parse("") } catch { /* never mind */ }'],
  ['steward/file-name', 'bench/run-helpers.js', 'export const a = 1'],
  ['steward/loose-ends', 'src/domain/json.ts', '// TODO later\nexport const a = 1'],
  ['no-restricted-properties', 'src/domain/json.ts', 'export const a = Date.now()'],
  ['no-restricted-globals', 'src/domain/json.ts', "export const a = fetch('http://localhost')"],
  ['max-lines', 'src/domain/json.ts', `${'\n'.repeat(400)}export const a = 1`],
  ['max-lines-per-function', 'src/domain/json.ts', `export function f() {${'\n'.repeat(60)}}`],
  ['@typescript-eslint/no-explicit-any', 'src/domain/json.ts', 'export const a = (b: any) => String(b)'],
  ['@typescript-eslint/ban-ts-comment', 'src/domain/json.ts', '// @ts-ignore\nexport const a = 1'],
  [
    '@typescript-eslint/no-floating-promises',
    'src/domain/json.ts',
    'export const f = async () => 1\nexport function g() { f() }',
  ],
  [
    '@typescript-eslint/switch-exhaustiveness-check',
    'src/domain/json.ts',
    "export function f(a: 'x' | 'y') { switch (a) { case 'x': return 1 } return 2 }",
  ],
  [
    '@typescript-eslint/no-explicit-any',
    'src/domain/json.ts',
    '// eslint-disable-next-line\nexport const a = (b: any) => String(b)',
  ],
]

describe('the lint rules', () => {
  let eslint: ESLint

  beforeAll(() => {
    eslint = new ESLint({ cwd: root })
  })

  async function rulesBrokenBy(file: string, text: string): Promise<(string | null)[]> {
    const results = await eslint.lintText(text, { filePath: path.join(root, file) })
    return results.flatMap(result => result.messages.map(message => message.ruleId))
  }

  it.each(refused)('refuse by %s what %s would say (%#)', async (rule, file, text) => {
    expect(await rulesBrokenBy(file, text)).toContain(rule)
  })

  it('let an issue be cited and an error be answered', async () => {
    const text =
      '// TODO #12\nexport function f() { try { return JSON.stringify(1) } catch (error) { return String(error) } }'
    expect(await rulesBrokenBy('src/domain/json.ts', text)).toEqual([])
  })
})
