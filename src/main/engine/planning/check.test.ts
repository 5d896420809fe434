import { beforeAll, describe, expect, it } from 'vitest'
import { declared } from '../../../../test/support/declared-tools.ts'
import type { Touches } from '../../../domain/touches.ts'
import type { Json } from '../../../domain/json.ts'
import { checkTypes } from '../../tools/scripts/check-types.ts'
import type { ScriptTypes } from '../../tools/scripts/script-types.ts'
import type { ToolRegistry } from '../../tools/registry.ts'
import { fail } from '../../../domain/failure.ts'
import { checkPlan } from './check.ts'
import { excessOf, untouchedBy } from './excess.ts'
import { contractOf } from '../../../../test/support/policy-sample.ts'

let tools: ToolRegistry
beforeAll(async () => {
  tools = await declared(registry => registry)
})

const types: ScriptTypes = {
  check: input => Promise.resolve(checkTypes(input)),
  close: () => Promise.resolve(),
}
const signal = new AbortController().signal
const look = (source: string, contract?: Json, checker = types) =>
  checkPlan({ tools, types: checker }, source, contract, signal)
const inShort = async (source: string, contract?: Json): Promise<string[]> =>
  (await look(source, contract)).problems.map(
    ({ severity, rule, position }) =>
      `${severity} ${rule} ${position === null ? '-' : `${position.line}:${position.column}`}`,
  )

const CONTRACT = {
  schema: 1,
  title: 'Tidy',
  promise: 'Tidies.',
  zone: 'UTC',
  when: [{ kind: 'manual' }],
  uses: ['tools/files', 'tools/flow'],
  reads: { paths: ['/a'] },
  changes: [{ tool: 'files.move', paths: ['/a'], approval: 'always' }],
  items: { file: 'its path' },
}
const GOOD = `import { list, move } from 'tools/files'
import { each } from 'tools/flow'
export default async function run() {
  const { entries } = await list('/a')
  const moved = await each('file', entries, file => file.path, file => move(file.path, '/a/old'))
  return { summary: \`\${moved.done.length} moved\` }
}`

describe('all of a plan', () => {
  it('is found good where it is', async () => {
    expect(await look(GOOD, CONTRACT)).toMatchObject({
      ok: true,
      problems: [],
      imports: ['tools/files', 'tools/flow'],
      each: [{ name: 'file' }],
    })
  })

  it('is told in one list, errors first and in the order of the text', async () => {
    const source = `import { list, move, copyAll } from 'tools/files'
import { send } from 'tools/notify'
import { unusedName } from 'tools/files'
export default async function run() {
  const { entries } = await list('/a')
  const old = 1
  for (const file of entries) await move(file.path, 1)
  setTimeout(() => 1, 5)
  send('a', 'b')
  return copyAll(entries.lenght)
}`
    const contract = { ...CONTRACT, uses: ['tools/files', 'tools/flow', 'tools/http'], models: true }
    expect(await inShort(source, contract)).toEqual([
      'error import 1:22',
      'error import 2:10',
      'error import 3:10',
      'error write-loop 7:3',
      'error types 7:53',
      'error not-here 8:3',
      'error not-awaited 9:3',
      'error types 10:26',
      'warning excess -',
      'warning excess -',
      'warning excess -',
      'warning excess -',
      'warning unused 3:10',
      'warning unused 6:9',
    ])
    expect((await look(source, contract)).ok).toBe(false)
  })

  it('P2 names each thing that is wrong with the contract', async () => {
    const contract = {
      ...CONTRACT,
      zone: 'Mars',
      when: [{ kind: 'cron', expression: '0 8 30 2 *' }],
      extra: 1,
    }
    const { problems, ok } = await look(GOOD, contract)
    expect(ok).toBe(false)
    expect(problems.map(({ rule }) => rule)).toEqual(['contract', 'contract'])
    expect(problems.map(({ message }) => message).join(' ')).toMatch(/zone: .*“extra”|“extra”.*zone: /)
    const never = { ...CONTRACT, when: [{ kind: 'cron', expression: '0 8 30 2 *' }] }
    expect(await inShort(GOOD, never)).toEqual(['error contract -'])
  })

  it('P2 says so where a script asks a model and the contract lets it ask none, or for nothing', async () => {
    const source = `import { write } from 'tools/llm'\nexport default () => write({ task: 'a greeting' })`
    const contract = { ...CONTRACT, uses: ['tools/llm'], reads: {}, changes: [], items: {} }
    expect(await inShort(source, contract)).toEqual(['error contract -'])
    expect(await inShort(source, { ...contract, models: true })).toEqual(['warning contract -'])
    const budget = { costPerRunMicros: 1 }
    expect(await inShort(source, { ...contract, models: true, budget })).toEqual([])
  })

  it('a module asks models by what is used of it', async () => {
    const looks = `import { info } from 'tools/images'\nexport default () => info('/home/ada/in/a.png')`
    const draws = `import * as images from 'tools/images'\nexport default () => images.generate('a fox')`
    const contract = { ...CONTRACT, uses: ['tools/images'], reads: {}, changes: [], items: {} }
    const budget = { costPerRunMicros: 1 }
    expect(await inShort(looks, contract)).toEqual([])
    expect(await inShort(looks, { ...contract, models: true, budget })).toEqual(['warning excess -'])
    expect(await inShort(draws, contract)).toEqual(['error contract -'])
    expect(await inShort(draws, { ...contract, models: true })).toEqual(['warning contract -'])
    expect(await inShort(draws, { ...contract, models: true, budget })).toEqual([])
  })

  it('stops at a text that is no script', async () => {
    expect(await inShort('export default () => {', CONTRACT)).toEqual(['error syntax 1:23'])
    expect(await inShort('', CONTRACT)).toContain('error syntax -')
  })

  it('is bounded', async () => {
    const source = `${Array.from({ length: 80 }, (_, n) => `const a${String(n)} = 1`).join('\n')}\nexport default () => 1`
    const { problems } = await look(source)
    expect(problems).toHaveLength(41)
    expect(problems.at(-1)).toMatchObject({ rule: 'more', message: 'There are 40 more problems.' })
  })

  it('is not refused because the compiler had too little time', async () => {
    const slow: ScriptTypes = {
      ...types,
      check: async () =>
        fail({ kind: 'script-limit', limit: 'cpu', allowed: 1, message: 'It took too long.' }),
    }
    const { ok, problems } = await look(GOOD, CONTRACT, slow)
    expect(ok).toBe(true)
    expect(problems).toMatchObject([
      { severity: 'warning', rule: 'types', message: 'Types were not checked. It took too long.' },
    ])
  })
})

describe('what is granted without need', () => {
  const granted = (parts: Parameters<typeof contractOf>[0]) =>
    contractOf({ uses: ['tools/files'], reads: {}, changes: [], ...parts })
  const excess = (parts: Parameters<typeof contractOf>[0], source: string): string[] =>
    excessOf(tools, granted(parts), source).map(({ clause }) => clause)
  const LISTS = `import { list } from 'tools/files'\nexport default () => list('/a')`
  const GETS = `import * as http from 'tools/http'\nexport default event => http.get(event.url)`

  it('P2 is a module, a change, a model, a topic or an item that the script has no use for', () => {
    const change = { tool: 'files.move', paths: ['/a'], approval: 'never' }
    expect(excess({}, LISTS)).toEqual([])
    expect(excess({ uses: ['tools/files', 'tools/http'] }, LISTS)).toEqual(['uses'])
    expect(excess({ changes: [change] }, LISTS)).toEqual(['changes[0]'])
    expect(excess({ changes: [change] }, LISTS.replaceAll('list', 'move'))).toEqual([])
    expect(excess({ models: true, publishes: ['a'] }, LISTS)).toEqual(['models', 'publishes'])
    expect(excess({ items: { mail: 'its id' } }, LISTS)).toEqual(['items'])
    expect(
      excess(
        { items: { mail: 'its id' } },
        `import { each } from 'tools/flow'\nexport default e => each(e.name, [], x => x, x => x)`,
      ),
    ).toEqual(['uses'])
  })

  it('P2 is a host or folder that nothing it imports could reach, and that no trigger watches', () => {
    expect(excess({ reads: { hosts: ['a.com'], paths: ['/a'] } }, LISTS)).toEqual(['reads.hosts'])
    const http = { uses: ['tools/http'] }
    expect(excess({ ...http, reads: { hosts: ['a.com'] } }, GETS)).toEqual([])
    const when = [{ kind: 'feed', url: 'https://a.com/f' }]
    expect(excess({ when, reads: { hosts: ['a.com', 'b.com'] } }, LISTS)).toEqual(['reads.hosts'])
    expect(excess({ uses: [], reads: { paths: ['/a'] } }, 'export default () => 1')).toEqual(['reads.paths'])
  })

  it('P2 is a place that is neither named nor touched in a rehearsal, and without one no place', () => {
    const parts = {
      uses: ['tools/http'],
      reads: { hosts: ['a.com', '*.b.com', 'c.com'], accounts: ['ada'] },
      changes: [{ tool: 'http.post', hosts: ['d.com'], recipients: ['@e.com'], approval: 'never' }],
    }
    const source = GETS.replace('http.get(event.url)', `[http.get(event.url), http.post('https://d.com/')]`)
    expect(excess(parts, source)).toEqual([])
    const touched: Touches[] = [{ hosts: ['a.com'] }, { hosts: ['x.b.com'] }]
    expect(untouchedBy(granted(parts), source, touched).map(({ clause }) => clause)).toEqual([
      'reads.hosts',
      'reads.accounts',
      'changes[0].recipients',
    ])
    expect(
      untouchedBy(granted(parts), source, [
        ...touched,
        { hosts: ['c.com'], accounts: ['ada'], recipients: ['bo@e.com'] },
      ]),
    ).toEqual([])
  })
})
