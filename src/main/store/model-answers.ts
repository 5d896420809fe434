/**
 * What models answered tools. The same tool that asks the same model the same is given the same answer for a while, and
 * nothing is paid for it. Answers are sealed; their keys are hashes of all that was asked.
 */
import { createHash } from 'node:crypto'
import type { Json } from '../../domain/json.ts'
import type { ModelInfo, Question } from '../../domain/model.ts'
import type { Wish } from '../../domain/picture.ts'
import { query, statement } from './statement.ts'
import type { Store } from './store.ts'
import type { Tx } from './tx.ts'

/** How long an answer is given again, ms. */
export const ANSWERS_KEPT_MS = 30 * 86_400_000

const recent = statement((p: { key: string; since: number }) =>
  query
    .selectFrom('model_answers')
    .select('sealed_answer')
    .where('key', '=', p.key)
    .where('at', '>=', p.since),
)
const put = statement((p: { key: string; answer: Uint8Array; at: number }) =>
  query
    .insertInto('model_answers')
    .values({ key: p.key, sealed_answer: p.answer, at: p.at })
    .onConflict(conflict => conflict.column('key').doUpdateSet({ sealed_answer: p.answer, at: p.at })),
)
const drop = statement((p: { until: number; limit: number }) =>
  query
    .deleteFrom('model_answers')
    .where(
      'key',
      'in',
      query.selectFrom('model_answers').select('key').where('at', '<', p.until).limit(p.limit),
    ),
)

export interface Learnt {
  readonly key: string
  readonly answer: Json
}

export function answerKey(tool: string, model: ModelInfo, question: Question): string {
  const { system, text, answer, maxOutputTokens } = question
  return keyOf([tool, ...whoIs(model), system, text, answer, maxOutputTokens])
}

/** Of a picture, what is kept is its name and what it is. */
export function drawingKey(tool: string, model: ModelInfo, { prompt, shape, quality }: Wish): string {
  return keyOf([tool, ...whoIs(model), prompt, shape, quality])
}

/** Whose answer it would be: what another server says under the same name is another's. */
function whoIs({ connection, provider, base, model }: ModelInfo): string[] {
  return [connection, provider, base, model]
}

function keyOf(all: readonly Json[]): string {
  return createHash('sha256').update(JSON.stringify(all)).digest('hex')
}

/** Undefined where it was not asked for too long, or never. */
export function learntAnswer(store: Store, key: string, now: number): Json | undefined {
  const row = store.get(recent, { key, since: now - ANSWERS_KEPT_MS })
  return row === undefined ? undefined : store.open(row.sealed_answer, contextOf(key))
}

export function keepAnswer(store: Store, tx: Tx, { key, answer }: Learnt, at: number): void {
  tx.run(put, { key, answer: store.seal(answer, contextOf(key)), at })
}

/** How many of the old ones went. */
export function dropAnswers(tx: Tx, until: number, limit: number): number {
  return tx.run(drop, { until, limit })
}

function contextOf(key: string): string {
  return `model-answer:${key}`
}
