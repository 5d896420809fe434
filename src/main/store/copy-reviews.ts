/**
 * Automations of a copied folder, until they have caught up with what the original did since (J11): one row for each
 * that the copy came with, what a person said of what it came upon, and when its first run was complete.
 */
import { z } from 'zod'
import { query, statement } from './statement.ts'
import type { Reader, Tx } from './tx.ts'

/** done: the original did it · do: it did not · each: to be asked one by one. */
const choiceSchema = z.enum(['done', 'do', 'each'])
export type ReviewChoice = z.output<typeof choiceSchema>

const answersSchema = z.array(z.object({ at: z.int(), choice: choiceSchema }))

export interface CopyReview {
  /** When the copy was recognised, and what the latest time is that it knows of. */
  copiedAt: number
  knownUntil: number
  /** The end of the first complete run; null until then. */
  overAt: number | null
  /** Each is for all events that were there by then and had no answer before. */
  answers: z.output<typeof answersSchema>
}

const clear = statement((_p: object) => query.deleteFrom('copy_reviews'))
const begin = statement((p: { copiedAt: number; knownUntil: number }) =>
  query
    .insertInto('copy_reviews')
    .columns(['workflow_id', 'copied_at', 'known_until'])
    .expression(eb =>
      eb
        .selectFrom('workflows')
        .select(({ val }) => [
          'workflows.id',
          val(p.copiedAt).as('copied_at'),
          val(p.knownUntil).as('known_until'),
        ])
        .where('state', '!=', 'deleted'),
    ),
)
const ofWorkflow = statement((p: { workflowId: string }) =>
  query.selectFrom('copy_reviews').selectAll().where('workflow_id', '=', p.workflowId),
)
const putAnswers = statement((p: { workflowId: string; answers: string }) =>
  query.updateTable('copy_reviews').set({ answers: p.answers }).where('workflow_id', '=', p.workflowId),
)
const clearAnswers = statement((_p: object) => query.deleteFrom('copy_answers'))
const putAnswer = statement((p: { owner: string; choice: ReviewChoice }) =>
  query
    .insertInto('copy_answers')
    .values({ owner: p.owner, choice: p.choice })
    .onConflict(conflict => conflict.column('owner').doUpdateSet({ choice: p.choice })),
)
const answerOf = statement((p: { owner: string }) =>
  query.selectFrom('copy_answers').select('choice').where('owner', '=', p.owner),
)
const finish = statement((p: { workflowId: string; at: number }) =>
  query
    .updateTable('copy_reviews')
    .set({ over_at: p.at })
    .where('workflow_id', '=', p.workflowId)
    .where('over_at', 'is', null),
)

export function beginReviews(tx: Tx, times: { copiedAt: number; knownUntil: number }): void {
  tx.run(clear, {})
  tx.run(clearAnswers, {})
  tx.run(begin, times)
}

export function reviewOf(reader: Reader, workflowId: string): CopyReview | undefined {
  const row = reader.get(ofWorkflow, { workflowId })
  if (row === undefined) return undefined
  return {
    copiedAt: row.copied_at,
    knownUntil: row.known_until,
    overAt: row.over_at,
    answers: answersSchema.parse(JSON.parse(row.answers)),
  }
}

/** What a person said of these runs and items, and of every event that was there when they were last asked. */
export function answerReview(
  tx: Tx,
  workflowId: string,
  answer: { choice: string; askedAt: number; owners: readonly string[] },
): void {
  const choice = choiceSchema.parse(answer.choice)
  for (const owner of answer.owners) tx.run(putAnswer, { owner, choice })
  const answers = [...(reviewOf(tx, workflowId)?.answers ?? []), { at: answer.askedAt, choice }]
  tx.run(putAnswers, { workflowId, answers: JSON.stringify(answers) })
}

export function reviewAnswerFor(reader: Reader, owner: string): ReviewChoice | undefined {
  return reader.get(answerOf, { owner })?.choice
}

export function endReview(tx: Tx, workflowId: string, at: number): void {
  tx.run(finish, { workflowId, at })
}
