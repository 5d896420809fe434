import { z } from 'zod'
import { defineTrigger } from './trigger.ts'

export const manual = defineTrigger({
  kind: 'manual',
  title: 'When you start it',
  doc: 'A person or a program starts it, and may give a value along. Every automation can be started so; this says that it is meant to be.',
  schema: z.strictObject({ kind: z.literal('manual') }),
  examples: [{ kind: 'manual' }],
  payload: z.json().describe('What was given along; null for nothing.'),
  describe: (_, __, language) => (language === 'de' ? 'Wenn Sie es starten' : 'When you start it'),
})
