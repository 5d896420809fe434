/** The triggers there are. A new one is its file and a line here. */
import { z } from 'zod'
import type { Json } from '../json.ts'
import { cron } from './cron.ts'
import { event } from './event.ts'
import { feed } from './feed.ts'
import { files } from './files.ts'
import { interval } from './interval.ts'
import { manual } from './manual.ts'
import { once } from './once.ts'
import { page } from './page.ts'
import type { TriggerDeclaration } from './trigger.ts'
import { webhook } from './webhook.ts'

export const TRIGGERS = [manual, interval, cron, once, event, webhook, files, feed, page] as const

type SchemasOf<T extends readonly { schema: z.ZodType }[]> = { [K in keyof T]: T[K]['schema'] }

const schemas = TRIGGERS.map(({ schema }) => schema) as unknown as SchemasOf<typeof TRIGGERS>

export const triggerSchema = z.discriminatedUnion('kind', schemas, {
  error: `is not a kind of trigger; it is one of ${TRIGGERS.map(({ kind }) => kind).join(', ')}`,
})

export type Trigger = z.output<typeof triggerSchema>

/** A declaration as those use it who treat all of them alike. */
export type AnyTrigger = TriggerDeclaration<z.ZodType<Trigger>, z.ZodType<Json>, Json>

/** The one place where the kind of a trigger is forgotten. */
export function declarationOf({ kind }: { kind: Trigger['kind'] }): AnyTrigger {
  const found = TRIGGERS.find(declared => declared.kind === kind)
  if (found === undefined) throw new Error(`${kind} is not declared`)
  return found as unknown as AnyTrigger
}
