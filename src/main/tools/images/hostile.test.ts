/** Pictures that are broken, that lie, or that were made to do harm. */
import fc from 'fast-check'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import sharp from 'sharp'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../../test/support/files-bench.ts'
import {
  exifOf,
  photo,
  pngBomb,
  signpost,
  withExifBlock,
  type ExifEntry,
} from '../../../../test/support/picture-maker.ts'
import { createCompute } from '../compute/pool.ts'
import { imagesTools } from '../images.ts'
import { readDetails } from './exif.ts'

const compute = createCompute({ limitMs: 2_000 })
afterAll(() => compute.close())

let bench: FilesBench
beforeEach(() => {
  bench = new FilesBench({}, undefined, options => imagesTools(compute, options))
})
afterEach(() => bench.close())

/** Turns of the core's loop while something goes on. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0
  const timer = setInterval(() => (turns += 1), 2)
  await work
  clearInterval(timer)
  return turns
}

describe('pictures that are too large', () => {
  test('S1 S2 thirty thousand pixels square in a kilobyte are told, and never decoded', async () => {
    const from = bench.put('a.png', pngBomb(30_000, 30_000))
    expect(fs.statSync(from).size).toBeLessThan(2_000)
    expect(await bench.ok('images.info', { path: from })).toMatchObject({ width: 30_000, height: 30_000 })
    const to = bench.path('b.png')
    for (const [tool, input] of [
      ['images.hash', { path: from }],
      ['images.convert', { from, to }],
      ['images.resize', { from, to, width: 10 }],
      ['images.crop', { from, to, left: 0, top: 0, width: 1, height: 1 }],
    ] as const) {
      const failure = await bench.failure(tool, input)
      expect(failure).toMatchObject({ kind: 'rejected' })
      expect(failure.message).toContain('30,000 × 30,000')
    }
    expect(fs.readdirSync(bench.root)).toEqual(['a.png'])
  })

  test('a header that promises two thousand million pixels a side is no picture', async () => {
    const from = bench.put('a.png', pngBomb(2_147_483_647, 2_147_483_647))
    expect(await bench.failure('images.info', { path: from })).toMatchObject({ kind: 'bad-response' })
  })

  test('a new picture is never longer or larger than what is allowed', async () => {
    const from = bench.put('a.png', await signpost(4, 400).png().toBuffer())
    const input = { from, to: bench.path('b.png'), width: 1_000, enlarge: true }
    expect(await bench.failure('images.resize', input)).toMatchObject({ kind: 'invalid-input' })
    const wide = bench.put('c.png', await signpost(16_400, 2).png().toBuffer())
    const part = { left: 0, top: 0, width: 16_400, height: 1 }
    for (const [tool, given] of [
      ['images.convert', {}],
      ['images.crop', part],
    ] as const) {
      const to = bench.path('b.webp')
      expect(await bench.failure(tool, { from: wide, to, ...given })).toMatchObject({ kind: 'invalid-input' })
    }
    const both = { ...input, width: 16_383, height: 16_383, fit: 'fill' }
    expect(await bench.failure('images.resize', both)).toMatchObject({ kind: 'invalid-input' })
    expect(await bench.failure('images.resize', { ...input, width: 16_384 })).toMatchObject({
      kind: 'invalid-input',
    })
  })

  test('a file is read up to 64 MB', async () => {
    const from = bench.put('a.png', pngBomb(10, 10))
    fs.truncateSync(from, 67_108_865)
    expect(await bench.failure('images.info', { path: from })).toMatchObject({ kind: 'rejected' })
  })

  test('S1 the core answers while large pictures are worked on, one after the other', async () => {
    const large = { create: { width: 3_000, height: 2_500, channels: 3, background: '#123456' } } as const
    const from = bench.put('a.jpg', await sharp(large).jpeg().toBuffer())
    const work = Promise.all(
      ['b.png', 'c.webp'].map(name => bench.ok('images.convert', { from, to: bench.path(name) })),
    )
    expect(await turnsDuring(work)).toBeGreaterThan(20)
    expect((await work).map(({ width }) => width)).toEqual([3_000, 3_000])
  })
})

describe('what is no picture', () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/passwd"/></svg>'
  test.each([
    ['nothing at all', Buffer.alloc(0)],
    ['four bytes', Buffer.from('ftyp')],
    ['a text', Buffer.from('This is no picture.')],
    ['a drawing that names other files', Buffer.from(svg)],
    ['a PDF', Buffer.from('%PDF-1.7\n')],
    ['a head of a JPEG and nothing more', Buffer.from([0xff, 0xd8, 0xff])],
    ['a head of a HEIC and nothing more', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')],
    ['a text behind the head of a PNG', Buffer.from('\x89PNG\r\n\x1a\nhello', 'latin1')],
  ])('is refused whatever its name says: %s', async (_, content) => {
    const path = bench.put('a.jpg', content)
    const failure = await bench.failure('images.info', { path })
    expect(failure).toMatchObject({ kind: 'bad-response' })
    expect(failure.message).toContain('a.jpg')
    const to = bench.path('b.png')
    expect(await bench.failure('images.convert', { from: path, to })).toMatchObject({ kind: 'bad-response' })
  })

  test('a picture with the name of another kind is read as what it is', async () => {
    const path = bench.put('a.png', await photo())
    expect(await bench.ok('images.info', { path })).toMatchObject({ format: 'jpeg' })
    expect(await bench.ok('images.convert', { from: path, to: bench.path('b.png') })).toMatchObject({
      format: 'png',
    })
  })

  test('a HEIC picture has its details read, and says why it cannot be decoded', async () => {
    const avif = await signpost(16, 8).avif().toBuffer()
    const path = bench.put(
      'a.heic',
      Buffer.from(avif.toString('latin1').replaceAll('avif', 'heic'), 'latin1'),
    )
    expect(await bench.ok('images.info', { path })).toMatchObject({ format: 'heic', width: 16 })
    const failure = await bench.failure('images.convert', { from: path, to: bench.path('b.jpg') })
    expect(failure).toMatchObject({ kind: 'invalid-input' })
    expect(failure.message).toContain('HEIC')
  })
})

const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const

describe('damaged pictures', () => {
  test.each(['jpeg', 'png', 'webp', 'avif'] as const)('half of a %s is refused, not padded', async format => {
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const
    const create = { width: 200, height: 200, channels: 3, background: '#888888', noise } as const
    const whole = await sharp({ create }).toFormat(format).toBuffer()
    const from = bench.put('a.img', whole.subarray(0, whole.length / 2))
    expect(await bench.failure('images.convert', { from, to: bench.path('b.png') })).toMatchObject({
      kind: 'bad-response',
    })
    expect(fs.readdirSync(bench.root)).toEqual(['a.img'])
  })

  test('S1 any damage ends in a picture or a failure of the file', async () => {
    const wholes: Buffer[] = await Promise.all(
      FORMATS.map(format => signpost(40, 30).toFormat(format).toBuffer()),
    )
    wholes.push(await photo())
    const harm = fc.record({
      which: fc.nat(wholes.length - 1),
      hits: fc.array(fc.record({ at: fc.nat(5_000), byte: fc.nat(255) }), { maxLength: 8 }),
      length: fc.double({ min: 0, max: 1.5, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(harm, async ({ which, hits, length }) => {
        const bytes = Buffer.from(wholes[which] ?? [])
        for (const { at, byte } of hits) bytes[at % bytes.length] = byte
        const path = bench.put('a.img', bytes.subarray(0, Math.ceil(bytes.length * length)))
        const to = bench.path('b.png')
        for (const ended of [
          await bench.call('images.info', { path }),
          await bench.call('images.convert', { from: path, to, overwrite: true }),
        ]) {
          if (!ended.ok) expect(['bad-response', 'rejected', 'invalid-input']).toContain(ended.failure.kind)
        }
      }),
      { numRuns: 150, endOnFailure: true },
    )
  })
})

const ASCII = 2
const SHORT = 3
const RATIONAL = 5

async function infoOf(exif: Buffer): Promise<Record<string, unknown>> {
  const plain = await signpost(8, 4).jpeg().toBuffer()
  return bench.ok('images.info', { path: bench.put('a.jpg', withExifBlock(plain, exif)) })
}

/** A block with one list of a further kind behind the first, and data behind both; addresses as in the file. */
function exifWith(pointer: number, entries: readonly ExifEntry[], data: Buffer): Buffer {
  const first = exifOf([{ tag: pointer, type: 4, count: 1, value: 26 }])
  const list = exifOf(entries).subarray(14)
  return Buffer.concat([first, list, data])
}

function dataAt(entries: number): number {
  return 26 + 2 + entries * 12 + 4
}

describe('what EXIF claims', () => {
  const PHOTO = 0x8769
  const PLACE = 0x8825

  const takenFrom = async (text: string, offset?: string): Promise<unknown> => {
    const entries: ExifEntry[] = [{ tag: 0x9003, type: ASCII, count: text.length + 1, value: 0 }]
    if (offset !== undefined) entries.push({ tag: 0x9011, type: ASCII, count: offset.length + 1, value: 0 })
    let at = dataAt(entries.length)
    for (const entry of entries) {
      entry.value = at
      at += entry.count
    }
    const { taken } = await infoOf(exifWith(PHOTO, entries, Buffer.from(`${text}\0${offset ?? ''}\0`)))
    return taken
  }

  test('a time without a zone is told as the clock showed it, and as no instant', async () => {
    expect(await takenFrom('2026:03:14 12:30:00')).toEqual({
      local: '2026-03-14T12:30:00',
      offset: null,
      at: null,
    })
    expect(await takenFrom('2026:03:14 12:30:00', '-05:30')).toMatchObject({
      at: Date.UTC(2026, 2, 14, 18, 0),
    })
    expect(await takenFrom('2026:03:14 12:30:00', 'CET!!')).toMatchObject({ offset: null, at: null })
  })

  test.each([
    '0000:00:00 00:00:00',
    '2026:13:01 00:00:00',
    '2026:02:30 12:00:00',
    '    :  :     :  :  ',
    'today',
  ])('a date that is none is no date: “%s”', async text => {
    expect(await takenFrom(text)).toBeNull()
  })

  const locatedAt = async (latitude: number[], side: string): Promise<unknown> => {
    const values = Buffer.alloc(48)
    const numbers = [...latitude, 13, 1, 24, 1, 0, 1]
    numbers.forEach((value, index) => values.writeUInt32LE(value, index * 4))
    const at = dataAt(4)
    const letter = (text: string): number => text.charCodeAt(0)
    const entries = [
      { tag: 1, type: ASCII, count: 2, value: letter(side) },
      { tag: 2, type: RATIONAL, count: 3, value: at },
      { tag: 3, type: ASCII, count: 2, value: letter('E') },
      { tag: 4, type: RATIONAL, count: 3, value: at + 24 },
    ]
    const { located, location } = await infoOf(exifWith(PLACE, entries, values))
    return { located, location }
  }

  test('a place is in degrees; one that is none is there and not told', async () => {
    const place = { latitude: -52.5, longitude: 13.4, altitude: null }
    expect(await locatedAt([52, 1, 30, 1, 0, 1], 'S')).toEqual({ located: true, location: place })
    const none = { located: true, location: null }
    expect(await locatedAt([52, 0, 30, 0, 0, 0], 'N')).toEqual(none)
    expect(await locatedAt([91, 1, 0, 1, 0, 1], 'N')).toEqual(none)
    expect(await locatedAt([52, 1, 75, 1, 0, 1], 'N')).toEqual(none)
    expect(await locatedAt([52, 1, 30, 1, 0, 1], 'X')).toEqual(none)
  })

  test('a list that is its own next one ends', async () => {
    const exif = exifWith(PHOTO, [{ tag: PHOTO, type: 4, count: 1, value: 26 }], Buffer.alloc(0))
    exif.writeUInt32LE(8, exif.length - 4)
    expect(await infoOf(exif)).toMatchObject({ width: 8, taken: null })
  })

  test('damage in it leaves the picture readable', async () => {
    const info = await infoOf(Buffer.from('Exif\0\0nonsense that is none'))
    expect(info).toMatchObject({ width: 8, problem: 'The EXIF data is damaged.' })
  })

  test('S1 S2 five thousand lists over the same bytes are left, while the core answers', async () => {
    const many = Array.from({ length: 5_000 }, (_, i) => ({ tag: i, type: SHORT, count: 2 ** 31, value: 8 }))
    const trap = exifOf(many)
    expect(trap.length).toBeLessThan(65_000)
    const plain = await signpost(8, 4).jpeg().toBuffer()
    const path = bench.put('a.jpg', withExifBlock(plain, trap))
    const looking = bench.ok('images.info', { path })
    expect(await turnsDuring(looking)).toBeGreaterThan(0)
    const { width, problem } = await looking
    expect(width).toBe(8)
    expect(problem).toContain('trap')
    const to = bench.path('b.jpg')
    await bench.ok('images.convert', { from: path, to })
    expect(await bench.ok('images.info', { path: to })).toMatchObject({ problem: null, taken: null })
  })
})

describe('S2 what an EXIF block describes beyond what it holds', () => {
  test.each([
    ['numbers', SHORT],
    ['bytes', 1],
    ['texts', ASCII],
    ['blocks of bytes', 7],
  ])('is left before it fills any memory: %s', (_, type) => {
    const many = Array.from({ length: 5_000 }, (_none, i) => ({ tag: i, type, count: 60_000, value: 8 }))
    const before = process.memoryUsage().heapUsed
    const { problem } = readDetails({ exif: exifOf(many) })
    expect(problem).toContain('trap')
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64_000_000)
  })
})

describe('the libraries', () => {
  /** What a process of its own has loaded of them when its script ends. */
  function loadedBy(script: string): string[] {
    const code = `
      import { registerHooks } from 'node:module'
      const loaded = new Set()
      registerHooks({
        load(url, context, next) {
          const name = /node_modules\\/(sharp|unpdf|exif-reader)\\//.exec(url)?.[1]
          if (name !== undefined) loaded.add(name)
          return next(url, context)
        },
      })
      const at = name => new URL(name, ${JSON.stringify(new URL('../../', import.meta.url).href)}).href
      ${script}
      console.log(JSON.stringify([...loaded].sort()))`
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
    return JSON.parse(out) as string[]
  }

  test('are loaded by the first picture and the first document, not by the core or its compute hosts', () => {
    expect(loadedBy(`await import(at('core.ts')); await import(at('tools/compute/jobs.ts'))`)).toEqual([])
    const used = `
      const { Darkroom } = await import(at('tools/images/darkroom.ts'))
      const { jobs } = await import(at('tools/compute/jobs.ts'))
      const gif = Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAACAkwBADs=', 'base64')
      await new Darkroom().header({ path: '/a.gif', bytes: gif })
      await jobs['images.exif']({ exif: new Uint8Array(0) })
      await jobs['pdf.text']({ bytes: new Uint8Array(0), shown: 'a', from: 1, to: null, room: 1 }).catch(() => null)`
    expect(loadedBy(used)).toEqual(['exif-reader', 'sharp', 'unpdf'])
  })
})
