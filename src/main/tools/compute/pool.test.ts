import { afterEach, describe, expect, it } from 'vitest'
import { isFailureError, type Failure } from '../../../domain/failure.ts'
import { createCompute, type Compute, type ComputeOptions } from './pool.ts'

const open: Compute[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(compute => compute.close()))
})

function pool(options: ComputeOptions = {}): Compute {
  const compute = createCompute(options)
  open.push(compute)
  return compute
}

function asker(owner = 'run_1', signal: AbortSignal = new AbortController().signal) {
  return { owner, signal }
}

async function failureIn(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise
  } catch (error) {
    if (isFailureError(error)) return error.failure
    throw error
  }
  throw new Error('It did not fail.')
}

/** Turns of the core's loop while something goes on. */
async function turnsDuring(promise: Promise<unknown>): Promise<number> {
  let turns = 0
  const timer = setInterval(() => (turns += 1), 5)
  await promise
  clearInterval(timer)
  return turns
}

const lines = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`).join('\n')
const endlessDiff = {
  before: lines('a', 200_000),
  after: lines('b', 200_000),
  context: 3,
  ignoreWhitespace: false,
}
const hello = { html: '<p>Hello</p>', links: 'keep' } as const

const pathological: [what: string, job: (compute: Compute) => Promise<unknown>][] = [
  ['a diff of two long texts that share nothing', compute => compute.run('diff', endlessDiff, asker())],
  [
    'HTML nested a hundred thousand deep',
    compute => compute.run('htmlToText', { html: '<div>'.repeat(100_000), links: 'keep' }, asker()),
  ],
  [
    'a date format that matches in exponentially many ways',
    compute =>
      compute.run(
        'parseDate',
        { text: `${'1'.repeat(60)}x`, format: 'dMHms'.repeat(8), zone: 'UTC' },
        asker(),
      ),
  ],
  [
    'CSV of a hundred thousand quotes that never end',
    compute => compute.run('csvParse', { text: ',"'.repeat(100_000), header: true }, asker()),
  ],
]

describe('a compute pool', () => {
  it.each(pathological)('S1 S2 stops %s while the core answers, and goes on working', async (_, job) => {
    const compute = pool({ limitMs: 400, size: 1 })
    let failure: Failure | undefined
    const turns = await turnsDuring(failureIn(job(compute)).then(found => (failure = found)))
    expect(failure).toMatchObject({ kind: 'script-limit', limit: 'cpu', allowed: 400 })
    expect(turns).toBeGreaterThan(10)
    expect(await compute.run('htmlToText', hello, asker())).toBe('Hello')
  })

  it('S1 lets other runs compute while one run keeps asking for what cannot end', async () => {
    const compute = pool({ limitMs: 3_000, size: 2 })
    const greedy = Array.from({ length: 3 }, () =>
      failureIn(compute.run('diff', endlessDiff, asker('greedy'))),
    )
    const done: string[] = []
    await Promise.all([
      Promise.race(greedy).then(() => done.push('greedy')),
      compute.run('htmlToText', hello, asker('modest')).then(text => done.push(text)),
    ])
    expect(done).toEqual(['Hello', 'greedy'])
  })

  it('S2 ends a job that needs too much memory, naming the limit', async () => {
    const compute = pool({ memoryMb: 24, limitMs: 60_000 })
    const text = lines('"a","b","c","d"', 500_000)
    const failure = await failureIn(compute.run('csvParse', { text, header: false }, asker()))
    expect(failure).toMatchObject({ kind: 'script-limit', limit: 'memory', allowed: 24 })
    expect(await compute.run('hash', { text: '', algorithm: 'md5' }, asker())).toBe(
      'd41d8cd98f00b204e9800998ecf8427e',
    )
  })

  it('S2 refuses a result that is too long, naming the limit', async () => {
    const compute = pool({ outputBytes: 1_000 })
    const failure = await failureIn(
      compute.run('htmlToText', { html: 'é'.repeat(600), links: 'keep' }, asker()),
    )
    expect(failure).toMatchObject({ kind: 'script-limit', limit: 'bytes-in', allowed: 1_000 })
    expect(failure.message).toContain('1202 bytes')
  })

  it("carries a job's own failure as data", async () => {
    const failure = await failureIn(
      pool().run('parseDate', { text: 'soon', format: 'yyyy', zone: 'UTC' }, asker()),
    )
    expect(failure).toEqual({
      kind: 'invalid-input',
      path: 'text',
      message: '“soon” was not a date of the form yyyy.',
    })
  })

  it('starts no thread before it is needed, and ends one that rests', async () => {
    const compute = pool({ idleMs: 30 })
    expect(compute.threads).toBe(0)
    expect(await compute.run('htmlToText', hello, asker())).toBe('Hello')
    expect(compute.threads).toBe(1)
    await expect.poll(() => compute.threads).toBe(0)
    expect(await compute.run('htmlToText', hello, asker())).toBe('Hello')
  })

  it('computes many jobs of many runs in few threads, each with its own answer', async () => {
    const compute = pool({ size: 2 })
    const jobs = Array.from({ length: 60 }, (_, i) =>
      compute.run('htmlToText', { html: `<p>${i}</p>`, links: 'keep' }, asker(`run_${i % 7}`)),
    )
    expect(compute.threads).toBe(2)
    expect(await Promise.all(jobs)).toEqual(Array.from({ length: 60 }, (_, i) => `${i}`))
  })

  it('lets go of a job that is cancelled, waiting or running', async () => {
    const compute = pool({ size: 1, limitMs: 60_000 })
    const running = new AbortController()
    const waiting = new AbortController()
    const first = compute.run('diff', endlessDiff, asker('a', running.signal))
    const second = compute.run('htmlToText', hello, asker('b', waiting.signal))
    const third = compute.run('htmlToText', hello, asker('c'))
    waiting.abort()
    await expect(second).rejects.toThrow('text.htmlToText was cancelled')
    running.abort()
    await expect(first).rejects.toMatchObject({ name: 'AbortError' })
    expect(await third).toBe('Hello')
    await expect(compute.run('htmlToText', hello, asker('d', AbortSignal.abort()))).rejects.toThrow(
      'cancelled',
    )
  })

  it('refuses work once it is closed, also what was waiting', async () => {
    const compute = pool({ size: 1, limitMs: 60_000 })
    const left = [
      compute.run('diff', endlessDiff, asker('a')),
      compute.run('htmlToText', hello, asker('b')),
    ].map(job => expect(job).rejects.toThrow('closed'))
    await compute.close()
    await Promise.all(left)
    expect(compute.threads).toBe(0)
    await expect(compute.run('htmlToText', hello, asker())).rejects.toThrow('closed')
  })
})
