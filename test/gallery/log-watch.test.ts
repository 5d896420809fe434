import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Stage } from './stage.ts'
import type { Automation, Result } from './stage.ts'

const MINUTE = 60_000

let stage: Stage
let tests = 0
let log: string

beforeAll(async () => {
  stage = await Stage.open(Date.UTC(2026, 0, 10, 12))
})

beforeEach(() => {
  log = path.join(stage.folder(`logs ${String(++tests)}`), 'app.log')
  fs.writeFileSync(log, 'an old error\n')
})

afterAll(() => stage.close())

function install(slots: Record<string, string> = {}): Promise<Automation> {
  return stage.install('log-watch', { file: log, ...slots })
}

/** Five minutes pass, and it looks. */
function look(watch: Automation, added = ''): Promise<Result> {
  fs.appendFileSync(log, added)
  return watch.after(5 * MINUTE, 'schedule')
}

function told(watch: Automation): [title: string, body: string][] {
  return watch.notices().map(({ title, body }) => [title, body])
}

describe('log-watch', () => {
  it('R8 J2 tells of new complete lines with the words, once, and of nothing that was there', async () => {
    const watch = await install({ words: 'error, disk + full, -deprecated' })
    expect(await look(watch)).toMatchObject({ status: 'begun' })
    expect(await look(watch)).toMatchObject({ status: 'watched', found: 0 })
    const added =
      'all well\n\u001b[31mERROR\u001b[0m one\nThe DISK of b is full\ndisk ok\nerror: deprecated\nerror hal'
    expect(await look(watch, added)).toMatchObject({ found: 2 })
    expect(await look(watch, 'f\n')).toMatchObject({ found: 1 })
    expect(await look(watch)).toMatchObject({ found: 0 })
    expect(told(watch)).toEqual([
      ['2 lines in app.log', 'ERROR one\nThe DISK of b is full'],
      ['1 line in app.log', 'error half'],
    ])
  })

  it('goes on in the new file when the log is put away, and reads the old one to its end first', async () => {
    const watch = await install()
    await look(watch)
    fs.appendFileSync(log, 'error before\n')
    fs.renameSync(log, `${log}.1`)
    expect(await look(watch, 'error after\n')).toMatchObject({ found: 2 })
    fs.truncateSync(log, 0)
    expect(await look(watch, 'failed\n')).toMatchObject({ found: 1 })
    const lost = 'The file was begun anew; what was written just before that may be missing here.'
    expect(told(watch)).toEqual([
      ['2 lines in app.log', 'error before\nerror after'],
      ['1 line in app.log', `failed\n${lost}`],
    ])
  })

  it('says once that the file is gone, and goes on when it is back', async () => {
    const watch = await install()
    await look(watch)
    fs.rmSync(log)
    const looked = () => watch.after(5 * MINUTE, 'schedule')
    expect(await looked()).toMatchObject({ status: 'gone' })
    expect(told(watch)).toEqual([])
    await looked()
    await looked()
    expect(told(watch)).toEqual([
      ['app.log is gone', 'There was no such file in 2 looks. It is looked for further on.'],
    ])
    fs.mkdirSync(log)
    expect(await looked()).toMatchObject({ status: 'gone' })
    fs.rmdirSync(log)
    expect(await look(watch, 'error again\n')).toMatchObject({ status: 'watched', found: 1 })
    expect(told(watch)).toHaveLength(2)
  })

  it('tells of a flood once an hour, with the number of its lines', async () => {
    const watch = await install()
    await look(watch)
    for (let number = 1; number <= 20; number++) await look(watch, `error ${String(number)}\n`)
    expect(told(watch).map(([title]) => title)).toEqual([
      ...['1 line in app.log', '1 line in app.log', '1 line in app.log'],
      '12 lines in app.log',
    ])
    expect(told(watch)[2]?.[1]).toBe(
      'error 3\nFrom now on you are told of such lines once an hour, until they stop.',
    )
    await look(watch)
    expect(told(watch).at(-1)?.[0]).toBe('5 lines in app.log')
  })

  it('reads a large addition to its end, of any bytes, and shows a few lines of it', async () => {
    const watch = await install()
    await look(watch)
    fs.appendFileSync(log, Buffer.concat([Buffer.alloc(9_000_000, 'xy\n'), Buffer.from([0xff, 0xfe, 0, 10])]))
    expect(await look(watch, 'error x\n'.repeat(700))).toMatchObject({ status: 'watched', found: 700 })
    const [[title, body] = ['', '']] = told(watch)
    expect([title, body.split('\n').at(-1)]).toEqual(['700 lines in app.log', 'and 685 more'])
  })

  it('R7 fails where it may not read, says so, and tells of each line once when it is tried again', async () => {
    const watch = await install()
    await look(watch)
    fs.appendFileSync(log, 'error one\n')
    // A file with a second name is not read.
    fs.linkSync(log, `${log}.second`)
    expect(await look(watch)).toEqual({ state: 'failed', failure: 'not-permitted' })
    expect(told(watch)).toEqual([])
    fs.rmSync(`${log}.second`)
    await watch.answer('run-failed', 'retry')
    await expect.poll(() => told(watch)).toEqual([['1 line in app.log', 'error one']])
    expect(await look(watch)).toMatchObject({ found: 0 })
    expect(watch.actions()).toEqual([])
  })
})
