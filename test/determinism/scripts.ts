/** Small random scripts: sequences, calls at once, items and catches, around tools that take their time. */
import fc from 'fast-check'

export type Part =
  | { is: 'read'; ms: number; path: number }
  | { is: 'refused'; ms: number }
  | { is: 'write'; ms: number }
  | { is: 'remember'; key: number }
  | { is: 'recall'; key: number }
  | { is: 'chance' }
  | { is: 'sequence'; parts: Part[] }
  | { is: 'at-once'; parts: Part[] }
  | { is: 'race'; parts: Part[] }
  | { is: 'caught'; part: Part }
  | { is: 'items'; lanes: number; keys: string[]; part: Part }

const ms = fc.integer({ min: 0, max: 6 })
const few = fc.integer({ min: 0, max: 2 })
const keys = fc.uniqueArray(fc.constantFrom('ant', 'bee', 'cat', 'dog'), { minLength: 1, maxLength: 4 })

const { part } = fc.letrec<{ part: Part; leaf: Part }>(tie => ({
  leaf: fc.oneof(
    fc.record({ is: fc.constant('read' as const), ms, path: few }),
    fc.record({ is: fc.constant('refused' as const), ms }),
    fc.record({ is: fc.constant('write' as const), ms }),
    fc.record({ is: fc.constant('remember' as const), key: few }),
    fc.record({ is: fc.constant('recall' as const), key: few }),
    fc.record({ is: fc.constant('chance' as const) }),
  ),
  part: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    tie('leaf'),
    fc.record({
      is: fc.constantFrom('sequence' as const, 'at-once' as const, 'race' as const),
      parts: fc.array(tie('part'), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ is: fc.constant('caught' as const), part: tie('part') }),
    fc.record({
      is: fc.constant('items' as const),
      lanes: fc.integer({ min: 1, max: 3 }),
      keys,
      part: tie('part'),
    }),
  ),
}))

export const randomScript: fc.Arbitrary<Part[]> = fc.array(part, { minLength: 1, maxLength: 4 })

/** The script's text. What each call returned flows into the arguments of every write after it. */
export function scriptOf(site: string, parts: readonly Part[]): string {
  const places = { next: 0 }
  return `
    import { get, post } from 'tools/http'
    import { each, uuid } from 'tools/flow'
    import { get as recall, set } from 'tools/state'
    const S = ${JSON.stringify(site)}
    export default async function run() {
      const seen = []
      const note = value => { seen.push(value); return value }
      ${parts.map(one => `${textOf(one, places)};`).join('\n')}
      return seen
    }`
}

/** The names of its \`each\`: one for each place in the text. */
export function itemNames(parts: readonly Part[]): Record<string, string> {
  const source = scriptOf('', parts)
  return Object.fromEntries(
    [...source.matchAll(/each\('([^']+)'/g)].map(([, name = '']) => [name, 'the animal']),
  )
}

function textOf(one: Part, places: { next: number }): string {
  const inner = (parts: readonly Part[]): string =>
    parts.map(child => `(async () => { ${textOf(child, places)} })()`).join(', ')
  switch (one.is) {
    case 'read':
      return `note((await get(S + '/read/${String(one.ms)}/${String(one.path)}')).body.path)`
    case 'refused':
      return `note((await get(S + '/refuse/${String(one.ms)}/x')).status)`
    case 'write':
      return `note((await post(S + '/write/${String(one.ms)}/x', { seen })).status)`
    case 'remember':
      return `await set('k${String(one.key)}', seen.length)`
    case 'recall':
      return `note(await recall('k${String(one.key)}'))`
    case 'chance':
      return `note([Math.random(), Date.now(), crypto.randomUUID(), await uuid()])`
    case 'sequence':
      return one.parts.map(child => `${textOf(child, places)};`).join(' ')
    case 'at-once':
      return `await Promise.all([${inner(one.parts)}])`
    case 'race':
      return `await Promise.race([${inner(one.parts)}])`
    case 'caught':
      return `try { ${textOf(one.part, places)} } catch (error) { note(error.code ?? error.name) }`
    case 'items':
      return itemsText(one, places)
  }
}

function itemsText(one: Extract<Part, { is: 'items' }>, places: { next: number }): string {
  const name = `place-${String(places.next++)}`
  const body = textOf(one.part, places).replaceAll('note(', 'own(').replaceAll('{ seen }', '{ key }')
  return `note((await each('${name}', ${JSON.stringify(one.keys)}, key => key, async key => {
    const own = value => value
    ${body.replaceAll('seen.length', '1')}
    return key
  }, { concurrency: ${String(one.lanes)} })).done.length)`
}
