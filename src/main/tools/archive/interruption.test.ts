/** What a killed packing or unpacking leaves, and what the next start makes of it (J4), at every point there is. */
import * as fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { FilesBench, type Ended } from '../../../../test/support/files-bench.ts'
import { hostileZip } from '../../../../test/support/hostile-zip.ts'
import type { Json } from '../../../domain/json.ts'

function valueOf(ended: Ended | { is: 'unknown'; evidence: string }): Record<string, unknown> {
  if ('ok' in ended && ended.ok) return ended.value
  throw new Error(`It did not succeed: ${JSON.stringify(ended)}`)
}

describe.each(['handles', 'paths'] as const)('J4 archives with anchors by %s', anchors => {
  const cases: [what: string, tool: string, input: (at: FilesBench) => Json][] = [
    [
      'an unpacking',
      'archive.extract',
      at => ({ from: at.path('in.zip'), to: at.path('d', 'out'), parents: true }),
    ],
    [
      'a packing',
      'archive.create',
      at => ({ from: [at.path('box')], to: at.path('d', 'box.zip'), parents: true }),
    ],
    [
      'a packing over another',
      'archive.create',
      at => ({ from: [at.path('box')], to: at.path('old.zip'), ifExists: 'overwrite' }),
    ],
  ]
  const prepared = (): FilesBench => {
    const fresh = new FilesBench({ anchors })
    fresh.put(
      'in.zip',
      hostileZip({
        entries: [
          { name: 'x/a', content: 'A' },
          { name: 'x/y/b', content: 'B' },
          { name: 'c/', mode: 0o040755 },
        ],
      }),
    )
    fresh.put('box/a', 'A')
    fresh.put('box/sub/b', 'B')
    for (const name of ['a', 'sub/b']) fs.utimesSync(fresh.path('box', name), 1_700_000_000, 1_700_000_000)
    fresh.put('old.zip', 'old')
    return fresh
  }
  /** Without what differs between two steps that do the same: their own names. */
  const told = (value: unknown, at: FilesBench) =>
    JSON.parse(
      JSON.stringify(value)
        .replaceAll(at.root, '')
        .replaceAll(/"hash":"\w+"/g, '"hash":""'),
    ) as unknown
  const tree = (at: FilesBench) =>
    Object.entries(at.tree()).map(([name, content]) => [
      name,
      name.endsWith('box.zip') || name === 'old.zip' ? content.replaceAll(/stp_\w+/g, '') : content,
    ])

  test.each(cases)('J4 %s, killed at any point, ends as if it had been done once', async (_, tool, input) => {
    const whole = prepared()
    const ended = await whole.step(tool, input(whole)).runStoppedAt(Number.POSITIVE_INFINITY)
    const expected = { ended: told(ended, whole), tree: tree(whole) }
    const points = whole.points.length
    await whole.close()
    expect(expected.ended).toMatchObject({ ok: true })
    expect(points).toBeGreaterThan(4)
    for (let point = 0; point < points; point += 1) {
      const at = prepared()
      try {
        const again = await at.step(tool, input(at)).runStoppedAt(point)
        expect({ point, ended: told(again, at), tree: tree(at) }).toEqual({ point, ...expected })
      } finally {
        await at.close()
      }
    }
  })

  test('J4 what somebody else put there is unknown, never claimed', async () => {
    const at = prepared()
    try {
      for (const [, tool, input] of cases) {
        const step = at.step(tool, input(at))
        const stopped = await step.runStoppedAt(0)
        const path = valueOf(stopped)['path'] as string
        fs.rmSync(path, { recursive: true })
        if (tool === 'archive.extract') fs.mkdirSync(path)
        else fs.writeFileSync(path, hostileZip({ entries: [{ name: 'box/a', content: 'A' }] }))
        expect(await step.reconcile(), tool).toMatchObject({ is: 'unknown' })
      }
    } finally {
      await at.close()
    }
  })
})
