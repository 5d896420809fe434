import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const { forbidden: rules = [], options = {} } = await extractConfig('./.dependency-cruiser.mjs')

/** Each file breaks one rule; `ok` files keep all of them. */
const tree: Record<string, string> = {
  'package.json': JSON.stringify({
    dependencies: { zod: '1', kysely: '1', undici: '1' },
    devDependencies: { vitest: '1' },
  }),
  'node_modules/zod/index.js': 'export const z = 1',
  'node_modules/kysely/index.js': 'export const k = 1',
  'node_modules/undici/index.js': 'export const u = 1',
  'node_modules/vitest/index.js': 'export const v = 1',
  'node_modules/stray/index.js': 'export const s = 1',
  'test/support.ts': 'export const support = 1',

  'src/main/cli.ts': "import './core.ts'",
  'src/main/core.ts': "import './engine/ok.ts'\nimport './server/ok.ts'\nimport '../sandbox/ok.ts'",
  'src/domain/ok.ts': "import 'zod'",
  'src/domain/ok.test.ts': "import 'node:fs'\nimport 'vitest'\nimport './ok.ts'",
  'src/sandbox/ok.ts': "import 'node:worker_threads'\nimport '../domain/ok.ts'",
  'src/main/store/ok.ts': "import 'kysely'\nimport '../../domain/ok.ts'",
  'src/main/engine/ok.ts': "import '../store/ok.ts'\nimport '../../sandbox/ok.ts'",
  'src/main/server/ok.ts': "import '../engine/ok.ts'\nexport type App = 1",
  'src/main/server/client.ts': "import type { App } from './ok.ts'\nexport const client = (app: App) => app",
  'src/renderer/main.ts':
    "import type { App } from '../main/server/ok.ts'\nimport '../main/server/client.ts'\nexport type Client = App",

  'src/domain/node.ts': "import 'node:fs'",
  'src/domain/package.ts': "import 'undici'",
  'src/domain/upward.ts': "import '../main/store/ok.ts'",
  'src/sandbox/upward.ts': "import '../main/store/ok.ts'",
  'src/sandbox/sideways.ts': "import '../planner/planner.ts'",
  'src/planner/planner.ts': "import '../domain/ok.ts'",
  'src/main/store/upward.ts': "import '../engine/ok.ts'",
  'src/main/engine/upward.ts': "import type { App } from '../server/ok.ts'\nexport type Upward = App",
  'src/main/engine/sql.ts': "import 'kysely'",
  'src/main/engine/request.ts': "import 'undici'",
  'src/main/headless.ts': "import './store/ok.ts'",
  'src/renderer/value.ts': "import '../main/server/ok.ts'",
  'src/relay/main.ts': "import '../domain/ok.ts'",
  'src/main/lost.ts': "import './store/ok.ts'",
  'src/domain/circle-a.ts': "import './circle-b.ts'",
  'src/domain/circle-b.ts': "import './circle-a.ts'",
  'src/main/tools/development.ts': "import 'vitest'",
  'src/main/tools/testing.ts': "import '../../../test/support.ts'",
  'src/main/tools/stray.ts': "import 'stray'",
  'src/main/tools/nowhere.ts': "import './gone.ts'",
  'src/main/tools/dead.ts': 'export const dead = 1',
}

const broken: [rule: string, file: string][] = [
  ['domain-without-node', 'src/domain/node.ts'],
  ['domain-packages', 'src/domain/package.ts'],
  ['domain-imports-down', 'src/domain/upward.ts'],
  ['sandbox-imports-down', 'src/sandbox/upward.ts'],
  ['sandbox-imports-down', 'src/sandbox/sideways.ts'],
  ['store-imports-down', 'src/main/store/upward.ts'],
  ['engine-imports-down', 'src/main/engine/upward.ts'],
  ['only-store-knows-kysely', 'src/main/engine/sql.ts'],
  ['only-tools-connections-models-knows-undici', 'src/main/engine/request.ts'],
  ['headless-imports-down', 'src/main/headless.ts'],
  ['renderer-types-of-server', 'src/renderer/value.ts'],
  ['relay-imports-down', 'src/relay/main.ts'],
  ['every-file-has-a-row', 'src/main/lost.ts'],
  ['no-circles', 'src/domain/circle-a.ts'],
  ['product-without-development', 'src/main/tools/development.ts'],
  ['product-without-tests', 'src/main/tools/testing.ts'],
  ['declared-packages', 'src/main/tools/stray.ts'],
  ['resolvable', 'src/main/tools/nowhere.ts'],
  ['no-dead-files', 'src/main/tools/dead.ts'],
]

describe('the table of layers', () => {
  let folder = ''
  let violations: ICruiseResult['summary']['violations'] = []

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'steward-layers-'))
    for (const [name, text] of Object.entries(tree)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
      writeFileSync(path.join(folder, name), text)
    }
    const { tsConfig: _, ...cruiseOptions } = options
    const result = await cruise(['src', 'test'], {
      ...cruiseOptions,
      baseDir: folder,
      validate: true,
      ruleSet: { forbidden: rules },
    })
    if (typeof result.output === 'string') throw new Error(result.output)
    violations = result.output.summary.violations
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(broken)('refuses by %s what %s does', (rule, file) => {
    const found = violations
      .filter(violation => violation.from === file)
      .map(violation => violation.rule.name)
    expect(found).toContain(rule)
  })

  it('lets files pass that keep to their row', () => {
    const kept = violations.filter(
      ({ from, rule }) => /\/ok\.|\/core\.ts|\/cli\.ts/.test(from) && rule.name !== 'no-circles',
    )
    expect(kept).toEqual([])
  })

  it('has a case for every kind of rule', () => {
    const kinds = new Set(broken.map(([rule]) => kindOf(rule)))
    const missing = rules.filter(rule => !kinds.has(kindOf(rule.name ?? '')))
    expect(missing.map(rule => rule.name)).toEqual([])
  })
})

/** `engine-imports-down` and `store-imports-down` come from one line of the table's code. */
function kindOf(rule: string): string {
  return /-(imports-down|without-node|packages|types-of|knows)\b/.exec(rule)?.[1] ?? rule
}
