/** Which model a person chose for a role. */
import { z } from 'zod'
import { CONNECTION_NAME } from './connection.ts'

export const MODEL_NAME = /^[^\s\p{C}]{1,200}$/u

export const roleModelSchema = z.strictObject({
  /** Null: whichever connection serves models. */
  connection: z.string().regex(CONNECTION_NAME).nullable().default(null),
  model: z.string().regex(MODEL_NAME, { error: 'is the name of a model, without spaces' }),
})

const chosen = roleModelSchema.nullable().default(null)

export const roleModelsSchema = z
  .object({ planner: chosen, maintainer: chosen, small: chosen, images: chosen })
  .prefault({})
export type RoleModels = z.output<typeof roleModelsSchema>
