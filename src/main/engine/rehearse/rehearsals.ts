/**
 * The rehearsals of this life of the core: started, looked at, stopped. Nothing of them is on the disk, and they end
 * with the core (S6). Owns which of them play, and the last reports. Does not own how one plays (`stage.ts`).
 */
import type { Contract } from '../../../domain/contract.ts'
import { fail, failureOf } from '../../../domain/failure.ts'
import { sha256Hex } from '../../../domain/json.ts'
import type { Json } from '../../../domain/json.ts'
import type { Workflow } from '../../store/workflows.ts'
import { deployed } from '../../store/workflows.ts'
import { checkScript } from '../check-script.ts'
import type { ScriptCheck } from '../check-script.ts'
import type { EngineContext } from '../context.ts'
import { checkedContract } from '../install.ts'
import { refusePassed } from '../schedule/past.ts'
import { endedOr } from '../ended-or.ts'
import { checkPlan } from '../planning/check.ts'
import { rehearse } from '../rehearse.ts'
import type { RehearsalEnd } from '../rehearse.ts'
import { automationName } from '../views/common.ts'
import { reportOf, runningReport } from './report.ts'
import type { RehearsalReport, ReportHead } from './report.ts'

/** A script under a contract, an installed automation as it is, or a new version of it. */
export interface RehearsalRequest {
  workflow?: Workflow
  version?: { source: string; contract: Json }
  event: Json
  longestMs?: number
}

interface Playing {
  head: ReportHead
  hash: string
  stopping: AbortController
  ended: Promise<void>
  report: RehearsalReport | null
}

const MOST_AT_ONCE = 4
const KEPT = 8

export class Rehearsals {
  readonly #context: EngineContext
  readonly #known = new Map<string, Playing>()

  constructor(context: EngineContext) {
    this.#context = context
  }

  /** As many play as may: another one has to wait. */
  isFull(): boolean {
    return [...this.#known.values()].filter(({ report }) => report === null).length >= MOST_AT_ONCE
  }

  /** Looks through a script, with its types, and through a contract for it. */
  check(source: string, contract: Json | undefined, signal: AbortSignal): Promise<ScriptCheck> {
    return checkPlan(this.#context, source, contract, signal)
  }

  start(request: RehearsalRequest): RehearsalReport {
    const { head, source, workflowId } = this.#prepared(request)
    const { event, longestMs } = request
    const stopping = new AbortController()
    const playing: Playing = {
      head,
      hash: sha256Hex(source),
      stopping,
      report: null,
      ended: rehearse(this.#context, {
        contract: head.contract,
        source,
        event,
        phase: 'dry-run',
        signal: stopping.signal,
        ...(workflowId === undefined ? {} : { workflowId }),
        ...(longestMs === undefined ? {} : { longestMs }),
      }).then(
        end => {
          playing.report = this.#finalReport(playing, end)
        },
        (error: unknown) => {
          playing.report = this.#brokenReport(playing, error)
        },
      ),
    }
    this.#known.set(head.id, playing)
    this.#forgetOldest()
    return this.#reportOf(playing)
  }

  get(id: string): RehearsalReport | undefined {
    const playing = this.#known.get(id)
    return playing === undefined ? undefined : this.#reportOf(playing)
  }

  /** Its report, when it has ended, `ms` have passed, or `closing` says so. */
  async wait(id: string, ms: number, closing: AbortSignal): Promise<RehearsalReport | undefined> {
    const playing = this.#known.get(id)
    if (playing?.report === null) await endedOr(playing.ended, ms, closing)
    return this.get(id)
  }

  /** Ends it now; nothing was changed by it. */
  async stop(id: string): Promise<RehearsalReport | undefined> {
    const playing = this.#known.get(id)
    playing?.stopping.abort()
    await playing?.ended
    return this.get(id)
  }

  stopAll(): void {
    for (const { stopping } of this.#known.values()) stopping.abort()
  }

  #prepared({ workflow, version }: RehearsalRequest) {
    const automation = workflow === undefined ? null : automationName(this.#context, workflow.id)
    const head = {
      id: this.#context.store.ids.next('reh'),
      automation,
      startedAt: this.#context.clock.now(),
    }
    const workflowId = workflow?.id
    if (version !== undefined) {
      const contract = checkedVersion(this.#context, version, workflowId ?? null)
      return { head: { ...head, contract, version: null }, source: version.source, workflowId }
    }
    if (workflow === undefined) throw new Error('nothing was given to rehearse')
    const { script, contract } = deployed(this.#context.store, workflow)
    const number = `${String(script.major)}.${String(script.minor)}`
    return { head: { ...head, contract, version: number }, source: script.source, workflowId }
  }

  #finalReport(playing: Playing, end: RehearsalEnd): RehearsalReport {
    try {
      return reportOf(this.#context.tools, playing.head, end)
    } catch (error) {
      return this.#brokenReport(playing, error)
    }
  }

  /** A bug of ours ends one rehearsal, not the core. */
  #brokenReport({ head, hash }: Playing, error: unknown): RehearsalReport {
    this.#context.log('error', 'a rehearsal could not be told', { error })
    const ms = this.#context.clock.now() - head.startedAt
    return { ...runningReport(head, hash, ms), state: 'failed', failure: failureOf(error) }
  }

  #reportOf({ head, hash, report }: Playing): RehearsalReport {
    return report ?? runningReport(head, hash, this.#context.clock.now() - head.startedAt)
  }

  #forgetOldest(): void {
    const ended = [...this.#known].filter(([, { report }]) => report !== null)
    for (const [id] of ended.slice(0, Math.max(0, ended.length - KEPT))) this.#known.delete(id)
  }
}

/** Refused before anything plays, for the reasons that would keep it from being installed. */
function checkedVersion(
  context: EngineContext,
  { source, contract: json }: { source: string; contract: Json },
  workflowId: string | null,
): Contract {
  const contract = checkedContract(json, 'rehearsed')
  refusePassed(context.store, contract, context.clock.now(), { workflowId, done: 'rehearsed' })
  context.tools.modulesOf(contract.uses)
  const check = checkScript(context.tools, source, json)
  const wrong = check.problems.filter(problem => problem.severity === 'error')
  const [first] = wrong
  if (first === undefined) return contract
  return fail({
    kind: 'script-error',
    name: 'Refused',
    message: `Nothing was rehearsed. ${wrong.map(problem => problem.message).join(' ')}`,
    ...(first.position === null ? {} : { position: first.position }),
  })
}
