import { execFileSync, spawn } from 'node:child_process'
import { afterEach, describe, expect, it } from 'vitest'
import { isFailureError, type Failure } from '../../../domain/failure.ts'
import { forkHost } from './host-process.ts'
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

/** A pool of one host, and what there is to know of the hosts it has had. */
function watchedPool(options: ComputeOptions = {}) {
  const pids: number[] = []
  const losses: string[] = []
  const ready = Promise.withResolvers<undefined>()
  const compute = pool({
    size: 1,
    limitMs: 60_000,
    openHost: (limits, listener) => {
      const host = forkHost(limits, {
        hear: message => {
          listener.hear(message)
          ready.resolve(undefined)
        },
        lost: loss => {
          losses.push(loss.message)
          listener.lost(loss)
        },
      })
      pids.push(host.pid ?? 0)
      return host
    },
    ...options,
  })
  return { compute, pids, losses, ready: ready.promise }
}

/** Also one that has ended and that nobody has asked about since is gone. */
function isAlive(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return state !== '' && !state.startsWith('Z')
  } catch {
    return false
  }
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
    const compute = pool({ limitMs: 1_500, size: 1 })
    let failure: Failure | undefined
    const turns = await turnsDuring(failureIn(job(compute)).then(found => (failure = found)))
    expect(failure).toMatchObject({ kind: 'script-limit', limit: 'cpu', allowed: 1_500 })
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

  it('starts no host before it is needed, and ends one that rests', async () => {
    const compute = pool({ idleMs: 30 })
    expect(compute.hosts).toBe(0)
    expect(await compute.run('htmlToText', hello, asker())).toBe('Hello')
    expect(compute.hosts).toBe(1)
    await expect.poll(() => compute.hosts).toBe(0)
    expect(await compute.run('htmlToText', hello, asker())).toBe('Hello')
  })

  it('computes many jobs of many runs in few hosts, each with its own answer', async () => {
    const compute = pool({ size: 2 })
    const jobs = Array.from({ length: 60 }, (_, i) =>
      compute.run('htmlToText', { html: `<p>${i}</p>`, links: 'keep' }, asker(`run_${i % 7}`)),
    )
    expect(compute.hosts).toBe(2)
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
    expect(compute.hosts).toBe(0)
    await expect(compute.run('htmlToText', hello, asker())).rejects.toThrow('closed')
  })
})

describe('a compute host', () => {
  // A text of line ends alone: its rows outgrow what V8 lets a thread be stopped for, so V8 ends the process.
  const burst = { text: '\n'.repeat(4_000_000), header: false }

  it('S1 S2 that bursts its memory ends alone, every time, and the core goes on', async () => {
    const { compute, losses } = watchedPool({ memoryMb: 24 })
    for (let round = 0; round < 20; round += 1) {
      const failure = await failureIn(compute.run('csvParse', burst, asker()))
      expect(failure).toMatchObject({ kind: 'script-limit', limit: 'memory', allowed: 24 })
    }
    expect(await compute.run('htmlToText', hello, asker())).toBe('Hello')
    expect(losses.filter(message => message.startsWith('The compute host ended'))).not.toEqual([])
  }, 180_000)

  it('S1 S2 that bursts the memory every job has ends alone', async () => {
    const text = '\n'.repeat(8_000_000)
    const failure = await failureIn(watchedPool().compute.run('csvParse', { ...burst, text }, asker()))
    expect(failure).toMatchObject({ kind: 'script-limit', limit: 'memory', allowed: 256 })
  })

  it('S2 is ended when its job holds too many buffers', async () => {
    const { compute, losses } = watchedPool({ memoryMb: 48 })
    const bytes = Buffer.alloc(60_000_000, 'endobj 1 0 obj <<\n')
    const input = { bytes, shown: 'a.pdf', from: 1, to: null, room: 1 }
    const failure = await failureIn(compute.run('pdf.text', input, asker()))
    expect(failure).toMatchObject({ kind: 'script-limit', limit: 'memory', allowed: 48 })
    expect(losses).toEqual([expect.stringMatching(/^The job held \d+ bytes of buffers/)])
  })

  it('S1 that is killed in the middle of a job fails that job alone', async () => {
    const { compute, pids, ready } = watchedPool()
    const failure = failureIn(compute.run('diff', endlessDiff, asker()))
    await ready
    process.kill(pids[0] ?? 0, 'SIGKILL')
    expect(await failure).toMatchObject({ kind: 'script-limit', limit: 'memory' })
    expect(await compute.run('htmlToText', hello, asker())).toBe('Hello')
    expect(pids).toHaveLength(2)
  })

  it('that ends before its job has begun does not blame the job', async () => {
    const { compute, pids } = watchedPool()
    const lost = expect(compute.run('htmlToText', hello, asker())).rejects.toThrow('host ended (SIGKILL)')
    process.kill(pids[0] ?? 0, 'SIGKILL')
    await lost
    expect(await compute.run('htmlToText', hello, asker())).toBe('Hello')
  })

  it('that the system has no room for fails the job that needed it', async () => {
    let tries = 0
    const { compute } = watchedPool({
      openHost: (limits, listener) => {
        if (tries++ === 0) throw new Error('spawn ENOMEM')
        return forkHost(limits, listener)
      },
    })
    await expect(compute.run('htmlToText', hello, asker())).rejects.toThrow('could not start its host')
    expect(await compute.run('htmlToText', hello, asker())).toBe('Hello')
  })

  it('goes on when a terminal interrupts everyone in it', async () => {
    const { compute, pids } = watchedPool()
    await compute.run('htmlToText', hello, asker())
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.kill(pids[0] ?? 0, signal)
      expect(await compute.run('htmlToText', hello, asker())).toBe('Hello')
    }
    expect(pids).toHaveLength(1)
  })

  it('is gone when the pool has closed', async () => {
    const { compute, pids, ready } = watchedPool()
    const left = expect(compute.run('diff', endlessDiff, asker())).rejects.toThrow('closed')
    await ready
    await compute.close()
    await left
    expect(pids.map(isAlive)).toEqual([false])
  })

  /** A core that begins a job and says which host has it. */
  const core = (job: string) => `
    const at = name => new URL(name, ${JSON.stringify(import.meta.url)}).href
    const { createCompute } = await import(at('pool.ts'))
    const { forkHost } = await import(at('host-process.ts'))
    let host
    const openHost = (limits, { hear, lost }) =>
      (host = forkHost(limits, { hear: message => { hear(message); say(message) }, lost }))
    const say = ({ is }) => console.log(is, host.pid)
    const compute = createCompute({ openHost, limitMs: 60_000 })
    await compute.run(${job}, { owner: 'a', signal: new AbortController().signal })`

  it('outlives no core that is killed while it computes', async () => {
    const lines = "Array.from({ length: 200_000 }, (_, i) => `${side}${i}`).join('\\n')"
    const texts = `const [before, after] = ['a', 'b'].map(side => ${lines})`
    const job = "'diff', { before, after, context: 3, ignoreWhitespace: false }"
    const parent = spawn(process.execPath, ['--input-type=module', '-e', `${texts}\n${core(job)}`])
    const pid = await new Promise<number>(resolve => {
      parent.stdout.once('data', (said: Buffer) => {
        resolve(Number(/^ready (\d+)/.exec(String(said))?.[1]))
      })
    })
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await expect.poll(() => isAlive(pid)).toBe(false)
  })

  it('keeps no core alive that has nothing to do, and ends with it', async () => {
    const script = core("'hash', { text: 'a', algorithm: 'md5' }")
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    const pid = Number(/^done (\d+)/m.exec(said)?.[1])
    expect(pid).toBeGreaterThan(0)
    await expect.poll(() => isAlive(pid)).toBe(false)
  })
})
