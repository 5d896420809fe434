/** A person's answer to an action: what each choice means, recorded before it takes effect (P4). */
import { fail } from '../../domain/failure.ts'
import type { Json } from '../../domain/json.ts'
import {
  actionById,
  choicesOf,
  decideApproval,
  approvalOf,
  grantFirstTime,
  openActionFor,
  settleAction,
} from '../store/actions.ts'
import type { ActionRow } from '../store/actions.ts'
import { answerReview } from '../store/copy-reviews.ts'
import { itemsInState } from '../store/items.ts'
import { failedRunsSince, failureOfRun, runById } from '../store/runs.ts'
import type { Tx } from '../store/tx.ts'
import { answerWait, waitsOfAction } from '../store/waits.ts'
import type { WaitRow } from '../store/waits.ts'
import type { EngineContext } from './context.ts'
import type { Control } from './control.ts'
import { failedCause } from './run/failed-action.ts'
import type { Waker } from './waker.ts'

export interface Answer {
  actionId: string
  choice: string
  /** Free text or data, where the choice takes it. */
  payload: Json
}

export class Answers {
  readonly #context: EngineContext
  readonly #waker: Waker
  readonly #control: Control

  constructor(context: EngineContext, waker: Waker, control: Control) {
    this.#context = context
    this.#waker = waker
    this.#control = control
  }

  async resolve(answer: Answer): Promise<void> {
    const action = this.#openAction(answer)
    switch (action.kind) {
      case 'approval':
        return this.#approve(action, answer.choice)
      case 'input-needed':
        return this.#wake(action, answer.choice, answer.choice === 'answer' ? answer.payload : answer.choice)
      case 'outcome-unknown':
        return this.#wake(action, answer.choice, answer.choice)
      case 'run-failed':
        return this.#afterFailure(action, answer.choice)
      case 'items-aside':
        return this.#afterAside(action, answer.choice)
      case 'copied-writes':
        return this.#afterReview(action, answer.choice)
      case 'copied-folder':
        return this.#afterCopy(action, answer.choice)
      default:
        return this.#afterFix(action, answer.choice)
    }
  }

  /** What an action asks for was put right elsewhere: it closes, and whoever waited for it goes on. */
  async cleared(causeKey: string): Promise<void> {
    const { store, clock } = this.#context
    if (openActionFor(store, causeKey) === undefined) return
    const waits = await store.write(
      tx => {
        const action = openActionFor(tx, causeKey)
        if (action === undefined) return []
        settleAction(tx, action.id, { state: 'closed', choice: null, at: clock.now() })
        const waiting = waitsOfAction(tx, action.id)
        for (const wait of waiting) answerWait(store, tx, wait, { answer: 'retry' })
        return waiting
      },
      { durable: true },
    )
    this.#waker.ended(waits)
  }

  #openAction(answer: Answer): ActionRow {
    const action = this.#requireOpen(actionById(this.#context.store, answer.actionId))
    const choices = choicesOf(action).map(choice => choice.id)
    if (!choices.includes(answer.choice)) {
      fail({
        kind: 'invalid-input',
        path: 'choice',
        message: `“${answer.choice}” is not among its choices: ${choices.join(', ')}. Nothing was changed.`,
      })
    }
    return action
  }

  #requireOpen(action: ActionRow | undefined): ActionRow {
    if (action === undefined) {
      fail({
        kind: 'invalid-input',
        path: 'id',
        message: 'There is no such action. Nothing was changed. List them with: steward inbox',
      })
    }
    if (action.state !== 'open') {
      fail({
        kind: 'invalid-input',
        path: 'id',
        message: `This action was already ${action.state} (${action.choice ?? 'its cause cleared'}). Nothing was changed.`,
      })
    }
    return action
  }

  async #approve(action: ActionRow, choice: string): Promise<void> {
    const { store, clock } = this.#context
    const stepId = action.step_id ?? ''
    const approval = approvalOf(store, stepId)
    const now = clock.now()
    if (approval?.state !== 'pending' || approval.expires_at <= now) {
      fail({
        kind: 'approval-expired',
        approval: action.id,
        message:
          'The approval had expired, which counts as a denial. Nothing was sent. Run the automation again to be asked anew.',
      })
    }
    const wait = waitsOfAction(store, action.id)[0]
    await this.#wake(action, choice, choice, tx => {
      decideApproval(tx, stepId, choice === 'approve' ? 'granted' : 'rejected', now)
      if (choice === 'approve' && typeof wait?.name === 'string' && action.workflow_id !== null) {
        grantFirstTime(store, tx, action.workflow_id, wait.name, now)
      }
    })
  }

  async #wake(
    action: ActionRow,
    choice: string,
    answer: Json,
    also: (tx: Tx) => void = () => undefined,
  ): Promise<void> {
    const wait = waitsOfAction(this.#context.store, action.id)[0]
    if (wait === undefined) return this.#settle(action, choice, [])
    await this.#waker.answer(wait, answer, tx => {
      also(tx)
      this.#settleIn(tx, action, choice)
    })
  }

  async #afterFailure(action: ActionRow, choice: string): Promise<void> {
    await this.#settle(action, choice, [])
    if (choice === 'retry') await this.#retryAll(action)
    if (choice === 'pause' && action.workflow_id !== null) await this.#control.pause(action.workflow_id)
  }

  /** The row stands for every run of the automation that failed of the same cause since it was raised. */
  async #retryAll(action: ActionRow): Promise<void> {
    const { store } = this.#context
    const workflowId = action.workflow_id ?? ''
    const failed = failedRunsSince(store, workflowId, action.created_at).filter(runId => {
      const run = runById(store, runId)
      const failure = run === undefined ? null : failureOfRun(store, run)
      return failure !== null && failedCause(workflowId, failure) === action.cause_key
    })
    await this.#each(failed, runId => this.#control.retryRun(runId))
  }

  async #afterAside(action: ActionRow, choice: string): Promise<void> {
    await this.#settle(action, choice, [])
    if (choice !== 'retry' || action.workflow_id === null) return
    const aside = itemsInState(this.#context.store, action.workflow_id, 'aside').map(item => item.id)
    await this.#each(aside, itemId => this.#control.rerunItem(itemId))
  }

  /** Does it for every one; what could not be done is said at the end, and keeps none of the others from it. */
  async #each(ids: readonly string[], work: (id: string) => Promise<void>): Promise<void> {
    const ends = await Promise.allSettled(ids.map(work))
    const refused = ends.find(end => end.status === 'rejected')
    if (refused !== undefined) throw refused.reason
  }

  /** A missing connection or limit: gone on with, or the run is given up. */
  async #afterFix(action: ActionRow, choice: string): Promise<void> {
    const waits = waitsOfAction(this.#context.store, action.id)
    const goesOn = choice !== 'dismiss' && choice !== 'pause'
    await this.#settle(action, choice, goesOn ? waits : [])
    if (choice === 'dismiss' && action.run_id !== null && waits.length > 0)
      await this.#control.cancelRun(action.run_id)
    if (choice === 'pause' && action.workflow_id !== null) await this.#control.pause(action.workflow_id)
  }

  async #afterCopy(action: ActionRow, choice: string): Promise<void> {
    await this.#settle(action, choice, [])
    if (choice === 'resume') await this.#control.resumeEverything()
  }

  /** The answer is kept for what the person was shown: the runs and items that wait, and the events behind them. */
  async #afterReview(action: ActionRow, choice: string): Promise<void> {
    const { store } = this.#context
    const waits = await store.write(
      tx => {
        this.#settleIn(tx, action, choice)
        const waiting = waitsOfAction(tx, action.id)
        const askedAt = waiting.reduce((last, wait) => Math.max(last, wait.created_at), action.created_at)
        const owners = waiting.map(wait => wait.item_id ?? wait.run_id)
        answerReview(tx, action.workflow_id ?? '', { choice, askedAt, owners })
        for (const wait of waiting) answerWait(store, tx, wait)
        return waiting
      },
      { durable: true },
    )
    this.#waker.ended(waits)
  }

  async #settle(action: ActionRow, choice: string, waits: readonly WaitRow[]): Promise<void> {
    const { store } = this.#context
    await store.write(
      tx => {
        this.#settleIn(tx, action, choice)
        for (const wait of waits) answerWait(store, tx, wait, choice)
      },
      { durable: true },
    )
    this.#waker.ended(waits)
  }

  #settleIn(tx: Tx, action: ActionRow, choice: string): void {
    const { store, clock } = this.#context
    const at = clock.now()
    // Two answers at once: the first one counts.
    this.#requireOpen(actionById(tx, action.id))
    settleAction(tx, action.id, { state: 'resolved', choice, at })
    store.audit.append(tx, at, {
      kind: 'answered',
      workflowId: action.workflow_id,
      runId: action.run_id,
      body: { action: action.id, kind: action.kind, choice: namedChoice(action, choice) },
    })
  }
}

/** What the choices of a question say came from a script: the log, which is not sealed, has their place instead. */
function namedChoice(action: ActionRow, choice: string): string | number {
  if (action.kind !== 'input-needed' || choice === 'answer') return choice
  return choicesOf(action).findIndex(({ id }) => id === choice)
}
