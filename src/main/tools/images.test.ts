import * as fs from 'node:fs'
import path from 'node:path'
import sharp, { type Create, type Sharp } from 'sharp'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../test/support/files-bench.ts'
import { photo, signpost } from '../../../test/support/picture-maker.ts'
import { createCompute } from './compute/pool.ts'
import { imagesTools } from './images.ts'

const compute = createCompute()
afterAll(() => compute.close())

let bench: FilesBench
beforeEach(() => {
  bench = new FilesBench({}, undefined, options => imagesTools(compute, options))
})
afterEach(() => bench.close())

async function putPhoto(name = 'a.jpg'): Promise<string> {
  return bench.put(name, await photo())
}

/** The colours at a quarter and three quarters of the width, and in the upper left corner. */
async function seen(file: string): Promise<string[]> {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const colour = (x: number, y: number): string => {
    const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * 3
    const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3)
    if (green > 180) return red > 180 ? 'white' : 'green'
    return red > blue ? 'red' : 'blue'
  }
  return [colour(0.05, 0.05), colour(0.35, 0.5), colour(0.75, 0.5)]
}

describe('images.info', () => {
  test('tells size, format, time, camera and place, the picture as it is seen', async () => {
    const file = await putPhoto()
    expect(await bench.ok('images.info', { path: file })).toEqual({
      path: file,
      format: 'jpeg',
      width: 80,
      height: 40,
      bytes: fs.statSync(file).size,
      frames: 1,
      transparent: false,
      taken: { local: '2026-03-14T12:30:00', offset: '+01:00', at: Date.UTC(2026, 2, 14, 11, 30) },
      camera: { make: 'Acme', model: 'Eye 3', lens: '35 mm' },
      copyright: 'Ada',
      located: true,
      location: { latitude: 52.51, longitude: -13.4, altitude: 34 },
      problem: null,
    })
  })

  test.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)(
    'knows %s by its content',
    async format => {
      const file = bench.put('a.txt', await signpost(8, 4).toFormat(format).toBuffer())
      expect(await bench.ok('images.info', { path: file })).toMatchObject({
        format,
        width: 8,
        height: 4,
        taken: null,
        located: false,
        problem: null,
      })
    },
  )

  test('counts the frames of a moving picture', async () => {
    const frames = [await signpost(8, 4).png().toBuffer(), await signpost(8, 4).negate().png().toBuffer()]
    const file = bench.put(
      'a.gif',
      await sharp(frames, { join: { animated: true } })
        .gif()
        .toBuffer(),
    )
    expect(await bench.ok('images.info', { path: file })).toMatchObject({ frames: 2, height: 4 })
    await bench.ok('images.convert', { from: file, to: bench.path('a.png') })
    expect(await seen(bench.path('a.png'))).toEqual(['green', 'red', 'blue'])
  })
})

describe('images.hash', () => {
  test('is nearly the same for a copy in another size and format, and far from that of another picture', async () => {
    const bits = async (name: string, content: Buffer): Promise<bigint> => {
      const { hash } = await bench.ok('images.hash', { path: bench.put(name, content) })
      expect(hash).toMatch(/^[0-9a-f]{16}$/)
      return BigInt(`0x${String(hash)}`)
    }
    const apart = (a: bigint, b: bigint): number => (a ^ b).toString(2).replaceAll('0', '').length
    const noise = (seed: number): Buffer =>
      Buffer.from(Array.from({ length: 36 }, (_, i) => Math.imul((i + 1) * seed, 2_654_435_761) >>> 24))
    const made = (seed: number): Sharp =>
      sharp(noise(seed), { raw: { width: 4, height: 3, channels: 3 } }).resize(400, 300, { fit: 'fill' })
    const original = await bits('a.png', await made(3).png().toBuffer())
    const copy = await bits(
      'b.jpg',
      await made(3).resize(150, 110, { fit: 'fill' }).jpeg({ quality: 60 }).toBuffer(),
    )
    const other = await bits('c.png', await made(7).png().toBuffer())
    expect(apart(original, copy)).toBeLessThanOrEqual(5)
    expect(apart(original, other)).toBeGreaterThan(10)
  })
})

describe('a new picture', () => {
  test('is scaled to fit, turned as it is seen, and says what was written', async () => {
    const from = await putPhoto()
    const to = bench.path('small', 'a.jpg')
    const made = await bench.ok('images.resize', { from, to, width: 20, height: 20, parents: true })
    expect(made).toMatchObject({
      path: to,
      format: 'jpeg',
      width: 20,
      height: 10,
      overwritten: false,
      changed: true,
    })
    expect(made['bytes']).toBe(fs.statSync(to).size)
    expect(await seen(to)).toEqual(['green', 'red', 'blue'])
    expect(await bench.ok('images.info', { path: to })).toMatchObject({ width: 20, height: 10 })
  })

  test('covers, distorts or grows only where that was asked for', async () => {
    const from = await putPhoto()
    const size = async (input: object, name: string) => {
      const { width, height } = await bench.ok('images.resize', { from, to: bench.path(name), ...input })
      return [width, height]
    }
    expect(await size({ width: 20, height: 20, fit: 'cover' }, 'a.png')).toEqual([20, 20])
    expect(await size({ width: 20, height: 30, fit: 'fill' }, 'b.png')).toEqual([20, 30])
    expect(await size({ width: 800 }, 'c.png')).toEqual([80, 40])
    expect(await size({ height: 400, enlarge: true }, 'd.png')).toEqual([800, 400])
  })

  test('is cut out by what is seen, and never beyond the picture', async () => {
    const from = await putPhoto()
    const part = { left: 40, top: 0, width: 40, height: 40 }
    expect(await bench.ok('images.crop', { from, to: bench.path('b.png'), ...part })).toMatchObject({
      width: 40,
      height: 40,
    })
    expect(await seen(bench.path('b.png'))).toEqual(['blue', 'blue', 'blue'])
    const beyond = await bench.failure('images.crop', { from, to: bench.path('c.png'), ...part, left: 41 })
    expect(beyond).toMatchObject({ kind: 'invalid-input' })
    expect(beyond.message).toContain('80 × 40')
    expect(bench.exists('c.png')).toBe(false)
  })

  test.each(['jpg', 'png', 'webp', 'avif'])('becomes %s by its name, without its place', async ending => {
    const from = await putPhoto()
    const to = bench.path(`b.${ending}`)
    await bench.ok('images.convert', { from, to })
    expect(await seen(to)).toEqual(['green', 'red', 'blue'])
    expect(await bench.ok('images.info', { path: to })).toMatchObject({
      format: ending === 'jpg' ? 'jpeg' : ending,
      taken: { local: '2026-03-14T12:30:00', offset: '+01:00' },
      camera: { make: 'Acme', model: 'Eye 3' },
      copyright: 'Ada',
      located: false,
      location: null,
    })
    expect(fs.readFileSync(to).includes('secret-program')).toBe(false)
  })

  test('keeps all of its details, or none, where that was asked for', async () => {
    const from = await putPhoto()
    await bench.ok('images.convert', { from, to: bench.path('all.jpg'), details: 'all' })
    await bench.ok('images.convert', { from, to: bench.path('none.jpg'), details: 'none' })
    const all = await bench.ok('images.info', { path: bench.path('all.jpg') })
    expect(all).toMatchObject({ width: 80, height: 40, located: true, location: { latitude: 52.51 } })
    expect(await bench.ok('images.info', { path: bench.path('none.jpg') })).toMatchObject({
      taken: null,
      camera: { make: null },
      located: false,
    })
    expect(await seen(bench.path('all.jpg'))).toEqual(['green', 'red', 'blue'])
  })

  test('has white where JPEG cannot show through', async () => {
    const clear = { create: { width: 8, height: 8, channels: 4, background: '#00000000' } } as const
    const from = bench.put('a.png', await sharp(clear).png().toBuffer())
    expect(await bench.ok('images.info', { path: from })).toMatchObject({ transparent: true })
    await bench.ok('images.convert', { from, to: bench.path('a.jpg') })
    expect(await seen(bench.path('a.jpg'))).toEqual(['white', 'white', 'white'])
  })

  test('is smaller with less quality', async () => {
    const from = bench.put('a.png', await sharp(noiseOf(128)).png().toBuffer())
    const size = async (quality: number) =>
      (await bench.ok('images.convert', { from, to: bench.path(`${quality}.jpg`), quality }))['bytes']
    expect(Number(await size(20))).toBeLessThan(Number(await size(90)))
  })

  test.each([
    [{ to: 'b.gif' }, 'to'],
    [{ to: 'b' }, 'to'],
    [{ to: 'b.jpg', format: 'png' }, 'format'],
    [{ to: 'b.png', quality: 80 }, 'quality'],
  ])('that contradicts itself is refused: %o', async ({ to, ...rest }, at) => {
    const from = await putPhoto()
    const failure = await bench.failure('images.convert', { from, to: bench.path(to), ...rest })
    expect(failure).toMatchObject({ kind: 'invalid-input', path: at })
    expect(bench.exists(to)).toBe(false)
  })
})

function noiseOf(side: number): { create: Create } {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  return { create: { width: side, height: side, channels: 3, background: '#888888', noise } }
}

describe('what is there already', () => {
  test('is kept unless it may be replaced; the same again counts as done', async () => {
    const from = await putPhoto()
    const to = bench.put('b.jpg', 'something else')
    const input = { from, to, width: 20 }
    expect(await bench.failure('images.resize', input)).toMatchObject({ kind: 'rejected' })
    expect(bench.text('b.jpg')).toBe('something else')
    expect(await bench.ok('images.resize', { ...input, overwrite: true })).toMatchObject({
      overwritten: true,
      changed: true,
    })
    const { mtimeMs } = fs.statSync(to)
    expect(await bench.ok('images.resize', input)).toMatchObject({ overwritten: false, changed: false })
    expect(fs.statSync(to).mtimeMs).toBe(mtimeMs)
  })

  test('can be the picture itself, and is put back by an undo', async () => {
    const from = await putPhoto()
    const before = fs.readFileSync(from)
    const step = bench.step('images.resize', { from, to: from, width: 20, overwrite: true })
    const ended = await step.run()
    if (!ended.ok) throw new Error(ended.failure.message)
    expect(await bench.ok('images.info', { path: from })).toMatchObject({ width: 20 })
    expect(await step.undo(ended.value as never)).toEqual({ ok: true, value: {} })
    expect(fs.readFileSync(from).equals(before)).toBe(true)
  })

  test('is left alone by a rehearsal, which tells what would be made', async () => {
    const from = await putPhoto()
    const to = bench.path('b.webp')
    const step = bench.step('images.resize', { from, to, width: 20 })
    const told = await step.simulate()
    expect(bench.exists('b.webp')).toBe(false)
    expect(await step.run()).toEqual(told)
  })
})

describe('J4 after a kill', () => {
  const cases: [what: string, tool: string, input: Record<string, string | number | boolean>][] = [
    [
      'a new picture in a new folder',
      'images.resize',
      { from: 'a.jpg', to: 'd/b.jpg', width: 20, parents: true },
    ],
    ['one in the place of another file', 'images.convert', { from: 'a.jpg', to: 'b.png', overwrite: true }],
    ['one in the place of itself', 'images.convert', { from: 'a.jpg', to: 'a.jpg', overwrite: true }],
  ]

  test.each(cases)('J4 %s, killed at any point, ends as if it had been made once', async (_, tool, input) => {
    const original = await photo()
    const attempt = async (point: number) => {
      const own = new FilesBench({}, undefined, options => imagesTools(compute, options))
      try {
        own.put('a.jpg', original)
        own.put('b.png', 'old')
        const given = { ...input, from: own.path('a.jpg'), to: own.path(String(input['to'])) }
        const ended = await own.step(tool, given).runStoppedAt(point)
        const told: unknown = JSON.parse(JSON.stringify(ended).replaceAll(own.root, ''))
        return { told, tree: own.tree(), points: own.points.length }
      } finally {
        await own.close()
      }
    }
    const whole = await attempt(Number.POSITIVE_INFINITY)
    expect(whole.told).toMatchObject({ ok: true, value: { changed: true } })
    expect(whole.points).toBeGreaterThan(3)
    for (let point = 0; point < whole.points; point++) {
      const { told, tree } = await attempt(point)
      expect({ point, told, tree }).toEqual({ point, told: whole.told, tree: whole.tree })
    }
  })

  test('J4 a picture that became another since it was planned is not written', async () => {
    const from = await putPhoto()
    const tool = bench.tool('images.resize')
    const input = tool.input.parse({ from, to: bench.path('b.jpg'), width: 20 })
    const evidence = (await tool.prepare?.(input, bench.context('stp_1'))) ?? null
    bench.put('a.jpg', await signpost(80, 40).jpeg().toBuffer())
    const later = bench.tool('images.resize').run(input, bench.context('stp_1', evidence))
    await expect(later).rejects.toMatchObject({ failure: { kind: 'rejected' } })
    expect(bench.exists('b.jpg')).toBe(false)
  })
})

describe('what a contract grants', () => {
  test('holds for both pictures, and no link leads out of it', async () => {
    const from = await putPhoto()
    const outside = path.join(bench.outside, 'b.jpg')
    fs.writeFileSync(outside, await photo())
    fs.symlinkSync(outside, bench.path('link.jpg'))
    fs.linkSync(outside, bench.path('second.jpg'))
    fs.symlinkSync(bench.outside, bench.path('way'))
    const refused = { kind: 'not-permitted' }
    for (const trick of [
      outside,
      bench.path('..', 'outside', 'b.jpg'),
      bench.path('link.jpg'),
      bench.path('second.jpg'),
    ]) {
      expect(await bench.failure('images.info', { path: trick })).toMatchObject(refused)
      expect(await bench.failure('images.convert', { from: trick, to: bench.path('c.jpg') })).toMatchObject(
        refused,
      )
      const into = { from, to: trick, overwrite: true }
      expect(await bench.failure('images.convert', into)).toMatchObject(refused)
    }
    const around = { from, to: bench.path('way', 'c.jpg') }
    expect(await bench.failure('images.convert', around)).toMatchObject(refused)
    expect(fs.readdirSync(bench.outside)).toEqual(['b.jpg'])
    expect(bench.exists('c.jpg')).toBe(false)
  })

  test('is what a call says it touches', () => {
    const tool = bench.tool('images.crop')
    const input = tool.input.parse({
      from: '~/a.jpg',
      to: '~/x/../b.jpg',
      left: 0,
      top: 0,
      width: 1,
      height: 1,
    })
    const home = path.dirname(bench.root)
    expect(tool.touches(input)).toEqual({
      paths: [
        { path: path.join(home, 'a.jpg'), access: 'read' },
        { path: path.join(home, 'b.jpg'), access: 'write' },
      ],
    })
  })
})
