/** One call of the planner's model: its input is read, the tool is run, and what goes wrong is told to the model. */
import type { z } from 'zod'
import { issueOf } from '../../domain/issues.ts'
import { isFailureError } from '../../domain/failure.ts'
import type { ModelCall } from '../../domain/model.ts'
import { promptBlock } from '../../domain/prompt-block.ts'
import type { Draft } from './draft.ts'
import { PLAN_TOOLS } from './tools.ts'
import type { Came, Desk } from './tools.ts'

/** The same call with the same input so often in a row is a circle. */
const MOST_REPEATS = 3

/** What the plan is at, for the person who waits. */
export function doingOf(call: ModelCall): string {
  return PLAN_TOOLS.find(({ name }) => name === call.tool)?.doing ?? 'Working'
}

export async function act(call: ModelCall, given: Desk): Promise<Came> {
  const draft = counted(call, given.draft)
  const desk = { ...given, draft }
  if (draft.repeated.times > MOST_REPEATS)
    return refused(
      draft,
      'This was asked the same way before, with the same answer. Do something else, or say in a reply what stands in the way.',
    )
  const tool = PLAN_TOOLS.find(({ name }) => name === call.tool)
  if (tool === undefined) {
    return refused(
      draft,
      `There is no tool ${call.tool}. There are: ${PLAN_TOOLS.map(({ name }) => name).join(', ')}.`,
    )
  }
  if (call.input === null)
    return refused(draft, 'The arguments were not JSON. Call it again with a JSON object.')
  const input = tool.input.safeParse(call.input)
  if (!input.success)
    return refused(draft, `The arguments were refused: ${problemsOf(input.error, call.input)}`)
  try {
    return await tool.run(input.data, desk)
  } catch (error) {
    if (given.signal.aborted || !isFailureError(error) || error.failure.kind === 'internal') throw error
    return refused(draft, `It failed:\n${promptBlock(call.tool, error.failure.message)}`)
  }
}

function counted(call: ModelCall, draft: Draft): Draft {
  const text = JSON.stringify([call.tool, call.input])
  const times = draft.repeated.call === text ? draft.repeated.times + 1 : 1
  return { ...draft, repeated: { call: text.length > 2_000 ? '' : text, times } }
}

function problemsOf(error: z.ZodError, input: unknown): string {
  return error.issues
    .slice(0, 8)
    .map(issue => issueOf(issue, input))
    .map(({ path, text }) => `${path === '' ? 'the whole' : path} ${text}.`)
    .join(' ')
}

function refused(draft: Draft, text: string): Came {
  return { is: 'answer', text, draft }
}
