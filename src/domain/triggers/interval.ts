import { z } from 'zod'
import { dueKey, duePayload } from './due.ts'
import { defineTrigger } from './trigger.ts'
import { capitalised, everyWords } from './words.ts'

const LEAST_MS = 1_000
const MOST_MS = 366 * 86_400_000

export const interval = defineTrigger({
  kind: 'interval',
  title: 'Every so often',
  doc: 'Counted in real time from the activation on; clocks that are moved do not matter to it.',
  schema: z.strictObject({
    kind: z.literal('interval'),
    everyMs: z
      .int()
      .min(LEAST_MS, { error: `is less than ${LEAST_MS} (1 s): run less often` })
      .max(MOST_MS, { error: `is more than ${MOST_MS} (366 days): run more often, or by a cron expression` }),
  }),
  examples: [{ kind: 'interval', everyMs: 900_000 }],
  payload: duePayload,
  key: dueKey,
  describe: ({ everyMs }, _, language) => capitalised(everyWords(everyMs, language)),
  plan: ({ everyMs }, anchor) => ({ kind: 'interval', everyMs, anchor }),
})
