/** Durable waits (J6): sleep, a signal by name, a question to the user. Nothing but a row is held meanwhile. */
import type { Json } from '../../../domain/json.ts'
import type { WaitRequest } from '../../../domain/tool.ts'
import { openActionFor, raiseAction, settleAction } from '../../store/actions.ts'
import { moveEvent, nextSignal, payloadOf } from '../../store/inbox.ts'
import type { Tx } from '../../store/tx.ts'
import { answerOf, detailOf, putWait, waitOf } from '../../store/waits.ts'
import type { WaitRow } from '../../store/waits.ts'
import type { ActiveRun, Call, CallEnd } from './call.ts'
import { recordCallIn } from './record.ts'

export async function takeWait(run: ActiveRun, call: Call): Promise<CallEnd> {
  const { store, fault } = run.context
  fault('wait.before-record')
  const end = await store.write<CallEnd>(
    tx => {
      const known = waitOf(tx, call.step.stepId)
      const row = known !== undefined && known.kind !== 'fix' ? known : beginWait(run, tx, call)
      const value = valueOf(run, tx, call, row)
      if (value === undefined) return { is: 'waiting', kind: row.kind }
      closeAction(run, tx, call)
      recordCallIn(run, tx, call, { ok: true, value })
      return { is: 'delivered' }
    },
    { durable: true },
  )
  fault(end.is === 'delivered' ? 'wait.after-outcome' : 'wait.after-record')
  return end
}

function beginWait(run: ActiveRun, tx: Tx, call: Call): WaitRow {
  const now = run.context.clock.now()
  const request = call.tool.wait?.(withZone(run, call.args), now)
  if (request === undefined) throw new Error(`${call.tool.name} is not a wait`)
  const actionId = request.kind === 'ask' ? raiseQuestion(run, tx, call, request) : undefined
  putWait(tx, {
    stepId: call.step.stepId,
    runId: run.row.id,
    itemId: call.scope.itemId,
    kind: request.kind,
    ...(request.kind === 'signal' ? { name: request.name } : {}),
    ...(request.kind === 'sleep' ? { localTime: request.localTime, zone: request.zone } : {}),
    ...(actionId === undefined ? {} : { actionId }),
    wakeAt: request.until,
    at: now,
  })
  const row = waitOf(tx, call.step.stepId)
  if (row === undefined) throw new Error(`the wait of ${call.step.stepId} is missing`)
  return row
}

/** Days are days of the contract's zone unless the script names another. */
function withZone(run: ActiveRun, args: Json): Json {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) return args
  return { zone: run.contract.zone, ...args }
}

/** What the wait resolves to, once it is over; undefined until then. */
function valueOf(run: ActiveRun, tx: Tx, call: Call, row: WaitRow): Json | undefined {
  const now = run.context.clock.now()
  const until = untilOf(run, call, row)
  const timedOut = until !== null && until <= now
  if (row.kind === 'sleep') return timedOut || detailOf(row).over ? { wokeAt: now } : undefined
  if (row.kind === 'ask') {
    const answer = answerOf(run.context.store, row)
    if (answer !== undefined) return { answer }
    return timedOut ? { timedOut: true } : undefined
  }
  const signal = nextSignal(tx, run.row.id, row.name ?? '')
  if (signal === undefined) return timedOut ? { timedOut: true } : undefined
  moveEvent(tx, signal.id, 'done', { runId: run.row.id, doneAt: now })
  return { payload: payloadOf(run.context.store, signal) }
}

/** A wait that was handed on has lost its time, which follows from when it began. */
function untilOf(run: ActiveRun, call: Call, row: WaitRow): number | null {
  return row.wake_at ?? call.tool.wait?.(withZone(run, call.args), row.created_at).until ?? null
}

function raiseQuestion(
  run: ActiveRun,
  tx: Tx,
  call: Call,
  request: Extract<WaitRequest, { kind: 'ask' }>,
): string {
  const choices = request.choices.map((choice, place) => ({
    id: choice,
    label: choice,
    style: place === 0 ? ('primary' as const) : ('plain' as const),
  }))
  return raiseAction(run.context.store, tx, {
    kind: 'input-needed',
    causeKey: `ask:${call.step.stepId}`,
    workflowId: run.row.workflow_id,
    runId: run.row.id,
    itemId: call.scope.itemId,
    stepId: call.step.stepId,
    choices: request.freeText ? [...choices, { id: 'answer', label: 'Answer', style: 'plain' }] : choices,
    body: { cause: request.question, effect: `${run.contract.title} waits for the answer.` },
    expiresAt: request.until,
    at: run.context.clock.now(),
  })
}

function closeAction(run: ActiveRun, tx: Tx, call: Call): void {
  const open = openActionFor(tx, `ask:${call.step.stepId}`)
  if (open !== undefined)
    settleAction(tx, open.id, { state: 'closed', choice: null, at: run.context.clock.now() })
}
