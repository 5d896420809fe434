import { afterAll, beforeAll, expect, it } from 'vitest'
import type { z } from 'zod'
import { answers } from '../../src/main/server/answers.ts'
import type { AnswerName } from '../../src/main/server/answers.ts'
import { install, startCore } from './api.ts'
import type { TestCore } from './api.ts'

let steward: TestCore

beforeAll(async () => {
  steward = await startCore()
})
afterAll(() => steward.end())

/** The answer, held against the schema that the API's document names for it. */
async function ask<N extends AnswerName>(method: string, path: string, name: N, json?: unknown) {
  const answer = await steward.call({
    method,
    path: `/api/v1${path}`,
    ...(json === undefined ? {} : { json }),
  })
  expect(answer.status, answer.text).toBeLessThan(300)
  return answers[name].parse(answer.json) as z.output<(typeof answers)[N]>
}

it('pages what can be taken back, takes it back, and tells of each step', async () => {
  await install(
    steward,
    'counts',
    "import { set } from 'tools/state'\nexport default async () => { for (let i = 0; i < 5; i++) await set('k' + i, i) }",
  )
  const taken = await ask('POST', '/automations/counts/events', 'TakenEvent', { payload: null })
  const { run } = await ask('GET', `/events/${taken.eventId}?wait=60000`, 'Event')
  expect(run?.state).toBe('succeeded')
  const place = `/runs/${run?.id ?? ''}`
  const first = await ask('GET', `${place}/undo?limit=3`, 'UndoablePage')
  const second = await ask('GET', `${place}/undo?limit=3&cursor=${first.next ?? ''}`, 'UndoablePage')
  const stepIds = [...first.items, ...second.items].map(({ stepId }) => stepId)
  expect(new Set(stepIds).size).toBe(5)
  expect([first.items.length, second.items.length, second.next]).toEqual([3, 2, null])
  expect(first.items[0]).toMatchObject({ tool: 'state.set', undo: 'yes', because: null, item: null })

  const begun = await ask('POST', `${place}/undo`, 'Undo', { steps: stepIds.slice(0, 2) })
  const ended = await ask('GET', `/undos/${begun.id}?wait=60000`, 'Undo')
  expect(ended).toMatchObject({ runId: run?.id, state: 'ended', counts: { undone: 2 } })
  const steps = await ask('GET', `/undos/${begun.id}/steps?limit=1`, 'UndoStepPage')
  expect(steps.items).toMatchObject([{ stepId: stepIds[0], state: 'undone', reason: null }])
  expect(steps.next).not.toBeNull()
  const one = await ask('GET', `${place}/undo?step=${stepIds[0] ?? ''}`, 'UndoablePage')
  expect(one.items.map(({ undo }) => undo)).toEqual(['undone'])
  const undos = await ask('GET', `${place}/undos`, 'UndoPage')
  expect(undos.items.map(({ id }) => id)).toEqual([begun.id])
  const twice = await steward.call({
    method: 'POST',
    path: `/api/v1${place}/undo`,
    json: { steps: stepIds.slice(0, 1) },
  })
  expect(twice).toMatchObject({ status: 409 })
}, 60_000)
