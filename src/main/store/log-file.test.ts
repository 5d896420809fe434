import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LogLevel } from '../../domain/log.ts'
import { LogFile, logPath } from './log-file.ts'
import { USUAL_LIMITS, filesOf } from './log/rotating-file.ts'

let folder: string
let now: number
const open: LogFile[] = []

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'steward-log-'))
  now = Date.UTC(2026, 2, 1)
})
afterEach(() => {
  for (const log of open.splice(0)) log.close()
  fs.rmSync(folder, { recursive: true, force: true })
})

const RUN = 'run_01k3v8d7c4n5q6r7s8t9w0x1y2'
const DAY_MS = 86_400_000
const everything = { limit: 1_000 }

function opened(limits = USUAL_LIMITS): LogFile {
  const log = new LogFile(folder, () => now, limits)
  open.push(log)
  return log
}

const written = () => filesOf(logPath(folder)).map(file => fs.readFileSync(file, 'utf8'))
const numbers = async (log: LogFile) => (await log.read(everything)).items.map(line => line.n)

describe('the log', () => {
  it('is one line of JSON per event, for its owner alone', async () => {
    const log = opened()
    log.log('warn', 'something odd', { run: RUN, ms: 5 })
    const [text = ''] = written()
    expect(JSON.parse(text)).toEqual({
      level: 'warn',
      at: '2026-03-01T00:00:00.000Z',
      n: 1,
      run: RUN,
      ms: 5,
      message: 'something odd',
    })
    expect(fs.statSync(logPath(folder)).mode & 0o077).toBe(0)
    expect(fs.statSync(path.dirname(logPath(folder))).mode & 0o077).toBe(0)
  })

  it('writes what matters at once, and the rest by the end of the turn', async () => {
    const log = opened()
    log.log('info', 'first')
    expect(written()).toEqual([])
    log.log('error', 'second')
    expect(written().join('').split('\n')).toHaveLength(3)
    log.log('info', 'third')
    await new Promise(resolve => setImmediate(resolve))
    expect(written().join('')).toContain('third')
  })

  it('names where in the program an error came from, and nothing of its text', async () => {
    const log = opened()
    log.log('error', 'it broke', { error: new RangeError('secret 1') })
    const [line] = (await log.read(everything)).items
    expect(line).toMatchObject({ error: 'RangeError' })
    expect(line?.['place']).toMatch(/^src\/main\/store\/log-file\.test\.ts:\d+:\d+$/)
    expect(written().join('')).not.toContain('secret')
  })

  it('does not take a place that a message made up', async () => {
    const root = path.join(import.meta.dirname, '../../..')
    const error = new Error(
      `x\n    at f (${root}/src/SECRET1.ts:1:1)\n    at f (${root}/src/../SECRET1.ts:1:1)`,
    )
    opened().log('error', 'it broke', { error })
    expect(written().join('')).not.toContain('SECRET1')
  })

  it('holds a level and those above it, from the moment it is set', async () => {
    const log = opened()
    log.log('debug', 'one')
    log.setLevel('error')
    log.log('warn', 'two')
    log.setLevel('debug')
    log.log('debug', 'three')
    expect((await log.read(everything)).items.map(line => line.message)).toEqual(['three'])
  })

  it('goes on counting after a restart, also behind a line that a crash cut short', async () => {
    const first = opened()
    first.log('error', 'one')
    first.log('error', 'two')
    first.close()
    fs.appendFileSync(logPath(folder), '{"level":"error","at":"2026-')
    const second = opened()
    second.log('error', 'three')
    expect(await numbers(second)).toEqual([3, 2, 1])
  })

  it('is put aside when it is large, and only the last files are kept', async () => {
    const log = opened({ ...USUAL_LIMITS, largestBytes: 500, keptFiles: 2 })
    for (let count = 0; count < 40; count++) log.log('error', 'a line of some length', { count })
    const files = written()
    expect(files).toHaveLength(3)
    for (const text of files) expect(text.length).toBeLessThanOrEqual(500)
    const kept = await numbers(log)
    expect(kept[0]).toBe(40)
    expect(kept).toEqual(kept.map((_, index) => 40 - index))
  })

  it('is put aside when it is old, by the time of its first line, and forgotten a month later', async () => {
    opened().log('error', 'old')
    open.splice(0).forEach(log => log.close())
    now += 8 * DAY_MS
    const log = opened()
    log.log('error', 'new')
    expect(written().map(text => text.trim().split('\n').length)).toEqual([1, 1])
    fs.utimesSync(`${logPath(folder)}.1`, now / 1_000, now / 1_000)
    now += 31 * DAY_MS
    log.tidy()
    expect(written().join('')).not.toContain('old')
  })

  it('stops nothing where the disk takes no line, and says later how many were lost', async () => {
    const log = opened()
    fs.mkdirSync(logPath(folder))
    log.log('error', 'one')
    log.log('warn', 'two')
    fs.rmdirSync(logPath(folder))
    log.log('error', 'three')
    const { items } = await log.read(everything)
    expect(items.map(line => [line.message, line['count']])).toEqual([
      ['lines of the log were lost', 2],
      ['three', undefined],
    ])
  })
})

describe('reading the log', () => {
  it('shows the lines of one run, and of a level and above', async () => {
    const log = opened()
    log.log('info', 'one', { run: RUN })
    log.log('warn', 'two')
    log.log('error', 'three', { run: RUN })
    const texts = async (query: { run?: string; level?: LogLevel }) =>
      (await log.read({ ...query, limit: 10 })).items.map(line => line.message)
    expect(await texts({ run: RUN })).toEqual(['three', 'one'])
    expect(await texts({ level: 'warn' })).toEqual(['three', 'two'])
    expect(await texts({ run: RUN, level: 'warn' })).toEqual(['three'])
  })

  it('comes in pages that together are the whole, both ways, over files', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom<LogLevel>('info', 'warn', 'error'), { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (levels, limit) => {
          fs.rmSync(path.dirname(logPath(folder)), { recursive: true, force: true })
          const log = opened({ ...USUAL_LIMITS, largestBytes: 700, keptFiles: 20 })
          for (const level of levels) log.log(level, 'a line')
          const wanted = levels.flatMap((level, index) => (level === 'info' ? [] : [index + 1]))
          const back: number[] = []
          for (let before: number | null | undefined; before !== null;) {
            const page = await log.read({ level: 'warn', limit, before })
            back.push(...page.items.map(line => line.n))
            before = page.next
          }
          expect(back).toEqual([...wanted].reverse())
          const forth: number[] = []
          for (let after: number | null = 0; after !== null;) {
            const page = await log.read({ level: 'warn', limit, after })
            forth.push(...page.items.map(line => line.n))
            after = page.next
          }
          expect(forth).toEqual(wanted)
          open.splice(0).forEach(each => each.close())
        },
      ),
      { numRuns: 25 },
    )
  })
})
