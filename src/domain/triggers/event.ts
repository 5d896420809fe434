import { z } from 'zod'
import { visibleText } from '../approval.ts'
import { name } from '../contract-fields.ts'
import { defineTrigger } from './trigger.ts'

export const event = defineTrigger({
  kind: 'event',
  title: 'When another automation announces something',
  doc: 'Another automation whose contract publishes the topic announced it. Chains of automations that start each other have a greatest length (R1).',
  schema: z.strictObject({ kind: z.literal('event'), topic: name }),
  examples: [{ kind: 'event', topic: 'invoice-filed' }],
  payload: z.strictObject({ topic: z.string(), payload: z.json() }),
  describe: ({ topic }, _, language) =>
    language === 'de' ? `Wenn „${visibleText(topic)}“ geschieht` : `When “${visibleText(topic)}” happens`,
})
