/**
 * One run inside a worker: a guest, its replay driver and its limits. Every message of the host is answered with one
 * `idle`, sent when the guest is at rest and nothing recorded is left to hand in.
 *
 * Owns: the guest, the count of calls and CPU time, how the run ended. Does not own: which worker, the journal, waits.
 * Invariants: S2 (a limit that was reached ends the run, whatever the script catches), S4, J3, J5.
 */
import { hash } from 'node:crypto'
import { type Failure, failureOf, type ScriptLimit, type SourcePosition } from '../domain/failure.ts'
import { canonicalJson, type Json } from '../domain/json.ts'
import type { Outcome } from '../domain/tool.ts'
import { type Guest, type SliceEnd, STACK_BYTES } from './engine-wasm.ts'
import {
  type ErrorOrigin,
  errorOfGuest,
  failureOfGuest,
  type GuestError,
  limitFailure,
  placeInStack,
} from './guest-error.ts'
import { DEEPEST, type GuestMessage, readGuestMessage, ROOM_PER_SLICE } from './guest-message.ts'
import type { LoadedModules } from './modules.ts'
import type { FromWorker, GuestCall, RecordedStep, RunEnd, StartRun } from './protocol.ts'
import { type Delivery, itemOf, type Released, ReplayDriver } from './replay.ts'
import { VERIFY_SCOPE } from './scopes.ts'

/** What the prelude adds around the longest text it may send: numbers, scope, tool and stack. */
const ENVELOPE = 400_000
/** A replay computes what was computed before; more than this many times the limit is something else (S2). */
const REPLAY_FACTOR = 2
const ITEM_TOOLS = new Set(['flow.open', 'flow.settle'])

interface AskedCall {
  call: Omit<GuestCall, 'recorded' | 'position'>
  stack: string
  error: ErrorOrigin['error']
}

export class RunInstance {
  readonly #run: StartRun
  readonly #publish: (message: FromWorker) => void
  readonly #driver: ReplayDriver
  readonly #original: (place: SourcePosition) => SourcePosition
  readonly #asked = new Map<number, AskedCall>()
  #guest: Guest | null
  #calls = 0
  #cpuMs: number
  #replayMs = 0
  #end: RunEnd | null = null
  #endReported = false
  #stopReported = false
  #stopped: Failure | null = null
  /** What may still be read of this slice, bytes. */
  #room = ROOM_PER_SLICE
  #verifying = false
  /** The recorded outcome that was asked for, and what came meanwhile. */
  #wanted: { callId: number; at: number } | null = null
  readonly #later: { delivery: Delivery; inherits: readonly RecordedStep[] }[] = []
  #verified: { exists: boolean; end: RunEnd | null } | null = null

  constructor(
    run: StartRun,
    loaded: LoadedModules,
    guest: Guest,
    ports: { publish: (message: FromWorker) => void; beat: () => void; isAbandoned: () => boolean },
  ) {
    this.#run = run
    this.#cpuMs = run.usedCpuMs ?? 0
    this.#publish = ports.publish
    this.#original = loaded.original
    this.#guest = guest
    this.#driver = new ReplayDriver({
      recorded: run.recorded,
      demand: run.demand,
      reenter: run.reenter ?? null,
    })
    guest.open({
      modules: loaded.modules,
      post: text => this.#receive(text),
      longest: run.limits.bytesPerCall + ENVELOPE,
      stopped: () => this.#stopped !== null || ports.isAbandoned(),
      beat: ports.beat,
    })
  }

  start(): void {
    const { seed, startedAt, limits, input } = this.#run
    const head = { kind: 'start', at: startedAt, longest: limits.bytesPerCall, seed: seedWords(seed) }
    this.#slice(`${JSON.stringify(head).slice(0, -1)},"input":${input}}`, !this.#driver.replaying)
    this.#advance()
  }

  deliver(delivery: Delivery, inherits: readonly RecordedStep[]): void {
    if (this.#wanted !== null) {
      this.#later.push({ delivery, inherits })
      return
    }
    this.#driver.inherit(inherits)
    this.#hand(delivery, true)
    this.#advance()
  }

  /** The recorded outcome it asked for; whatever came meanwhile comes after it (J3). */
  recall(outcome: Outcome): void {
    const wanted = this.#wanted
    this.#wanted = null
    if (wanted !== null) this.#hand({ callId: wanted.callId, outcome, at: wanted.at }, false)
    this.#advance()
    this.#catchUp()
  }

  verify(input: string): void {
    this.#verifying = true
    this.#verified = null
    this.#slice(`{"kind":"verify","input":${input}}`, true)
    this.#advance()
  }

  /** The end of it: it is never entered again. What was stopped in mid-slice is in no known state, and just forgotten. */
  drop(): void {
    this.#guest?.drop()
    this.#guest = null
  }

  #catchUp(): void {
    const next = this.#wanted === null ? this.#later.shift() : undefined
    if (next === undefined) return
    this.deliver(next.delivery, next.inherits)
    this.#catchUp()
  }

  #hand(delivery: Delivery, live: boolean): void {
    if (!this.#driver.deliver(delivery)) return
    const { callId, outcome, at } = delivery
    const asked = this.#asked.get(callId)
    if (outcome.ok) this.#asked.delete(callId)
    else if (asked) asked.error = outcome.error
    const answer = answerText(outcome)
    if (Buffer.byteLength(answer) > this.#run.limits.bytesPerCall) {
      this.#reach('bytes-in')
      return
    }
    this.#slice(
      `{"kind":"deliver","id":${String(callId)},"at":${String(at)},"ok":${String(outcome.ok)},"${outcome.ok ? 'value' : 'error'}":${answer}}`,
      live,
    )
  }

  #slice(text: string, live: boolean): void {
    if (!this.#guest || this.#stopped) return
    this.#room = ROOM_PER_SLICE
    const { end, cpuMs } = this.#guest.slice(text, this.#timeLeft(live))
    if (live) this.#cpuMs += cpuMs
    else this.#replayMs += cpuMs
    if (end.is !== 'rest') this.#stopFor(end)
  }

  /** What is computed again in a replay is not counted against the run, and bounded all the same. */
  #timeLeft(live: boolean): number {
    const allowed = this.#run.limits.cpuMs
    return Math.max(0, live ? allowed - this.#cpuMs : allowed * REPLAY_FACTOR - this.#replayMs)
  }

  #stopFor(end: Exclude<SliceEnd, { is: 'rest' }>): void {
    this.#guest = null
    if (end.is === 'limit' && end.limit !== 'other') this.#reach(end.limit)
    this.#stopped ??= {
      kind: 'internal',
      message: 'The sandbox stopped unexpectedly. Nothing new was done; the run can be resumed.',
    }
  }

  #reach(limit: ScriptLimit): void {
    this.#stopped ??= limitFailure(limit, this.#allowed(limit))
  }

  #allowed(limit: ScriptLimit): number {
    const { cpuMs, memoryMb, calls, bytesPerCall } = this.#run.limits
    if (limit === 'cpu') return cpuMs
    if (limit === 'memory') return memoryMb
    if (limit === 'calls') return calls
    return limit === 'stack' ? STACK_BYTES : bytesPerCall
  }

  #advance(): void {
    for (let next = this.#driver.next(); next && !this.#stopped; next = this.#driver.next()) {
      const { callId, stepId, outcome, at } = next
      if (outcome === 'held') {
        this.#wanted = { callId, at }
        this.#publish({ kind: 'wants', instance: this.#run.instance, stepId })
        return
      }
      this.#hand({ callId, outcome, at }, false)
    }
    const released = this.#stopped ? null : this.#driver.release()
    this.#stopped ??= released?.failure ?? this.#deadlock()
    this.#publish(this.#newVerified() ?? this.#idle(this.#stopped ? null : released))
  }

  #idle(released: Released | null): FromWorker {
    return {
      kind: 'idle',
      instance: this.#run.instance,
      calls: released?.calls.flatMap(({ callId, recorded }) => this.#outgoing(callId, recorded)) ?? [],
      closes: released?.closes ?? [],
      unconsumed: released?.unconsumed ?? [],
      cpuMs: this.#cpuMs,
      memory: this.#guest?.memory ?? 0,
      end: this.#newEnd(),
    }
  }

  #newEnd(): RunEnd | null {
    const end: RunEnd | null = this.#stopped ? { is: 'failed', failure: this.#stopped } : this.#end
    // An ended run whose items go on can still be stopped: that is news again.
    const isLate = this.#stopped !== null && this.#run.reenter !== undefined && !this.#stopReported
    if (end === null || (this.#endReported && !isLate)) return null
    this.#endReported = true
    this.#stopReported = this.#stopped !== null
    return end
  }

  #newVerified(): FromWorker | null {
    if (!this.#verifying) return null
    const verified = this.#stopped
      ? { exists: true, end: { is: 'failed', failure: this.#stopped } as const }
      : this.#verified
    if (!verified) return null
    this.#verifying = false
    return { kind: 'verified', instance: this.#run.instance, ...verified }
  }

  #deadlock(): Failure | null {
    const over = this.#verifying ? this.#verified : this.#end
    if (over !== null || !this.#driver.stuck()) return null
    return {
      kind: 'script-error',
      name: 'Deadlock',
      message: 'The script stopped without an end: it waits for something that nothing under way can bring.',
    }
  }

  #outgoing(callId: number, recorded: string | null): GuestCall[] {
    const asked = this.#asked.get(callId)
    if (!asked) return []
    const call = { ...asked.call, recorded, position: this.#place(asked.stack) }
    asked.call.args = ''
    return [call]
  }

  #receive(text: string): string | undefined {
    if (this.#stopped) return undefined
    try {
      const message = readGuestMessage(text, this.#room)
      this.#room -= message.weight
      return this.#read(message)
    } catch (thrown) {
      // A guest sees nothing of what goes wrong on this side.
      this.#stopped = failureOf(thrown)
      return undefined
    }
  }

  #read(message: GuestMessage): string | undefined {
    if (message.nesting > DEEPEST)
      return `${message.subject} is nested more than ${String(DEEPEST)} levels deep.`
    if (message.bytes > this.#run.limits.bytesPerCall) this.#reach('bytes-out')
    else this.#take(message)
    return undefined
  }

  #take(message: GuestMessage): void {
    if (message.kind === 'limit') this.#reach(message.limit)
    else if (message.kind === 'call') this.#issue(message)
    else if (message.kind === 'close') this.#close(message.scope, message.error, message.value)
    else if (message.kind === 'end') this.#end ??= this.#endOf(message.error, message.value)
    else {
      const end = message.exists ? this.#endOf(message.error, message.value) : null
      this.#verified = { exists: message.exists, end }
    }
  }

  #issue({ callId, scope, tool, stack, args, value }: Extract<GuestMessage, { kind: 'call' }>): void {
    if (!this.#accepts(scope)) return
    if (!ITEM_TOOLS.has(tool)) this.#calls += 1
    if (this.#calls > this.#run.limits.calls) {
      this.#reach('calls')
      return
    }
    const argHash = hash('sha256', canonicalJson(args))
    const occurrence = this.#driver.issue({ callId, scope, tool, argHash, item: itemOf(tool, scope, args) })
    const call = { callId, scope, tool, args: value, argHash, occurrence }
    this.#asked.set(callId, { call, stack, error: null })
  }

  #close(scope: string, error: GuestError | null, value: string): void {
    if (!this.#accepts(scope)) return
    let outcome: Outcome
    if (error) {
      const origin = this.#originOf(error)
      outcome = {
        ok: false,
        error: errorOfGuest(failureOfGuest(error, this.#place(error.stack), origin), origin),
      }
    } else outcome = { ok: true, value: JSON.parse(value) as Json }
    this.#driver.close({ scope, outcome })
  }

  /** Past its end a run asks for nothing more, except what its check looks at and the items that go on. */
  #accepts(scope: string): boolean {
    if (scope === VERIFY_SCOPE) return this.#verifying
    return this.#end === null || (this.#run.reenter !== undefined && scope !== '')
  }

  #endOf(error: GuestError | null, value: string): RunEnd {
    if (!error) return { is: 'returned', value }
    return { is: 'failed', failure: failureOfGuest(error, this.#place(error.stack), this.#originOf(error)) }
  }

  #originOf(error: GuestError): ErrorOrigin | null {
    const asked = typeof error.origin === 'number' ? this.#asked.get(error.origin) : undefined
    return asked ? { position: this.#place(asked.stack), error: asked.error } : null
  }

  #place(stack: string): SourcePosition | null {
    const place = placeInStack(stack)
    return place && this.#original(place)
  }
}

function answerText(outcome: Outcome): string {
  if (outcome.ok) return JSON.stringify(outcome.value)
  const { code, message } = outcome.error
  return JSON.stringify({ code, message })
}

/** Four 32-bit words for the guest's generator. */
function seedWords(seed: string): number[] {
  const digest = hash('sha256', seed, 'buffer')
  return [0, 4, 8, 12].map(offset => digest.readInt32LE(offset))
}
