import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { files } from './files.ts'
import type { FolderScan, LookPorts, ScannedFile } from './trigger.ts'

type Watch = NonNullable<typeof files.watch>
type Looked = Awaited<ReturnType<Watch['look']>>
type Cursor = Looked['cursor']

interface Disk {
  identity: string
  unread?: string[]
  files: Map<string, ScannedFile>
}

const START = 1_000_000
let serial = 0

function file(name: string, at: number, more: Partial<ScannedFile> = {}): ScannedFile {
  serial++
  return {
    name,
    path: `/in/${name}`,
    bytes: serial,
    modified: at,
    modifiedNs: `${at}000${serial}`,
    inode: String(serial),
    changed: at,
    ...more,
  }
}

function diskOf(...all: ScannedFile[]): Disk {
  return { identity: 'disk 1', files: new Map(all.map(each => [each.name, each])) }
}

async function look(
  disk: Disk,
  cursor: Cursor | null,
  more: object = {},
  now = START,
  most = 10,
): Promise<Looked> {
  const spec = files.schema.parse({ kind: 'files', folder: '/in', settleMs: 1_000, ...more })
  const scan: LookPorts['scan'] = async (): Promise<FolderScan> => ({
    identity: disk.identity,
    files: [...disk.files.values()],
    unread: disk.unread ?? [],
  })
  const ports: LookPorts = { scan, ask: () => Promise.reject(new Error('nobody is asked')) }
  const looked = await (files.watch as Watch).look({ spec, cursor, now, most, ports })
  for (const payload of looked.payloads) files.payload.parse(payload)
  // What is remembered goes through the database.
  return { ...looked, cursor: JSON.parse(JSON.stringify(looked.cursor)) as Cursor }
}

const named = ({ payloads }: Looked) =>
  payloads.flatMap(({ files: found }) => found.map(({ name, change }) => `${change} ${name}`))

describe('files in a folder', () => {
  it('R8 what is there at first is known, and counted', async () => {
    const disk = diskOf(file('a', 0), file('b', START))
    const first = await look(disk, null)
    expect(first).toMatchObject({ payloads: [], saw: 2, found: 0, more: false })
    expect(named(await look(disk, first.cursor, {}, START + 60_000))).toEqual([])
  })

  it('R8 what is there at first counts as new where the contract says so', async () => {
    const disk = diskOf(file('b', 0), file('a', 0))
    const first = await look(disk, null, { existing: 'process' })
    expect(named(first)).toEqual(['created a', 'created b'])
    expect(named(await look(disk, first.cursor, { existing: 'process' }))).toEqual([])
  })

  it('are found when they come, change, or come again', async () => {
    const disk = diskOf(file('a', 0))
    let { cursor } = await look(disk, null)
    disk.files.set('b', file('b', START))
    disk.files.set('a', file('a', START))
    const second = await look(disk, cursor, {}, START + 5_000)
    expect(named(second)).toEqual(['changed a', 'created b'])
    disk.files.delete('b')
    ;({ cursor } = await look(disk, second.cursor, {}, START + 6_000))
    disk.files.set('b', file('b', START + 6_000))
    expect(named(await look(disk, cursor, {}, START + 9_000))).toEqual(['created b'])
  })

  it('are not found before they are at rest, and looked at again just then', async () => {
    const disk = diskOf()
    let { cursor } = await look(disk, null)
    disk.files.set('a', file('a', START))
    let looked = await look(disk, cursor, {}, START + 100)
    expect(looked).toMatchObject({ payloads: [], nextLookAt: START + 1_000 })
    disk.files.set('a', file('a', START + 900))
    looked = await look(disk, looked.cursor, {}, START + 1_000)
    expect(looked).toMatchObject({ payloads: [], nextLookAt: START + 1_900 })
    looked = await look(disk, looked.cursor, {}, START + 1_900)
    expect(named(looked)).toEqual(['created a'])
    ;({ cursor } = looked)
    expect(cursor.pending).toEqual({})
  })

  it('come to rest also on a disk whose clock is ahead', async () => {
    const disk = diskOf()
    let { cursor } = await look(disk, null)
    disk.files.set('a', file('a', START + 3_600_000))
    ;({ cursor } = await look(disk, cursor, {}, START))
    expect(named(await look(disk, cursor, {}, START + 1_000))).toEqual(['created a'])
  })

  it('have come when they bear their real name, however long they arrived, and not before', async () => {
    const disk = diskOf(file('old.pdf', 0))
    let { cursor } = await look(disk, null)
    const arriving = file('a.pdf.crdownload', START)
    disk.files.set(arriving.name, arriving)
    disk.files.set('b.pdf', file('b.pdf', START, { bytes: 0 }))
    disk.files.set('b.pdf.part', file('b.pdf.part', START))
    const still = await look(disk, cursor, {}, START + 60_000)
    expect(still).toMatchObject({ payloads: [], saw: 1 })
    ;({ cursor } = still)
    rename(disk, 'a.pdf.crdownload', 'a.pdf', START + 61_000)
    rename(disk, 'b.pdf.part', 'b.pdf', START + 61_000)
    const looked = await look(disk, cursor, { on: ['created'] }, START + 120_000)
    expect(named(looked)).toEqual(['created a.pdf', 'created b.pdf'])
    expect(named(await look(disk, looked.cursor, {}, START + 180_000))).toEqual([])
  })

  it('are told under such a name where just those are asked for', async () => {
    const disk = diskOf()
    const { cursor } = await look(disk, null, { match: '*.part' })
    disk.files.set('a.part', file('a.part', 0))
    expect(named(await look(disk, cursor, { match: '*.part' }))).toEqual(['created a.part'])
  })

  it('are the same after they were renamed or moved in the folder', async () => {
    const old = file('a', 0)
    const disk = diskOf(old)
    const { cursor } = await look(disk, null)
    disk.files.delete('a')
    disk.files.set('sub/b', { ...old, name: 'sub/b', path: '/in/sub/b', changed: START })
    const looked = await look(disk, cursor, {}, START + 60_000)
    expect(named(looked)).toEqual([])
    disk.files.set('copy', { ...old, name: 'copy', path: '/in/copy', inode: '999' })
    expect(named(await look(disk, looked.cursor, {}, START + 120_000))).toEqual(['created copy'])
  })

  it('are still known after their disk was away, also if it numbers them anew', async () => {
    const disk = diskOf(file('a', 0), file('b', 0))
    const { cursor } = await look(disk, null)
    const away = await look({ identity: 'empty mount point', files: new Map() }, cursor)
    expect(named(away)).toEqual([])
    const again = diskOf(...[...disk.files.values()].map(each => ({ ...each, inode: `${each.inode}9` })))
    again.identity = 'disk 2'
    const back = await look(again, away.cursor)
    expect(named(back)).toEqual([])
    again.files.delete('a')
    const gone = await look(again, back.cursor)
    expect(Object.keys(gone.cursor.known)).toEqual(['b'])
  })

  it('are still known after their folder could not be read for a while', async () => {
    const disk = diskOf(file('sub/a', 0), file('b', 0))
    const { cursor } = await look(disk, null)
    const { identity, files: before } = disk
    const shut = await look({ identity, files: new Map(), unread: ['sub/'] }, cursor)
    expect(named(await look({ identity, files: before }, shut.cursor))).toEqual(['created b'])
  })

  it('are told by what is asked for alone', async () => {
    const disk = diskOf(file('a', 0))
    const { cursor } = await look(disk, null)
    disk.files.set('a', file('a', 1))
    disk.files.set('b', file('b', 1))
    expect(named(await look(disk, cursor, { on: ['created'] }))).toEqual(['created b'])
    const other = await look(disk, cursor, { on: ['changed'] })
    expect(named(other)).toEqual(['changed a'])
    expect(named(await look(disk, other.cursor, { on: ['created', 'changed'] }))).toEqual([])
  })

  it('come in events of a hundred, ten thousand at once over several looks', async () => {
    const disk = diskOf()
    let { cursor } = await look(disk, null)
    for (let number = 0; number < 10_000; number++) {
      const name = `f${String(number).padStart(5, '0')}`
      disk.files.set(name, file(name, 0))
    }
    const seen: string[] = []
    const keys = new Set<string>()
    for (let more = true; more;) {
      const looked = await look(disk, cursor)
      expect(looked.payloads.length).toBeLessThanOrEqual(10)
      expect(Math.max(...looked.payloads.map(payload => payload.files.length))).toBe(100)
      seen.push(...named(looked))
      for (const payload of looked.payloads) keys.add(files.key?.(payload) ?? '')
      ;({ cursor, more } = looked)
    }
    expect(new Set(seen).size).toBe(10_000)
    expect(seen).toHaveLength(10_000)
    expect(keys.size).toBe(100)
  })

  it('R8 whatever happens, each state at rest is told once', async () => {
    const name = fc.constantFrom('a', 'b', 'c')
    const step = fc.oneof(
      fc.record({ is: fc.constant('write' as const), name, wait: fc.integer({ min: 0, max: 1_500 }) }),
      fc.record({ is: fc.constant('remove' as const), name, wait: fc.constant(0) }),
      fc.record({ is: fc.constant('rename' as const), name, to: name, wait: fc.constant(0) }),
      fc.record({
        is: fc.constant('look' as const),
        lost: fc.boolean(),
        wait: fc.integer({ min: 0, max: 3_000 }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 2 }),
        async (steps, most) => {
          const disk = diskOf(file('a', 0))
          let { cursor } = await look(disk, null)
          const known = new Set([...disk.files.values()].map(({ bytes }) => bytes))
          const told: number[] = []
          let now = START
          const lookOnce = async (lost: boolean) => {
            const looked = await look(disk, cursor, {}, now, most)
            // A look whose record was lost in a crash has never been.
            if (lost) return true
            ;({ cursor } = looked)
            told.push(...looked.payloads.flatMap(payload => payload.files.map(({ bytes }) => bytes)))
            return looked.more
          }
          for (const each of steps) {
            now += each.wait
            if (each.is === 'write') disk.files.set(each.name, file(each.name, now))
            if (each.is === 'remove') disk.files.delete(each.name)
            if (each.is === 'rename') rename(disk, each.name, each.to, now)
            if (each.is === 'look') await lookOnce(each.lost)
          }
          now += 10_000
          while (await lookOnce(false));
          expect(new Set(told).size).toBe(told.length)
          for (const { bytes } of disk.files.values())
            expect(known.has(bytes) || told.includes(bytes)).toBe(true)
          expect(told.some(bytes => known.has(bytes))).toBe(false)
        },
      ),
      { numRuns: 150 },
    )
  })
})

function rename(disk: Disk, from: string, to: string, now: number): void {
  const moved = disk.files.get(from)
  if (moved === undefined || from === to) return
  disk.files.delete(from)
  disk.files.set(to, { ...moved, name: to, path: `/in/${to}`, changed: now })
}
