/**
 * The planner's own tools: what a model may do while it plans. Each reads, computes, simulates or asks; none changes
 * anything outside, and `finish` only shows what a person may then confirm.
 */
import { z } from 'zod'
import type { JsonObject } from '../../domain/json.ts'
import type { ModelTool } from '../../domain/model.ts'
import { askUser } from './tools/ask.ts'
import {
  explore,
  lookAtRun,
  lookBack,
  readExample,
  readTools,
  searchExamples,
  searchTools,
} from './tools/look.ts'
import { checkScript, dryRun, finish, proposeContract, readPlan, writeScript } from './tools/make.ts'

export type { Came, Desk } from './tools/kit.ts'

export const PLAN_TOOLS = [
  searchTools,
  readTools,
  searchExamples,
  readExample,
  explore,
  askUser,
  proposeContract,
  writeScript,
  readPlan,
  checkScript,
  dryRun,
  finish,
  lookBack,
  lookAtRun,
] as const

/** As a model is told of them; the same each time, so that they can be cached. */
export const PLAN_DECLARATIONS: readonly ModelTool[] = PLAN_TOOLS.map(({ name, description, input }) => ({
  name,
  description,
  input: z.toJSONSchema(input, { io: 'input' }) as JsonObject,
}))
