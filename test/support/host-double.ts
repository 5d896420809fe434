/**
 * Stands in for the engine in the sandbox's tests: answers calls, keeps a journal as the engine would, and can start
 * the same run again from that journal. Test support; nothing of the product imports it.
 */
import type { Failure } from '../../src/domain/failure.ts'
import type { Json } from '../../src/domain/json.ts'
import type { Effect, Outcome } from '../../src/domain/tool.ts'
import type { LostReason, SandboxInstance, SandboxPool } from '../../src/sandbox/pool.ts'
import type {
  FromWorker,
  GuestCall,
  ItemClose,
  RecordedStep,
  RunEnd,
  RunLimits,
  StartRun,
} from '../../src/sandbox/protocol.ts'
import { itemOf } from '../../src/sandbox/replay.ts'

export const GRANTED: Record<string, string> = {
  'tools/http': `import { call } from 'steward:runtime'
export const get = input => call('http.get', input)
export const post = input => call('http.post', input)`,
  'tools/flow': `import { call, each } from 'steward:runtime'
export { each }
export const now = input => call('flow.now', input ?? {})`,
}

export const HEAD = `import { get, post } from 'tools/http'
import { each, now } from 'tools/flow'
`

/** A run whose script is this body of its default export. */
export function runBody(pool: SandboxPool, body: string, options: HostOptions = {}): HostDouble {
  return new HostDouble(pool, `${HEAD}export default async function run(event) { ${body} }`, options)
}

/** Small limits, with some of them changed. */
export function withLimits(changes: Partial<RunLimits>): HostOptions {
  return {
    start: { limits: { cpuMs: 10_000, memoryMb: 64, calls: 1_000, bytesPerCall: 1_048_576, ...changes } },
  }
}

export type Answer = Outcome | 'hold'
export type Answering = (call: GuestCall, args: Json) => Answer | Promise<Answer>

export interface HostOptions {
  start?: Partial<StartRun>
  answer?: Answering
  /** What `flow.open` answers; by default every item runs. */
  open?: (scope: string) => Json
  inherits?: (scope: string) => RecordedStep[]
  /** Answers with an outcome that was held back. */
  recall?: (stepId: string) => Outcome
  /** Delivers held completions in this order instead of as they come. */
  pick?: (waiting: number) => number
}

export type HostEnd = RunEnd | { is: 'lost'; reason: LostReason }

let names = 0

export class HostDouble {
  readonly journal: RecordedStep[] = []
  /** Everything that was asked for live, in order: scope, tool and the exact text of the arguments. */
  readonly asked: string[] = []
  readonly calls: GuestCall[] = []
  readonly closes: ItemClose[] = []
  readonly unconsumed: string[] = []
  readonly messages: Extract<FromWorker, { kind: 'idle' }>[] = []
  cpuMs = 0
  instance: SandboxInstance
  readonly ended: Promise<HostEnd>
  readonly #options: HostOptions
  readonly #settles = new Map<string, GuestCall>()
  readonly #ready: { call: GuestCall; outcome: Outcome }[] = []
  #end: (end: HostEnd) => void = () => undefined
  #verified: (end: Extract<FromWorker, { kind: 'verified' }>) => void = () => undefined
  #turn: number
  #computing = true

  constructor(pool: SandboxPool, source: string, options: HostOptions = {}) {
    this.#options = options
    const recorded = options.start?.recorded ?? []
    this.journal.push(...recorded)
    this.#turn = Math.max(0, ...recorded.map(step => step.turn ?? 0))
    this.ended = new Promise(resolve => {
      this.#end = resolve
    })
    this.instance = pool.start(startRun(source, options.start), {
      idle: message => {
        this.#onIdle(message)
      },
      verified: message => {
        this.#verified(message)
      },
      wants: (stepId, give) => {
        const outcome: Outcome = this.#options.recall?.(stepId) ?? { ok: true, value: null }
        give(outcome)
      },
      lost: reason => {
        this.#end({ is: 'lost', reason })
      },
    })
  }

  /** The value that was returned; an error where the run ended otherwise. */
  async value(): Promise<Json> {
    const end = await this.ended
    if (end.is === 'returned') return JSON.parse(end.value) as Json
    throw new Error(`ended otherwise: ${JSON.stringify(end)}`)
  }

  /** The failure it ended with; an error where the run ended otherwise. */
  async failure(): Promise<Failure> {
    const end = await this.ended
    if (end.is === 'failed') return end.failure
    throw new Error(`ended otherwise: ${JSON.stringify(end)}`)
  }

  verify(input: string): Promise<Extract<FromWorker, { kind: 'verified' }>> {
    return new Promise(resolve => {
      this.#verified = resolve
      this.instance.verify(input)
    })
  }

  /** Completes a call that was held. */
  complete(call: GuestCall, outcome: Outcome): void {
    this.#ready.push({ call, outcome })
    this.#deliverOne()
  }

  #onIdle(message: Extract<FromWorker, { kind: 'idle' }>): void {
    this.#computing = false
    this.messages.push(message)
    this.cpuMs = message.cpuMs
    this.unconsumed.push(...message.unconsumed)
    for (const call of message.calls) this.#take(call)
    for (const close of message.closes) this.#close(close)
    if (message.end) this.#end(message.end)
    this.#deliverOne()
  }

  #take(call: GuestCall): void {
    this.calls.push(call)
    this.asked.push(`${call.scope} ${call.tool} ${call.args}`)
    const args = JSON.parse(call.args) as Json
    const item = itemOf(call.tool, call.scope, args)
    if (call.tool === 'flow.settle' && item !== null) {
      this.#settles.set(item, call)
      return
    }
    const answer =
      call.tool === 'flow.open' && item !== null
        ? { ok: true as const, value: this.#options.open?.(item) ?? { run: true } }
        : (this.#options.answer?.(call, args) ?? { ok: true as const, value: null })
    if (answer instanceof Promise) void answer.then(later => this.#settle(call, later))
    else this.#settle(call, answer)
  }

  #settle(call: GuestCall, answer: Answer): void {
    if (answer === 'hold') return
    this.#ready.push({ call, outcome: answer })
    this.#deliverOne()
  }

  #close(close: ItemClose): void {
    this.closes.push(close)
    const call = this.#settles.get(close.scope)
    if (!call) return
    const { outcome } = close
    const value: Json = outcome.ok
      ? { state: 'done', result: outcome.value }
      : { state: 'aside', error: { code: outcome.error.code, message: outcome.error.message } }
    this.#ready.push({ call, outcome: { ok: true, value } })
  }

  #deliverOne(): void {
    if (this.#computing || this.#ready.length === 0) return
    const [next] = this.#ready.splice(this.#options.pick?.(this.#ready.length) ?? 0, 1)
    if (!next) return
    const { call, outcome } = next
    this.#turn += 1
    const at = 1_000_000 + this.#turn
    this.journal.push(stepOf(call, outcome, this.#turn, at))
    this.#computing = true
    const item = itemOf(call.tool, call.scope, JSON.parse(call.args))
    const inherits = call.tool === 'flow.open' && item !== null ? (this.#options.inherits?.(item) ?? []) : []
    this.instance.deliver(call.callId, outcome, at, inherits)
  }
}

export function effectOf(tool: string): Effect {
  if (tool === 'http.post') return 'write'
  return tool.startsWith('flow.') ? 'local' : 'read'
}

export function stepOf(
  call: GuestCall,
  outcome: Outcome | null,
  turn: number | null,
  at: number,
): RecordedStep {
  const { scope, tool, argHash, occurrence } = call
  const stepId = call.recorded ?? `stp_${scope}_${tool}_${argHash.slice(0, 8)}_${String(occurrence)}`
  return {
    stepId,
    scope,
    tool,
    effect: effectOf(tool),
    argHash,
    occurrence,
    turn,
    outcome,
    at,
    inherited: false,
  }
}

export function startRun(source: string, changes: Partial<StartRun> = {}): StartRun {
  names += 1
  return {
    instance: `run_${String(names)}`,
    source,
    modules: GRANTED,
    input: '{}',
    seed: 'seed',
    startedAt: 1_000_000,
    recorded: [],
    demand: 'exact',
    ...changes,
    limits: { cpuMs: 5_000, memoryMb: 64, calls: 10_000, bytesPerCall: 8_388_608, ...changes.limits },
  }
}
