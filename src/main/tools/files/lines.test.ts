import fc from 'fast-check'
import * as fs from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FilesBench } from '../../../../test/support/files-bench.ts'

interface Read {
  lines: string[]
  after: string
  more: boolean
  replaced: boolean
  bytes: number
}

let bench: FilesBench
let log: string
beforeEach(() => {
  bench = new FilesBench()
  log = bench.path('app.log')
})
afterEach(() => bench.close())

async function read(more: object = {}, path = log): Promise<Read> {
  return (await bench.ok('files.lines', { path, ...more })) as unknown as Read
}

describe('lines of a file', () => {
  test('are given once, when they are complete, whoever ends them how', async () => {
    bench.put('app.log', 'one\r\ntwo\n\nthr')
    const first = await read()
    expect(first).toMatchObject({ lines: ['one', 'two', ''], more: false, replaced: false, bytes: 13 })
    expect(await read({ after: first.after })).toMatchObject({ lines: [], after: first.after })
    fs.appendFileSync(log, 'ee\nfour')
    const second = await read({ after: first.after })
    expect(second).toMatchObject({ lines: ['three'], replaced: false })
    fs.appendFileSync(log, '\n')
    expect(await read({ after: second.after })).toMatchObject({ lines: ['four'] })
  })

  test('begin at the end where that is asked for, with the line that is being written', async () => {
    bench.put('app.log', 'old\nhal')
    const { lines, after } = await read({ from: 'end' })
    expect(lines).toEqual([])
    fs.appendFileSync(log, 'f\nnew\n')
    expect((await read({ after })).lines).toEqual(['half', 'new'])
    bench.put('empty.log', '')
    const empty = await read({ from: 'end' }, bench.path('empty.log'))
    bench.put('empty.log', 'first\n')
    expect((await read({ after: empty.after }, bench.path('empty.log'))).lines).toEqual(['first'])
  })

  test('of a file that was begun anew come from its start, and of the old one under its new name', async () => {
    bench.put('app.log', 'one\ntwo\n')
    const { after } = await read()
    fs.appendFileSync(log, 'three\n')
    fs.renameSync(log, `${log}.1`)
    bench.put('app.log', 'a long first line of the new file\n')
    expect(await read({ after })).toMatchObject({
      lines: ['a long first line of the new file'],
      replaced: true,
    })
    expect(await read({ after }, `${log}.1`)).toMatchObject({ lines: ['three'], replaced: false })
    const later = await read()
    fs.truncateSync(log, 0)
    fs.appendFileSync(log, 'again\n')
    expect(await read({ after: later.after })).toMatchObject({ lines: ['again'], replaced: true })
  })

  test('are only those that are wanted, in any case, and long ones are cut', async () => {
    bench.put('app.log', `fine\nan ERROR here\nÄrger\n${'x'.repeat(5_000)} error\nfine\n`)
    const { lines, after, more } = await read({ containing: ['error', 'ärger'] })
    expect([lines.length, lines[0], lines[1], lines[2]?.length, more]).toEqual([
      3,
      'an ERROR here',
      'Ärger',
      2_000,
      false,
    ])
    expect((await read({ after })).lines).toEqual([])
  })

  test('of a large file are read part by part up to a limit, and the next reading goes on there', async () => {
    const text = Array.from({ length: 40_000 }, (_, number) => `line ${String(number)} ${'é'.repeat(10)}`)
    bench.put('app.log', `${text.join('\n')}\n`)
    const part = await read({ maxBytes: 300_000, limit: 2_000 })
    expect(part).toMatchObject({ more: true })
    expect(part.lines).toEqual(text.slice(0, 2_000))
    const few = await read({ after: part.after, containing: ['line 39999 '], maxBytes: 300_000 })
    expect(few).toMatchObject({ lines: [], more: true })
    const rest = await read({ after: few.after, containing: ['line 39999 '] })
    expect(rest).toMatchObject({ lines: [text.at(-1)], more: false })
  })

  test('without an end come in parts, and what is no text does not stop the reading', async () => {
    bench.put('app.log', Buffer.concat([Buffer.alloc(600_000, 120), Buffer.from([10, 0xff, 0xfe, 10])]))
    const { lines, more } = await read()
    expect(lines.map(line => line.length)).toEqual([2_000, 2_000, 2_000, 2])
    expect([lines[3], more]).toEqual(['\ufffd\ufffd', false])
  })

  test('are refused of what is no ordinary file, and after what no reading gave', async () => {
    fs.symlinkSync(bench.outside, log)
    expect(await bench.failure('files.lines', { path: log })).toMatchObject({ kind: 'not-permitted' })
    expect(await bench.failure('files.lines', { path: bench.root })).toMatchObject({ kind: 'rejected' })
    expect(await bench.failure('files.lines', { path: bench.path('no', 'such') })).toMatchObject({
      kind: 'rejected',
    })
    const odd = await bench.failure('files.lines', { path: log, after: '12' })
    expect(odd).toMatchObject({ kind: 'invalid-input', message: expect.stringContaining('after') as string })
  })

  test('however a file grows and is looked at, each line comes once and in order', async () => {
    const piece = fc.stringMatching(/^[a-c\n]{0,12}$/)
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        async (pieces, limit) => {
          fs.writeFileSync(log, '')
          const seen: string[] = []
          let { after } = await read({ from: 'end' })
          const look = async () => {
            for (let more = true; more;) {
              const found = await read({ after, limit })
              seen.push(...found.lines)
              ;({ after, more } = found)
            }
          }
          for (const each of pieces) {
            fs.appendFileSync(log, each)
            await look()
          }
          expect(seen).toEqual(pieces.join('').split('\n').slice(0, -1))
        },
      ),
      { numRuns: 40 },
    )
  })
})
