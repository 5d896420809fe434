import { createHmac } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Taken } from '../../src/main/engine/hooks/hooks.ts'
import { LARGEST_BODY } from '../../src/main/server/guard.ts'
import { Stage, treeOf } from './stage.ts'
import type { Automation } from './stage.ts'

const HOUR = 3_600_000

let stage: Stage

beforeAll(async () => {
  stage = await Stage.open(Date.UTC(2026, 0, 10, 12))
})

afterAll(() => stage.close())

/** Posts to the address of the automation. */
async function deliver(
  keeping: Automation,
  body: string | Buffer,
  more: Record<string, string> = {},
): Promise<Taken> {
  const { hooks } = stage.world.engine
  const [address] = hooks.addresses(keeping.installed.workflowId)
  const [, , id = '', secret = ''] = address?.path.split('/') ?? []
  const admitted = hooks.admit(id, secret)
  if (admitted.is !== 'admitted') return admitted
  const headers = { 'content-type': 'application/json', ...more }
  const taken = await admitted.deliver({ headers, query: {}, body: Buffer.from(body) })
  admitted.leave()
  return taken
}

/** The same, and waits for what follows from that. */
async function post(...given: Parameters<typeof deliver>): Promise<Taken> {
  const taken = await deliver(...given)
  await given[0].idle()
  return taken
}

/** Of numbers, within so many lists. */
function nested(depth: number, numbers: number): string {
  return `${'['.repeat(depth)}${'1,'.repeat(numbers)}1${']'.repeat(depth)}`
}

function fileIn(folder: string): string {
  const [file = ''] = treeOf(folder)
  return fs.readFileSync(path.join(folder, file), 'utf8')
}

describe('webhook-to-file', () => {
  it('R1 adds each delivery once to the file of the month, and tells of it', async () => {
    const folder = stage.folder('orders')
    const keeping = await stage.install('webhook-to-file', { folder, label: 'My: orders/' })
    const order = JSON.stringify({ id: 7, items: ['a'] })
    for (let time = 0; time < 2; time++) await post(keeping, order, { 'webhook-id': 'd1' })
    await post(keeping, 'plain\n2026-01-10 13:00:00\r\n\n    x\n', { 'content-type': 'text/plain' })
    expect(treeOf(folder)).toEqual(['My orders 2026-01.txt'])
    expect(fileIn(folder)).toBe(
      [
        ...[
          '2026-01-10 13:00:00',
          '',
          '    {',
          '      "id": 7,',
          '      "items": [',
          '        "a"',
          '      ]',
        ],
        ...[
          '    }',
          '',
          '2026-01-10 13:00:00',
          '',
          '    plain',
          '    2026-01-10 13:00:00',
          '    ',
          '        x',
          '',
          '',
        ],
      ].join('\n'),
    )
    expect(keeping.results('webhook').map(({ summary }) => summary)).toEqual(
      ['', ''].map(() => 'Kept what was posted in My orders 2026-01.txt.'),
    )
    expect(keeping.notices().map(({ title }) => title)).toEqual(
      ['', ''].map(() => 'My: orders/: something was posted'),
    )
  })

  it('keeps the fields that are wanted, of JSON and of forms, as lines of JSON', async () => {
    const folder = stage.folder('pushes')
    const fields = 'repository.full_name as repo, ref, constructor'
    const keeping = await stage.install('webhook-to-file', { folder, fields, format: 'json', tell: 'no' })
    await post(keeping, '{"repository":{"full_name":"o/r"},"ref":["x"],"secret":1}')
    await post(keeping, 'ref=a+b%20%26&other=1', { 'content-type': 'application/x-www-form-urlencoded' })
    await post(keeping, 'ref=%zz', { 'content-type': 'application/x-www-form-urlencoded' })
    await post(keeping, Buffer.from([0xff, 0xfe]), { 'content-type': 'image/png' })
    const lines = fileIn(folder).trimEnd().split('\n')
    expect(lines.map(line => JSON.parse(line) as unknown)).toMatchObject([
      { at: '2026-01-10T12:00:00.000Z', fields: { repo: 'o/r', ref: ['x'], constructor: null } },
      { fields: { repo: null, ref: 'a b &', constructor: null } },
      { type: 'application/x-www-form-urlencoded', encoding: 'text', body: 'ref=%zz' },
      { type: 'image/png', encoding: 'base64', body: '//4=' },
    ])
    expect(keeping.notices()).toEqual([])
  })

  it('writes a note of the day where no folder is named, and tells of a flood once an hour', async () => {
    const keeping = await stage.install('webhook-to-file', { label: 'Bell' })
    for (let number = 1; number <= 9; number++) await post(keeping, `ring ${String(number)}`)
    const [note, ...others] = keeping.notes()
    expect([note?.title, note?.text.match(/ring \d/g), others]).toMatchObject([
      'Bell 2026-01-10',
      { length: 9 },
      [],
    ])
    expect(keeping.notices()).toHaveLength(5)
    expect(keeping.notices()[4]?.body).toContain('within the hour you are not told any more')
    stage.clock.advance(HOUR)
    await post(keeping, 'x'.repeat(400_000))
    expect(keeping.notices()[5]?.body).toMatch(/^x{599}…\n\n4 more came since you were told last\.$/)
    expect(keeping.actions()).toEqual([])
  })

  it('J1 R6 keeps all that it has confirmed: where the note of the day is full, it goes on in another', async () => {
    const keeping = await stage.install('webhook-to-file', { label: 'Family 👨‍👩‍👧', tell: 'no' })
    const bodies = ['a', 'b', 'c'].map(letter => letter.repeat(150_000))
    for (const body of bodies) await post(keeping, body, { 'content-type': 'text/plain' })
    await post(keeping, '"small"')
    const notes = keeping.notes().toSorted((one, other) => one.title.localeCompare(other.title))
    const first = notes[0]?.title ?? ''
    expect(notes.map(({ title }) => title)).toEqual([first, `${first} (2)`, `${first} (3)`])
    expect(notes.map(({ text }) => text.match(/([abc])\1+/g))).toEqual(bodies.map(body => [body]))
    expect(notes[2]?.text.match(/^ {4}.{5}/gm)).toEqual(['    ccccc', '    small'])
    expect(keeping.actions()).toEqual([])
  })

  it.each([
    ['lines', 'text', Buffer.from(`${'\n'.repeat(LARGEST_BODY - 1)}x`), /\n {4}/g, LARGEST_BODY],
    ['bytes', 'text', Buffer.alloc(LARGEST_BODY, 0xff), /\//g, LARGEST_BODY],
    ['nesting', 'text', Buffer.from(nested(150, 300_000)), /1/g, 300_000],
  ])(
    'J1 R6 keeps the largest delivery that is taken in, of %s as %s',
    async (name, format, body, sign, count) => {
      const keeping = await stage.install('webhook-to-file', { label: name, format, tell: 'no' })
      expect((await post(keeping, body)).is).toBe('taken')
      const texts = keeping.notes().toReversed()
      const found = texts
        .map(({ text }) => text)
        .join('')
        .match(sign)
      expect(found?.length).toBeGreaterThanOrEqual(count)
      expect(keeping.actions()).toEqual([])
    },
  )

  it('keeps a field that holds half a character', async () => {
    const keeping = await stage.install('webhook-to-file', { label: 'Half', fields: 'a' })
    await post(keeping, '{"a":"x\\ud800y"}')
    expect(keeping.notes()[0]?.text).toContain('    a: x\ufffdy')
    expect(keeping.actions()).toEqual([])
  })

  it('R6 keeps nothing that is not signed where a signature is asked for', async () => {
    const keeping = await stage.install('webhook-to-file', { label: 'Signed', verify: 'hub' })
    const [address] = stage.world.engine.hooks.addresses(keeping.installed.workflowId)
    const signature = createHmac('sha256', address?.secret ?? '')
      .update('{}')
      .digest('hex')
    expect((await post(keeping, '{"a":1}', { 'x-hub-signature-256': `sha256=${signature}` })).is).not.toBe(
      'taken',
    )
    expect((await post(keeping, '{}', { 'x-hub-signature-256': `sha256=${signature}` })).is).toBe('taken')
    expect(keeping.results('webhook')).toHaveLength(1)
  })

  it('J3 J4 adds a delivery once when the core ends right after it was written', async () => {
    const folder = stage.folder('ends')
    const keeping = await stage.install('webhook-to-file', { folder, format: 'json' })
    stage.endAfterWrite(1)
    await deliver(keeping, '"once"')
    await stage.reborn()
    await keeping.idle()
    expect(fileIn(folder).match(/once/g)).toHaveLength(1)
    expect(await keeping.run()).toMatchObject({ kept: null })
  })
})
