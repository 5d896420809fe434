/**
 * What a policy file would have decided over runs that are on record, step by step, and where that differs from what
 * was decided then. Looks and changes nothing. Work is bounded: one page looks at so many steps at most, in small
 * pieces between other work, and ends early when nobody waits for it any more.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { z } from 'zod'
import type { Verdict } from '../../../domain/decision.ts'
import type { Policy } from '../../../domain/policy-file.ts'
import { policySays } from '../../../domain/policy-merge.ts'
import type { Decision } from '../../../domain/policy.ts'
import { foldSteps } from '../../store/journal.ts'
import type { Step } from '../../store/journal.ts'
import { listAudit, listRuns } from '../../store/lists.ts'
import type { RunListed } from '../../store/lists.ts'
import { listEntries } from '../../store/list-steps.ts'
import { validateInput } from '../../tools/validate.ts'
import { policyCall, riskOf } from '../judged.ts'
import { isVerification } from '../run/run-journal.ts'
import { automationName, cursorText, placeIn, sentenceOf } from '../views/common.ts'
import type { AutomationName, PageRequest, ViewSource } from '../views/common.ts'

/** What became of a step: what was only put off was answered later. */
export type Answered = Exclude<Verdict, 'defer'>

export interface DifferentStep {
  runId: string
  stepId: string
  automation: AutomationName
  tool: string
  sentence: string
  at: number
  was: Answered
  would: Answered
  /** Why, where the policy is the stricter: the rule and its words. */
  clause: string | null
  reason: string | null
}

export interface PolicyPreview {
  /** Steps whose answer would differ, newest run first. */
  items: DifferentStep[]
  /** What was looked at for this page. */
  runs: number
  steps: number
  /** What the policy would have answered to them. */
  would: Record<Answered, number>
  /** Steps whose tool is gone or takes other arguments now. */
  unjudged: number
  next: string | null
}

export interface PreviewRequest extends PageRequest {
  policy: Policy
  /** Runs that began before this are not looked at. */
  since: number
  signal?: AbortSignal
}

const STEPS_PER_PAGE = 2_000
const ENTRIES_AT_ONCE = 100
const ROWS_AT_ONCE = 500

export async function previewPolicy(source: ViewSource, request: PreviewRequest): Promise<PolicyPreview> {
  const preview = new Preview(source, request)
  await preview.look()
  return preview.page
}

interface Recorded {
  was: Answered
  /** By the contract alone. */
  contract: Answered
}

const decisionSchema = z.object({
  step: z.string(),
  verdict: z.enum(['allow', 'ask', 'deny', 'defer']),
  contract: z.enum(['allow', 'ask', 'deny', 'defer']).optional(),
  /** That was about taking the step back, later. */
  undo: z.undefined().optional(),
})

class Preview {
  readonly page: PolicyPreview = {
    items: [],
    runs: 0,
    steps: 0,
    would: { allow: 0, ask: 0, deny: 0 },
    unjudged: 0,
    next: null,
  }
  readonly #source: ViewSource
  readonly #request: PreviewRequest

  constructor(source: ViewSource, request: PreviewRequest) {
    this.#source = source
    this.#request = request
  }

  async look(): Promise<void> {
    const [runId, position] = placeIn(this.#request, 'policy-preview', z.string(), z.int()) ?? []
    for (let run = this.#runFrom(runId); run !== undefined; run = this.#runBefore(run.id)) {
      if (run.created_at < this.#request.since) return
      await this.#lookAt(run, run.id === runId ? (position ?? 0) : 0)
      if (this.page.next !== null || this.#isOver()) return
    }
  }

  #runFrom(runId: string | undefined): RunListed | undefined {
    // Ids are of lower-case letters and digits: this is just above the id itself.
    return runId === undefined ? this.#runBefore(undefined) : this.#runBefore(`${runId}~`)
  }

  #runBefore(before: string | undefined): RunListed | undefined {
    return listRuns(this.#source.store, { limit: 1, ...(before === undefined ? {} : { before }) })[0]
  }

  async #lookAt(run: RunListed, from: number): Promise<void> {
    const recorded = await this.#decisionsOf(run.id)
    if (from === 0) this.page.runs += 1
    for (let after = from; !this.#isOver();) {
      const entries = listEntries(this.#source.store, run.id, after, ENTRIES_AT_ONCE)
      for (const entry of entries) {
        if (this.#isFull()) {
          this.page.next = cursorText('policy-preview', run.id, after)
          return
        }
        after = entry.position
        if (entry.kind !== 'call' && entry.kind !== 'begin') continue
        const [step] = foldSteps(this.#source.store, [entry])
        const known = recorded.get(entry.step_id)
        if (step !== undefined && known !== undefined) this.#judge(run, step, known)
      }
      if (entries.length < ENTRIES_AT_ONCE) return
      await nextTurn()
    }
  }

  #isFull(): boolean {
    return this.page.items.length >= this.#request.limit || this.page.steps >= STEPS_PER_PAGE
  }

  #isOver(): boolean {
    return this.#request.signal?.aborted === true
  }

  #judge(run: RunListed, step: Step, { was, contract }: Recorded): void {
    this.page.steps += 1
    const says = this.#policySays(run, step)
    if (says === undefined) {
      this.page.unjudged += 1
      return
    }
    const would = stricter(contract, says.verdict)
    const isStricter = would !== contract
    this.page.would[would] += 1
    if (would === was) return
    const { tools } = this.#source
    const output = step.outcome?.ok === true ? step.outcome.value : undefined
    this.page.items.push({
      runId: run.id,
      stepId: step.stepId,
      automation: automationName(this.#source, run.workflow_id),
      tool: step.tool,
      sentence: sentenceOf(tools.get(step.tool), step.tool, step.args, output),
      at: step.begunAt,
      was,
      would,
      clause: isStricter ? says.clause : null,
      reason: isStricter && 'reason' in says ? says.reason : null,
    })
  }

  #policySays(run: RunListed, { tool: name, args, effect, owner }: Step): Decision | undefined {
    const tool = this.#source.tools.get(name)
    const checked = tool === undefined ? undefined : validateInput(tool, args)
    if (tool === undefined || checked?.ok !== true) return undefined
    const call = policyCall({ tool, args: checked.value, effect, risk: riskOf(tool, checked.value) })
    const phase = isVerification(owner, run.id) ? 'verify' : 'run'
    return policySays(this.#request.policy, { call, phase, approved: false })
  }

  /** What was decided about each step of a run, from the audit log. */
  async #decisionsOf(runId: string): Promise<Map<string, Recorded>> {
    const known = new Map<string, Recorded>()
    for (let before: number | undefined; !this.#isOver();) {
      const rows = listAudit(this.#source.store, ROWS_AT_ONCE, {
        runId,
        ...(before === undefined ? {} : { before }),
      })
      for (const row of rows) if (row.kind === 'decision') addDecision(known, row.body)
      before = rows.at(-1)?.seq
      if (rows.length < ROWS_AT_ONCE) break
      await nextTurn()
    }
    return known
  }
}

function addDecision(known: Map<string, Recorded>, body: string): void {
  const read = decisionSchema.safeParse(JSON.parse(body))
  // A row that was erased says nothing, and one of an undo nothing about the run.
  if (!read.success) return
  const { step, verdict, contract = verdict } = read.data
  const before = known.get(step) ?? { was: 'allow', contract: 'allow' }
  known.set(step, { was: stricter(before.was, verdict), contract: stricter(before.contract, contract) })
}

const ORDER = ['allow', 'ask', 'deny'] as const

function stricter(answered: Answered, verdict: Verdict): Answered {
  if (verdict === 'defer') return answered
  return ORDER.indexOf(verdict) > ORDER.indexOf(answered) ? verdict : answered
}
